"""The platform is stopped and started again: it finds its data, and loads nothing twice."""

import shutil
import time

from journeys.asking import PROGRAMS, enrollments, feed, overlaps
from running_platform import alive
from whole_platform import LoadedPlatform, WholePlatform

REPORT_SECONDS = 120


async def test_a_restart_keeps_everything_and_loads_nothing_twice(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    before = await state(platform)
    imports = await count_imports(platform)
    # The country this platform holds, as `tekamoul run` keeps the one it makes.
    shutil.copytree(loaded.country.folder, platform.data_dir / "demo")
    pids = platform.ready["pids"]
    assert platform.stop() == 0
    assert alive(pids) == []
    assert not platform.ready_file.exists()

    # Not yet marked as loaded: the files are sent again, which changes nothing.
    shown = report_of(platform, "--households", "5000")
    assert "5,000" not in shown and "5000" not in shown
    assert "already loaded" not in shown
    assert await state(platform) == before
    assert await count_imports(platform) == imports
    assert platform.stop() == 0

    shown = report_of(platform)
    assert "already loaded" in shown
    assert "HEALTH_INSURANCE, TEKAVOUL" in shown
    assert await state(platform) == before
    assert await count_imports(platform) == imports


def report_of(platform: WholePlatform, *options: str) -> str:
    """Start it with its sample country and return what it prints until it has printed everything."""
    printed = len(platform.output)
    platform.start(*options)
    deadline = time.monotonic() + REPORT_SECONDS
    while "Ctrl-C" not in platform.output[printed:]:
        assert time.monotonic() < deadline, platform.output[printed:]
        time.sleep(0.1)
    return platform.output[printed:]


async def state(platform: WholePlatform) -> object:
    await platform.quiet()
    return (
        {program: await enrollments(platform, program) for program in PROGRAMS},
        {partner: await feed(platform, partner) for partner in ("wfp", "cnam", "taazour", "csa", "masef", "men")},
        await overlaps(platform),
    )


async def count_imports(platform: WholePlatform) -> int:
    counted = 0
    for process in (
        "registry",
        "programs-taazour",
        "programs-csa",
        "programs-masef",
        "programs-men",
        "programs-partners",
    ):
        counted += (await platform.rows(process, "SELECT count(*) AS n FROM imports"))[0]["n"]
    return counted
