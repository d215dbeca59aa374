"""The overlay of a further institution: a catalog makes its process, and opens the gateway to its partner."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deploy.manifests import DEPLOY, PROCESSES, Document, of_kind, script

from gateway.partners.file import load_partners
from services.programs.catalog import programs_of

OVERLAY = DEPLOY / "k8s" / "overlays" / "institution"
MOUNTED = Path("/etc/tekamoul/institutions")


@pytest.fixture(scope="module")
def built(kubectl: str) -> list[Document]:
    documents: list[Document] = script("validate").build(OVERLAY)
    return documents


def mounted(built: list[Document], deployment: str) -> dict[str, str]:
    """The files a process finds in the folder of institutions."""
    pod = of_kind(built, "Deployment")[deployment]["spec"]["template"]["spec"]
    (volume,) = [one for one in pod["volumes"] if one["name"] == "institutions"]
    (mount,) = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "institutions"]
    assert mount == {"name": "institutions", "mountPath": str(MOUNTED), "readOnly": True}
    files: dict[str, str] = of_kind(built, "ConfigMap")[volume["configMap"]["name"]]["data"]
    return files


def told(built: list[Document], deployment: str, variable: str) -> Path:
    (container,) = of_kind(built, "Deployment")[deployment]["spec"]["template"]["spec"]["containers"]
    (value,) = [one["value"] for one in container["env"] if one["name"] == variable]
    return Path(value)


def test_it_is_the_base_and_one_more_process_with_its_database(built: list[Document]) -> None:
    processes = {*PROCESSES, "programs-sante"}

    assert set(of_kind(built, "Deployment")) == {f"tekamoul-{name}" for name in processes}
    assert set(of_kind(built, "Job")) == {f"tekamoul-migrate-{name}" for name in processes}
    for kind, name in (("Deployment", "tekamoul-programs-sante"), ("Job", "tekamoul-migrate-programs-sante")):
        template = of_kind(built, kind)[name]["spec"]["template"]
        (secret,) = [e for e in template["spec"]["containers"][0]["env"] if e["name"] == "DATABASE_URL"]
        assert secret["valueFrom"]["secretKeyRef"]["name"] == "tekamoul-database-programs-sante"
        assert template["metadata"]["labels"]["tekamoul/institution"] == "sante"


def test_its_service_finds_its_pods_and_every_process_knows_the_address(built: list[Document]) -> None:
    service = of_kind(built, "Service")["tekamoul-programs-sante"]
    pod = of_kind(built, "Deployment")["tekamoul-programs-sante"]["spec"]["template"]["metadata"]["labels"]
    others = of_kind(built, "Deployment")["tekamoul-programs-csa"]["spec"]["template"]["metadata"]["labels"]

    urls = json.loads(of_kind(built, "ConfigMap")["tekamoul-settings"]["data"]["TEKAMOUL_SERVICE_URLS"])

    assert urls == {name: f"http://tekamoul-{name}:8000" for name in (*PROCESSES, "programs-sante")}
    assert service["spec"]["selector"].items() <= pod.items()
    assert not service["spec"]["selector"].items() <= others.items()


def test_the_catalog_its_process_reads_is_one_that_it_accepts(built: list[Document], tmp_path: Path) -> None:
    path = told(built, "tekamoul-programs-sante", "TEKAMOUL_CATALOG_FILE")
    assert path.parent == MOUNTED
    file = tmp_path / path.name
    file.write_text(mounted(built, "tekamoul-programs-sante")[path.name], encoding="utf-8")

    assert list(programs_of("sante", file)) == ["NUTRITION_CASH"]


def test_the_gateway_takes_its_partner_from_the_same_catalog(built: list[Document], tmp_path: Path) -> None:
    assert told(built, "tekamoul-gateway", "TEKAMOUL_INSTITUTIONS_FOLDER") == MOUNTED
    for name, content in mounted(built, "tekamoul-gateway").items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    partners_file = tmp_path / "partners.toml"
    partners_file.write_text("", encoding="utf-8")

    partners = load_partners(partners_file, tmp_path)

    assert list(partners) == ["sante"]
    assert set(partners["sante"].programs) == {"NUTRITION_CASH"}
