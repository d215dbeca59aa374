"""The partners: institutions that may call, read from a file when the gateway starts."""

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gateway.agreements.terms import Program, no_repeats
from shared.identity import Caller
from shared.text import Text

Permission = Literal[
    "households:write",
    "households:read",
    "households:shared",
    "places:read",
    "imports:write",
    "enrollments:read",
    "enrollments:write",
    "programs:read",
    "programs:write",
    "enrollments:check",
    "payments:read",
    "payments:write",
    "schools:read",
    "links:read",
    "links:write",
    "individuals:links",
    "lists:match",
    "lists:request",
    "lists:review",
    "lists:read",
    "lists:revoke",
    "links:rebuild",
    "duplicates:search",
    "models:read",
    "models:train",
    "models:promote",
    "adjudications:read",
    "adjudications:decide",
    "clusters:read",
    "overlaps:read",
    "eligibility:read",
    "eligibility:replay",
    "gaps:read",
    "matrix:write",
    "matrix:approve",
    "overlap-cases:read",
    "overlap-cases:answer",
    "overlap-cases:settle",
    "grievances:read",
    "grievances:write",
    "grievances:answer",
    "grievances:registry",
    "grievances:unit",
    "households:picture",
    "households:picture-reads",
    "referrals:read",
    "referrals:write",
    "responses:read",
    "responses:write",
    "responses:approve",
    "scenarios:read",
    "scenarios:write",
    "snapshots:read",
    "snapshots:make",
    "changes:propose",
    "changes:decide",
    "places:write",
    "households:score",
    "households:export",
    "individuals:search",
    "individuals:check",
    "quotas:write",
    "conflicts:settle",
    "conflicts:read",
    "quality:read",
    "quality:run",
    "agreements:read",
    "agreements:write",
    "agreements:approve",
    "events:read",
]
"""What a partner may be given. `internal`, the services' own permission, is not among them."""

PARTNER_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
SECRET_HASH = re.compile(r"[0-9a-f]{64}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Names(_Strict):
    ar: str = Field(min_length=1)
    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Limits(_Strict):
    requests_per_second: float = Field(gt=0, le=10_000)
    burst: int = Field(ge=1, le=100_000)
    concurrent: int = Field(ge=1, le=1_000)


class Partner(_Strict):
    """One institution with what it may do here."""

    id: str
    names: Names
    permissions: Annotated[tuple[Permission, ...], AfterValidator(no_repeats)] = Field(min_length=1)
    programs: Annotated[tuple[Program, ...], AfterValidator(no_repeats)] = ()
    subscribes: Annotated[tuple[Program, ...], AfterValidator(no_repeats)] = ()
    limits: Limits

    def caller(self, scope: frozenset[str]) -> Caller:
        """Who a token of this partner speaks for: never more than the partner may today."""
        return Caller(
            self.id, scope & frozenset(self.permissions), frozenset(self.programs), covers=frozenset(self.subscribes)
        )


Partners = dict[str, Partner]

WRONG = Text(
    ar="ملف الشركاء {file}: المفتاح {key} غير صالح ({reason}). صححه ثم أعد التشغيل.",
    fr="Fichier des partenaires {file} : la clé {key} est fausse ({reason}). Corrigez-la, puis relancez.",
    en="Partners file {file}: the key {key} is wrong ({reason}). Correct it, then start again.",
)
UNREADABLE = Text(
    ar="تعذرت قراءة الملف {file} ({reason}).",
    fr="Le fichier {file} ne peut pas être lu ({reason}).",
    en="The file {file} cannot be read ({reason}).",
)
NO_SECRET = Text(
    ar="لا توجد بصمة سر صالحة (SHA-256) للشريك {key} في {file}. أنشئ سره ثم أعد التشغيل.",
    fr="{file} ne contient pas d'empreinte SHA-256 valable pour le partenaire {key}. Créez son secret, puis relancez.",
    en="{file} holds no valid SHA-256 of a secret for the partner {key}. Make its secret, then start again.",
)


class NotConfigured(Exception):
    """The gateway cannot start with the files it was given; `text` is the line for the operator."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def load_partners(file: Path, institutions: Path | None = None) -> Partners:
    """The partners of a file, and those in the catalogs of a folder; NotConfigured names the first wrong key."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise NotConfigured(UNREADABLE.format(file=file, reason=fault)) from fault
    partners = {name: _partner(file, name, table) for name, table in tables.items()}
    for catalog in sorted(institutions.glob("*.json")) if institutions else ():
        partner = _institution(catalog)
        if partner.id in partners:
            raise NotConfigured(WRONG.format(file=catalog, key=partner.id, reason="stands twice"))
        partners[partner.id] = partner
    return partners


def _institution(catalog: Path) -> Partner:
    """The partner of an institution, from its catalog: it keeps the programs there, and hears of them."""
    try:
        content = json.loads(catalog.read_text(encoding="utf-8"))
        codes = [one["code"] for one in content["programs"]]
        table = {"subscribes": codes, **content["partner"], "programs": codes}
        name = str(content["institution"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise NotConfigured(UNREADABLE.format(file=catalog, reason=repr(fault))) from fault
    return _partner(catalog, name, table)


def _partner(file: Path, name: str, table: object) -> Partner:
    if not PARTNER_ID.fullmatch(name):
        raise NotConfigured(WRONG.format(file=file, key=name, reason=f"not like {PARTNER_ID.pattern}"))
    if not isinstance(table, dict) or "id" in table:
        reason = "not expected here" if isinstance(table, dict) else "not a table"
        raise NotConfigured(
            WRONG.format(file=file, key=f"{name}.id" if isinstance(table, dict) else name, reason=reason)
        )
    try:
        return Partner.model_validate({"id": name, **table})
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        key = ".".join([name, *(str(part) for part in first["loc"])])
        raise NotConfigured(WRONG.format(file=file, key=key, reason=first["msg"])) from fault


def load_secret_hashes(file: Path, partners: Partners) -> dict[str, bytes]:
    """SHA-256 of each partner's client secret; NotConfigured where one has none."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise NotConfigured(UNREADABLE.format(file=file, reason=fault)) from fault
    hashes: dict[str, bytes] = {}
    for name in partners:
        digest = held.get(name) if isinstance(held, dict) else None
        if not isinstance(digest, str) or not SECRET_HASH.fullmatch(digest):
            raise NotConfigured(NO_SECRET.format(file=file, key=name))
        hashes[name] = bytes.fromhex(digest)
    return hashes
