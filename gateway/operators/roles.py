"""What a person who signs in may do, by role. Pure."""

import re
from typing import Final, Literal

from shared.text import Text

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
"""What a person is called here."""
PERSON: Final = "operator:"
"""How the name of a caller begins who signed in at a browser; no partner's begins so."""
Role = Literal["operator", "steward", "security_officer", "auditor", "partner_viewer"]

PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset({"dashboard:read", "traffic:read"}),  # keeps the platform running, and sees nobody's data
    "steward": frozenset({"dashboard:read", "traffic:read", "sandbox:try", "partners:read", "agreements:read"}),
    "security_officer": frozenset(
        {
            "dashboard:read",
            "traffic:read",
            "sandbox:try",
            "agreements:read",
            "partners:read",
            "partners:write",
            "operators:write",
            "disclosures:read",
            "disclosures:decide",
        }
    ),
    "auditor": frozenset({"dashboard:read", "traffic:read", "partners:read", "agreements:read", "disclosures:read"}),
    "partner_viewer": frozenset({"sandbox:try"}),  # the pages of one partner
}

TWO_FACTORS: Final = frozenset({"steward", "security_officer", "auditor"})
"""Roles that read about institutions and who looked at whom, or decide: without a second factor no session of theirs begins.
An operator and the viewer of one partner see nobody's data and decide nothing: they may have one."""

WATCHED: Final = "operator"
"""The role whose screen is watched and not touched: its sessions do not end because nobody asks for anything."""

NAMES: Final[dict[str, Text]] = {
    "operator": Text(ar="مشغّل", fr="Exploitant", en="Operator"),
    "steward": Text(ar="أمين البيانات", fr="Gestionnaire des données", en="Steward"),
    "security_officer": Text(ar="مسؤول الأمن", fr="Responsable de la sécurité", en="Security officer"),
    "auditor": Text(ar="مدقق", fr="Auditeur", en="Auditor"),
    "partner_viewer": Text(ar="مطالع شريك", fr="Lecteur d'un partenaire", en="Partner viewer"),
}
