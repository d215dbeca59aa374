"""`start`: from the command to a platform that may be given work, on an empty folder and on one with data."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Spread
from benchmarks.platform import OUTSIDE, MeasuredPlatform
from cli.data_folder import prepare_folder
from cli.ports import free_port
from cli.processes import answers_ok, base_env
from cli.servers import Nats, Postgres, Program, postgres_answers, prepare_nats, prepare_postgres
from cli.supervisor import ProcessSpec, Supervisor

RUNS = 3
SETTLE_SECONDS = 2.0


def run_start(runs: int = RUNS) -> dict[str, Any]:
    """Figures: `ready_s` on a folder with data, `first_start_s` on an empty one, `memory_mib` when ready."""
    first, later, memory = [], [], []
    for _ in range(runs):
        with MeasuredPlatform() as platform:
            first.append(platform.start())
            platform.stop()
            later.append(platform.start())
            time.sleep(SETTLE_SECONDS)
            memory.append(sum(platform.memory_mib().values()))
    servers = [asyncio.run(_servers_alone()) for _ in range(runs)]
    ready, first_start, alone = Spread.of(later), Spread.of(first), Spread.of([later for _, later in servers])
    return {
        "benchmark": "start",
        "ready_s": ready.median,
        "first_start_s": first_start.median,
        "memory_mib": Spread.of(memory).median,
        "servers_alone_s": alone.median,
        "ratio_to_servers_alone": round(ready.median / alone.median, 2),
        "runs": runs,
        "spread": {
            "ready_s": ready.as_list(),
            "first_start_s": first_start.as_list(),
            "memory_mib": Spread.of(memory).as_list(),
            "servers_alone_s": alone.as_list(),
            "servers_alone_first_s": Spread.of([first for first, _ in servers]).as_list(),
        },
    }


async def _servers_alone() -> tuple[float, float]:
    """The peer: PostgreSQL and NATS without a service of ours; first start and start on the folder that it left."""
    folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
    folder.chmod(0o711)
    try:
        prepare_folder(folder)
        return await _start_servers(folder), await _start_servers(folder)
    finally:
        link = folder / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(folder)


async def _start_servers(folder: Path) -> float:
    started = time.monotonic()
    postgres = prepare_postgres(folder, port=free_port())
    nats = prepare_nats(folder, port=free_port(), monitor_port=free_port())
    supervisor = Supervisor(say=lambda _: None)
    try:
        await supervisor.start(servers_specs(folder, postgres, nats))
        return time.monotonic() - started
    finally:
        await supervisor.stop()


def servers_specs(folder: Path, postgres: Postgres, nats: Nats) -> list[ProcessSpec]:
    def spec(name: str, program: Program, **more: Any) -> ProcessSpec:
        return ProcessSpec(
            name=name,
            argv=program.argv,
            env=base_env("en"),
            cwd=Path("/"),
            log_file=folder / "logs" / f"{name}.log",
            stop_signal=program.stop_signal,
            user=program.account,
            **more,
        )

    return [
        spec("postgres", postgres.program, ready=lambda: postgres_answers(postgres)),
        spec("nats", nats.program, ready=lambda: answers_ok(nats.monitor_port, "/healthz")),
    ]
