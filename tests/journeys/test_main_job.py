"""The main job: lists in through the gateway, everything linked by events, subscribers told."""

import pytest

from cli.report import gather_report, measure, overall
from journeys.asking import (
    PROGRAMS,
    active_households,
    changes_by_program,
    counted,
    enrollments,
    feed,
    issues,
    links,
    overlaps,
)
from whole_platform import LoadedPlatform


async def test_the_registry_takes_every_household_and_person(loaded: LoadedPlatform) -> None:
    registry = loaded.country.manifest.registry
    async with loaded.platform.client("taazour") as client:
        counts = await client.get("/registry/v1/counts")
        numbers = [one["number"] async for one in client.pages("/registry/v1/households")]
    assert (counts["households"], counts["individuals"]) == (registry.households, registry.individuals)
    assert len(set(numbers)) == len(numbers) == registry.households
    taken = loaded.file_of("households")
    assert (taken.accepted, taken.rejected) == (registry.lines, 0)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_list_is_taken_as_its_truth_says(loaded: LoadedPlatform, program: str) -> None:
    truth = {line: row for (of, line), row in loaded.country.truth.items() if of == program}
    broken = {line: row.note.split("broken_")[1].split(";")[0] for line, row in truth.items() if row.is_broken}
    found = await issues(loaded, program)

    told = {(one["line"], one["field"]) for one in found}
    assert told >= set(broken.items())
    # An unreadable phone only helps less to recognise the person; everything else broken keeps its row out.
    refused = {line: field for line, field in broken.items() if field != "phone"}
    assert {one["line"]: one["field"] for one in found if one["severity"] == "error"} == refused
    assert all(one["reason"] for one in found)
    taken = loaded.file_of(program)
    assert taken.rejected == len(refused)
    assert taken.accepted + taken.unchanged + taken.rejected == len(truth)
    twice = [one["line"] for one in found if one["code"] == "duplicate_in_list"]
    assert taken.unchanged == len(twice)
    assert {line for line, row in truth.items() if row.is_duplicate} >= set(twice)

    kept = [one for one in await enrollments(loaded.platform, program) if one["import_id"] == taken.import_id]
    removed = sum("removal" in row.note.split(";") and not row.is_broken for row in truth.values())
    assert len(kept) == taken.accepted - removed
    assert sum(one["status"] == "exited" for one in kept) == removed
    lines = [one["source_line"] for one in kept]
    assert len(set(lines)) == len(lines)
    assert set(lines) <= truth.keys() - refused.keys()


async def test_the_country_has_broken_rows_duplicates_and_removals(loaded: LoadedPlatform) -> None:
    notes = [row.note for row in loaded.country.truth.values()]
    for word, least in (("broken_", 4), ("duplicate", 1), ("removal", 1)):
        assert sum(word in note for note in notes) >= least, word


async def test_links_name_the_right_person(loaded: LoadedPlatform) -> None:
    found = {program: await links(loaded.platform, program) for program in PROGRAMS}
    together = overall([measure(program, rows, loaded.country.truth) for program, rows in found.items()])
    assert together.precision is not None and together.precision >= 0.99
    assert together.recall is not None and together.recall >= 0.80
    assert {row["status"] for rows in found.values() for row in rows} == {"linked", "to_adjudicate", "unmatched"}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_programs_learn_their_links_by_event(loaded: LoadedPlatform, program: str) -> None:
    kept = await enrollments(loaded.platform, program)
    learned = {
        one["id"]: (one["link_status"], one["registry_individual_id"], one["registry_household_id"]) for one in kept
    }
    decided = {
        one["enrollment_id"]: (one["status"], one["individual_id"], one["household_id"])
        for one in await links(loaded.platform, program)
    }
    assert learned == decided
    assert len(learned) > 0


async def test_the_overlap_matrix_is_what_the_links_say(loaded: LoadedPlatform) -> None:
    by_hand = counted(await active_households(loaded.platform))
    told = await overlaps(loaded.platform)
    assert told.keys() == by_hand.keys()
    assert {pair: count for pair, count in told.items() if count is not None}.items() <= by_hand.items()

    def leaves_few(one: str, other: str) -> bool:
        """All but a few of a program are in the other one."""
        pair = by_hand[min(one, other), max(one, other)]
        return one != other and pair is not None and 0 < (by_hand[one, one] or 0) - pair < 5

    for (a, b), count in told.items():
        few = leaves_few(a, b) or leaves_few(b, a) or (a == b and any(leaves_few(a, other) for other in PROGRAMS))
        assert count is not None or by_hand[a, b] is None or few, (a, b)
    assert by_hand["TEKAVOUL", "TEKAVOUL"] is not None
    assert by_hand["HEALTH_INSURANCE", "TEKAVOUL"] is not None


@pytest.mark.parametrize(
    ("partner", "programs"),
    [
        ("wfp", {"EL_MAOUNA", "WFP_LEAN_SEASON"}),
        ("cnam", {"HEALTH_INSURANCE", "TEKAVOUL"}),
        ("men", {"SCHOOL_FEEDING"}),
    ],
)
async def test_a_subscriber_hears_each_change_once_and_no_others(
    loaded: LoadedPlatform, partner: str, programs: set[str]
) -> None:
    events = await feed(loaded.platform, partner)
    begun = [one for one in events if one["change"]["from"] is None]
    enrolled = {program: len(await enrollments(loaded.platform, program)) for program in sorted(programs)}
    assert changes_by_program(begun) == enrolled
    assert {one["change"]["to"] for one in begun} == {"enrolled"}
    assert {one["program"] for one in events} == programs
    assert len({one["id"] for one in events}) == len(events)
    versions: dict[str, list[int]] = {}
    for one in events:
        versions.setdefault(one["subject"], []).append(one["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert len(versions) == sum(enrolled.values())


async def test_two_subscribers_cannot_join_their_feeds(loaded: LoadedPlatform) -> None:
    of_taazour, of_cnam = await feed(loaded.platform, "taazour"), await feed(loaded.platform, "cnam")
    for key in ("id", "subject"):
        assert {one[key] for one in of_taazour}.isdisjoint({one[key] for one in of_cnam})


async def test_sending_everything_again_changes_nothing(loaded: LoadedPlatform) -> None:
    import whole_platform

    async def state() -> object:
        return (
            {program: await enrollments(loaded.platform, program) for program in PROGRAMS},
            {partner: await feed(loaded.platform, partner) for partner in ("wfp", "cnam", "taazour")},
            await overlaps(loaded.platform),
        )

    before = await state()
    again = await whole_platform.load(loaded.platform, loaded.country)
    assert again == loaded.files
    assert await state() == before


async def test_the_report_says_what_the_services_say(loaded: LoadedPlatform) -> None:
    report = await gather_report(loaded.platform.door, loaded.country.folder, loaded.country.manifest)
    for one in report.linkage:
        found = await links(loaded.platform, one["program"])
        active = {
            row["id"] for row in await enrollments(loaded.platform, one["program"]) if row["status"] == "enrolled"
        }
        assert one["enrolled"] == len(active)
        for status in ("linked", "to_adjudicate", "unmatched"):
            counts = [row for row in found if row["status"] == status and row["enrollment_id"] in active]
            assert one[status] == len(counts)
        assert one["pending"] == 0
    assert len(report.linkage) == 8
    assert len(report.examples) == 3
    assert all(gap["unserved"] is None or gap["unserved"] <= gap["eligible"] for gap in report.gaps) and report.gaps
    for example in report.examples:
        total = sum(float(one["monthly_value_mru"]) for one in example["programs"])
        assert float(example["monthly_value_mru"]) == pytest.approx(total)
