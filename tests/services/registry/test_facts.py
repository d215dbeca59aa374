"""Facts of households without names, as other services pull them."""

from datetime import date

from running import Running
from small_country import SmallCountry


async def test_the_active_households_are_shown_without_names_page_by_page(registry: Running) -> None:
    country = SmallCountry(registry)
    ids = [await country.household(members=[{"disability": True}, {"birth_date": date(2020, 1, 2)}]) for _ in range(3)]
    await country.household(members=[{}], status="left", left_reason="moved_away")
    found, cursor, first = [], None, None
    async with registry.client("matching", frozenset({"internal"})) as client:
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = await client.get("/internal/household-facts", params=params)
            found += page.json()["items"]
            first = first or page.text
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break

    assert [one["household_id"] for one in found] == sorted(str(id_) for id_ in ids)
    assert (found[0]["commune_code"], found[0]["score"], len(found[0]["members"])) == ("MR011-C01", "12.50", 2)
    assert sorted(one["birth_date"] for one in found[0]["members"]) == ["1980-05-06", "2020-01-02"]
    assert "Mohamed" not in str(first) and "number" not in str(first)


async def test_before_they_were_known_there_were_none_and_others_may_not_ask(registry: Running) -> None:
    await SmallCountry(registry).household(members=[{}])
    async with registry.client("matching", frozenset({"internal"})) as client:
        path = "/internal/household-facts"
        earlier = await client.get(path, params={"known_at": "2025-12-31T00:00:00+00:00"})
        before = await client.get(path, params={"as_of": "2025-12-31"})
        unclear = await client.get(path, params={"known_at": "2025-12-31T00:00:00"})
    async with registry.client("csa", frozenset({"households:read"})) as other:
        refused = await other.get(path)

    assert (earlier.json()["items"], before.json()["items"]) == ([], [])
    assert (unclear.status_code, refused.status_code) == (422, 403)
