"""What the routes of a programs service have in common."""

from fastapi import Request


def institution_of(request: Request) -> str:
    institution: str = request.app.state.platform.settings.institution
    return institution
