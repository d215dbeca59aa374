"""Each partner has its own names of people: what leaves, what comes in, and what two partners can make of both."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.aliases import queries, rules
from gateway.aliases.naming import Aliases
from gateway.partners.file import Limits, Names, Partner
from gateway.routing import Record, Route
from running import fresh_database
from servers import RunningServers
from shared.database import Database
from shared.pagination import decode_cursor, encode_cursor
from shared.settings import ServiceSettings
from tests.gateway.conftest import Door
from tests.gateway.upstream import Upstream

HOUSEHOLD, INDIVIDUAL, ENROLLMENT, OTHERS = (str(uuid4()) for _ in range(4))
LINK = {
    "enrollment_id": ENROLLMENT,
    "program": "FIRST",
    "household_id": HOUSEHOLD,
    "individual_id": INDIVIDUAL,
    "household_number": "MR0510000001",
}


@pytest.fixture
async def database(servers: RunningServers, tmp_path: Path) -> AsyncIterator[Database]:
    settings = ServiceSettings(
        DATABASE_URL=await fresh_database(servers, "gateway"),
        NATS_URL=servers.nats_url,
        internal_key_file=tmp_path / "none",
    )
    opened = Database(settings)
    yield opened
    await opened.close()


def asked(upstream: Upstream) -> list[dict[str, Any]]:
    """What reached a service, without the gateway's own looks at its health."""
    return [one for one in upstream.seen if one["path"].startswith("/v1/")]


@pytest.fixture
def beside() -> tuple[str, ...]:
    return ("matching",)


def shows(door: Door, content: Any) -> None:
    """What the programs of csa answer to a list of enrollments."""
    door.csa.answers["/v1/reviews"] = content


async def told(door: Door, partner: str, content: Any) -> Any:
    shows(door, content)
    return (await door.get("/programs/csa/v1/reviews", partner)).json()


def a_review(**changes: Any) -> dict[str, Any]:
    return {
        "enrollment_id": ENROLLMENT,
        "subject_id": HOUSEHOLD,
        "successors": [{"individual_id": INDIVIDUAL}],
    } | changes


async def test_a_partner_reads_its_own_names_of_people_and_keeps_the_ids_of_its_enrollments(door: Door) -> None:
    (item,) = (await told(door, "alpha", {"items": [a_review()]}))["items"]

    assert item["enrollment_id"] == ENROLLMENT
    assert item["subject_id"] != HOUSEHOLD
    assert item["successors"][0]["individual_id"] != INDIVIDUAL
    again = await told(door, "alpha", {"items": [a_review()]})
    assert again["items"] == [item]  # lasting


@pytest.mark.parametrize(
    ("path", "item", "kinds"),
    [
        (
            "/registry/v1/conflicts",
            {"id": OTHERS, "record_id": HOUSEHOLD, "kind": "household", "registry_household_id": HOUSEHOLD},
            ["household"],
        ),
        (
            "/matching/v1/programs/FIRST/duplicates",
            {"id": INDIVIDUAL, "registry_individual_id": INDIVIDUAL, "enrollment_ids": [ENROLLMENT, OTHERS]},
            ["enrollment", "enrollment", "individual"],
        ),
    ],
)
async def test_whom_an_id_of_either_kind_names_is_renamed_and_written_down(
    door: Door, path: str, item: dict[str, Any], kinds: list[str]
) -> None:
    door.registry.answers[path.partition("/v1")[1] + path.partition("/v1")[2]] = {"items": [item]}

    (to_alpha,) = (await door.get(path, "alpha")).json()["items"]

    assert not {HOUSEHOLD, INDIVIDUAL} & set(map(str, to_alpha.values()))
    assert to_alpha.get("enrollment_ids") == item.get("enrollment_ids")  # of its own program
    async with door.running.platform.database.transaction() as tx:
        rows = await tx.execute(text("SELECT subject_kind FROM disclosures ORDER BY subject_kind"))
        assert [row.subject_kind for row in rows] == kinds


