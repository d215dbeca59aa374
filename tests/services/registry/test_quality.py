"""Data quality: what each rule finds in a country made by hand, the index, runs, and thresholds crossed."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select, update

from in_turn import in_turn
from running import Running, Services, until
from services.registry.commands.quality import last_night
from services.registry.models import Household, Membership, QualityRun
from services.registry.queries.judging import quality_rules
from shared.clock import now
from shared.ids import new_id
from shared.outbox import OutboxRow
from small_country import SmallCountry


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made


@pytest.fixture
def country(registry: Running) -> SmallCountry:
    return SmallCountry(registry)


async def look(client: httpx.AsyncClient) -> dict[str, Any]:
    """Have every record looked at, and wait for the end."""
    started = await client.post("/v1/quality/runs")
    assert started.status_code == 202, started.text

    async def ended() -> dict[str, Any] | None:
        run = (await client.get(f"/v1/quality/runs/{started.json()['id']}")).json()
        return run if run["status"] == "completed" else None

    return await until(ended, what="the run to end")  # type: ignore[no-any-return]


async def found(client: httpx.AsyncClient, place: str) -> dict[str, Any]:
    page = (await client.get("/v1/quality", params={"place": place})).json()
    (one,) = [item for item in page["items"] if item["place_code"] == place]
    return one  # type: ignore[no-any-return]


async def listed(client: httpx.AsyncClient, rule: str, place: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/quality/findings", params={"rule": rule, "place": place})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


async def crossings(registry: Running) -> list[dict[str, Any]]:
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.data for row in rows if row.type == "registry.quality.crossed.v1"]


TODAY = now().date()
ADULT, CHILD = {"birth_date": date(1980, 5, 6)}, {"birth_date": date(2015, 6, 7), "relationship": "child"}
# One household of MR011-C01 for each rule: what is wrong with it, and how many records the rule finds there.
WRONG: dict[str, tuple[dict[str, Any], list[dict[str, Any]], int]] = {
    "no_members": ({}, [], 1),
    "survey_stale": ({"surveyed_on": TODAY - timedelta(days=1096)}, [ADULT], 1),
    "score_expired": ({"score_valid_until": TODAY - timedelta(days=1)}, [ADULT], 1),
    "village_missing": ({"village": ""}, [ADULT], 1),
    "phone_missing": ({"phones": []}, [ADULT], 1),
    "nni_shared": ({}, [ADULT | {"nni": "9900000033"}, CHILD | {"nni": "9900000033"}], 2),
    "older_than_head": ({}, [CHILD | {"relationship": "head"}, ADULT | {"relationship": "child"}, CHILD], 1),
    "birth_year_1900": ({}, [ADULT, CHILD | {"birth_date": date(1900, 12, 31), "relationship": "parent"}], 1),
    "age_implausible": ({}, [ADULT, ADULT | {"birth_date": date(1914, 1, 1)}], 1),
    "name_ar_missing": ({}, [ADULT | {"name_ar": None}, CHILD], 1),
}
RIGHT: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "survey_stale": ({"surveyed_on": TODAY - timedelta(days=1095)}, [ADULT]),
    "score_expired": ({"score_valid_until": TODAY}, [ADULT]),
    "older_than_head": (  # of a year alone nothing is known within the year
        {},
        [
            {"birth_date": date(1980, 1, 1), "birth_precision": "day"},
            {"birth_date": date(1980, 12, 31), "birth_precision": "year", "relationship": "child"},
        ],
    ),
}


@pytest.mark.parametrize("rule", sorted(WRONG))
async def test_a_rule_finds_the_records_it_is_about_and_no_others(
    client: httpx.AsyncClient, country: SmallCountry, rule: str
) -> None:
    facts, members, expected = WRONG[rule]
    await country.household(members=[ADULT, CHILD])
    wrong = await country.household(members=[dict(one) for one in members], **facts)

    await look(client)

    place = await found(client, "MR011-C01")
    assert place["findings"][rule] == expected
    records = await listed(client, rule, "MR011-C01")
    assert [one["household_id"] for one in records] == [str(wrong)] * expected
    of_household = (await client.get(f"/v1/quality/households/{wrong}")).json()
    assert [one["rule"] for one in of_household["findings"]].count(rule) == expected


@pytest.mark.parametrize("rule", sorted(RIGHT))
async def test_a_record_at_the_edge_of_a_rule_is_sound(
    client: httpx.AsyncClient, country: SmallCountry, rule: str
) -> None:
    facts, members = RIGHT[rule]
    await country.household(members=[dict(one) for one in members], **facts)

    assert await listed(client, rule, "MR011-C01") == []


@pytest.mark.parametrize("heads", [0, 2])
async def test_a_household_has_one_head(client: httpx.AsyncClient, country: SmallCountry, heads: int) -> None:
    roles = ["head"] * heads + ["other"]
    wrong = await country.household(members=[ADULT | {"relationship": role} for role in roles])

    assert [one["record_id"] for one in await listed(client, "head_count", "MR011")] == [str(wrong)]


async def test_a_phone_on_five_households_is_found_on_each_wherever_they_live(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    for commune in ("MR011-C01", "MR011-C01", "MR011-C02", "MR021-C01"):
        await country.household(commune, members=[ADULT], phones=["+22244000001", "+22233000001"])
    assert await listed(client, "phone_shared", "MR01") == []
    await country.household("MR011-C02", members=[ADULT], phones=["+22244000001"])

    await look(client)

    assert len(await listed(client, "phone_shared", "MR01")) == 4
    assert (await found(client, "MR01"))["findings"]["phone_shared"] == 4
    assert (await found(client, "MR021-C01"))["findings"] == {"phone_shared": 1}


async def test_a_commune_whose_newest_survey_is_older_than_five_years_is_found(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    old = TODAY - timedelta(days=1826)
    await country.household("MR011-C01", members=[ADULT], surveyed_on=old)
    await country.household("MR011-C02", members=[ADULT], surveyed_on=old)
    await country.household("MR011-C02", members=[ADULT], surveyed_on=TODAY)

    await look(client)

    (one,) = await listed(client, "commune_not_surveyed", "MR011")
    assert (one["number"], one["kind"], one["age_days"], one["household_id"]) == ("MR011-C01", "commune", 1826, None)
    assert (await found(client, "MR011"))["findings"]["commune_not_surveyed"] == 1


async def test_the_index_is_the_share_of_sound_records_weighted_by_the_worst_finding(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household(members=[ADULT, CHILD])
    await country.household(members=[ADULT], village=None, score_valid_until=date(2026, 1, 1))
    await country.household("MR012-C01", source="institution")

    await look(client)

    # MR011-C01: 2 households, 3 people and the commune; one household with a notice (0.1) and a warning (0.5).
    assert (await found(client, "MR011-C01"))["index"] == "91.66"
    # MR012-C01: 1 household without members (1) and the commune.
    assert (await found(client, "MR012-C01"))["index"] == "50.00"
    # MR01: 8 records, faults 1.5.
    region = await found(client, "MR01")
    assert (region["records"], region["index"]) == (8, "81.25")
    assert region["sources"] == [
        {"source": "institution", "records": 2, "index": "50.00"},
        {"source": "registry_survey", "records": 6, "index": "91.66"},
    ]
    only = (await client.get("/v1/quality", params={"place": "MR01", "source": "institution"})).json()["items"]
    assert {one["place_code"]: one["index"] for one in only if one["index"]} == {
        "MR01": "50.00",
        "MR012": "50.00",
        "MR012-C01": "50.00",
    }


async def test_the_index_is_100_only_where_nothing_is_found_and_absent_where_nobody_lives(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household(members=[ADULT, CHILD])

    await look(client)

    assert ((await found(client, "MR011-C01"))["index"], (await found(client, "MR011-C01"))["findings"]) == (
        "100.00",
        {},
    )
    assert (await found(client, "MR021-C01"))["index"] is None


async def test_what_left_ended_died_or_is_no_longer_believed_is_not_looked_at(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    await country.household(
        members=[ADULT, ADULT | {"status": "deceased", "died_on": date(2026, 2, 1), "name_ar": None}]
    )
    await country.household(members=[ADULT | {"name_ar": None}], status="left", left_reason="emigrated")
    gone = new_id()
    home = await country.household(members=[ADULT, CHILD | {"id": gone, "name_ar": None}])
    async with registry.platform.database.transaction() as tx:
        await tx.execute(update(Membership).where(Membership.individual_id == gone).values(until_on=date(2026, 3, 1)))

    await look(client)

    place = await found(client, "MR011-C01")
    assert (place["records"], place["index"], place["findings"]) == (5, "100.00", {})
    assert (await client.get(f"/v1/quality/households/{home}")).json()["findings"] == []


async def test_a_man_who_heads_two_households_is_one_record(client: httpx.AsyncClient, country: SmallCountry) -> None:
    man = new_id()
    await country.household("MR011-C01", members=[ADULT | {"id": man, "name_ar": None}])
    second = await country.household("MR011-C02")
    await country.again(second, man)

    await look(client)

    assert (await found(client, "MR011"))["findings"] == {"name_ar_missing": 1}
    assert (await found(client, "MR011"))["records"] == 5  # two households, one man, two communes
    assert len(await listed(client, "name_ar_missing", "MR011")) == 1


async def test_the_age_of_data_is_reckoned_for_each_place_anew(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    for commune, days in (("MR011-C01", 10), ("MR011-C01", 1100), ("MR011-C02", 30), ("MR021-C01", 7)):
        await country.household(commune, members=[ADULT], surveyed_on=TODAY - timedelta(days=days))

    await look(client)

    moughataa = await found(client, "MR011")
    assert (moughataa["households"], moughataa["median_age_days"], moughataa["stale_share"]) == (3, "30.0", "0.3333")
    assert (await found(client, "MR011-C01"))["median_age_days"] == "555.0"
    assert (await found(client, "MR02"))["stale_share"] == "0.0000"


async def test_places_add_up_to_the_places_above_them_and_pages_to_the_whole(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    for number, commune in enumerate(("MR011-C01", "MR011-C02", "MR012-C01", "MR021-C01")):
        for _ in range(number + 1):
            await country.household(commune, members=[ADULT | {"name_ar": None}, CHILD], village=None)
    await look(client)

    places: dict[str, dict[str, Any]] = {}
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/v1/quality", params={"limit": 100, **cursor})).json()
        assert not places.keys() & {one["place_code"] for one in page["items"]}
        places |= {one["place_code"]: one for one in page["items"]}
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(places) == 238 + 63 + 15
    for code, place in places.items():
        below = [one for one in places.values() if one["parent_code"] == code]
        if below:
            assert place["records"] == sum(one["records"] for one in below)
            assert place["households"] == sum(one["households"] for one in below)
            for rule in ("village_missing", "name_ar_missing"):
                added = sum(one["findings"].get(rule, 0) for one in below)
                assert place["findings"].get(rule, 0) == added
    assert sum(one["records"] for one in page["sources"]) == 10 * 3 + 4


async def test_findings_come_in_pages_across_communes(client: httpx.AsyncClient, country: SmallCountry) -> None:
    wanted = {str(await country.household(code)) for code in ("MR011-C02", "MR011-C01", "MR012-C01", "MR011-C01")}

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {"rule": "no_members", "place": "MR01", "limit": 1, **cursor}
        page = (await client.get("/v1/quality/findings", params=asked)).json()
        seen += [one["record_id"] for one in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert (len(seen), set(seen)) == (4, wanted)


async def test_a_run_under_way_is_the_answer_to_whoever_asks_for_one(
    client: httpx.AsyncClient, registry: Running
) -> None:
    async with registry.platform.database.transaction() as tx:  # held, so that it cannot end meanwhile
        first = (await client.post("/v1/quality/runs")).json()
        await tx.execute(select(QualityRun).where(QualityRun.id == UUID(first["id"])).with_for_update())
        again = (await client.post("/v1/quality/runs")).json()

    assert again["id"] == first["id"]


async def test_a_run_cut_by_a_death_goes_on_after_the_last_place(
    services: Services, registry: Running, country: SmallCountry
) -> None:
    for commune in ("MR011-C01", "MR021-C01"):
        await country.household(commune, members=[ADULT])
    async with registry.client("taazour") as client:
        whole = await look(client)
    await registry.stop()
    services.running.pop("registry")
    async with registry.platform.database.transaction() as tx:  # as if it had died after the commune MR011-C02
        run = await tx.get_one(QualityRun, UUID(whole["id"]))
        run.status, run.open, run.completed_at = "running", True, None
        run.reached, run.places_done = "0MR011-C02", 2
        for table in ("quality_counts", "quality_findings"):
            await tx.execute(
                delete(QualityRun.metadata.tables[table]).where(
                    QualityRun.metadata.tables[table].c.commune_code > "MR011-C02"
                )
            )
        ages = QualityRun.metadata.tables["quality_ages"]
        await tx.execute(delete(ages).where((ages.c.place_code > "MR011-C02") | (~ages.c.place_code.contains("-"))))
    await registry.platform.database.close()

    started = await services.start("registry")

    async with started.client("taazour") as client:

        async def ended() -> bool:
            run = (await client.get(f"/v1/quality/runs/{whole['id']}")).json()
            return bool(run["status"] == "completed")

        await until(ended, what="the run to go on and end")
        run = (await client.get(f"/v1/quality/runs/{whole['id']}")).json()
        assert (run["places_done"], run["places"]) == (316, 316)
        assert [(await found(client, code))["records"] for code in ("MR01", "MR02")] == [3, 3]


async def test_crossing_a_threshold_is_announced_once_and_its_recovery_too(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household(members=[], village=None)
    await look(client)
    first = await crossings(registry)
    assert sorted((one["place_code"], one["threshold"], one["direction"], one["value"]) for one in first) == [
        ("MR01", "index_low", "crossed", 50.0),
        ("MR011", "index_low", "crossed", 50.0),
        ("MR011-C01", "index_low", "crossed", 50.0),
    ]

    await look(client)
    assert await crossings(registry) == first

    async with registry.platform.database.transaction() as tx:
        await tx.execute(update(Household).where(Household.id == household).values(status="left", left_reason="moved"))
    await country.household(members=[ADULT])
    await look(client)

    later = (await crossings(registry))[3:]
    assert sorted((one["place_code"], one["direction"], one["value"], one["version"]) for one in later) == [
        ("MR01", "recovered", 100.0, 2),
        ("MR011", "recovered", 100.0, 2),
        ("MR011-C01", "recovered", 100.0, 2),
    ]
    trend = (await found(client, "MR011"))["trend"]
    assert [one["index"] for one in trend] == ["100.00", "50.00", "50.00"]


async def test_a_moughataa_with_more_than_half_of_its_surveys_stale_is_announced(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    for days in (1100, 1200, 10):
        await country.household(members=[ADULT, CHILD], surveyed_on=TODAY - timedelta(days=days))

    await look(client)

    assert sorted((one["place_code"], one["value"]) for one in await crossings(registry)) == [
        ("MR01", 0.6667),
        ("MR011", 0.6667),
    ]


@pytest.mark.parametrize(
    ("at", "night"),
    [
        (datetime(2026, 11, 24, 9, 0, tzinfo=UTC), datetime(2026, 11, 24, 2, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 1, 59, tzinfo=UTC), datetime(2026, 11, 23, 2, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 2, 0, tzinfo=UTC), datetime(2026, 11, 24, 2, 0, tzinfo=UTC)),
    ],
)
def test_the_night_of_a_moment_is_the_last_two_o_clock(at: datetime, night: datetime) -> None:
    assert last_night(at) == night


async def test_a_run_comes_by_itself_after_a_night_and_once(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    await country.household(members=[ADULT], registered_at=now() - timedelta(days=2))

    async def run() -> list[dict[str, Any]]:
        items = (await client.get("/v1/quality/runs")).json()["items"]
        return items if items and items[0]["status"] == "completed" else []

    (only,) = await until(run, what="the nightly run")

    assert only["requested_by"] == "schedule"


async def test_rules_are_published_with_labels_in_three_languages(client: httpx.AsyncClient) -> None:
    rules = (await client.get("/v1/quality/rules")).json()

    assert {one["code"] for one in rules["rules"]} == {*WRONG, "head_count", "phone_shared", "commune_not_surveyed"}
    assert all(
        one["label"][language] for one in rules["rules"] + rules["thresholds"] for language in ("ar", "fr", "en")
    )
    assert rules["weights"] == {"error": "1", "warning": "0.5", "notice": "0.1"}
    assert quality_rules().weights["notice"] == Decimal("0.1")


@in_turn(("language", "word"), [("ar", "رمز"), ("fr", "Aucune règle"), ("en", "No quality rule")])
async def test_an_unknown_rule_is_refused_with_those_there_are(
    client: httpx.AsyncClient, language: str, word: str
) -> None:
    refused = await client.get(
        "/v1/quality/findings", params={"rule": "nothing", "place": "MR01"}, headers={"Accept-Language": language}
    )

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_quality_rule")
    assert word in refused.json()["title"] and "head_count" in refused.json()["title"]


async def test_an_unknown_place_household_or_run_is_not_found(client: httpx.AsyncClient) -> None:
    nobody = "0192d3a0-0000-7000-8000-000000000000"
    for path in (
        "/v1/quality/findings?rule=no_members&place=MR99",
        "/v1/quality?place=MR99",
        f"/v1/quality/households/{nobody}",
        f"/v1/quality/runs/{nobody}",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_figures_are_for_those_who_may_and_records_for_those_who_may_read_households(registry: Running) -> None:
    async with registry.client("csa", frozenset({"places:read"})) as stranger:
        assert (await stranger.get("/v1/quality")).status_code == 403
        assert (await stranger.post("/v1/quality/runs")).status_code == 403
    async with registry.client("csa", frozenset({"quality:read"})) as statistician:
        assert (await statistician.get("/v1/quality")).status_code == 200
        params = {"rule": "no_members", "place": "MR01"}
        assert (await statistician.get("/v1/quality/findings", params=params)).status_code == 403
