"""The gateway behind real nginx: TLS, partners' certificates, and what a caller cannot say about itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import pwd
import re
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import HttpUrl

from gateway.fronting import private_socket, thumbprint
from gateway.partners.file import NotConfigured
from running import second_process, until
from tests.gateway.conftest import Door

NGINX = "/usr/sbin/nginx"
SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx" / "tekamoul.conf"
FORM = {"grant_type": "client_credentials"}
ECHO = "/registry/v1/echo"


@dataclass
class Authority:
    """A certificate authority of this test."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.name, self.key, authority=True)
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool, days: int = 1) -> x509.Certificate:
        moment = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(moment - timedelta(days=2)).not_valid_after(moment + timedelta(days=days))
        made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def issue(self, name: str, days: int = 1) -> tuple[Path, Path, str]:
        """The files of a certificate and its key, and its x5t#S256."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key, authority=False, days=days)
        files = self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
        return *files, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class Front:
    """nginx before a gateway, and clients that come through it."""

    url: str
    direct: str
    authority: Authority
    foreign: Authority
    plain: str
    """Its address without TLS."""

    def client(self, files: tuple[Path, Path, str] | None = None) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if files is not None:
            context.load_cert_chain(files[0], files[1])
        return httpx.AsyncClient(base_url=self.url, verify=context, timeout=20, trust_env=False)


@pytest.fixture
async def front(door: Door, tmp_path: Path) -> AsyncIterator[Front]:
    """The shipped configuration, with this test's files and ports in the four lines to change."""
    if not Path(NGINX).exists():
        reason = f"{NGINX} is missing: apt-get install nginx"
        pytest.fail(reason) if os.environ.get("TEKAMOUL_REQUIRE_ALL") == "1" else pytest.skip(reason)
    folder = Path(f"/tmp/front-{os.getpid()}-{os.urandom(3).hex()}")  # a socket's path is at most 107 characters long
    folder.mkdir(mode=0o711)
    authority, foreign = Authority(folder, "partners"), Authority(folder, "foreign")
    server = authority.issue("localhost")
    port, plain = _free_port(), _free_port()
    sock = folder / "gateway.sock"
    second = await second_process(
        door.running, private_socket(sock), public_url=HttpUrl(f"https://localhost:{port}"), private_socket=sock
    )
    text = SHIPPED.read_text()
    for ours, theirs in {
        "unix:/run/tekamoul/gateway.sock": f"unix:{sock}",
        "listen 443 ssl http2": f"listen 127.0.0.1:{port} ssl http2",
        "listen 80": f"listen 127.0.0.1:{plain}",
        "tekamoul.example": "localhost",
        "/etc/tekamoul/tls/server.pem": str(server[0]),
        "/etc/tekamoul/tls/server.key": str(server[1]),
        "/etc/tekamoul/tls/partners-ca.pem": str(authority.file),
    }.items():
        assert ours in text, ours
        text = text.replace(ours, theirs)
    (folder / "site.conf").write_text(text)
    account = pwd.getpwuid(os.getuid()).pw_name
    (folder / "nginx.conf").write_text(
        f"{f'user {account};' if os.getuid() == 0 else ''} worker_processes 1; daemon off; pid {folder}/pid;\n"
        f"error_log {folder}/error.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{ access_log off; {''.join(f'{one}_temp_path {folder}/{one}; ' for one in TEMPORARY)}"
        f"include {folder}/site.conf; }}\n"
    )
    checked = subprocess.run(
        [NGINX, "-t", "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr, checked.stderr
    nginx = await asyncio.create_subprocess_exec(NGINX, "-c", folder / "nginx.conf", "-e", folder / "error.log")
    made = Front(f"https://localhost:{port}", second.url, authority, foreign, f"http://127.0.0.1:{plain}")

    async def answers() -> bool:
        try:
            async with made.client() as client:
                return (await client.get("/health/live")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await until(answers, what="nginx to answer")
        yield made
    finally:
        nginx.terminate()
        await nginx.wait()
        await second.stop()
        shutil.rmtree(folder)


async def test_only_pages_lead_from_http_to_https(front: Front) -> None:
    async with httpx.AsyncClient(base_url=front.plain, trust_env=False) as client:
        for page in ("/dashboard", "/dashboard/sign-in?lang=fr", "/docs", "/docs/errors/not_found"):
            led = await client.get(page)
            assert (led.status_code, led.headers["location"]) == (308, f"https://127.0.0.1{page}"), page
        for address in ("/v1/events", "/registry/v1/households", "/oauth2/token", "/openapi.json", "/", "/x/dashboard"):
            for method in ("GET", "POST"):
                refused = await client.request(method, address)
                assert (refused.status_code, refused.headers.get("location")) == (403, None), (method, address)


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


async def test_a_token_got_with_a_certificate_opens_the_door_only_through_it(front: Front, door: Door) -> None:
    mine, other = front.authority.issue("alpha"), front.authority.issue("beta")
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    async with front.client(mine) as bound, front.client(other) as another, front.client() as bare:
        answer = await bound.post("/oauth2/token", data=FORM, auth=own)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        claims = token.split(".")[1]
        assert mine[2].encode() in base64.urlsafe_b64decode(claims + "==")
        headers = {"Authorization": f"Bearer {token}"}
        assert (await bound.get(ECHO, headers=headers)).status_code == 200
        assert (await bound.get("/v1/events", headers=headers)).status_code == 200
        # With another's, with none, or past the proxy with the right one claimed in a header: nothing.
        claimed = {"Tekamoul-Client-Certificate": quote(mine[0].read_text())}
        assert (await another.get(ECHO, headers=headers)).status_code == 401
        assert (await bare.get(ECHO, headers=headers)).status_code == 401
        assert (await bare.get(ECHO, headers={**headers, **claimed})).status_code == 401
        async with httpx.AsyncClient(base_url=front.direct, trust_env=False) as direct:
            assert (await direct.get(ECHO, headers={**headers, **claimed})).status_code == 401
        # A token got without a certificate is bound to none.
        free = (await bare.post("/oauth2/token", data=FORM, auth=own)).json()["access_token"]
        assert (await another.get(ECHO, headers={"Authorization": f"Bearer {free}"})).status_code == 200


async def test_a_foreign_or_ended_certificate_is_refused(front: Front, door: Door) -> None:
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    for name, wrong in {
        "foreign": front.foreign.issue("alpha"),
        "ended": front.authority.issue("ended", days=-1),
    }.items():
        async with front.client(wrong) as client:
            answer = await client.post("/oauth2/token", data=FORM, auth=own)
            assert answer.status_code == 400, name
            assert "access_token" not in answer.text


async def test_a_partner_that_needs_a_certificate_gets_no_token_without(front: Front, door: Door) -> None:
    async with door.running.client("host") as officer:
        changed = await officer.patch("/v1/partners/alpha", json={"certificate_required": True})
        assert changed.json()["certificate_required"] is True
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    async with front.client() as bare, front.client(front.authority.issue("alpha")) as bound:

        async def refused() -> bool:
            return (await bare.post("/oauth2/token", data=FORM, auth=own)).status_code == 401

        await until(refused, what="the rule to be known")
        assert (await bound.post("/oauth2/token", data=FORM, auth=own)).status_code == 200


async def test_what_a_caller_says_about_itself_does_not_get_through(front: Front, door: Door) -> None:
    own = ("alpha", door.credentials["alpha"]["client_secret"])
    said = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "http",
        "Forwarded": "for=203.0.113.7",
        "Tekamoul-Client-Address": "203.0.113.7",
        "X-Real-IP": "203.0.113.7",
    }
    async with front.client() as client:
        token = (await client.post("/oauth2/token", data=FORM, auth=own)).json()["access_token"]
        answer = await client.get(ECHO, headers={**said, "Authorization": f"Bearer {token}"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert "nginx/" not in answer.headers.get("server", "")
        arrived = dict(answer.json()["headers"])
        assert "203.0.113.7" not in str(arrived)
        assert arrived["x-forwarded-for"] == "127.0.0.1"
        # Ten failures from this address, whatever it says it is, and it must wait.
        for one in range(10):
            spoofed = dict.fromkeys(said, f"203.0.113.{one}")
            await client.post("/oauth2/token", data=FORM, auth=("alpha", "guess"), headers=spoofed)
        assert (await client.post("/oauth2/token", data=FORM, auth=own)).status_code == 429


def test_the_private_socket_is_for_one_process_and_its_group(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with private_socket(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with pytest.raises(NotConfigured, match=re.escape(f"{path} serves another")):
            private_socket(path)
    private_socket(path).close()  # left by the one that ended
    with pytest.raises(NotConfigured, match="cannot be opened"):
        private_socket(tmp_path / "absent" / "s")
    (tmp_path / "file").write_text("kept")
    with pytest.raises(NotConfigured, match="cannot be opened"):
        private_socket(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("said", ["", "x", "%", "-----BEGIN CERTIFICATE-----", "a" * 20_000, "%ff%00"])
def test_what_is_no_certificate_has_no_thumbprint(said: str) -> None:
    assert thumbprint(said) is None


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
