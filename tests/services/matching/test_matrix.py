"""The rules matrix: what a committee decides for pairs of programs, from which day, and that nothing of it is lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import matrix_cases
import pytest
from matrix_cases import PROPOSER, approve
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from matching_cases import PLACES, TODAY, enrollment, household, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import projecting
from shared.clock import now
from shared.outbox import OutboxRow

PATH = "/v1/rules-matrix/TEKAVOUL/EL_MAOUNA"
MARCH: dict[str, Any] = {
    "overlap_class": "tolerated",
    "legal_text": "المقرر رقم 0123 بتاريخ 2 مارس 2026، المادة 4",
    "language": "ar",
    "valid_from": "2026-03-01",
}
JUNE = {
    "overlap_class": "intended",
    "legal_text": "Arrêté n° 0456/2026, art. 2",
    "language": "fr",
    "valid_from": "2026-06-01",
}


@pytest.fixture
async def matching(services: Services) -> Running:
    """Matching, where three programs are known."""
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        for code, institution in (("TEKAVOUL", "taazour"), ("EL_MAOUNA", "csa"), ("TEMWINE", "taazour")):
            await projecting.put_program(tx, program(code, institution))
    return running


@pytest.fixture
async def client(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour") as made:
        yield made


async def propose(
    client: httpx.AsyncClient, body: Any, version: int, path: str = PATH, **headers: str
) -> httpx.Response:
    return await matrix_cases.propose(client, body, version, path, **headers)


async def put(client: httpx.AsyncClient, body: Any, version: int, path: str = PATH, **headers: str) -> httpx.Response:
    return await matrix_cases.put(client, body, version, path, **headers)


async def announced(running: Running) -> list[tuple[Any, ...]]:
    async with running.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [
            (row.version, row.data["program_a"], row.data["program_b"], row.data["overlap_class"])
            for row in rows
            if row.type == "matching.matrix.changed.v1"
        ]


async def class_on(client: httpx.AsyncClient, day: date | str) -> str:
    found: str = (await client.get(PATH, params={"as_of": str(day)})).json()["overlap_class"]
    return found


async def test_pairs_that_nobody_has_decided_say_so(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/rules-matrix")).json()
    one = await client.get(PATH)

    assert [(cell["program_a"], cell["program_b"]) for cell in page["items"]] == [
        ("EL_MAOUNA", "TEKAVOUL"),
        ("EL_MAOUNA", "TEMWINE"),
        ("TEKAVOUL", "TEMWINE"),
    ]
    assert {(cell["overlap_class"], cell["version"], cell["decision"]) for cell in page["items"]} == {
        ("undecided", 0, None)
    }
    assert (one.headers["ETag"], one.json()) == ('"0"', page["items"][0])
    assert (await client.get(f"{PATH}/history")).json() == {"items": [], "next_cursor": None}


async def test_a_decision_is_shown_from_its_day_on_and_announced(client: httpx.AsyncClient, matching: Running) -> None:
    answer = await put(client, MARCH, 0)

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    shown = answer.json()
    assert (shown["program_a"], shown["program_b"], shown["version"]) == ("EL_MAOUNA", "TEKAVOUL", 1)
    assert shown["decision"].pop("decided_at")[:10] == str(now().date())
    proposal = (await client.get(f"/v1/matrix-proposals/{shown['decision'].pop('proposal_id')}")).json()
    assert (proposal["status"], proposal["proposed_official"], proposal["decided_official"]) == (
        "approved", "secretary-1", "chair-1",
    )  # fmt: skip
    assert shown["decision"] == MARCH | {
        "version": 1, "decided_by": "taazour", "official": "chair-1", "exemptions": [],
    }  # fmt: skip
    # The order of the two programs in the address does not matter.
    turned = await client.get("/v1/rules-matrix/EL_MAOUNA/TEKAVOUL")
    assert (turned.headers["ETag"], turned.content) == ('"1"', answer.content)
    assert [await class_on(client, day) for day in ("2026-02-28", "2026-03-01", "2026-03-02")] == [
        "undecided", "tolerated", "tolerated",
    ]  # fmt: skip
    assert await announced(matching) == [(1, "EL_MAOUNA", "TEKAVOUL", "tolerated")]


async def test_the_matrix_of_a_day_comes_page_by_page(client: httpx.AsyncClient) -> None:
    await put(client, MARCH, 0)
    await put(client, JUNE, 1)
    await put(client, JUNE | {"overlap_class": "forbidden"}, 0, "/v1/rules-matrix/TEKAVOUL/TEMWINE")

    async def on(day: str) -> list[tuple[Any, ...]]:
        first = (await client.get("/v1/rules-matrix", params={"as_of": day, "limit": 2})).json()
        params = {"as_of": day, "limit": 2, "cursor": first["next_cursor"]}
        second = (await client.get("/v1/rules-matrix", params=params)).json()
        assert (len(first["items"]), second["next_cursor"]) == (2, None)
        return [
            (one["program_a"], one["program_b"], one["overlap_class"], one["version"])
            for one in first["items"] + second["items"]
        ]

    assert await on("2026-05-31") == [
        ("EL_MAOUNA", "TEKAVOUL", "tolerated", 2),
        ("EL_MAOUNA", "TEMWINE", "undecided", 0),
        ("TEKAVOUL", "TEMWINE", "undecided", 1),
    ]
    assert await on("2026-06-01") == [
        ("EL_MAOUNA", "TEKAVOUL", "intended", 2),
        ("EL_MAOUNA", "TEMWINE", "undecided", 0),
        ("TEKAVOUL", "TEMWINE", "forbidden", 1),
    ]


async def test_history_says_who_when_and_what_was_before_and_undoing_is_one_more_decision(
    client: httpx.AsyncClient, matching: Running
) -> None:
    await put(client, MARCH, 0)
    async with matching.client("secretariat") as other:
        await put(other, JUNE, 1)
    undone = await put(client, MARCH | {"valid_from": "2026-06-01"}, 2)

    assert (undone.json()["overlap_class"], undone.json()["version"]) == ("tolerated", 3)
    newest = (await client.get(f"{PATH}/history", params={"limit": 2})).json()
    oldest = (await client.get(f"{PATH}/history", params={"limit": 2, "cursor": newest["next_cursor"]})).json()
    assert oldest["next_cursor"] is None
    turns = newest["items"] + oldest["items"]
    assert [(one["version"], one["before"], one["overlap_class"], one["decided_by"]) for one in turns] == [
        (3, "intended", "tolerated", "taazour"),
        (2, "tolerated", "intended", "secretariat"),
        (1, "undecided", "tolerated", "taazour"),
    ]
    assert [(one["valid_from"], one["legal_text"], one["language"]) for one in turns] == [
        ("2026-06-01", MARCH["legal_text"], "ar"),
        ("2026-06-01", JUNE["legal_text"], "fr"),
        ("2026-03-01", MARCH["legal_text"], "ar"),
    ]
    assert {one["decided_at"][:10] for one in turns} == {str(now().date())}
    assert [one[0] for one in await announced(matching)] == [1, 2, 3]


async def test_a_decision_to_come_holds_from_its_day_and_can_be_replaced_before_it(client: httpx.AsyncClient) -> None:
    """A year typed wrongly must not close the cell until then."""
    today = now().date()
    in_a_year = today + timedelta(days=365)
    await put(client, MARCH, 0)

    planned = (await put(client, JUNE | {"valid_from": str(in_a_year)}, 1)).json()
    assert (planned["overlap_class"], planned["version"]) == ("tolerated", 2)
    assert [await class_on(client, day) for day in (in_a_year - timedelta(days=1), in_a_year)] == [
        "tolerated", "intended",
    ]  # fmt: skip

    sooner = await put(client, JUNE | {"overlap_class": "forbidden", "valid_from": str(today)}, 2)
    assert (sooner.json()["overlap_class"], sooner.json()["version"]) == ("forbidden", 3)
    assert await class_on(client, in_a_year) == "forbidden"
    assert await class_on(client, today - timedelta(days=1)) == "tolerated"


async def test_the_same_again_proposes_nothing_and_a_key_repeats_its_answer(
    client: httpx.AsyncClient, matching: Running
) -> None:
    first = await propose(client, MARCH, 0, **{"Idempotency-Key": "decide-march"})
    repeated = await propose(client, MARCH, 0, **{"Idempotency-Key": "decide-march"})
    other = await propose(client, JUNE, 0, **{"Idempotency-Key": "decide-march"})
    assert (repeated.content, repeated.headers["ETag"]) == (first.content, '"0"')
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    await approve(client, first.json()["proposal"]["id"])
    same = await propose(client, MARCH, 1)
    assert (same.headers["ETag"], same.json()["proposal"]) == ('"1"', None)
    assert len(await announced(matching)) == 1


@pytest.mark.parametrize(
    ("path", "change", "status", "code", "pointer", "said"),
    [
        (
            "/v1/rules-matrix/TEKAVOUL/NOBODYS", {}, 404, "program_unknown", "/path/program_b",
            ("لا يوجد برنامج بهذا الرمز", "Aucun programme ne porte ce code", "No program has this code"),
        ),
        (
            "/v1/rules-matrix/TEKAVOUL/TEKAVOUL", {}, 422, "program_with_itself", "/path/program_b",
            ("لا يتقاطع برنامج مع نفسه", "ne se chevauche pas lui-même", "does not overlap itself"),
        ),
        (
            PATH, {"overlap_class": "allowed"}, 422, "invalid_request", "/overlap_class",
            ("المقبول: 'required', 'intended', 'tolerated', 'forbidden'",
             "accepté : 'required', 'intended', 'tolerated', 'forbidden'",
             "accepted: 'required', 'intended', 'tolerated', 'forbidden'"),
        ),
        (
            PATH, {"valid_from": "2026-05-31"}, 409, "matrix_day_too_early", "/valid_from",
            ("المقبول: 2026-06-01 أو بعده", "Accepté : le 2026-06-01 ou plus tard", "Accepted: 2026-06-01 or later"),
        ),
        (
            PATH, {"legal_text": " "}, 422, "invalid_request", "/legal_text",
            ("النص أقصر من 1", "texte de moins de 1", "shorter than 1"),
        ),
        (
            PATH, {"legal_text": "م" * 4001}, 422, "invalid_request", "/legal_text",
            ("النص أطول من 4000", "texte de plus de 4000", "longer than 4000"),
        ),
        (
            PATH, {"language": "wo"}, 422, "invalid_request", "/language",
            ("المقبول: 'ar', 'fr', 'en'", "accepté : 'ar', 'fr', 'en'", "accepted: 'ar', 'fr', 'en'"),
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_decided_is_refused_in_three_languages_and_changes_nothing(
    client: httpx.AsyncClient,
    matching: Running,
    path: str,
    change: dict[str, str],
    status: int,
    code: str,
    pointer: str,
    said: tuple[str, str, str],
) -> None:
    await put(client, JUNE, 0)

    for language, words in zip(("ar", "fr", "en"), said, strict=True):
        refused = await put(
            client, MARCH | {"valid_from": "2026-07-01"} | change, 1, path, **{"Accept-Language": language}
        )
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["pointer"]) == (status, code, pointer), problem
        assert words in problem["title"]

    assert len(await announced(matching)) == 1
    assert (await client.get(PATH)).headers["ETag"] == '"1"'


async def test_nobody_overwrites_a_decision_he_has_not_seen(client: httpx.AsyncClient) -> None:
    unseen = await client.put(PATH, json=MARCH | PROPOSER)
    await put(client, MARCH, 0)
    stale = await put(client, JUNE, 0)
    ahead = await put(client, JUNE, 2)

    assert [(one.status_code, one.json()["code"]) for one in (unseen, stale, ahead)] == [
        (428, "precondition_required"),
        (412, "precondition_failed"),
        (412, "precondition_failed"),
    ]
    assert await class_on(client, "2026-06-01") == "tolerated"


async def test_of_two_proposals_at_once_one_waits(client: httpx.AsyncClient, matching: Running) -> None:
    answers = await asyncio.gather(*(propose(client, body, 0) for body in (MARCH, JUNE)))

    assert sorted(one.status_code for one in answers) == [200, 409]
    assert [one.json()["code"] for one in answers if one.status_code == 409] == ["proposal_open"]
    assert await announced(matching) == []


@pytest.mark.parametrize("address", [PATH, f"{PATH}/history"])
async def test_what_is_not_a_pair_of_known_programs_is_not_shown(client: httpx.AsyncClient, address: str) -> None:
    unknown = await client.get(address.replace("TEKAVOUL", "NOBODYS"))
    same = await client.get(address.replace("TEKAVOUL", "EL_MAOUNA"))

    assert (unknown.status_code, unknown.json()["code"], unknown.json()["pointer"]) == (
        404, "program_unknown", "/path/program_a",
    )  # fmt: skip
    assert (same.status_code, same.json()["code"]) == (422, "program_with_itself")


async def test_who_may_read_the_matrix_may_not_write_it(matching: Running) -> None:
    async with matching.client(permissions=ALL_PERMISSIONS - {"matrix:write"}) as reader:
        refused = await put(reader, MARCH, 0)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        assert (await reader.get(PATH)).headers["ETag"] == '"0"'


async def test_a_decision_is_never_changed_or_removed_even_from_behind(
    client: httpx.AsyncClient, matching: Running
) -> None:
    await put(client, MARCH, 0)

    for statement in (
        "UPDATE matrix_decisions SET overlap_class = 'forbidden'",
        "DELETE FROM matrix_decisions",
        "TRUNCATE matrix_decisions",
    ):
        with pytest.raises(IntegrityError, match="never changed or removed"):
            async with matching.platform.database.transaction() as tx:
                await tx.execute(text(statement))


async def test_the_overlaps_show_todays_classes_and_a_forbidden_one_excludes_nobody(
    client: httpx.AsyncClient, matching: Running
) -> None:
    async with matching.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_households(tx, [household(n) for n in range(6)], TODAY)
        await projecting.put_beneficiaries(tx, "taazour", [enrollment("TEKAVOUL", n, n) for n in range(6)])
        await projecting.put_beneficiaries(tx, "csa", [enrollment("EL_MAOUNA", n, n) for n in range(6)])

    async def linked() -> bool:
        return [one["linked"] for one in (await client.get("/v1/linkage")).json()] == [6, 6, 0]

    await until(linked, what="everyone to be linked")
    today = now().date()
    await put(client, MARCH | {"overlap_class": "forbidden", "valid_from": str(today)}, 0)
    tomorrow = JUNE | {"valid_from": str(today + timedelta(days=1))}
    await put(client, tomorrow, 0, "/v1/rules-matrix/TEMWINE/TEKAVOUL")

    cells = (await client.get("/v1/overlaps")).json()["cells"]

    assert [(one["program_a"], one["program_b"], one["count"], one["overlap_class"]) for one in cells] == [
        ("EL_MAOUNA", "EL_MAOUNA", 6, None),
        ("EL_MAOUNA", "TEKAVOUL", 6, "forbidden"),
        ("EL_MAOUNA", "TEMWINE", 0, "undecided"),
        ("TEKAVOUL", "TEKAVOUL", 6, None),
        ("TEKAVOUL", "TEMWINE", 0, "undecided"),
        ("TEMWINE", "TEMWINE", 0, None),
    ]
    assert await linked()
