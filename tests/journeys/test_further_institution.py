"""An institution that does not ship with this version: a catalog file starts it, and a folder feeds it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from running import until
from whole_platform import WholePlatform, new_platform

CATALOG = Path(__file__).parents[1] / "institution.json"
LIST = "N° ménage;Nom;Taille du ménage\nMR0110000901;Fatimetou Mint Ahmed;6\nMR0110000902;محمد ولد أحمد;zéro\n"
CONNECTIONS = """
[cliniques]
kind = "drop"
partner = "sante"
folder = "{folder}"
every_seconds = 0.2
settle_seconds = 0.2
[[cliniques.files]]
pattern = "*.csv"
into = "NUTRITION_CASH"
"""


@pytest.fixture
def own() -> Iterator[WholePlatform]:
    """A platform of its own, with a catalog and a connections file in its data folder."""
    made = new_platform()
    try:
        for name in ("institutions", "connections"):
            (made.data_dir / name).mkdir(parents=True)
        (made.folder / "incoming").mkdir()
        shutil.copy(CATALOG, made.data_dir / "institutions" / "sante.json")
        connections = CONNECTIONS.format(folder=made.folder / "incoming")
        (made.data_dir / "connections" / "sante.toml").write_text(connections, encoding="utf-8")
        yield made.start("--no-demo")
        assert made.stop() == 0, made.output[-4000:]
    finally:
        made.stop()
        made.remove()


async def test_a_seventh_institution_takes_its_list_and_answers_through_the_gateway(own: WholePlatform) -> None:
    assert "programs-sante" in own.ready["services"]
    (own.folder / "incoming" / "mars.csv").write_text(LIST, encoding="utf-8")
    done = own.folder / "incoming" / "done" / "mars.csv.result.json"

    async def written() -> bool:
        return done.exists()

    await until(written, what="the result beside the file")
    result: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    assert (result["status"], result["accepted"], result["rejected"]) == ("completed", 1, 1)
    async with own.client("sante") as sante:
        (program,) = (await sante.get("/programs/sante/v1/programs"))["items"]
        assert (program["code"], program["names"]["ar"]) == ("NUTRITION_CASH", "تحويلات التغذية")
        (one,) = (await sante.get("/programs/sante/v1/enrollments"))["items"]
        assert (one["name"], one["monthly_value_mru"]) == ("Fatimetou Mint Ahmed", "1200.00")
    await own.quiet()
    async with own.client("sante") as sante:  # its own feed has the change
        (event,) = (await sante.get("/v1/events"))["items"]
        assert event["program"] == "NUTRITION_CASH"
    sent = own.folder / "avril.csv"
    sent.write_text(LIST.replace("zéro", "4"), encoding="utf-8")
    command = own.tekamoul(
        "import", "list", str(sent), "--program", "NUTRITION_CASH", "--partner", "sante", "--dry-run"
    )
    assert command.returncode == 0, command.stdout + command.stderr
    assert "new 1" in " ".join(command.stdout.split())
    out = own.folder / "liste.csv"
    exported = own.tekamoul(
        "export", "enrollments", "--program", "NUTRITION_CASH", "--partner", "sante", "--out", str(out)
    )
    assert exported.returncode == 0, exported.stdout + exported.stderr
    assert "Fatimetou Mint Ahmed" in out.read_text(encoding="utf-8-sig")
