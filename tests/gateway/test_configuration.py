"""The gateway's files, and the real process they start."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cli.credentials import GatewaySecrets, fetch_token
from gateway.partners.file import NotConfigured, load_partners, load_secret_hashes, refuse_weak_internal_key
from gateway.partners.signing import SigningKeys
from running import fresh_database, until
from servers import RunningServers
from tests.gateway.upstream import Upstream

NAMES = 'names = { ar = "أ", fr = "A", en = "A" }\n'
LIMITS = "limits = { requests_per_second = 1, burst = 1, concurrent = 1 }\n"
GOOD = f'[one]\n{NAMES}permissions = ["events:read"]\n{LIMITS}'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (GOOD.replace("events:read", "events:reed"), "one.permissions.0"),
        (GOOD.replace("events:read", "internal"), "one.permissions.0"),
        (GOOD.replace('["events:read"]', "[]"), "one.permissions"),
        (GOOD.replace('["events:read"]', '["events:read", "events:read"]'), "one.permissions"),
        (GOOD.replace("burst = 1", "burst = 0"), "one.limits.burst"),
        (GOOD.replace("burst = 1", "bursts = 1"), "one.limits.burst"),
        (GOOD.replace(', en = "A"', ""), "one.names.en"),
        (GOOD.replace('ar = "أ"', 'ar = ""'), "one.names.ar"),
        (GOOD + 'subscribes = ["tekavoul"]\n', "one.subscribes.0"),
        (GOOD + "colour = 1\n", "one.colour"),
        (GOOD + 'id = "two"\n', "one.id"),
        (GOOD.replace("[one]", "[One]"), "One"),
        ("one = 1\n", "one"),
    ],
)
def test_a_wrong_key_of_the_partners_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "partners.toml"
    file.write_text(text)

    with pytest.raises(NotConfigured) as refused:
        load_partners(file)

    for language in ("ar", "fr", "en"):
        assert re.search(rf"{re.escape(str(file))}.* {re.escape(key)} ", refused.value.text.in_(language))
    assert "\n" not in refused.value.text.en


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "partners.toml"
    file.write_text("[one")

    for wrong in (file, tmp_path / "absent.toml"):
        with pytest.raises(NotConfigured, match=re.escape(str(wrong))):
            load_partners(wrong)


@pytest.mark.parametrize("held", ["{}", '{"one": "short"}', '{"one": 3}', "[]", "nonsense"])
def test_a_partner_without_a_secret_is_named(tmp_path: Path, held: str) -> None:
    partners_file, hashes = tmp_path / "partners.toml", tmp_path / "hashes.json"
    partners_file.write_text(GOOD)
    hashes.write_text(held)
    hashes.chmod(0o600)

    with pytest.raises(NotConfigured, match=re.escape(str(hashes))):
        load_secret_hashes(hashes, load_partners(partners_file))


@pytest.mark.parametrize(
    "secret",
    ["", "one", "secret", "changeme", "onesecret", "one-password", "0" * 64],
    ids=lambda one: one[:9] or "empty",
)
def test_a_default_or_weak_secret_stops_the_start(tmp_path: Path, secret: str) -> None:
    partners_file, hashes = tmp_path / "partners.toml", tmp_path / "hashes.json"
    partners_file.write_text(GOOD)
    digest = secret if len(secret) == 64 else hashlib.sha256(secret.encode()).hexdigest()
    hashes.write_text(json.dumps({"one": digest}))
    hashes.chmod(0o600)

    with pytest.raises(NotConfigured, match="known word"):
        load_secret_hashes(hashes, load_partners(partners_file))


def test_two_partners_with_one_secret_stop_the_start(tmp_path: Path) -> None:
    partners_file, hashes = tmp_path / "partners.toml", tmp_path / "hashes.json"
    partners_file.write_text(GOOD + GOOD.replace("[one]", "[two]"))
    digest = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    hashes.write_text(json.dumps({"one": digest, "two": digest}))
    hashes.chmod(0o600)

    with pytest.raises(NotConfigured, match="of the partner two"):
        load_secret_hashes(hashes, load_partners(partners_file))


def test_a_file_of_secrets_that_everybody_can_read_stops_the_start(
    gateway_secrets: GatewaySecrets, tmp_path: Path
) -> None:
    signing, hashes = (Path(gateway_secrets.env[f"TEKAMOUL_{one}_FILE"]) for one in ("SIGNING_KEY", "CLIENT_SECRETS"))
    internal = tmp_path / "internal.key"
    internal.write_text(secrets.token_hex(32))
    for file in (signing, hashes, internal):
        file.chmod(0o644)

    for file, load in (
        (signing, lambda: SigningKeys(signing)),
        (hashes, lambda: load_secret_hashes(hashes, {})),
        (internal, lambda: refuse_weak_internal_key(internal)),
    ):
        with pytest.raises(NotConfigured, match=re.escape(f"{file}. Close it")):
            load()
        file.chmod(0o640)  # a group may, as Kubernetes mounts secrets
        load()


def test_an_internal_key_of_few_letters_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "internal.key"
    file.write_text("k" * 40)
    file.chmod(0o600)

    with pytest.raises(NotConfigured, match="not random"):
        refuse_weak_internal_key(file)


@pytest.mark.parametrize("key", ["", "{}", '{"kty": "oct", "k": "c2VjcmV0"}', "public"])
def test_a_signing_key_that_is_none_is_refused_and_not_quoted(gateway_secrets: GatewaySecrets, key: str) -> None:
    file = Path(gateway_secrets.env["TEKAMOUL_SIGNING_KEY_FILE"])
    ours = json.loads(file.read_text())
    file.write_text(json.dumps({name: ours[name] for name in ours if name != "d"}) if key == "public" else key)

    with pytest.raises(NotConfigured) as refused:
        SigningKeys(file)

    assert str(file) in refused.value.text.en
    assert ours["x"] not in refused.value.text.en


class Process:
    """`python -m gateway`, as the supervisor starts it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **env}
        self.port = 0

    async def run(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            *arguments,
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


@pytest.fixture
async def environment(
    servers: RunningServers, tmp_path: Path, gateway_secrets: GatewaySecrets
) -> AsyncIterator[tuple[dict[str, str], Upstream, str]]:
    upstream, spare = await Upstream().start(), Upstream()
    spare.sock.close()
    key = tmp_path / "internal.key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    env = {
        "DATABASE_URL": await fresh_database(servers, "gateway"),
        "NATS_URL": servers.nats_url,
        "TEKAMOUL_INTERNAL_KEY_FILE": str(key),
        "TEKAMOUL_SERVICE_URLS": json.dumps({"registry": upstream.url, "gateway": spare.url}),
        "TEKAMOUL_PORT": spare.url.rsplit(":", 1)[1],
        "TEKAMOUL_LANG": "en",
        **gateway_secrets.env,
    }
    yield env, upstream, spare.url
    await upstream.stop()


