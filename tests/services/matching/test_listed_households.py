"""Lines of one household of a list: brought together as it is cut, for any list, and decided with what the others say."""

import csv
import io
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from list_cases import ended, matches, sent

from matching_cases import PLACES, TODAY, household, id_of, member, program
from running import Running, Services, until
from services.matching import listing, projecting
from services.matching.engine.households import MOST_TOGETHER
from services.matching.listed_households import MOST_WAITING, ReadLine, chunks_by_household
from services.matching.listing import LAYOUT
from shared.importing.importer import Chunk
from shared.tables import Row, open_table

AT_ONCE = 4


def cut(numbers: Sequence[str], most_waiting: int = MOST_WAITING, header: str = "Nom;N° ménage") -> list[Chunk]:
    """A list of lines that bear these household numbers, from line 2 on, in chunks of AT_ONCE."""
    content = "\n".join((header, *(f"Moussa {at};{number}" for at, number in enumerate(numbers)))).encode()

    def read(row: Row, household: str | None) -> ReadLine:
        return ReadLine(row.line, {}, None, [], household)

    return list(chunks_by_household(open_table(content, "liste.csv", LAYOUT), read, AT_ONCE, most_waiting))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "5", "MR 0005", "6", "7", "8"]), max_size=40))
def test_every_line_stands_in_one_chunk_and_each_household_too(numbers: list[str]) -> None:
    chunks = cut(numbers)

    assert sorted(one.line for chunk in chunks for one in chunk.rows) == list(range(2, len(numbers) + 2))
    ends = [chunk.last_line for chunk in chunks]
    assert ends == sorted(set(ends))
    assert all(AT_ONCE <= len(chunk.rows) < AT_ONCE + MOST_TOGETHER for chunk in chunks[:-1])
    assert all(one.line <= chunk.last_line for chunk in chunks for one in chunk.rows)

    alike = ["5" if number == "MR 0005" else number for number in numbers]
    lines = Counter(number for number in alike if number)
    for chunk in chunks:
        here = Counter(one.household for one in chunk.rows if one.household)
        for one in chunk.rows:
            number = alike[one.line - 2]
            if 1 < lines[number] <= MOST_TOGETHER:
                assert one.household is not None
                assert here[one.household] == lines[number]
            else:
                assert one.household is None


@settings(deadline=None)
@given(st.integers(0, 30))
def test_a_list_without_household_numbers_is_cut_as_any_file(count: int) -> None:
    for chunks in (
        cut([""] * count),
        cut(["5"] * count, header="Nom;Sexe"),
        cut([str(at) for at in range(1, count + 1)]),
    ):
        lines = [[one.line for one in chunk.rows] for chunk in chunks]
        assert lines == [list(range(2, count + 2))[at : at + AT_ONCE] for at in range(0, count, AT_ONCE)]
        assert [chunk.last_line for chunk in chunks] == [some[-1] for some in lines]
        assert all(one.household is None for chunk in chunks for one in chunk.rows)


def test_lines_that_stand_too_far_apart_stand_alone_and_the_list_says_so() -> None:
    apart = ["5", "6", "7", "5", "6", "7"]  # before the fourth line is read, three wait
    kept = [one for chunk in cut(apart, most_waiting=4) for one in chunk.rows]
    assert all(one.household for one in kept)
    assert not any(one.findings for one in kept)

    alone = [one for chunk in cut(apart, most_waiting=3) for one in chunk.rows]
    assert not any(one.household for one in alone)
    assert [(one.line, found.line, found.code) for one in alone for found in one.findings] == [
        (2, 0, "households_scattered")
    ]
    # Sorted as it asks: two wait.
    assert all(one.household for chunk in cut(sorted(apart), most_waiting=3) for one in chunk.rows)


HEADER = "Nom;NNI;N° ménage;Date de naissance;Sexe"
MOTHER = "Mariem Mint Cheikh;9900000130;5;03/02/1966;"
SON = "Yeslem Ould Salem;;5;12/11/1999;M"
STRANGER = "Penda Mint Samba;;5;02/02/1999;F"
OTHERS = ("Demba Diallo 4;;6;07/03/1980;M", "Hawa Sow;;6;01/02/1990;F", "Oumar Ba;;;05/06/1955;M")
HOME = household(
    1,
    member(1, "Mariem Mint Cheikh Ould Brahim", sex="F", birth_date="1966-02-03", nni="9900000130"),
    member(2, "Yeslem Ould Salem", relationship="child", birth_date="1999-11-12"),
)


