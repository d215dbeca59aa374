"""A bad row is told with its line, field, value and reason, and stops nothing else."""

from pathlib import Path

import pytest

from cli.main_job import MainJobFailed, send_file
from journeys.asking import enrollments, feed
from whole_platform import LoadedPlatform, WholePlatform, nobody_listens

HEADER = (
    "Wilaya;Moughataa;Commune;Village;N° registre social;Nom complet;Date naiss.;NNI;Tel;Nbre personnes;Montant MRO"
)
ROW = "Assaba;Kiffa;Kiffa;Testville;;{name};{birth};;{phone};{size};{amount}"
FINE = {"name": "Ahmed Ould Sidi", "birth": "12/03/1980", "phone": "36112233", "size": "5", "amount": "12000"}
REFUSED = (
    ({"name": ""}, "name", ""),
    ({"birth": "31/02/1980"}, "birth_date", "31/02/1980"),
    ({"size": "-5"}, "household_size", "-5"),
    ({"amount": "douze"}, "amount", "douze"),
)
DOUBTED = ({"phone": "36112ABC"}, "phone", "36112ABC")
"""What only helps to recognise a person is told, and keeps nobody out."""


async def test_bad_rows_are_told_and_the_others_are_taken(loaded: LoadedPlatform, tmp_path: Path) -> None:
    platform, cases = loaded.platform, (*REFUSED, DOUBTED)
    names = [f"Mohamed Ould Essai {'abcdefgh'[number] * 3}" for number in range(len(cases))]
    lines = [HEADER]
    for name, (bad, _, _) in zip(names, cases, strict=True):
        lines += [ROW.format(**(FINE | bad)), ROW.format(**(FINE | {"name": name}))]
    file = tmp_path / "el_maouna_more.csv"
    file.write_bytes("\n".join(lines).encode("cp1252"))
    heard = len(await feed(platform, "wfp"))

    sent = await send_file(
        platform.door, "csa", "/programs/csa", "EL_MAOUNA", file, "MRO", len(lines) - 1, nobody_listens
    )

    assert (sent.accepted, sent.rejected, sent.unchanged) == (len(cases) + 1, len(REFUSED), 0)
    async with platform.client("csa") as client:
        found = [one async for one in client.pages(f"/programs/csa/v1/imports/{sent.import_id}/issues")]
    told = [(one["line"], one["field"], one["value"], one["severity"]) for one in found if one["field"] != "amount"]
    told += [(one["line"], one["field"], one["value"], "error") for one in found if one["code"] == "amount_unreadable"]
    assert sorted(told) == sorted(
        (2 + 2 * place, field, value, "error" if place < len(REFUSED) else "warning")
        for place, (_, field, value) in enumerate(cases)
    )
    assert all(len(one["reason"]) > 10 and one["code"] for one in found)
    await platform.quiet()
    kept = {one["name"] for one in await enrollments(platform, "EL_MAOUNA") if one["import_id"] == sent.import_id}
    assert kept == {*names, "Ahmed Ould Sidi"}
    assert len(await feed(platform, "wfp")) == heard + len(kept)


async def test_a_file_that_is_no_list_is_refused_in_the_callers_words(platform: WholePlatform, tmp_path: Path) -> None:
    file = tmp_path / "photo.xlsx"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    with pytest.raises(MainJobFailed) as failed:
        await send_file(platform.door, "taazour", "/programs/taazour", "TEMWINE", file, "MRU", 1, nobody_listens)
    assert failed.value.file == "photo.xlsx"
    assert len(failed.value.reason) > 20
