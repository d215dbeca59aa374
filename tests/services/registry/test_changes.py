"""What happens to households and people, one by one: each change is applied, announced, read by two clocks and undone."""

from typing import Any

import httpx
import pytest

from registry_cases import (
    AMOURJ,
    BOUGADOUM,
    Family,
    Person,
    announced,
    apply,
    member,
    propose,
    roles,
    send,
    sidi,
    the_household,
    undo,
)
from running import Running

AHMED, AICHA, MARIEM, SIDI = "1000000003", "1000000004", "1000000002", "1000000001"
UNKNOWN = "0192d3a0-0000-7000-8000-000000000000"


def content(household: dict[str, Any]) -> dict[str, Any]:
    """A household without what every change renews: its version and the moment since when it is known."""
    origins = {name: value for name, value in household["origins"].items() if name != "known_from"}
    return {name: value for name, value in household.items() if name != "version"} | {"origins": origins}


async def test_a_correction_holds_always_and_what_was_known_before_is_kept(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, Family())
    before = await the_household(client)
    aicha = member(before, AICHA)["individual_id"]

    request = await apply(
        client,
        {
            "kind": "correction",
            "individual_id": aicha,
            "individual": {"name_fr": "Aïchetou Mint Sidi", "nni": "9900000130"},
        },
    )

    after = await the_household(client)
    assert member(after, AICHA)["name_fr"] == "Aïchetou Mint Sidi"
    assert member(after, AICHA)["nni"] == "9900000130"
    assert after["version"] == before["version"] + 1
    on_survey_day = await the_household(client, as_of="2025-03-04")
    assert member(on_survey_day, AICHA)["name_fr"] == "Aïchetou Mint Sidi"  # she always had that name
    change = (await client.get(f"/v1/changes/{request['change_id']}")).json()
    person = (await client.get(f"/v1/individuals/{aicha}", params={"known_at": before["origins"]["known_from"]})).json()
    assert person["name_fr"] == "Aïcha Mint Sidi"
    assert person["identifiers"] == []
    assert (change["made_by"], change["source"], change["individuals"]) == ("taazour", "registry_survey", [aicha])
    history = (await client.get(f"/v1/individuals/{aicha}/history")).json()["items"]
    assert history[0]["fields"] == {"name_fr": ["Aïcha Mint Sidi", "Aïchetou Mint Sidi"]}
    assert [event["type"] for event in await announced(registry)][-2:] == [
        "registry.individuals.changed.v1",
        "registry.households.changed.v1",
    ] or [event["type"] for event in await announced(registry)][-2:] == [
        "registry.households.changed.v1",
        "registry.individuals.changed.v1",
    ]


async def test_answers_and_other_identifiers_are_corrected_under_their_questionnaire(client: httpx.AsyncClient) -> None:
    await send(client, Family())
    household = await the_household(client)
    aicha = member(household, AICHA)["individual_id"]
    card = {"type": "SCHOOL_CARD", "value": "EF-1207", "issuer": "men"}

    await apply(
        client,
        {
            "kind": "correction",
            "household_id": household["id"],
            "household": {"questionnaire_version": "RS-2024.1", "answers": {"rooms": 2, "cattle": 0}},
        },
    )
    await apply(
        client,
        {
            "kind": "correction",
            "individual_id": aicha,
            "individual": {
                "questionnaire_version": "RS-2024.1",
                "answers": {"walking": "cannot"},
                "identifiers": [card],
            },
        },
    )

    after = await the_household(client)
    assert after["answers"] == {"rooms": 2, "cattle": 0}
    assert member(after, AICHA)["disability"] is True
    person = (await client.get(f"/v1/individuals/{aicha}")).json()
    assert person["identifiers"] == [card | {"grade": "declared"}]
    await apply(
        client,
        {"kind": "correction", "individual_id": aicha, "individual": {"identifiers": [card | {"withdraw": True}]}},
    )
    assert (await client.get(f"/v1/individuals/{aicha}")).json()["identifiers"] == []


