"""A grievance agent finds a caller, and an officer on a slow line checks a file before it counts."""

import io
from typing import Any

import python_calamine

from journeys.asking import at_the_registry
from running import until
from uploading import begin, located, offset_of, send_piece
from whole_platform import Country, LoadedPlatform

PIECE = 96 * 1024
"""What a line of 256 kbit/s carries in three seconds."""


async def test_a_grievance_agent_finds_a_caller_by_id_or_by_name_in_the_other_script_and_sees_status_alone(
    loaded: LoadedPlatform,
) -> None:
    async with at_the_registry(loaded.platform, "taazour") as client:

        async def caught_up() -> bool:
            return not (await client.post("/v1/search", json={"q": "Mohamed"})).json()["catching_up"]

        await until(caught_up, what="the names to be searchable")
        page = (await client.get("/v1/households", params={"limit": 50})).json()["items"]
        households = [(await client.get(f"/v1/households/{one['id']}")).json() for one in page]
        household, head = next(
            (one, member)
            for one in households
            for member in one["members"]
            if member["relationship"] == "head" and member["nni"] and member["name_ar"] and " " in member["name_ar"]
        )

        by_id = (await client.post("/v1/search/status", json={"nni": head["nni"]})).json()["items"]
        asked = {"name": head["name_ar"], "place": household["commune_code"]}
        by_name = (await client.post("/v1/search/status", json=asked)).json()["items"]
        broad = await client.post("/v1/search/status", json={"name": "Mohamed"}, headers={"Accept-Language": "fr"})

    assert household["number"] in {one["household_number"] for one in by_id}
    assert household["number"] in {one["household_number"] for one in by_name}
    assert all(set(one) == set(by_id[0]) for one in by_name)
    assert not {"birth_date", "members", "vulnerability_category", "score", "phones"} & set(by_id[0])
    assert (broad.status_code, broad.headers["content-language"]) == (422, "fr")


async def test_a_file_on_a_slow_line_goes_on_where_it_was_cut_and_is_checked_before_it_counts(
    loaded: LoadedPlatform, country: Country
) -> None:
    content = (country.folder / country.manifest.registry.file).read_bytes()
    header, *lines = content.splitlines(keepends=True)
    changed = [line.replace(b",poor,", b",rich,", 1) for line in lines[:300]]  # a category that does not exist
    file = header + b"".join(changed)
    async with at_the_registry(loaded.platform, "taazour") as client:
        counts = (await client.get("/v1/counts")).json()
        made = await begin(client, len(file), kind="households", filename="menages.csv", dry_run="true")
        where = located(made)
        await send_piece(client, where, 0, file[:PIECE])
        offset = await offset_of(client, where)  # the line was cut: what arrived is kept
        assert offset == min(PIECE, len(file))
        answer = None
        while offset < len(file):
            answer = await send_piece(client, where, offset, file[offset : offset + PIECE])
            offset += PIECE
        import_id = (
            answer.headers["Upload-Import"]
            if answer is not None
            else (await client.head(where, headers={"Tus-Resumable": "1.0.0"})).headers["Upload-Import"]
        )

        async def checked() -> dict[str, Any] | None:
            state: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}")).json()
            return state if state["status"] not in ("received", "running", "checking") else None

        state = await until(checked, what="the file to be checked")
        report = await client.get(
            f"/v1/imports/{import_id}/error-file", params={"format": "xlsx"}, headers={"Accept-Language": "ar"}
        )

        assert state["status"] == "checked"
        assert state["rejected"] > 0
        rows = python_calamine.load_workbook(io.BytesIO(report.content)).get_sheet_by_index(0).to_python()
        assert len(rows) > state["rejected"] - 1
        assert any("rich" in row for row in rows)
        assert (await client.get("/v1/counts")).json() == counts  # nothing counted yet
        assert (await client.delete(f"/v1/imports/{import_id}")).status_code in (200, 204)
