"""The command: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from cli.auditing import FAULTS
from cli.main import app
from tests.gateway.disclosures.conftest import Log, disclosure


async def verify_audit(chain: Log, *options: str, language: str = "en") -> Result:
    arguments = ["verify-audit", "--database-url", chain.url, *options]
    return await asyncio.to_thread(CliRunner(env={"TEKAMOUL_LANG": language}).invoke, app, arguments)


@pytest.fixture
async def sealed(chain: Log) -> Log:
    await chain.add(*(disclosure(subject=f"H-{one}") for one in range(12)))
    await chain.seal()
    return chain


async def test_a_whole_log_is_told_as_whole_and_names_the_keys_to_compare(sealed: Log) -> None:
    await sealed.add(disclosure())

    ended = await verify_audit(sealed)

    assert ended.exit_code == 0
    assert ended.stdout.startswith(
        "The log is whole: 13 rows (1 to 13), 1 seals, 13 names held, 1 rows not sealed yet."
    )
    assert f"Keys that only the database itself vouches for: {sealed.key.kid}." in ended.stdout


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "The log is broken at row 7: the row does not fit its hash. What is before it is whole."),
        ("fr", "Journal altéré à la ligne 7 : la ligne ne correspond pas à son empreinte. Ce qui précède est intact."),
        ("ar", "السجل غير سليم عند الصف 7: محتوى الصف لا يطابق بصمته. ما قبله سليم."),
    ],
)
async def test_the_first_bad_row_is_named_in_the_readers_language(sealed: Log, language: str, line: str) -> None:
    await sealed.tamper("UPDATE disclosures SET partner = 'wfp' WHERE position IN (7, 9)")

    ended = await verify_audit(sealed, language=language)

    assert (ended.exit_code, ended.stdout.splitlines()[0]) == (1, line)


async def test_only_the_keys_that_the_reader_trusts_count(sealed: Log, tmp_path: Path) -> None:
    hers, strange = tmp_path / "keys.json", tmp_path / "strange.json"
    hers.write_text(json.dumps({"keys": [sealed.key.as_dict(private=False)]}))
    strange.write_text(json.dumps(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)))

    trusted, other = await verify_audit(sealed, "--keys", str(hers)), await verify_audit(sealed, "--keys", str(strange))

    assert (trusted.exit_code, trusted.stdout.count("\n")) == (0, 1), "nothing is left to compare"
    assert other.exit_code == 1
    assert "at row 12, seal 1: the seal's signature is not of a known key" in other.stdout


async def test_what_it_printed_before_is_a_witness_the_next_time(sealed: Log, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    said = await verify_audit(sealed, "--json")
    before.write_text(said.stdout)
    told: dict[str, Any] = json.loads(said.stdout)
    assert (told["rows"], told["last"], told["fault"]) == (12, 12, None)
    assert (await verify_audit(sealed, "--witness", str(before))).exit_code == 0
    await sealed.tamper("DELETE FROM disclosures WHERE position > 5")
    await sealed.tamper("DELETE FROM disclosure_seals")
    await sealed.tamper(
        "UPDATE disclosure_head SET position = 5, hash = (SELECT hash FROM disclosures WHERE position = 5)"
    )

    ended = await verify_audit(sealed, "--witness", str(before), "--json")

    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["fault"] == {"what": "end_cut_off", "position": 6, "seal": None}


async def test_a_database_that_is_away_is_said_in_one_line(chain: Log) -> None:
    ended = await asyncio.to_thread(
        CliRunner(env={"TEKAMOUL_LANG": "en"}).invoke,
        app,
        ["verify-audit", "--database-url", "postgresql://nobody@127.0.0.1:1/none"],
    )

    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1)
    assert "The database does not answer" in ended.stderr


def test_each_fault_has_its_words() -> None:
    source = (Path(__file__).resolve().parents[3] / "cli" / "verifying.py").read_text()

    assert all(f'"{word}"' in source for word in FAULTS)