async def test_a_correction_of_some_days_changes_those_days_alone(client: httpx.AsyncClient) -> None:
    await send(client, Family())
    household = await the_household(client)

    await apply(
        client,
        {
            "kind": "correction",
            "household_id": household["id"],
            "household": {"commune_code": BOUGADOUM},
            "from_on": "2025-06-01",
            "until_on": "2025-09-01",
        },
    )

    days = {"2025-05-31": AMOURJ, "2025-06-01": BOUGADOUM, "2025-08-31": BOUGADOUM, "2025-09-01": AMOURJ}
    for day, commune in days.items():
        assert (await the_household(client, as_of=day))["commune_code"] == commune
    assert (await the_household(client))["commune_code"] == AMOURJ


async def test_a_death_makes_a_successor_and_ends_no_household(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, Family())
    before = await the_household(client)
    head, widow = member(before, SIDI)["individual_id"], member(before, MARIEM)["individual_id"]

    await apply(
        client,
        {
            "kind": "death",
            "individual_id": head,
            "died_on": "2026-01-15",
            "successors": {before["id"]: widow},
        },
    )

    assert roles(await the_household(client)) == {MARIEM: "head", AHMED: "child", AICHA: "child"}
    assert roles(await the_household(client, as_of="2026-01-14")) == roles(before)
    person = (await client.get(f"/v1/individuals/{head}")).json()
    assert (person["status"], person["died_on"], person["memberships"]) == ("deceased", "2026-01-15", [])
    events = await announced(registry, "registry.individuals.deceased.v1", "registry.households.changed.v1")
    assert {(one["type"], one.get("individual_id"), one.get("household_id")) for one in events} == {
        ("registry.individuals.deceased.v1", head, None),
        ("registry.households.changed.v1", None, before["id"]),
    }


async def test_a_head_without_a_successor_leaves_a_household_that_waits_for_a_succession(
    client: httpx.AsyncClient,
) -> None:
    await send(client, Family())
    before = await the_household(client)
    await apply(
        client, {"kind": "death", "individual_id": member(before, SIDI)["individual_id"], "died_on": "2026-01-15"}
    )
    waiting = await the_household(client)
    assert waiting["status"] == "active"
    assert "head" not in roles(waiting).values()

    await apply(
        client,
        {
            "kind": "succession",
            "household_id": before["id"],
            "individual_id": member(before, AHMED)["individual_id"],
            "on": "2026-02-01",
        },
    )

    assert roles(await the_household(client))[AHMED] == "head"


async def test_the_last_member_who_dies_takes_the_household_out_of_the_registry(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, Family(members=[sidi()]))
    household = await the_household(client)

    await apply(
        client,
        {"kind": "death", "individual_id": household["members"][0]["individual_id"], "died_on": "2026-01-15"},
    )

    assert (await the_household(client))["left_reason"] == "last_member_gone"
    assert len(await announced(registry, "registry.households.removed.v1")) == 1


async def test_a_birth_registers_a_child_from_its_first_day(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, Family())
    household = await the_household(client)

    await apply(
        client,
        {
            "kind": "birth",
            "household_id": household["id"],
            "individual": {"name_ar": "محمد ولد سيدي", "sex": "M", "birth_date": "2026-03-03"},
        },
    )

    after = await the_household(client)
    newborn = next(one for one in after["members"] if one["birth_date"] == "2026-03-03")
    assert newborn["individual_number"].startswith("9")
    assert newborn["member_from"] == "2026-03-03"
    assert len((await the_household(client, as_of="2026-03-02"))["members"]) == 4
    assert len(await announced(registry, "registry.individuals.registered.v1")) == 1


async def test_a_marriage_takes_a_daughter_into_another_household(client: httpx.AsyncClient) -> None:
    groom = Person("1000000009", "head", "Cheikh Ould Bah", "الشيخ ولد باه", "M", "1999-01-02")
    await send(client, Family(), Family("MR0110000002", members=[groom], phone=""))
    bride = member(await the_household(client), AICHA)["individual_id"]
    theirs = await the_household(client, "MR0110000002")

    await apply(client, {"kind": "marriage", "individual_id": bride, "household_id": theirs["id"], "on": "2026-04-01"})

    assert roles(await the_household(client, "MR0110000002")) == {"1000000009": "head", AICHA: "spouse"}
    assert AICHA not in roles(await the_household(client))