async def test_two_partners_read_names_that_have_nothing_in_common(door: Door) -> None:
    content = {"items": [a_review(program="SECOND")]}

    to_alpha, to_beta = json.dumps(await told(door, "alpha", content)), json.dumps(await told(door, "beta", content))

    ids = [{str(UUID(one)) for one in rules.CANONICAL.findall(text)} for text in (to_alpha, to_beta)]
    assert ids[0].isdisjoint(ids[1])
    assert not (ids[0] | ids[1]) & {HOUSEHOLD, INDIVIDUAL, ENROLLMENT}


async def test_the_registrys_keeper_reads_the_registrys_ids(door: Door) -> None:
    (item,) = (await told(door, "keeper", {"items": [a_review(program="FIRST")]}))["items"]

    assert (item["subject_id"], item["successors"][0]["individual_id"]) == (HOUSEHOLD, INDIVIDUAL)
    assert item["enrollment_id"] != ENROLLMENT  # of a program that another institution keeps


async def test_an_id_is_renamed_wherever_it_stands_in_an_answer(door: Door) -> None:
    content = {"items": [a_review(note=f"was {HOUSEHOLD}", before={"of": [HOUSEHOLD]})]}

    (item,) = (await told(door, "alpha", content))["items"]

    assert item["note"] == f"was {item['subject_id']}"
    assert item["before"] == {"of": [item["subject_id"]]}


async def test_ids_in_fields_of_people_are_renamed_where_no_table_tells_of_them(door: Door) -> None:
    twin, heir, before, other = (str(uuid4()) for _ in range(4))
    nested = {
        "proposal": {"keep_id": twin, "successors": {HOUSEHOLD: heir}},
        "change": {"from": {"individual_id": before, "household_id": None}, "household_ids": [twin]},
        "details": {"head_id": heir, "kept_id": twin, "candidates": [other]},
    }
    content = {"items": [a_review(**nested)]}

    (item,) = (await told(door, "alpha", content))["items"]

    assert not {twin, heir, before, other, HOUSEHOLD} & set(rules.CANONICAL.findall(json.dumps(item)))
    await door.client.post("/programs/csa/v1/echo", json=item["proposal"], headers=await door.as_("alpha"))
    assert json.loads(asked(door.csa)[-1]["body"]) == nested["proposal"]
    (kept,) = (await told(door, "keeper", content))["items"]
    assert {name: kept[name] for name in nested} == nested


async def test_a_partners_own_name_leads_back_to_the_one_it_means_in_path_query_and_body(door: Door) -> None:
    (item,) = (await told(door, "alpha", {"items": [a_review()]}))["items"]
    household, individual = item["subject_id"], item["successors"][0]["individual_id"]

    await door.get(f"/programs/csa/v1/households/{household}")
    await door.get("/programs/csa/v1/echo", params={"subject_id": household, "limit": "5", "q": "é&="})
    body = {"household_id": household, "successors": {individual: individual}, "ids": [household], "note": "x"}
    await door.client.post("/programs/csa/v1/echo", json=body, headers=await door.as_("alpha"))

    path, query, sent = asked(door.csa)[-3:]
    assert path["path"] == f"/v1/households/{HOUSEHOLD}"
    assert query["query"] == f"subject_id={HOUSEHOLD}&limit=5&q=%C3%A9%26%3D"
    assert json.loads(sent["body"]) == {
        "household_id": HOUSEHOLD,
        "successors": {INDIVIDUAL: INDIVIDUAL},
        "ids": [HOUSEHOLD],
        "note": "x",
    }


async def test_the_subject_of_the_feed_leads_to_the_enrollment(door: Door) -> None:
    async with door.running.platform.database.transaction() as tx:
        alias = (await queries.aliases(tx, "alpha", [UUID(ENROLLMENT)]))[UUID(ENROLLMENT)]

    await door.get(f"/programs/csa/v1/enrollments/{alias}")
    await door.get(f"/programs/csa/v1/enrollments/{ENROLLMENT}")

    assert [one["path"] for one in asked(door.csa)[-2:]] == [f"/v1/enrollments/{ENROLLMENT}"] * 2


