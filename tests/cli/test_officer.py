"""`tekamoul partner`, `tekamoul operator` and `tekamoul rotate-signing-key`, against a running gateway."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from cli.credentials import demo_operator, ensure_gateway_secrets, fetch_token
from cli.main import app
from cli.officer import add_demo_operator
from running import Services

NEW = {
    "id": "delta",
    "names": {"ar": "د", "fr": "D", "en": "D"},
    "permissions": ["events:read"],
    "limits": {"requests_per_second": 5, "burst": 5, "concurrent": 2},
}


@pytest.fixture
async def data_dir(services: Services, tmp_path: Path) -> Path:
    """The data folder of a platform whose gateway runs."""
    held = ensure_gateway_secrets(tmp_path)
    (tmp_path / "secrets" / "internal.key").write_bytes(services.key_file.read_bytes())
    files = {
        "signing_key_file": held.env["TEKAMOUL_SIGNING_KEY_FILE"],
        "client_secrets_file": held.env["TEKAMOUL_CLIENT_SECRETS_FILE"],
        "partners_file": held.env["TEKAMOUL_PARTNERS_FILE"],
    }
    running = await services.start("gateway", **files)
    ready = {"gateway_url": running.url, "credentials_file": str(held.credentials_file)}
    (tmp_path / "ready.json").write_text(json.dumps(ready))
    return tmp_path


async def run(data_dir: Path, *words: str) -> Result:
    arguments = [*words, "--data-dir", str(data_dir)]
    env = {"TEKAMOUL_LANG": "en"}
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)


def said(result: Result) -> str:
    """What the command printed, without the lines of the gateway's log, which runs in the same process."""
    return "".join(line for line in result.output.splitlines(keepends=True) if not line.startswith("{"))


async def test_a_partner_is_added_given_what_it_shows_suspended_and_revoked(data_dir: Path) -> None:
    new, key = data_dir / "delta.json", data_dir / "key.json"
    new.write_text(json.dumps(NEW))
    key.write_text(json.dumps(ECKey.generate_key("P-256", private=True).as_dict(private=False)))

    added = await run(data_dir, "partner", "add", str(new))
    assert (added.exit_code, said(added)) == (0, "delta\n")
    again = await run(data_dir, "partner", "add", str(new))
    assert (again.exit_code, said(again)) == (
        1,
        "There is a partner delta already. Take another code, or change that one.\n",
    )
    assert (await run(data_dir, "partner", "add-key", "delta", str(key))).exit_code == 0
    rotated = await run(data_dir, "partner", "rotate-secret", "delta")
    file = Path(json.loads((data_dir / "ready.json").read_text())["credentials_file"])
    secret = json.loads(file.read_text())["delta"]["client_secret"]
    assert rotated.exit_code == 0
    assert secret not in rotated.output
    assert file.stat().st_mode & 0o777 == 0o600
    url = json.loads((data_dir / "ready.json").read_text())["gateway_url"]
    assert await fetch_token(url, file, "delta")

    nothing_more = await run(data_dir, "partner", "take-from-file", "csa")
    assert (nothing_more.exit_code, said(nothing_more)) == (0, "")
    none = await run(data_dir, "partner", "take-from-file", "delta")
    assert (none.exit_code, said(none)[:32]) == (1, "The partners' file of this versi")
    listed = (await run(data_dir, "partner", "list")).output
    (credential,) = re.findall(r"secret ([0-9a-f-]{36})", listed.split("delta")[1].split("masef")[0])
    assert (await run(data_dir, "partner", "suspend", "delta", "--reason", "a test")).exit_code == 0
    assert "suspended" in (await run(data_dir, "partner", "list")).output
    assert said(await run(data_dir, "partner", "resume", "delta")) == "delta\n"
    assert said(await run(data_dir, "partner", "revoke", "delta", credential)) == "revoked\n"
    assert (await run(data_dir, "partner", "revoke", "delta", credential)).exit_code == 0
    assert (await run(data_dir, "partner", "suspend", "nobody", "--reason", "a test")).exit_code == 1


async def test_an_operator_is_added_and_told_a_first_password_once(data_dir: Path) -> None:
    added = await run(data_dir, "operator", "add", "amina", "--role", "security_officer")
    assert added.exit_code == 0
    assert re.fullmatch(r"([a-z2-7]{4}-){4}[a-z2-7]{4}\n", said(added))
    by_account = await run(data_dir, "operator", "add", "brahim", "--account", "brahim@institution")
    assert (by_account.exit_code, said(by_account)) == (0, "brahim\n")
    again = await run(data_dir, "operator", "first-password", "amina")
    assert re.fullmatch(r"([a-z2-7]{4}-){4}[a-z2-7]{4}\n", said(again))
    assert said(again) != said(added)
    assert (await run(data_dir, "operator", "first-password", "nobody")).exit_code == 1
    assert said(await run(data_dir, "operator", "take-factor", "amina")) == "amina\n"
    listed = await run(data_dir, "operator", "list")
    assert re.search(r"amina .* security_officer", listed.output)
    assert (await run(data_dir, "operator", "disable", "amina")).exit_code == 0
    assert "disabled" in (await run(data_dir, "operator", "list")).output

    url = json.loads((data_dir / "ready.json").read_text())["gateway_url"]
    for _ in range(2):
        await add_demo_operator(url, data_dir)  # again changes nothing
    own = demo_operator(data_dir)
    assert (data_dir / "secrets" / "operator.json").stat().st_mode & 0o777 == 0o600
    assert len(own["password"]) >= 24
    assert "demo" in (await run(data_dir, "operator", "list")).output


async def test_the_signing_key_rotates_by_a_command(data_dir: Path) -> None:
    rotated = await run(data_dir, "rotate-signing-key")

    held: dict[str, Any] = json.loads((data_dir / "secrets" / "signing-key.json").read_text())
    assert rotated.exit_code == 0
    assert rotated.output.strip() == held["keys"][0]["kid"]
    assert [("exp" in one) for one in held["keys"]] == [False, True]