def memory_mib(pid: int, what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) / 1024


async def test_the_process_migrates_serves_an_upload_in_little_memory_and_stops(
    environment: tuple[dict[str, str], Upstream, str], gateway_secrets: GatewaySecrets
) -> None:
    env, upstream, url = environment
    migrating = await Process(env).run("migrate")
    assert await migrating.wait() == 0
    serving = await Process(env).run()

    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:

        async def is_ready() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await until(is_ready, what="the gateway to be ready")
            token = await fetch_token(url, gateway_secrets.credentials_file, "alpha")
            piece, count = os.urandom(1 << 16), 640  # 40 MiB

            async def file() -> AsyncIterator[bytes]:
                for _ in range(count):
                    yield piece

            before = memory_mib(serving.pid, "VmHWM")
            answer = await client.post(
                "/registry/v1/imports", content=file(), headers={"Authorization": f"Bearer {token}"}
            )
            grown = memory_mib(serving.pid, "VmHWM") - before
            assert answer.json()["sha256"] == hashlib.sha256(piece * count).hexdigest()
            assert grown < 12, f"{grown:.1f} MiB for an upload of 40 MiB"
        finally:
            serving.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(serving.communicate(), 15)
    assert serving.returncode in (0, -signal.SIGTERM)
    assert token.encode() not in output
    assert upstream.first_bytes.is_set()


async def test_a_gateway_that_cannot_start_says_why_in_one_line(
    environment: tuple[dict[str, str], Upstream, str],
) -> None:
    env, _, _ = environment
    file = Path(env["TEKAMOUL_PARTNERS_FILE"])
    file.write_text(file.read_text().replace("events:read", "events:reed"))

    starting = await Process(env).run()
    output, _ = await asyncio.wait_for(starting.communicate(), 30)

    assert starting.returncode == 1
    (line,) = output.decode().strip().splitlines()
    assert line.startswith(f"Partners file {file}: the key alpha.permissions.3 is wrong")
