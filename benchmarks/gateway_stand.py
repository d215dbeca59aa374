"""What the gateway's benchmarks measure: PostgreSQL (fsync on), NATS, an upstream, the gateway's process, and beside it nginx and,
where it is installed (`deploy/setup-system haproxy`), HAProxy."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from benchmarks.platform import OUTSIDE, STOP_SECONDS
from benchmarks.service_alone import until_ready
from benchmarks.starting import servers_specs
from cli.credentials import PARTNERS_VARIABLE, ensure_gateway_secrets, fetch_token
from cli.data_folder import prepare_folder
from cli.ports import free_port
from cli.processes import PROJECT, base_env
from cli.servers import prepare_nats, prepare_postgres
from cli.supervisor import Supervisor
from gateway.app import MIGRATIONS
from shared.migrating import migrate

KEEPER, READER = "keeper", "reader"
"""The partners that read households: one keeps the registry, the other is told under an agreement."""
AGREEMENT = {
    "note": "Invented, to be measured.",
    "id": "KEEPER-READER-2026-01",
    "version": 1,
    "drafted_by": "keeper-1",
    "signed_by": {KEEPER: "keeper-2", READER: "reader-1"},
    "approved_by": "keeper-3",
    "terms": {
        "kind": "sharing",
        "provider": KEEPER,
        "recipient": READER,
        "legal_basis": {"type": "protocol", "reference": "Protocole 1/2026"},
        "authority_reference": None,
        "purposes": ["shock_response"],
        "population": {"programs": [], "places": ["MR01", "MR05"], "categories": []},
        "attributes": [
            {"name": name, "transform": form}
            for name, form in (
                ("household_number", "full"),
                ("commune", "full"),
                ("village", "full"),
                ("size", "full"),
                ("individual_number", "masked"),
                ("name", "full"),
                ("sex", "full"),
                ("birth_date", "year_only"),
                ("relationship", "full"),
            )
        ],
        "operations": ["lookup"],
        "volume": {"per_day": 10_000_000, "per_query": 200},
        "retention_days": 180,
        "not_before": "2026-01-01",
        "not_after": "2099-12-31",
    },
}
UNDER = {"Tekamoul-Agreement": "KEEPER-READER-2026-01", "Tekamoul-Purpose": "shock_response"}
NO_NGINX = "nginx is not here. As root: apt-get install nginx-light (the benchmark starts its own, on a free port)"
ROUTES = [
    {"service": "registry", "path": "/v1/plain/{plain_id}", "method": "GET", "permission": "households:read"},
    {
        "service": "registry",
        "path": "/v1/households/{household_id}",
        "method": "GET",
        "permission": "households:read",
        "records": {
            "": {"id": "household"},
            "/members/*": {"individual_id": "individual", "individual_number": "individual"},
        },
    },
]
PARTNER = """
[{name}]
names = {{ ar = "{name}", fr = "{name}", en = "{name}" }}
permissions = [{permissions}]
limits = {{ requests_per_second = {per_s}, burst = {burst}, concurrent = {concurrent} }}
"""
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
listen measured
  bind 127.0.0.1:{port}
  http-reuse always
  server service 127.0.0.1:{upstream}
"""


def partner(name: str, *, per_s: float = 10_000, burst: int = 100_000, concurrent: int = 1_000) -> str:
    """A partner's table in the file; only the keeper writes households."""
    permissions = ["households:read", *(["households:write"] if name == KEEPER else [])]
    told = ", ".join(f'"{one}"' for one in permissions)
    return PARTNER.format(name=name, permissions=told, per_s=per_s, burst=burst, concurrent=concurrent)


