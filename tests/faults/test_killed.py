"""A killed process comes back, and no accepted row is lost or applied twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from cli.main_job import Loaded, load_lists, load_registry, send_file
from faults.killing import BACK_SECONDS, BESIDE_OTHERS_SECONDS, Faults, held, kill, lose_the_nats_store
from faults.personal import People, found_in
from faults.recorded import Record, broken_invariants, record
from running import until
from whole_platform import Country, LoadedPlatform, WholePlatform, load, names_of, new_platform, nobody_listens

HEALED_SECONDS = 60.0  # V4
PLAN = (
    ("households", ("registry",)),
    ("TEKAVOUL", ("postgres",)),
    ("TEMWINE", ("programs-taazour",)),
    ("TEKAVOUL_SEASONAL", ("nats",)),
    ("HEALTH_INSURANCE", ("gateway",)),
    ("EL_MAOUNA", ("programs-csa",)),
    ("DISABILITY_CASH", ("programs-masef",)),
    ("SCHOOL_FEEDING", ("programs-men",)),
    ("WFP_LEAN_SEASON", ("programs-partners",)),
)
"""While which list is being loaded, which process is killed: every list's own, and in between those all need.

Matching is killed last, when NATS loses its store."""
MOMENT_SECONDS = 0.25
LONG_HOUSEHOLDS = 800
ROUNDS = 3


@pytest.fixture
def victim() -> Iterator[WholePlatform]:
    """A platform of this test's own, empty, to be killed at."""
    made = new_platform()
    try:
        yield made.start("--no-demo")
        assert made.stop() == 0, made.output[-4000:]
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.terminate()
            made.process.wait(60)
        made.remove()


@pytest.fixture
def undisturbed(loaded: LoadedPlatform) -> Record:
    """What the small country leads to where nothing is killed."""
    return loaded.record


async def send(platform: WholePlatform, country: Country, program: str) -> Loaded:
    door, folder, manifest = platform.door, country.folder, country.manifest
    if program == "households":
        return await load_registry(door, folder, manifest, nobody_listens)
    one = next(one for one in manifest.lists if one.program == program)
    file, service = folder / "lists" / one.file, f"/programs/{one.institution}"
    return await send_file(door, one.partner, service, program, file, one.currency, one.rows, nobody_listens)


@pytest.mark.timeout(400)
async def test_nothing_is_lost_or_doubled_when_each_process_is_killed_and_nats_loses_everything(
    victim: WholePlatform, undisturbed: Record, country: Country, faults: Faults
) -> None:
    assert {name for _, names in PLAN for name in names} | {"matching"} == set(names_of())
    moments = random.Random(country.manifest.seed)
    began = time.monotonic()
    for program, processes in PLAN[:-1]:
        sending = asyncio.create_task(send(victim, country, program))
        for process in processes:
            await asyncio.sleep(moments.uniform(0, MOMENT_SECONDS))
            faults.kills.append(await kill(victim, process, program, began))
        await sending
    matching = victim.ready["pids"]["matching"]
    with held(matching):
        # Matching sleeps while a list is recorded and published; then NATS loses it before anyone has read it.
        sending = asyncio.create_task(send(victim, country, PLAN[-1][0]))
        (process,) = PLAN[-1][1]
        faults.kills.append(await kill(victim, process, PLAN[-1][0], began, alone=True))
        await sending
        await until(lambda: all_published(victim), what="every event to be published")
        await asyncio.to_thread(lose_the_nats_store, victim)
        faults.kills.append(await kill(victim, "matching", "NATS store lost", began))
    await until(
        lambda: all_arrived(victim, undisturbed), what="every change to arrive", seconds=HEALED_SECONDS, every=0.5
    )
    await victim.quiet()

    after = await record(victim)
    faults.lost, faults.doubled = after.lost(undisturbed), after.doubled(undisturbed)
    assert after.differences(undisturbed) == []
    assert await broken_invariants(victim) == []
    assert_nobody_named(victim, country)
    assert [one for one in faults.kills if one.back_after > BESIDE_OTHERS_SECONDS] == []


async def all_published(platform: WholePlatform) -> bool:
    recorded = await platform.rows(
        "programs-partners", "SELECT published_at FROM outbox WHERE type LIKE '%enrollments%'"
    )
    return len(recorded) > 0 and all(row["published_at"] for row in recorded)


async def all_arrived(platform: WholePlatform, undisturbed: Record) -> bool:
    try:
        feed = await platform.rows("gateway", "SELECT 1 FROM feed")
        links = await platform.rows("matching", "SELECT 1 FROM beneficiaries")
    except (OSError, asyncpg.PostgresError):
        return False
    return (len(feed), len(links)) == (undisturbed.feed.total(), undisturbed.links.total())


def assert_nobody_named(platform: WholePlatform, country: Country) -> None:
    """V10: nobody's number or name in logs, the NATS store, metrics or dead letters."""
    people = People.of(country.folder / country.manifest.registry.file)
    assert len(people.names) > 300 and len(people.numbers) > 300
    assert people.within((country.folder / "registry" / "households.csv").read_bytes()) >= people.names
    assert people.within((country.folder / "lists" / "school_feeding.csv").read_bytes())
    assert found_in(people, [platform.data_dir / "logs", platform.data_dir / "nats"]) == {}
    assert people.within(platform.output.encode()) == set()
    for name, url in platform.ready["services"].items():
        metrics = httpx.get(f"{url}/metrics", timeout=30, trust_env=False)
        assert metrics.status_code == 200
        assert people.within(metrics.content) == set(), name


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
async def test_random_kills_in_rounds_lose_and_double_nothing(
    victim: WholePlatform, tmp_path: Path, faults: Faults, seed: int
) -> None:
    country = Country.made(tmp_path / "country", LONG_HOUSEHOLDS, seed)
    moments = random.Random(seed)
    began = time.monotonic()
    killing = asyncio.create_task(kill_in_rounds(victim, moments, faults, began))
    while not killing.done():  # the files go in once; then they are sent again, and must change nothing
        await load_registry(victim.door, country.folder, country.manifest, nobody_listens)
        await load_lists(victim.door, country.folder, country.manifest, nobody_listens)
    await killing
    await victim.quiet(900)
    after = await record(victim)
    broken = await broken_invariants(victim)
    assert_nobody_named(victim, country)
    assert broken == []

    calm = new_platform().start("--no-demo")
    try:
        await load(calm, country)
        undisturbed = await record(calm)
    finally:
        calm.stop()
        calm.remove()
    faults.lost, faults.doubled = after.lost(undisturbed), after.doubled(undisturbed)
    assert after.differences(undisturbed) == []
    assert [one for one in faults.kills if one.back_after > BACK_SECONDS] == []


async def kill_in_rounds(platform: WholePlatform, moments: random.Random, faults: Faults, began: float) -> None:
    """Each process in a random order, at random moments, ROUNDS times; now and then another one with it."""
    for number in range(1, ROUNDS + 1):
        names = names_of()
        moments.shuffle(names)
        for name in names:
            await asyncio.sleep(moments.uniform(0.1, 3))
            other = moments.choice([one for one in names if one != name])
            if moments.random() < 0.25:
                os.kill(platform.ready["pids"][other], signal.SIGKILL)
                faults.kills.append(await kill(platform, name, f"round {number}, with {other}", began))
            else:
                faults.kills.append(await kill(platform, name, f"round {number}", began))
