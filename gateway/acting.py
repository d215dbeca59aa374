"""Who acts at a partner and on which case, as a request's headers say: codes of the partner's own, never names."""

import re

from gateway.asgi import Scope, header
from gateway.errors import HeaderUnreadable

OFFICIAL, CASE = "Tekamoul-Official", "Tekamoul-Case"
_FORMS = {OFFICIAL: (2, 40, "._-"), CASE: (1, 60, "._/-")}
"""Least and most signs, and which may stand beside letters and digits. They go into a log that keeps them for years: text
of any form would soon hold somebody's name."""
_PATTERNS = {
    name: re.compile(rf"[A-Za-z0-9{re.escape(signs)}]{{{least},{most}}}")
    for name, (least, most, signs) in _FORMS.items()
}


def acting(scope: Scope, name: str) -> str | None:
    """The code in one of the two headers; None where it is not there. HeaderUnreadable."""
    value = header(scope, name.lower().encode())
    if value is not None and not _PATTERNS[name].fullmatch(value):
        least, most, signs = _FORMS[name]
        raise HeaderUnreadable(pointer=f"/header/{name}", header=name, least=least, most=most, signs=" ".join(signs))
    return value
