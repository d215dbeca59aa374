"""What the routes of a programs service have in common."""

from typing import Annotated

from fastapi import Depends, Request

from shared.problems import language_of
from shared.text import Language


def institution_of(request: Request) -> str:
    institution: str = request.app.state.platform.settings.institution
    return institution


async def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


AskedLanguage = Annotated[Language, Depends(_language)]
"""The language in which the caller is told what the program says."""
