"""`tekamoul match encode` as a partner runs it: nothing readable leaves, and two encoded lists are linked by the usual command."""

import itertools
import random
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from cli.main import app

MAPPING = """
record_id: {left: key, right: ref}
fields:
  name: {left: nom, right: الاسم}
  birth_date: {left: ne_le, right: الميلاد}
  id: {left: nni, right: الرقم الوطني}
  phone: {left: tel, right: الهاتف}
  place: {left: commune, right: البلدية}
"""
ENCODED = "record_id: number\nfields: {encoded: encoded}\n"
WORDS = {
    "Mohamed": "محمد", "Sidi": "سيدي", "Ahmed": "أحمد", "Cheikh": "الشيخ", "Brahim": "ابراهيم", "Moussa": "موسى", "Oumar": "عمر",
    "Salem": "سالم", "Bilal": "بلال", "Moctar": "المختار", "Yahya": "يحيى", "Mariem": "مريم",
}  # fmt: skip
COMMUNES = {"Rosso": "روصو", "Kiffa": "كيفه", "Atar": "أطار", "Zouerate": "الزويرات"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 500 in Latin script; of 250 of them, and 50 more, a list in Arabic; mappings and a secret."""
    made, rng = tmp_path_factory.mktemp("encode"), random.Random(3)
    people = []
    for at in range(550):
        parts = rng.choices(list(WORDS), k=3)
        born = f"{rng.randint(1950, 2010)}-{rng.randint(2, 11):02}-{rng.randint(2, 28):02}"
        numbers = rng.randrange(9 * 10**9, 10**10), rng.randint(20_000_000, 49_999_999)
        people.append((f"key-{at:05}", parts, born, *numbers, rng.choice(list(COMMUNES))))
    latin = [(key, " ".join(parts), *rest) for key, parts, *rest in people[:500]]
    pl.DataFrame(latin, schema=["key", "nom", "ne_le", "nni", "tel", "commune"], orient="row").write_parquet(
        made / "registry.parquet"
    )
    lines = ["ref;الاسم;الميلاد;الرقم الوطني;الهاتف;البلدية"]
    for at, (key, parts, born, nni, phone, commune) in enumerate(people[250:]):
        lines.append(
            f"ref-{key};{' '.join(WORDS[one] for one in parts)};{born};{nni if at % 2 else ''};{phone};{COMMUNES[commune]}"
        )
    (made / "list.csv").write_bytes("\n".join(lines).encode("cp1256"))
    (made / "map.yaml").write_text(MAPPING, encoding="utf-8")
    (made / "encoded.yaml").write_text(ENCODED, encoding="utf-8")
    assert match("encode", "--new-secret", made / "secret").exit_code == 0
    return made


def match(*words: object) -> Result:
    return CliRunner().invoke(app, ["match", *map(str, words)], env={"TEKAMOUL_LANG": "en"})


def encode(
    folder: Path, out: Path, file: str = "registry.parquet", side: str = "left", secret: Path | None = None
) -> Result:
    options = ("--mapping", folder / "map.yaml", "--secret-file", secret or folder / "secret", "--side", side)
    return match("encode", folder / file, *options, "--out", out)


def told(result: Result) -> str:
    return " ".join(result.stderr.split())


def ids_of(path: Path) -> dict[str, str]:
    return dict(pl.read_csv(path, infer_schema=False).iter_rows())


def test_two_parties_encode_a_third_links_and_each_learns_who_its_own_numbers_are(folder: Path, tmp_path: Path) -> None:
    ours, theirs, out = tmp_path / "ours.parquet", tmp_path / "theirs.parquet", tmp_path / "links.csv"
    assert encode(folder, ours).exit_code == 0
    assert encode(folder, theirs, "list.csv", "right").exit_code == 0
    linked = match("link", ours, theirs, "--mapping", folder / "encoded.yaml", "--out", out)
    assert linked.exit_code == 0, linked.output
    left, right = ids_of(tmp_path / "ours.ids.csv"), ids_of(tmp_path / "theirs.ids.csv")
    rows = list(pl.read_csv(out, infer_schema=False).iter_rows(named=True))
    true = [row for row in rows if right[row["right_id"]] == f"ref-{left[row['left_id']]}"]
    assert len(true) >= 245
    assert sum(row["decision"] == "link" for row in rows if row not in true) <= 3
    assert list(rows[0]) == ["left_id", "right_id", "probability", "weight", "decision", "weight_encoded"]


def test_nothing_that_was_written_is_in_what_is_handed_over(folder: Path, tmp_path: Path) -> None:
    assert encode(folder, tmp_path / "out.parquet").exit_code == 0
    frame = pl.read_parquet(tmp_path / "out.parquet")
    handed = (tmp_path / "out.parquet").read_bytes() + frame.write_csv().encode()
    handed += str(pl.read_parquet_metadata(tmp_path / "out.parquet")).encode()
    for text in {str(cell) for row in pl.read_parquet(folder / "registry.parquet").iter_rows() for cell in row}:
        parts = [text, *(one for one in text.split() if len(one) > 4)]
        assert not any(one.encode() in handed for one in parts), text
    assert (folder / "secret").read_bytes().strip() not in handed
    assert frame.columns == ["number", "encoded"]


def test_numbers_tell_nothing_of_the_order_and_only_the_owner_may_read_whose_they_are(
    folder: Path, tmp_path: Path
) -> None:
    assert encode(folder, tmp_path / "out.parquet").exit_code == 0
    ids = tmp_path / "out.ids.csv"
    order = list(ids_of(ids).values())
    assert sorted(order) == [f"key-{at:05}" for at in range(500)] != order
    assert ids.stat().st_mode & 0o777 == 0o600
    assert sum(a < b for a, b in itertools.pairwise(order)) < 300  # of 499 pairs, half by chance
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.ids.csv", "out.parquet"]


def test_two_files_of_two_secrets_and_a_file_that_is_not_encoded_are_refused(folder: Path, tmp_path: Path) -> None:
    assert match("encode", "--new-secret", tmp_path / "other").exit_code == 0
    assert encode(folder, tmp_path / "a.parquet").exit_code == 0
    assert encode(folder, tmp_path / "b.parquet", secret=tmp_path / "other").exit_code == 0
    files, options = (tmp_path / "a.parquet", tmp_path / "b.parquet"), ("--mapping", folder / "encoded.yaml", "--out")
    refused = match("link", *files, *options, tmp_path / "out.csv")
    assert refused.exit_code == 1
    assert "b.parquet was encoded with another secret" in told(refused)
    pl.read_parquet(tmp_path / "a.parquet").write_csv(tmp_path / "a.csv")
    refused = match("dedupe", tmp_path / "a.csv", *options, tmp_path / "out.csv")
    assert refused.exit_code == 1
    assert "a.csv is no file that tekamoul match encode wrote" in told(refused)
    assert not (tmp_path / "out.csv").exists()


def test_a_secret_that_others_read_and_one_that_is_weak_are_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes((folder / "secret").read_bytes())
    secret.chmod(0o644)
    refused = encode(folder, tmp_path / "out.parquet", secret=secret)
    assert refused.exit_code == 1
    assert "Others may read" in told(refused)
    secret.chmod(0o600)
    secret.write_text("a password that somebody thought of and found long enough")
    refused = encode(folder, tmp_path / "out.parquet", secret=secret)
    assert refused.exit_code == 1
    assert "no secret of at least 32 random bytes" in told(refused)
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_a_new_secret_is_its_owners_alone_and_replaces_none(tmp_path: Path) -> None:
    made, other = tmp_path / "secret", tmp_path / "other"
    assert match("encode", "--new-secret", made).exit_code == match("encode", "--new-secret", other).exit_code == 0
    assert made.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(made.read_text().strip())) == 32
    assert made.read_bytes() != other.read_bytes()
    before = made.read_bytes()
    again = match("encode", "--new-secret", made)
    assert again.exit_code == 1
    assert "a secret is not replaced" in told(again)
    assert made.read_bytes() == before
    assert match("encode", "--new-secret", tmp_path / "nowhere" / "secret").exit_code == 1


def test_only_parquet_is_written_and_what_is_missing_is_asked_for(folder: Path, tmp_path: Path) -> None:
    refused = encode(folder, tmp_path / "out.csv")
    assert refused.exit_code == 1
    assert "is a .parquet" in told(refused)
    assert match("encode", folder / "list.csv").exit_code == 2
    assert encode(folder, tmp_path / "out.parquet", side="middle").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_encoded_records_are_neither_encoded_again_nor_exported(folder: Path, tmp_path: Path) -> None:
    a = tmp_path / "a.parquet"
    assert encode(folder, a).exit_code == 0
    options = ("--mapping", folder / "encoded.yaml")
    again = match("encode", a, *options, "--secret-file", folder / "secret", "--out", tmp_path / "b.parquet")
    assert again.exit_code == 1
    assert "The field encoded cannot be encoded" in told(again)
    assert match("dedupe", a, *options, "--out", tmp_path / "o.csv", "--save-model", tmp_path / "m.json").exit_code == 0
    refused = match("export", a, *options, "--model", tmp_path / "m.json", "--out", tmp_path / "folder")
    assert refused.exit_code == 1
    assert "not exported" in told(refused)
    assert not (tmp_path / "folder").exists()
