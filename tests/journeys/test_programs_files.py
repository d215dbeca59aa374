"""Files of programs, through the gateway: a delta for the insurer, a large list over a line that breaks."""

import contextlib
import csv
import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
from python_calamine import CalamineWorkbook

from cli.gateway_client import GatewayClient
from journeys.asking import enrollments
from running import until
from whole_platform import LoadedPlatform

TUS = {"Tus-Resumable": "1.0.0"}
INSURANCE = {"program": "HEALTH_INSURANCE"}
PIECE = 256 << 10


async def send_half(officer: GatewayClient, path: str, piece: bytes, headers: Mapping[str, str]) -> None:
    """Send the first half of a piece, and break the line."""

    async def half() -> AsyncIterator[bytes]:
        yield piece[: len(piece) // 2]
        raise ConnectionAbortedError

    with contextlib.suppress(ConnectionAbortedError, httpx.TransportError):
        length = {"Content-Length": str(len(piece))}
        await officer.once("PATCH", path, content=half(), headers={**headers, **length})  # type: ignore[arg-type]


async def test_a_clerk_at_cnam_receives_additions_and_removals_and_not_the_full_list(loaded: LoadedPlatform) -> None:
    """Story 9."""
    deltas = "/programs/taazour/v1/deltas"
    active = [one for one in await enrollments(loaded.platform, "HEALTH_INSURANCE") if one["status"] == "enrolled"]
    left, back = active[0], active[1]
    async with loaded.platform.client("cnam") as cnam:
        first = await cnam.call("POST", deltas, **INSURANCE)
        assert (first["number"], first["additions"], first["removals"]) == (1, len(active), 0)
        for one, turns in ((left, ["exit"]), (back, ["suspend", "resume"])):
            for turn in turns:
                reason = {"exit": "moved", "suspend": "absent", "resume": "returned"}[turn]
                path = f"/programs/taazour/v1/enrollments/{one['id']}"
                now = await cnam.get(path)
                await cnam.call("POST", f"{path}/{turn}", body={"reason": reason}, if_match=f'"{now["version"]}"')

        second = await cnam.call("POST", deltas, **INSURANCE)
        again = await cnam.call("POST", deltas, **INSURANCE)

        assert (second["number"], second["additions"], second["removals"], second["changes"]) == (2, 0, 1, 0)
        assert again == second
        files = [(await cnam.answer("GET", f"{deltas}/2/file", **INSURANCE)).content for _ in range(2)]
        assert files[0] == files[1]
        (row,) = csv.DictReader(io.StringIO(files[0].decode("utf-8-sig")))
        assert (row["Action"], row["Name"]) == ("removed", left["name"])


async def test_an_officer_in_nema_sends_a_large_list_that_goes_on_after_a_cut_and_fetches_its_report(
    loaded: LoadedPlatform, tmp_path: Path
) -> None:
    """Story 16."""
    header = "N° ménage;Nom complet du bénéficiaire;Taille du ménage;Commune;Observations\r\n"
    lines = [
        f"MR09{number:08};Beneficiaire Numero {number};{'douze' if number % 10_000 == 7 else 4};Adel Bagrou;{'dossier verifie ' * 3}\r\n"
        for number in range(20_500)
    ]
    content = (header + "".join(lines)).encode()
    assert len(content) > 2_000_000
    said = {"kind": "EL_MAOUNA", "filename": "nema.csv", "dry_run": "true"}
    async with loaded.platform.client("csa") as officer:
        begun = await officer.answer(
            "POST", "/programs/csa/v1/uploads", headers=TUS | {"Upload-Length": str(len(content))}, **said
        )
        where = str(begun.url.join(begun.headers["Location"]).path)

        offset, cuts, imported = 0, 0, None
        while imported is None:
            headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            piece = content[offset : offset + PIECE]
            if cuts < 2 and offset:
                cuts += 1
                await send_half(officer, where, piece, headers)
            else:
                sent = await officer.once("PATCH", where, content=piece, headers=headers)
                assert sent.status_code in (204, 409), sent.text  # 409: what was cut has arrived after all
            asked = await officer.answer("HEAD", where, headers=TUS)
            offset, imported = int(asked.headers["Upload-Offset"]), asked.headers.get("Upload-Import")
        path = f"/programs/csa/v1/imports/{imported}"

        async def checked() -> bool:
            return bool((await officer.get(path))["status"] == "checked")

        await until(checked, what="the list to be checked", seconds=120)
        state = await officer.get(path)
        assert (state["accepted"], state["rejected"]) == (20_497, 3)
        assert (await officer.get(f"{path}/effects"))["new"] == 20_497
        report = (await officer.answer("GET", f"{path}/error-file", format="xlsx")).content
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(report)).get_sheet_by_index(0).to_python()
        assert [row[0] for row in sheet[1:]] == ["MR0900000007", "MR0900010007", "MR0900020007"]
