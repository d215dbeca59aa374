"""The pages for signing in and out, and a person's own, in the look of the dashboard."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.dashboard.assets import load_assets
from gateway.dashboard.words import LANGUAGE_NAMES, Writer
from gateway.operators.models import Operator
from gateway.operators.roles import NAMES
from gateway.operators.words import DONE, WORDS
from gateway.security import PAGE_POLICY
from shared.text import Language

HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "Content-Security-Policy": PAGE_POLICY.decode(),
    "Referrer-Policy": "same-origin",  # with none at all a browser hides from our own form where it comes from
}


class SignPages:
    """Renders each page from its template. `refused` says why the last attempt failed."""

    def __init__(self) -> None:
        self._assets = load_assets()
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def sign_in(self, language: Language, refused: str = "", *, by_account: bool) -> str:
        """The form. `by_account`: with the way to the institution's issuer."""
        return self._render("sign_in", language, "/dashboard/sign-in", refused=refused, by_account=by_account)

    def first_password(self, language: Language, csrf: str, refused: str = "") -> str:
        """Where another password is chosen in the place of the first one."""
        here = "/dashboard/sign-in/password"
        return self._render("first_password", language, here, refused=refused, csrf=csrf)

    def sign_out(self, language: Language, name: str, role: str, csrf: str) -> str:
        """Who is signed in, and the form that ends it."""
        said = NAMES[role].in_(language)
        return self._render("sign_out", language, "/dashboard/sign-out", name=name, role=said, csrf=csrf)

    def own(self, language: Language, operator: Operator, csrf: str, *, refused: str = "", done: str = "") -> str:
        """What a person may change about her own way in. `done`: what she has just changed."""
        role, said = NAMES[operator.role].in_(language), DONE.get(done, "")
        given: dict[str, Any] = {"operator": operator, "role": role, "csrf": csrf, "done": said}
        return self._render("own", language, "/dashboard/own", refused=refused, **given)

    def _render(self, page: str, language: Language, here: str, *, refused: str = "", **given: Any) -> str:
        def word(one: str, **values: object) -> str:
            return WORDS[one].in_(language).format(**values)

        return self._templates.get_template(f"{page}.html").render(
            write=Writer(language),
            word=word,
            languages=LANGUAGE_NAMES,
            assets=self._assets,
            address=self._address,
            title=page,
            here=here,
            refused=refused,
            **given,
        )

    def _address(self, name: str) -> str:
        return f"/dashboard/static/{name}?v={self._assets[name].etag[1:13]}"
