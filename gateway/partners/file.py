"""The partners: institutions that may call, as a file has them. A start adds to the database those it does not know yet."""

import hashlib
import json
import re
import stat
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
    "credentials:write",
    "disclosures:read",
    "disclosures:decide",
    "break-glass:open",
]
"""What a partner may be given. Not among them: `internal`, the services' own, and what only operators hold."""

ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
"""Text without a control character: PostgreSQL refuses some of them, and a log line could be forged with others."""
PARTNER_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
SECRET_HASH = re.compile(r"[0-9a-f]{64}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Names(_Strict):
    ar: str = Field(min_length=1, pattern=ONE_LINE)
    fr: str = Field(min_length=1, pattern=ONE_LINE)
    en: str = Field(min_length=1, pattern=ONE_LINE)


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
    sandbox: bool = False
    """Exists only for a gateway of the sandbox; the others only for one of the real platform."""
    key_only: bool = False
    """It shows assertions signed with its key; secrets are refused."""
    certificate_required: bool = False
    """It gets tokens only through a client certificate, and bound to that one."""
    suspended: bool = False

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


WEAK_SECRET = Text(
    ar="سر الشريك {key} في {file} كلمة معروفة أو سر شريك آخر. أنشئ سرا جديدا (256 بت عشوائية) ثم أعد التشغيل.",
    fr="Dans {file}, le secret du partenaire {key} est un mot connu ou celui d'un autre. Créez-en un de 256 bits au hasard.",
    en="In {file} the secret of the partner {key} is a known word or another partner's. Make one of 256 random bits.",
)
EXPOSED = Text(
    ar="الملف السري {file} يقرؤه كل من على هذا الجهاز. احجبه (chmod o-r) ثم أعد التشغيل.",
    fr="Tout le monde sur cette machine peut lire le fichier secret {file}. Fermez-le (chmod o-r), puis relancez.",
    en="Everybody on this machine can read the secret file {file}. Close it (chmod o-r), then start again.",
)
WEAK_KEY = Text(
    ar="مفتاح المنصة {file} ليس عشوائيا. أنشئ 32 بايتا عشوائيا على الأقل ثم أعد التشغيل.",
    fr="La clé de la plateforme {file} n'est pas aléatoire. Faites-en une d'au moins 32 octets au hasard, puis relancez.",
    en="The platform's key {file} is not random. Make one of at least 32 random bytes, then start again.",
)
FEWEST_LETTERS = 8
OBVIOUS = (
    "secret",
    "password",
    "changeme",
    "change-me",
    "default",
    "test",
    "demo",
    "admin",
    "client_secret",
    "tekamoul",
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
    """SHA-256 of each partner's client secret, but those with keys only; NotConfigured where one has none, or a weak one."""
    refuse_exposed(file)
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise NotConfigured(UNREADABLE.format(file=file, reason=fault)) from fault
    hashes: dict[str, bytes] = {}
    for name, partner in partners.items():
        if partner.key_only:
            continue
        digest = held.get(name) if isinstance(held, dict) else None
        if not isinstance(digest, str) or not SECRET_HASH.fullmatch(digest):
            raise NotConfigured(NO_SECRET.format(file=file, key=name))
        hashes[name] = bytes.fromhex(digest)
        if _is_weak(name, hashes[name]) or list(hashes.values()).count(hashes[name]) > 1:
            raise NotConfigured(WEAK_SECRET.format(file=file, key=name))
    return hashes


def _is_weak(partner: str, digest: bytes) -> bool:
    """Whether it is the hash of a word that comes first to anybody's mind, or of nothing."""
    words = ("", partner, *(word for one in OBVIOUS for word in (one, f"{partner}{one}", f"{partner}-{one}")))
    return not any(digest) or digest in {hashlib.sha256(word.encode()).digest() for word in words}


def refuse_exposed(file: Path) -> None:
    """NotConfigured where everybody on the machine may read a file of secrets. An absent file is its reader's to tell."""
    if file.exists() and file.stat().st_mode & stat.S_IROTH:
        raise NotConfigured(EXPOSED.format(file=file))


def refuse_weak_internal_key(file: Path) -> None:
    """NotConfigured where the platform's own key lies open, or repeats a few letters. What else is wrong its reader tells."""
    refuse_exposed(file)
    if file.exists() and len(set(file.read_bytes().strip())) < FEWEST_LETTERS:
        raise NotConfigured(WEAK_KEY.format(file=file))