@pytest.fixture
async def matching(services: Services, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Lists are cut every two lines."""
    monkeypatch.setattr(listing, "CHUNK_LINES", 2)
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("DISABILITY_CASH", "masef", unit="individual"))
        await projecting.put_program(tx, program("TEKAVOUL", "masef"))
        neighbours = [household(n, member(10 * n, f"Demba Diallo {n}")) for n in range(3, 9)]
        await projecting.put_households(tx, [HOME, *neighbours], TODAY)
    return running


@pytest.fixture
async def masef(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client(name="masef", programs=frozenset({"DISABILITY_CASH", "TEKAVOUL"})) as client:
        yield client


async def found(client: httpx.AsyncClient, lines: Sequence[str], header: str = HEADER, **asked: Any) -> dict[str, Any]:
    """By name, the line that the list comes back with."""
    told = await sent(client, "\n".join((header, *lines)).encode(), **asked)
    assert told["status"] == "completed", told
    return {one["sent"]["name"]: one | {"import": told["id"]} for one in await matches(client, told["id"])}


def of_household(line: dict[str, Any]) -> list[tuple[str, float]]:
    evidence = [it for one in line["candidates"][:1] for it in one["evidence"] if it["field"] == "household_agrees"]
    return [(it["level"], it["weight"]) for it in evidence]


def outcome(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["found"], line["individual_id"], line["probability"], line["candidates"]


async def alone(client: httpx.AsyncClient) -> dict[str, Any]:
    """What the son's line says by itself: asked as one person."""
    person = {"name": "Yeslem Ould Salem", "household_number": "5", "birth_date": "12/11/1999", "sex": "M"}
    answer = await client.post("/v1/match", json={"program": "DISABILITY_CASH", **person})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_line_is_decided_with_what_the_others_of_its_household_say(masef: httpx.AsyncClient) -> None:
    by_itself = await alone(masef)
    assert by_itself["found"] == "adjudicate"

    first = await found(masef, [SON, *OTHERS, MOTHER, STRANGER])

    son = first["Yeslem Ould Salem"]
    assert (son["found"], son["individual_id"]) == ("link", str(id_of("individual 2")))
    assert of_household(son) == [("agrees", 2.0)]
    # Two bits: four times the odds.
    odds, before = (p / (1 - p) for p in (son["probability"], by_itself["probability"]))
    assert odds == pytest.approx(4 * before, rel=1e-3)
    assert of_household(first["Mariem Mint Cheikh"]) == []  # her son's own line leads nowhere surely
    assert first["Penda Mint Samba"]["found"] == "unmatched"

    # Whatever the order in which the list gives them, and wherever it is cut.
    for seed in range(5):
        lines = random.Random(seed).sample([SON, *OTHERS, MOTHER, STRANGER], 6)
        turned = await found(masef, lines)
        assert {name: outcome(one) for name, one in turned.items()} == {
            name: outcome(one) for name, one in first.items()
        }

    # Once more, with the registry of now.
    assert (await masef.post(f"/v1/imports/{son['import']}/match-again")).status_code == 204
    await ended(masef, son["import"])
    again = {one["sent"]["name"]: one for one in await matches(masef, son["import"])}
    assert {name: outcome(one) for name, one in again.items()} == {name: outcome(one) for name, one in first.items()}

    for language, words, why in (
        ("en", "reasons", "others of the household in the list are members of this household of the registry"),
        ("fr", "raisons", "d'autres du même ménage dans la liste sont membres de ce ménage du registre"),
        ("ar", "الأسباب", "آخرون من الأسرة في القائمة من أفراد هذه الأسرة في السجل"),
    ):
        rows = await written(masef, son["import"], language)
        reasons = [row[words] for row in rows if "Yeslem Ould Salem" in row.values()]
        assert len(reasons) == 1
        assert why in reasons[0]
        assert sum(why in row[words] for row in rows) == 1


async def written(client: httpx.AsyncClient, import_id: str, language: str) -> list[dict[str, str]]:
    """The file in which the list comes back."""
    asked = {"import_id": import_id, "format": "csv", "language": language}
    export = (await client.post("/v1/exports", json=asked)).json()

    async def done() -> bool:
        return bool((await client.get(f"/v1/exports/{export['id']}")).json()["status"] == "completed")

    await until(done, what="the file to be written")
    content = (await client.get(f"/v1/exports/{export['id']}/file")).content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_lines_that_do_not_stand_together_are_decided_each_by_itself(masef: httpx.AsyncClient) -> None:
    by_itself = await alone(masef)
    told = {key: by_itself[key] for key in ("found", "individual_id", "probability")}

    def son(lines: dict[str, Any]) -> dict[str, Any]:
        line = lines["Yeslem Ould Salem"]
        assert of_household(line) == []
        return {key: line[key] for key in told}

    # Her number is another one; the son alone bears his; more bear it than a household has.
    assert son(await found(masef, [SON, MOTHER.replace(";5;", ";6;")])) == told
    assert son(await found(masef, [SON, MOTHER.replace(";5;", ";;")])) == told
    crowd = [f"Hawa {at};;5;01/02/1990;F" for at in range(MOST_TOGETHER - 1)]
    assert son(await found(masef, [SON, MOTHER, *crowd])) == told

    # A list that gives no number of households: the number, and what its absence weighs, aside.
    without = [";".join(cells[:2] + cells[3:]) for cells in (line.split(";") for line in (SON, MOTHER))]
    line = (await found(masef, without, "Nom;NNI;Date de naissance;Sexe"))["Yeslem Ould Salem"]
    assert of_household(line) == []
    person = {"name": "Yeslem Ould Salem", "birth_date": "12/11/1999", "sex": "M"}
    asked = (await masef.post("/v1/match", json={"program": "DISABILITY_CASH", **person})).json()
    assert [line[key] for key in told] == [asked[key] for key in told]

    # In a list of households a line stands for one, and alone.
    heads = await found(masef, [SON, MOTHER], kind="TEKAVOUL")
    assert of_household(heads["Yeslem Ould Salem"]) == []


async def test_a_number_that_the_registry_bears_too_is_not_counted_again(masef: httpx.AsyncClient) -> None:
    lines = [line.replace(";5;", f";{HOME['number']};") for line in (SON, MOTHER)]
    for one in (await found(masef, lines)).values():
        assert one["found"] == "link"
        assert of_household(one) == []
