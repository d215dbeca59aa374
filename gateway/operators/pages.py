"""The pages for signing in and out, in the look of the dashboard."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.dashboard.assets import load_assets
from gateway.dashboard.words import LANGUAGE_NAMES, Writer
from gateway.operators.roles import NAMES
from shared.text import Language, Text

WORDS: dict[str, Text] = {
    "sign_in": Text(ar="تسجيل الدخول", fr="Connexion", en="Sign in"),
    "sign_out": Text(ar="تسجيل الخروج", fr="Déconnexion", en="Sign out"),
    "name": Text(ar="الاسم", fr="Nom", en="Name"),
    "password": Text(ar="كلمة المرور", fr="Mot de passe", en="Password"),
    "you_are": Text(
        ar="أنتم {name} ({role}).", fr="Vous êtes {name} ({role}).", en="You are signed in as {name} ({role})."
    ),
    "account": Text(
        ar="الدخول بحساب مؤسستكم", fr="Entrer avec le compte de votre institution", en="Use your institution's account"
    ),
    "back": Text(ar="العودة إلى الشاشة", fr="Retour à l'écran", en="Back to the screen"),
}


class SignPages:
    """Renders both pages from one template."""

    def __init__(self) -> None:
        self._assets = load_assets()
        self._template = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        ).get_template("sign.html")

    def sign_in(self, language: Language, refused: str = "", *, by_account: bool) -> str:
        """The form; `refused` says why the last attempt failed. `by_account`: with the way to the institution's issuer."""
        return self._render(language, "/dashboard/sign-in", refused=refused, name="", by_account=by_account)

    def sign_out(self, language: Language, name: str, role: str, csrf: str) -> str:
        """Who is signed in, and the form that ends it."""
        said = NAMES[role].in_(language)
        return self._render(language, "/dashboard/sign-out", refused="", name=name, role=said, csrf=csrf)

    def _render(self, language: Language, here: str, **given: Any) -> str:
        def word(one: str, **values: object) -> str:
            return WORDS[one].in_(language).format(**values)

        return self._template.render(
            write=Writer(language),
            word=word,
            languages=LANGUAGE_NAMES,
            assets=self._assets,
            address=self._address,
            here=here,
            **given,
        )

    def _address(self, name: str) -> str:
        return f"/dashboard/static/{name}?v={self._assets[name].etag[1:13]}"