SPELLINGS = [
    str,
    str.upper,
    lambda id: id.replace("-", ""),
    lambda id: f"%7B{id}%7D",
    lambda id: f"%{ord(id[0]):x}{id[1:]}",
]


async def test_another_partners_name_and_a_real_id_are_answered_byte_for_byte_as_nobodys(door: Door) -> None:
    (theirs,) = (await told(door, "beta", {"items": [a_review(program="SECOND")]}))["items"]
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    # The stand-in answers this one household alone, as the service would.
    door.csa.answers[f"/v1/households/{HOUSEHOLD}"] = {"household_id": HOUSEHOLD, "name": "Fatimetou"}

    answers = [
        await door.get(f"/programs/csa/v1/households/{id}", headers=trace)
        for id in (str(uuid4()), theirs["subject_id"], *(spell(HOUSEHOLD) for spell in SPELLINGS))
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert [one["path"] for one in door.csa.seen if HOUSEHOLD in one["path"]] == []
    assert (await door.get(f"/programs/csa/v1/households/{HOUSEHOLD}", "keeper")).status_code == 200


async def test_a_real_id_in_a_field_of_people_reaches_no_service(door: Door) -> None:
    bodies: list[Any] = [
        {"household_id": HOUSEHOLD},
        {"rows": [{"to_household_id": HOUSEHOLD}]},
        {"keep_id": HOUSEHOLD, "drop_id": HOUSEHOLD.upper()},
        {"successors": {HOUSEHOLD: HOUSEHOLD}},
        {"household_ids": [f"urn:uuid:{HOUSEHOLD}"]},
    ]
    for body in bodies:
        await door.client.post("/registry/v1/echo", json=body, headers=await door.as_("alpha"))
    text = '{"househ\\u006fld_id": "' + "".join(f"\\u{ord(sign):04x}" for sign in HOUSEHOLD) + '"}'
    headers = {**await door.as_("alpha"), "Content-Type": "application/json"}
    await door.client.post("/registry/v1/echo", content=text.encode(), headers=headers)

    arrived = [one["body"] for one in door.registry.seen if one["method"] == "POST"]
    assert len(arrived) == 6
    assert [one for one in arrived if UUID(HOUSEHOLD).hex[:8] in one.lower()] == []


async def test_where_names_cannot_be_had_nothing_leaves(door: Door) -> None:
    shows(door, {"items": [a_review()]})
    door.gateway._aliases._database = Database(
        door.running.platform.settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    )

    answer = await door.get("/programs/csa/v1/reviews")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert HOUSEHOLD not in answer.text


async def test_a_body_that_is_no_json_or_nested_too_deep_is_refused_here(door: Door) -> None:
    headers = {**await door.as_("alpha"), "Content-Type": "application/json"}
    for body, code in (
        (b"{", "unreadable_request"),
        (b'{"a": NaN}', "unreadable_request"),
        ('{"a": 1}'.encode("utf-16"), "unreadable_request"),
        (b"[" * 9 + b"]" * 9, "json_too_deep"),
        (b'{"a":' * 100_00 + b"1" + b"}" * 100_00, "unreadable_request"),
    ):
        answer = await door.client.post("/registry/v1/echo", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    deep = await door.client.post("/registry/v1/echo", content=b"[" * 8 + b"]" * 8, headers=headers)
    assert deep.status_code == 200


NAMES = Names(ar="أ", fr="a", en="a")
LIMITS = Limits(requests_per_second=1, burst=1, concurrent=1)


def a_partner(id: str) -> Partner:
    return Partner(id=id, names=NAMES, permissions=("enrollments:read",), programs=("OWN",), limits=LIMITS)


ROUTE = Route(
    "matching",
    "/v1/x",
    "GET",
    "",
    records=(Record(("*",), (("household_id", "household"), ("enrollment_id", "enrollment"))),),
)
ids = st.uuids(version=4).map(str)
answers = st.lists(
    st.fixed_dictionaries({"household_id": ids, "enrollment_id": ids, "program": st.sampled_from(["OWN", "THEIRS"])}),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(content=answers)
async def test_names_of_two_partners_are_disjoint_and_each_leads_back(database: Database, content: Any) -> None:
    read: list[set[str]] = []
    for partner in (a_partner("one"), a_partner("two")):
        wanted = rules.to_rename(ROUTE, partner, content, keeps_people=False)
        async with database.transaction() as tx:
            given = await queries.aliases(tx, partner.id, {UUID(one) for one in wanted})
            back = await queries.subjects(tx, partner.id, given.values())
            assert await queries.subjects(tx, "third", given.values()) == {}
        assert {name: id for id, name in given.items()} == back
        names = {str(id): str(name) for id, name in given.items()}
        leaving = rules.renamed(json.dumps(content).encode(), names)
        own = {one["enrollment_id"] for one in content if one["program"] == "OWN"}
        read.append(set(rules.CANONICAL.findall(leaving.decode())) - own)
        real = {one["household_id"] for one in content} | {one["enrollment_id"] for one in content}
        assert not read[-1] & (real - own)
        assert json.loads(rules.renamed(leaving, {alias: id for id, alias in names.items()})) == content
    assert read[0].isdisjoint(read[1])


async def test_a_name_once_looked_up_is_not_asked_for_again(database: Database) -> None:
    aliases, partner, asked = Aliases(database, "keeper"), a_partner("one"), {str(uuid4()), str(uuid4())}
    first = await aliases._given.of(database, partner.id, asked)
    await database.close()
    closed = Database.__new__(Database)  # whoever asks it, fails

    assert await aliases._given.of(closed, partner.id, asked) == first


async def test_a_page_goes_on_by_the_partners_own_name_of_its_last_row(door: Door) -> None:
    door.csa.answers["/v1/reviews"] = {"items": [LINK], "next_cursor": encode_cursor("2026-01-01", HOUSEHOLD)}

    page = (await door.get("/programs/csa/v1/reviews", "alpha")).json()
    own = page["items"][0]["household_id"]
    assert own != HOUSEHOLD
    assert decode_cursor(page["next_cursor"], str, str) == ["2026-01-01", own]

    await door.get(f"/programs/csa/v1/reviews?cursor={page['next_cursor']}", "alpha")
    await door.get("/programs/csa/v1/reviews?cursor=no-cursor-of-ours!", "alpha")
    sent = [dict(parse_qsl(one["query"])) for one in asked(door.csa)[-2:]]
    assert decode_cursor(sent[0]["cursor"], str, str) == ["2026-01-01", HOUSEHOLD]
    assert sent[1] == {"cursor": "no-cursor-of-ours!"}


@given(
    known=st.dictionaries(ids, ids, max_size=5),
    pieces=st.lists(st.tuples(st.integers(0, 7), st.text('xyz-ghé"{}:, \n', max_size=6)), max_size=30),
    others=st.lists(ids, min_size=1, max_size=3),
)
def test_known_ids_are_renamed_wherever_they_stand_and_nothing_else_is(
    known: dict[str, str], pieces: list[tuple[int, str]], others: list[str]
) -> None:
    """Against a substitution of one id after the other: none of the new names is an id to be renamed."""
    standing = [*known, *others]
    text = "".join(f"{junk}{standing[place % len(standing)]}{junk}" for place, junk in pieces)
    expected = text
    for id, name in known.items():
        expected = expected.replace(id, name)

    assume(not set(known) & (set(known.values()) | set(others)))
    assert rules.renamed(text.encode(), known).decode() == expected