class Stand:
    """An async context; `gateway`, `upstream`, `nginx` and `haproxy` are addresses; the last is None where that is not installed."""

    def __init__(self, partners: str, *, gateway_processes: int = 1) -> None:
        self._partners, self._processes_wanted = partners, gateway_processes
        self._processes: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
        self.folder.chmod(0o711)
        prepare_folder(self.folder)
        postgres = prepare_postgres(self.folder, port=free_port())
        nats = prepare_nats(self.folder, port=free_port(), monitor_port=free_port())
        self._supervisor = Supervisor(say=lambda _: None)
        try:
            await self._supervisor.start(servers_specs(self.folder, postgres, nats))
            connection = await asyncpg.connect(postgres.url)
            await connection.execute("CREATE DATABASE measured")
            await connection.close()
            url = f"{postgres.url.rsplit('/', 1)[0]}/measured"
            await migrate(MIGRATIONS, url.replace("postgresql://", "postgresql+asyncpg://", 1))
            self._database = url
            self._start_upstream()
            self._start_gateway(url, nats.url)
            self._start_nginx()
            self._start_haproxy()
            for address in filter(None, (self.upstream, self.gateway, self.nginx, self.haproxy)):
                await until_ready(f"{address}/health/ready?alone=true", self.folder / "measured.log")
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    def _start_upstream(self) -> None:
        port = free_port()
        self.upstream = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "uvicorn", "benchmarks.gateway_upstream:app", "--port", str(port)]
        self._run([*command, "--no-access-log", "--backlog", "2048"], base_env("en") | {"PYTHONPATH": str(PROJECT)})

    def _start_gateway(self, database_url: str, nats_url: str) -> None:
        file = self.folder / "partners.toml"
        file.write_text(self._partners)
        agreements = self.folder / "agreements"
        agreements.mkdir()
        (agreements / "agreement.json").write_text(json.dumps(AGREEMENT))
        os.environ[PARTNERS_VARIABLE] = str(file)
        made = ensure_gateway_secrets(self.folder)
        self.credentials = made.credentials_file
        routes, key = self.folder / "routes.json", self.folder / "internal.key"
        routes.write_text(json.dumps(ROUTES))
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        held.listen(2048)
        self.gateway = f"http://127.0.0.1:{held.getsockname()[1]}"
        environment = base_env("en") | {
            "DATABASE_URL": database_url,
            "NATS_URL": nats_url,
            "TEKAMOUL_INTERNAL_KEY_FILE": str(key),
            "TEKAMOUL_SERVICE_URLS": json.dumps({"registry": self.upstream, "gateway": self.gateway}),
            "TEKAMOUL_LISTEN_FD": str(held.fileno()),
            "TEKAMOUL_ROUTES_FILE": str(routes),
            "TEKAMOUL_REGISTRY_KEEPER": KEEPER,
            "TEKAMOUL_AGREEMENTS_FOLDER": str(agreements),
            "TEKAMOUL_LOG_LEVEL": "warning",
            "PYTHONPATH": str(PROJECT),
            **made.env,
        }
        for _ in range(self._processes_wanted):
            self._run([sys.executable, "-m", "gateway"], environment, pass_fds=(held.fileno(),))
        held.close()

    def _start_nginx(self) -> None:
        program = _system_program("nginx")
        if program is None:
            raise SystemExit(NO_NGINX)
        folder = self.folder / "nginx"
        folder.mkdir()
        port = free_port()
        self.nginx = f"http://127.0.0.1:{port}"
        file = folder / "nginx.conf"
        file.write_text(NGINX.format(folder=folder, port=port, upstream=self.upstream.rpartition(":")[2]))
        self._run([program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)], base_env("en"))

    def _start_haproxy(self) -> None:
        program, port = _system_program("haproxy"), free_port()
        self.haproxy: str | None = None
        if program is not None:
            self.haproxy = f"http://127.0.0.1:{port}"
            file = self.folder / "haproxy.cfg"
            file.write_text(HAPROXY.format(port=port, upstream=self.upstream.rpartition(":")[2]))
            self._run([program, "-db", "-f", str(file)], base_env("en"))

    def _run(self, command: list[str], environment: dict[str, str], **more: Any) -> None:
        with (self.folder / "measured.log").open("ab") as output:
            self._processes.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output, **more))

    async def token(self, name: str) -> str:
        return await fetch_token(self.gateway, self.credentials, name)

    async def alias(self, household: UUID) -> UUID:
        """By which the reader knows a household."""
        connection = await asyncpg.connect(self._database)
        give = "INSERT INTO aliases (partner, enrollment_id) VALUES ($1, $2) RETURNING alias"
        alias: UUID = await connection.fetchval(give, READER, household)
        await connection.close()
        return alias

    async def load(self, *streams: dict[str, Any]) -> list[dict[str, Any]]:
        """Send streams side by side from a process of their own; what each met."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "benchmarks.gateway_load"],
            input=json.dumps(streams).encode(),
            stdout=subprocess.PIPE,
            check=True,
            cwd=PROJECT,
            timeout=600,
        )
        told: list[dict[str, Any]] = json.loads(done.stdout)
        return told

    async def _end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            process.wait(STOP_SECONDS)
        await self._supervisor.stop()
        link = self.folder / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _system_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
