"""A report as the answer of a route: a file to keep, in the form that was asked for."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import Query, Response

from shared.printing.report import Report, as_html, as_pdf

Format = Annotated[Literal["html", "pdf"], Query()]
FILES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}, "text/html": {}}}}
"""What such a route says of its answer in the description of the service."""
NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; sandbox"
"""The page holds all it needs; nothing in it may run or be fetched."""


async def printed(report: Report, format: Literal["html", "pdf"], name: str) -> Response:
    """`name` is the file's, without its ending."""
    made = await asyncio.to_thread(as_pdf if format == "pdf" else as_html, report)
    kind = "application/pdf" if format == "pdf" else "text/html; charset=utf-8"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{report.language}.{format}"',
        "Content-Security-Policy": NO_SCRIPT,
        "Content-Language": report.language,
        "Cache-Control": "no-store",
    }
    return Response(made, media_type=kind, headers=headers)
