"""Answers that come with a file of households: kept where they fit, told of where they do not."""

from typing import Any

import httpx
import pytest

from registry_cases import Family, member, the_household
from running import until
from services.registry.rules.households import COLUMNS


def a_file(extra: str, *cells: str) -> bytes:
    """Sidi's family with more columns; `cells` are those of each line."""
    lines = [f"{line},{more}" for line, more in zip(Family().lines(), cells, strict=True)]
    return "\n".join([f"{','.join(COLUMNS)},{extra}", *lines, ""]).encode()


async def sent(
    client: httpx.AsyncClient, content: bytes, language: str = "en"
) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    answer = await client.post("/v1/imports", params={"kind": "households", "filename": "menages.csv"}, content=content)
    assert answer.status_code == 202, answer.text
    place = f"/v1/imports/{answer.json()['id']}"

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(place)).json()
        return state if state["status"] in ("completed", "failed") else None

    state: dict[str, Any] = await until(ended, what="the import to end")
    issues = (await client.get(f"{place}/issues", headers={"Accept-Language": language})).json()["items"]
    return state, [(one["line"], one["field"], one["value"], one["severity"], one["code"]) for one in issues]


async def test_answers_enter_with_their_household_and_each_member(client: httpx.AsyncClient) -> None:
    content = a_file(
        "questionnaire_version,q.walls,q.rooms,q.shocks,qi.seeing,qi.pregnant",
        "RS-2024.1,mud,2,drought;flood,none,",
        "RS-2024.1,,,,some,yes",
        "RS-2024.1,,,,,",
        "RS-2024.1,,,,cannot,no",
    )

    state, issues = await sent(client, content)

    household = await the_household(client)
    assert state["accepted"] == 4
    assert household["questionnaire_version"] == "RS-2024.1"
    assert household["answers"] == {"walls": "mud", "rooms": 2, "shocks": ["drought", "flood"]}
    assert member(household, "1000000002")["answers"] == {"seeing": "some", "pregnant": True}
    assert member(household, "1000000003")["questionnaire_version"] is None
    # Aïcha was declared without disability, and cannot see.
    assert member(household, "1000000004")["disability"] is True
    assert issues == [(5, "disability", "none", "warning", "disability_differs")]


@pytest.mark.parametrize(
    ("headers", "walls"),
    [
        ("نسخة الاستمارة,مادة الجدران,عدد الغرف,صعوبة في الرؤية", "طين"),
        ("Version du questionnaire,Matériau des murs,Nombre de pièces,Difficulté à voir", "Banco"),
        ("Questionnaire version,Material of the walls,Number of rooms,Difficulty seeing", "mud"),
    ],
)
async def test_answers_are_found_by_the_words_of_the_questionnaire(
    client: httpx.AsyncClient, headers: str, walls: str
) -> None:
    await sent(client, a_file(headers, f"RS-2020.1,{walls},٣,none", "RS-2020.1,,,", "RS-2020.1,,,", "RS-2020.1,,,"))

    household = await the_household(client)
    assert household["answers"] == {"walls": "mud", "rooms": 3}
    assert member(household, "1000000001")["answers"] == {"seeing": "none"}


async def test_a_bad_answer_is_told_of_and_stops_neither_its_line_nor_its_household(client: httpx.AsyncClient) -> None:
    content = a_file(
        "questionnaire_version,q.walls,q.rooms,q.hhs,qi.seeing",
        "RS-2020.1,gold,2,3,badly",
        "RS-1999.1,,,,none",
        ",,,,none",
        ",,,,",
    )

    state, issues = await sent(client, content)

    assert (state["accepted"], state["rejected"]) == (4, 0)
    assert sorted(issues) == [
        (2, "q.hhs", "3", "warning", "question_unknown"),
        (2, "q.walls", "gold", "warning", "answer_not_a_choice"),
        (2, "qi.seeing", "badly", "warning", "answer_not_a_choice"),
        (3, "questionnaire_version", "RS-1999.1", "warning", "questionnaire_unknown"),
        (4, "questionnaire_version", "", "warning", "questionnaire_missing"),
    ]
    assert (await the_household(client))["answers"] == {"rooms": 2}


async def test_a_file_without_answers_leaves_those_held(client: httpx.AsyncClient) -> None:
    await sent(client, a_file("questionnaire_version,q.walls", "RS-2020.1,mud", ",", ",", ","))

    await sent(client, a_file("remarque", "visite", "", "", ""))

    assert (await the_household(client))["answers"] == {"walls": "mud"}
