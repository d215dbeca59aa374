"""What a person who signs in may do, by role. Pure."""

import re
from typing import Final, Literal

from shared.text import Text

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
"""What a person is called here."""
Role = Literal["operator", "steward", "security_officer", "auditor", "partner_viewer"]

PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset({"dashboard:read"}),  # keeps the platform running, and sees nobody's data
    "steward": frozenset({"dashboard:read", "partners:read"}),
    "security_officer": frozenset(
        {
            "dashboard:read",
            "partners:read",
            "partners:write",
            "operators:write",
            "disclosures:read",
            "disclosures:decide",
        }
    ),
    "auditor": frozenset({"dashboard:read", "partners:read", "disclosures:read"}),
    "partner_viewer": frozenset(),  # the pages of one partner
}

NAMES: Final[dict[str, Text]] = {
    "operator": Text(ar="مشغّل", fr="Exploitant", en="Operator"),
    "steward": Text(ar="أمين البيانات", fr="Gestionnaire des données", en="Steward"),
    "security_officer": Text(ar="مسؤول الأمن", fr="Responsable de la sécurité", en="Security officer"),
    "auditor": Text(ar="مدقق", fr="Auditeur", en="Auditor"),
    "partner_viewer": Text(ar="مطالع شريك", fr="Lecteur d'un partenaire", en="Partner viewer"),
}