async def test_a_move_takes_the_household_to_its_new_place_from_its_day_on(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, Family())
    household = await the_household(client)

    await apply(
        client,
        {
            "kind": "move",
            "household_id": household["id"],
            "on": "2026-05-01",
            "commune_code": BOUGADOUM,
            "village": "لعوينات",
        },
    )

    assert (await the_household(client))["village"] == "لعوينات"
    assert (await the_household(client, as_of="2026-04-30"))["commune_code"] == AMOURJ
    there = (await client.get("/v1/households", params={"commune": BOUGADOUM})).json()["items"]
    then = (await client.get("/v1/households", params={"commune": AMOURJ, "as_of": "2026-04-30"})).json()["items"]
    assert [one["number"] for one in there] == [one["number"] for one in then] == ["MR0110000001"]
    moved = await announced(registry, "registry.households.moved.v1")
    assert [(one["from_commune"], one["to_commune"], one["version"]) for one in moved] == [(AMOURJ, BOUGADOUM, 2)]


async def test_a_split_makes_a_household_that_inherits_place_and_category(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, Family())
    household = await the_household(client)
    son = member(household, AHMED)["individual_id"]

    await apply(
        client,
        {
            "kind": "split",
            "household_id": household["id"],
            "on": "2026-06-01",
            "members": [{"individual_id": son, "relationship": "head"}],
        },
    )

    split = (await announced(registry, "registry.households.split.v1"))[0]
    new = (await client.get(f"/v1/households/{split['new_household_id']}")).json()
    assert roles(new) == {AHMED: "head"}
    assert new["number"].startswith("MR0119")
    assert (new["commune_code"], new["vulnerability_category"], new["phones"]) == (AMOURJ, "extreme_poor", [])
    assert roles(await the_household(client)) == {SIDI: "head", MARIEM: "spouse", AICHA: "child"}


async def test_a_household_leaves_the_registry_and_returns(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, Family())
    household = await the_household(client)

    await apply(
        client, {"kind": "removal", "household_id": household["id"], "on": "2026-06-01", "reason": "left_country"}
    )
    left = await the_household(client)
    await apply(client, {"kind": "return", "household_id": household["id"], "on": "2026-08-01"})

    assert (left["status"], left["left_reason"], len(left["members"])) == ("left", "left_country", 4)
    assert (await the_household(client))["status"] == "active"
    assert (await the_household(client, as_of="2026-07-01"))["status"] == "left"
    assert [one["reason"] for one in await announced(registry, "registry.households.removed.v1")] == ["left_country"]


