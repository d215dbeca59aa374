"""The gateway's keys and the partners' secrets: made once, kept in the data folder, never a default."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import secrets
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from joserfc.jwk import ECKey

from cli.data_folder import secret_file, write_private
from shared.text import Text

PARTNERS_VARIABLE: Final = "TEKAMOUL_PARTNERS_FILE"
TOKEN_TIMEOUT_SECONDS: Final = 10.0

TOKEN_LIFE_SECONDS: Final = 660
"""The gateway's tokens live 600 s; clocks differ."""

UNKNOWN_PARTNER: Final = Text(
    ar="لا يوجد شريك باسم {partner} في {file}. الشركاء: {known}.",
    fr="{file} ne connaît pas de partenaire {partner}. Connus : {known}.",
    en="{file} knows no partner {partner}. Known: {known}.",
)
NO_CREDENTIALS: Final = Text(
    ar="تعذرت قراءة {file} ({reason}). شغلوا المنصة أولا بالأمر tekamoul run بنفس مجلد البيانات.",
    fr="{file} ne peut pas être lu ({reason}). Lancez d'abord « tekamoul run » avec le même dossier de données.",
    en="{file} cannot be read ({reason}). Start the platform first, 'tekamoul run' with the same data folder.",
)
NO_GATEWAY: Final = Text(
    ar="البوابة {url} لا تجيب ({reason}). هل المنصة قيد التشغيل؟",
    fr="La passerelle {url} ne répond pas ({reason}). La plateforme est-elle en marche ?",
    en="The gateway {url} does not answer ({reason}). Is the platform running?",
)
REFUSED: Final = Text(
    ar="رفضت البوابة إعطاء رمز للشريك {partner} ({reason}).",
    fr="La passerelle refuse un jeton à {partner} ({reason}).",
    en="The gateway refuses {partner} a token ({reason}).",
)


@dataclass(frozen=True, slots=True)
class GatewaySecrets:
    """`credentials_file` holds {partner: {client_id, client_secret}}; `env` are the gateway's settings."""

    credentials_file: Path
    env: dict[str, str]


class NoToken(Exception):
    """A token could not be had; `text` says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def ensure_gateway_secrets(data_dir: Path, *, further: Sequence[str] = ()) -> GatewaySecrets:
    """The signing key, and a secret for each partner of the partners file and the `further` ones; what exists stays."""
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    signing_key = folder / "signing-key.json"
    if not signing_key.exists():
        secret_file(signing_key, _new_signing_key())
    partners_file = _partners_file()
    credentials_file = folder / "credentials.json"
    credentials = _credentials(credentials_file, [*_partner_names(partners_file), *further])
    # The hashes follow from the credentials, so a start that died between the two files is mended by the next.
    hashes_file = folder / "client-secrets.json"
    hashes = {name: hashlib.sha256(one["client_secret"].encode()).hexdigest() for name, one in credentials.items()}
    _write_changed(hashes_file, hashes)
    return GatewaySecrets(
        credentials_file=credentials_file,
        env={
            "TEKAMOUL_SIGNING_KEY_FILE": str(signing_key),
            "TEKAMOUL_CLIENT_SECRETS_FILE": str(hashes_file),
            PARTNERS_VARIABLE: str(partners_file),
        },
    )


def rotate_signing_key(file: Path, *, after: int = 0) -> str:
    """Put a new key beside those of the file, to sign from `after` seconds on; returns its name.

    A key before it verifies for as long as a token it may have signed lives; those past that are left out.
    """
    moment = int(time.time())
    held = json.loads(file.read_text(encoding="utf-8"))
    keys = [one for one in held.get("keys", [held]) if one.get("exp", moment + 1) > moment]
    for one in keys:
        one.setdefault("exp", moment + after + TOKEN_LIFE_SECONDS)
    new = json.loads(_new_signing_key()) | {"nbf": moment + after}
    write_private(file, json.dumps({"keys": [new, *keys]}) + "\n")
    return str(new["kid"])


def demo_operator(data_dir: Path) -> dict[str, str]:
    """Name and password of the operator that `tekamoul run` makes, from the private file where they stand; made once."""
    file = data_dir / "secrets" / "operator.json"
    if not file.exists():
        secret_file(file, json.dumps({"name": "demo", "password": secrets.token_urlsafe(18)}))
    held: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return held


async def fetch_token(gateway_url: str, credentials_file: Path, partner: str) -> str:
    """A bearer token of `partner`; NoToken says why there is none."""
    credentials = _read_credentials(credentials_file)
    if partner not in credentials:
        known = ", ".join(sorted(credentials))
        raise NoToken(UNKNOWN_PARTNER.format(partner=partner, file=credentials_file, known=known))
    own = credentials[partner]
    try:
        async with httpx.AsyncClient(timeout=TOKEN_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.post(
                f"{gateway_url}/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(own["client_id"], own["client_secret"]),
            )
    except httpx.TransportError as fault:
        raise NoToken(NO_GATEWAY.format(url=gateway_url, reason=type(fault).__name__)) from fault
    if answer.status_code != 200:
        raise NoToken(REFUSED.format(partner=partner, reason=f"HTTP {answer.status_code}"))
    return str(answer.json()["access_token"])


def _partners_file() -> Path:
    """The operator's own, or the one that comes with the gateway."""
    if given := os.environ.get(PARTNERS_VARIABLE):
        return Path(given).absolute()
    return Path(str(importlib.resources.files("gateway") / "partners.toml"))


def _partner_names(file: Path) -> list[str]:
    """The partners' ids. A file that cannot be read is the gateway's to explain: it names the wrong key."""
    try:
        return list(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def _new_signing_key() -> str:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def _credentials(file: Path, partners: list[str]) -> dict[str, dict[str, str]]:
    credentials: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for partner in partners:
        # 256 random bits: too many to guess, which is why the gateway may keep a plain SHA-256 of it.
        fresh = {"client_id": partner, "client_secret": secrets.token_urlsafe(32)}
        credentials.setdefault(partner, fresh)
    _write_changed(file, credentials)
    return credentials


def _write_changed(file: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2) + "\n"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_private(file, text)
    file.chmod(0o600)


def _read_credentials(file: Path) -> dict[str, dict[str, str]]:
    try:
        held: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "JSON"
        raise NoToken(NO_CREDENTIALS.format(file=file, reason=reason)) from fault
    return held
