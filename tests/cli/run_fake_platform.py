"""Runs the platform with small services, as `tekamoul run` runs it with the real ones.

run_fake_platform.py DATA_DIR PORT [LANGUAGE]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cli.platform import Platform, RunOptions, run_platform
from running_platform import FAKE_MIGRATE, fake_secrets, fake_services


async def main(data_dir: Path, port: int, language: str) -> int:
    options = RunOptions(data_dir=data_dir, port=port, language=language)
    platform = Platform(options, services=fake_services(), gateway_secrets=fake_secrets, migrate_command=FAKE_MIGRATE)
    return await run_platform(platform, language=language)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), (*sys.argv, "en")[3])))
