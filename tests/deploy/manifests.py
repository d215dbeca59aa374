"""The built manifests, and what the tests ask of them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
DEMO = DEPLOY / "k8s" / "overlays" / "demo"
PROCESSES = {
    "registry": "services.registry",
    "programs-taazour": "services.programs",
    "programs-csa": "services.programs",
    "programs-masef": "services.programs",
    "programs-men": "services.programs",
    "programs-partners": "services.programs",
    "matching": "services.matching",
    "gateway": "gateway",
}

Document = dict[str, Any]


def script(name: str) -> ModuleType:
    """`deploy/<name>.py`, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location(f"deploy_{name}", DEPLOY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def of_kind(documents: list[Document], kind: str) -> dict[str, Document]:
    """The documents of a kind by their name."""
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


def pods(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    """Every pod that would run: where it is from, and its pod specification."""
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            name = f"{document['kind']}/{document['metadata']['name']}"
            yield name, document["spec"]["template"]["spec"]


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a label selector (matchLabels and In expressions) selects a pod with these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    among = (labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))
    return bool(wanted) and all(among)
