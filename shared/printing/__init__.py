"""Printed pages: a template of Typst and its data become a PDF, in Arabic from right to left.

`page.typ` is what all templates share; those of one service stand with that service and import it by
`/shared/printing/page.typ`. Pure: the same template and data give the same bytes.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from shared.text import Language

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
"""The folder of all packages: a template reads nothing outside it."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""The time written into the file as that of its making: what is printed says itself of which day it is."""


def pdf(template: Path, data: Mapping[str, Any], language: Language) -> bytes:
    """The PDF of a template (`.typ`) with `data`, which is what JSON can say. Takes the processor: call it in a thread.

    Text of the data is text: nothing of it is read as markup.
    """
    return typst.compile(
        str(template),
        root=str(ROOT),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False), "language": language},
        timestamp=ALWAYS,
    )
