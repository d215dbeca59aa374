"""deploy/validate.py refuses what a cluster would refuse, and says where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.manifests import DEPLOY

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: door
spec:
  ports:
    - port: 8000
"""


def run_validate(*folders: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEPLOY / "validate.py", *folders],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | (environment or {}),
    )


def kustomization(folder: Path, manifest: str) -> Path:
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("resources: [door.yaml]\n", encoding="utf-8")
    (folder / "door.yaml").write_text(manifest, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("kubectl")
def test_the_base_and_every_overlay_are_valid() -> None:
    done = run_validate()

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(": ")[0].split("deploy/k8s/")[1] for line in lines] == [
        "base",
        "overlays/demo",
        "overlays/institution",
    ]
    assert "8 Deployment, 8 Job" in lines[0]


@pytest.mark.usefixtures("kubectl")
def test_a_valid_manifest_is_counted(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "good", SERVICE)

    done = run_validate(folder)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}: 1 documents valid (1 Service)\n"


@pytest.mark.usefixtures("kubectl")
def test_a_wrong_type_is_refused_where_it_stands(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "wrong-type", SERVICE.replace("port: 8000", "port: [8000]"))

    done = run_validate(folder)

    assert done.returncode == 1
    assert f"{folder}: Service/door at spec.ports.0.port: [8000]" in done.stderr


@pytest.mark.usefixtures("kubectl")
def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "unknown-field", SERVICE + "      prot: TCP\n")

    done = run_validate(folder)

    assert done.returncode == 1
    assert "Service/door at spec.ports.0" in done.stderr
    assert "'prot' was unexpected" in done.stderr


@pytest.mark.usefixtures("kubectl")
def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    folder = kustomization(tmp_path / "unknown-kind", SERVICE.replace("kind: Service", "kind: Door"))

    done = run_validate(folder)

    assert done.returncode == 1
    assert "Couldn't find schema for kind Door" in done.stderr


@pytest.mark.usefixtures("kubectl")
def test_one_bad_folder_does_not_hide_the_good_ones(tmp_path: Path) -> None:
    good = kustomization(tmp_path / "good", SERVICE)
    (tmp_path / "empty").mkdir()

    done = run_validate(tmp_path / "empty", good)

    assert done.returncode == 1
    assert str(tmp_path / "empty") in done.stderr
    assert done.stdout.startswith(f"{good}: 1 documents valid")


def test_without_kubectl_it_says_what_to_install(tmp_path: Path) -> None:
    done = run_validate(environment={"PATH": str(tmp_path)})

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "kubectl is missing. On Debian, as root: apt-get install kubernetes-client\n"
