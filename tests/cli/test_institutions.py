"""Further institutions by their catalogs: what the platform starts, and which catalog keeps it from starting."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.institutions import _connected, configured_platform
from cli.platform import RunOptions
from cli.processes import SERVICES, programs_service
from cli.refusals import StartRefused
from gateway.partners.file import NotConfigured, load_partners
from gateway.settings import SHIPPED_PARTNERS

CATALOG: dict[str, Any] = json.loads((Path(__file__).parents[1] / "institution.json").read_text(encoding="utf-8"))


def folder_with(tmp_path: Path, catalog: Any, name: str = "sante") -> Path:
    folder = tmp_path / "institutions"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(catalog), encoding="utf-8")
    return folder


def test_a_catalog_starts_one_more_process_and_is_told_to_the_gateway(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, CATALOG)

    platform = configured_platform(RunOptions(data_dir=tmp_path / "data"), folder)

    further = {one.name: one for one in platform._services}
    assert set(further) - {one.name for one in SERVICES} == {"programs-sante"}
    sante = further["programs-sante"]
    assert sante.env == {"TEKAMOUL_INSTITUTION": "sante", "TEKAMOUL_CATALOG_FILE": str(folder / "sante.json")}
    assert (sante.database, sante.port_offset) == ("programs_sante", 11)
    assert further["gateway"].env == {"TEKAMOUL_INSTITUTIONS_FOLDER": str(folder)}


def test_the_gateway_takes_the_partner_and_its_programs_from_the_catalog(tmp_path: Path) -> None:
    sante = load_partners(SHIPPED_PARTNERS, folder_with(tmp_path, CATALOG))["sante"]

    assert (sante.programs, sante.subscribes) == (("NUTRITION_CASH",), ("NUTRITION_CASH",))
    assert sante.names.fr == "Ministère de la Santé"


@pytest.mark.parametrize(
    ("catalog", "name"),
    [
        ({**CATALOG, "programs": []}, "sante"),
        (CATALOG, "eau"),
        ({**CATALOG, "institution": "csa"}, "csa"),
        ({**CATALOG, "programs": [{**CATALOG["programs"][0], "code": "TEKAVOUL"}]}, "sante"),
    ],
)
def test_a_wrong_catalog_keeps_the_platform_from_starting(tmp_path: Path, catalog: Any, name: str) -> None:
    with pytest.raises(StartRefused) as refused:
        configured_platform(RunOptions(data_dir=tmp_path / "data"), folder_with(tmp_path, catalog, name))

    for language, word in (("ar", "فهرس"), ("fr", "catalogue"), ("en", "catalog")):
        assert word in refused.value.text.in_(language)
        assert f"{name}.json" in refused.value.text.in_(language)


@pytest.mark.parametrize("partner", [None, {**CATALOG["partner"], "permissions": ["everything"]}])
def test_a_partner_that_the_gateway_cannot_read_is_named(tmp_path: Path, partner: Any) -> None:
    with pytest.raises(NotConfigured) as refused:
        load_partners(SHIPPED_PARTNERS, folder_with(tmp_path, {**CATALOG, "partner": partner}))

    assert "sante.json" in refused.value.text.en


def test_no_folder_where_one_was_named_is_refused_and_none_at_all_is_not(tmp_path: Path) -> None:
    with pytest.raises(StartRefused):
        configured_platform(RunOptions(data_dir=tmp_path), tmp_path / "nowhere")
    assert len(configured_platform(RunOptions(data_dir=tmp_path), None)._services) == len(SERVICES)


def test_only_a_process_with_a_connections_file_is_given_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "csa.toml").write_text("")
    environ = {"TEKAMOUL_SECRET_CSA": "geheim", "HOME": "/root"}

    csa = _connected(programs_service("csa", 3), tmp_path, environ)
    men = _connected(programs_service("men", 5), tmp_path, environ)

    assert csa.env == {
        "TEKAMOUL_INSTITUTION": "csa",
        "TEKAMOUL_CONNECTIONS_FILE": str(tmp_path / "csa.toml"),
        "TEKAMOUL_SECRET_CSA": "geheim",
    }
    assert men.env == {"TEKAMOUL_INSTITUTION": "men"}