async def two_households_of_one_man(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sidi was registered twice: alone in Bougadoum under another number, and with his family in Amourj."""
    twice = Family("MR0110000002", BOUGADOUM, members=[sidi("1000000011", "9900000227")], phone="36112233")
    await send(client, Family(), twice)
    return await the_household(client), await the_household(client, "MR0110000002")


async def test_a_person_registered_twice_is_merged_and_the_merge_is_undone_exactly(
    client: httpx.AsyncClient, registry: Running
) -> None:
    kept, dropped = await two_households_of_one_man(client)
    keep, drop = member(kept, SIDI)["individual_id"], dropped["members"][0]["individual_id"]
    people = [(await client.get(f"/v1/individuals/{one}")).json() for one in (keep, drop)]

    request = await apply(client, {"kind": "merge", "record": "individual", "keep_id": keep, "drop_id": drop})

    one = (await client.get(f"/v1/individuals/{keep}")).json()
    assert [number["value"] for number in one["identifiers"]] == ["9900000033", "9900000227"]
    assert [home["household_number"] for home in one["memberships"]] == ["MR0110000001", "MR0110000002"]
    other = (await client.get(f"/v1/individuals/{drop}")).json()
    assert (other["status"], other["merged_into"], other["memberships"]) == ("merged", keep, [])
    assert roles(await the_household(client, "MR0110000002")) == {SIDI: "head"}
    assert len(await announced(registry, "registry.individuals.merged.v1")) == 1

    await undo(client, request)

    assert content(await the_household(client)) == content(kept)
    assert content(await the_household(client, "MR0110000002")) == content(dropped)
    for before in people:
        assert content((await client.get(f"/v1/individuals/{before['id']}")).json()) == content(before)


async def test_two_households_are_merged_and_the_merge_is_undone_exactly(
    client: httpx.AsyncClient, registry: Running
) -> None:
    kept, dropped = await two_households_of_one_man(client)

    request = await apply(
        client, {"kind": "merge", "record": "household", "keep_id": kept["id"], "drop_id": dropped["id"]}
    )

    one = await the_household(client)
    assert roles(one) == roles(kept) | {"1000000011": "other"}
    assert one["phones"] == ["+22222334455", "+22236112233"]
    gone = await the_household(client, "MR0110000002")
    assert (gone["status"], gone["merged_into"], gone["members"]) == ("merged", kept["id"], [])

    await undo(client, request)

    assert content(await the_household(client)) == content(kept)
    assert content(await the_household(client, "MR0110000002")) == content(dropped)
    merged = await the_household(client, known_at=one["origins"]["known_from"])
    assert roles(merged) == roles(one)  # that they were once believed to be one stays known


async def test_an_undo_is_itself_undone(client: httpx.AsyncClient) -> None:
    await send(client, Family())
    household = await the_household(client)
    request = await apply(
        client, {"kind": "move", "household_id": household["id"], "on": "2026-05-01", "commune_code": BOUGADOUM}
    )
    moved = await the_household(client)
    undone = await undo(client, request)
    assert content(await the_household(client)) == content(household)

    await undo(client, undone)

    assert content(await the_household(client)) == content(moved)


async def test_the_undo_of_a_split_takes_the_new_household_out_again(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, Family())
    household = await the_household(client)
    son = member(household, AHMED)["individual_id"]
    request = await apply(
        client,
        {
            "kind": "split",
            "household_id": household["id"],
            "on": "2026-06-01",
            "members": [{"individual_id": son, "relationship": "head"}],
        },
    )
    new_id = (await announced(registry, "registry.households.split.v1"))[0]["new_household_id"]

    await undo(client, request)

    assert content(await the_household(client)) == content(household)
    new = (await client.get(f"/v1/households/{new_id}")).json()
    assert (new["status"], new["left_reason"], new["members"]) == ("left", "undone", [])


async def test_a_change_is_not_undone_under_a_later_one(client: httpx.AsyncClient) -> None:
    await send(client, Family())
    household = await the_household(client)
    first = await apply(
        client, {"kind": "move", "household_id": household["id"], "on": "2026-05-01", "commune_code": BOUGADOUM}
    )
    second = await apply(
        client, {"kind": "correction", "household_id": household["id"], "household": {"phones": ["+22244556677"]}}
    )

    refused = await propose(client, {"kind": "undo", "change_id": first["change_id"]})

    assert (refused.status_code, refused.json()["code"]) == (409, "later_changes")
    assert second["change_id"] in refused.json()["title"]
    await undo(client, second)
    again = await propose(client, {"kind": "undo", "change_id": second["change_id"]})
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
async def test_what_cannot_be_is_refused_with_its_reason(client: httpx.AsyncClient, language: str) -> None:
    await send(client, Family(), Family("MR0110000002", members=[sidi("1000000011", "")], phone=""))
    household, other = await the_household(client), await the_household(client, "MR0110000002")
    ids = {one["individual_number"]: one["individual_id"] for one in household["members"]}
    stranger = other["members"][0]["individual_id"]
    home, on = {"household_id": household["id"]}, {"on": "2026-05-01"}
    head_leaves = {"members": [{"individual_id": ids[SIDI], "relationship": "head"}]}
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"kind": "move", **home, **on, "commune_code": "MR999-C01"}, "unknown_commune"),
        ({"kind": "move", **home, **on, "commune_code": "MR011"}, "unknown_commune"),
        ({"kind": "move", **home, "on": "2999-01-01", "commune_code": BOUGADOUM}, "date_in_future"),
        ({"kind": "move", **home, "on": "2001-01-01", "commune_code": BOUGADOUM}, "date_too_early"),
        ({"kind": "move", **home, **on, "commune_code": AMOURJ, "village": "Oum Essafya"}, "nothing_changes"),
        ({"kind": "move", **home, "on": "2026-02-31", "commune_code": BOUGADOUM}, "invalid_request"),
        ({"kind": "correction", **home, "household": {"phones": ["+22222334455"]}}, "nothing_changes"),
        ({"kind": "correction", "individual_id": ids[AHMED], "individual": {"name_fr": None, "name_ar": None}}, "nameless_individual"),
        ({"kind": "correction", **home, "household": {"answers": {"rooms": 2}}}, "questionnaire_unknown"),
        ({"kind": "correction", **home, "household": {"questionnaire_version": "RS-2024.1", "answers": {"rooms": 99}}}, "answer_not_accepted"),
        ({"kind": "correction", "individual_id": ids[AHMED], "individual": {"sex": None}}, "invalid_request"),
        ({"kind": "correction", **home, "household": {"village": "x"}, "from_on": "2026-03-01", "until_on": "2026-02-01"}, "ends_before_it_begins"),
        ({"kind": "correction", "individual_id": UNKNOWN, "individual": {"name_fr": "x"}}, "not_found"),
        ({"kind": "death", "individual_id": ids[SIDI], "died_on": "2026-01-01", "successors": {household["id"]: stranger}}, "not_a_member"),
        ({"kind": "succession", **home, **on, "individual_id": ids[SIDI]}, "already_head"),
        ({"kind": "succession", **home, **on, "individual_id": stranger}, "not_a_member"),
        ({"kind": "marriage", **home, **on, "individual_id": ids[AICHA]}, "already_member"),
        ({"kind": "marriage", **home, **on, "individual_id": stranger}, "heads_a_household"),
        ({"kind": "split", **home, **on, **head_leaves}, "successor_needed"),
        ({"kind": "split", **home, **on, "members": [{"individual_id": ids[AHMED], "relationship": "child"}]}, "one_head"),
        ({"kind": "split", **home, **on, "members": head_leaves["members"] * 2}, "member_twice"),
        ({"kind": "split", "household_id": other["id"], **on, "members": [{"individual_id": stranger, "relationship": "head"}]}, "split_leaves_nobody"),
        ({"kind": "return", **home, **on}, "household_still_active"),
        ({"kind": "merge", "record": "household", "keep_id": household["id"], "drop_id": household["id"]}, "merge_with_itself"),
        ({"kind": "undo", "change_id": UNKNOWN}, "not_found"),
    ]  # fmt: skip

    client.headers["Accept-Language"] = language
    for proposal, code in refusals:
        refused = await propose(client, proposal)
        assert refused.json().get("code") == code, (proposal, refused.text)
        assert 400 <= refused.status_code < 500
        assert len(refused.json()["title"]) > 10

    assert content(await the_household(client)) == content(household)


async def test_a_cycle_of_merges_is_refused(client: httpx.AsyncClient) -> None:
    kept, dropped = await two_households_of_one_man(client)
    await apply(client, {"kind": "merge", "record": "household", "keep_id": kept["id"], "drop_id": dropped["id"]})

    back = await propose(
        client, {"kind": "merge", "record": "household", "keep_id": dropped["id"], "drop_id": kept["id"]}
    )

    assert (back.status_code, back.json()["code"]) == (409, "already_merged")
    assert kept["id"] in back.json()["title"]
    moved = await propose(
        client, {"kind": "move", "household_id": dropped["id"], "on": "2026-05-01", "commune_code": AMOURJ}
    )
    assert (moved.status_code, moved.json()["code"]) == (409, "household_not_active")
