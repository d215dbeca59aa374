"""Build every kustomization and check every document against the Kubernetes schemas.

`.venv/bin/python deploy/validate.py [FOLDER...]`, by default the base and every overlay. Needs `kubectl` for
its kustomize and no cluster: the schemas are in the kubernetes-validate package.
"""

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import yaml

K8S = Path(__file__).parent / "k8s"
BUILD_SECONDS = 60
"""A build takes about a second; one that hangs is waiting for a network it should not need."""

Document = dict[str, Any]


class Refused(Exception):
    """A kustomization that cannot be built or holds an invalid document; the message says which and why."""


def build(folder: Path) -> list[Document]:
    """The documents of a kustomization, as any kubectl since 1.20 builds them."""
    command = ["kubectl", "kustomize", str(folder)]
    try:
        built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"{folder}: kubectl kustomize did not end within {BUILD_SECONDS} s") from None
    if built.returncode != 0:
        raise Refused(f"{folder}: {built.stderr.strip()}")
    documents = [document for document in yaml.safe_load_all(built.stdout) if document]
    if not documents:
        raise Refused(f"{folder}: builds to nothing")
    return documents


def fault(document: Document) -> str | None:
    """Why the newest Kubernetes known to the package would refuse the document; unknown fields count."""
    name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
    try:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{name} at {'.'.join(map(str, error.path)) or 'its top'}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return f"{name}: {error.message}"
    except KeyError as missing:
        return f"{name}: has no {missing}"
    return None


def validate(folder: Path) -> Counter[str]:
    """How many documents of each kind the kustomization holds.

    :raises Refused: naming every fault found in it.
    """
    documents = build(folder)
    faults = [reason for document in documents if (reason := fault(document))]
    if faults:
        raise Refused("\n".join(f"{folder}: {reason}" for reason in faults))
    return Counter(str(document["kind"]) for document in documents)


def kustomizations() -> list[Path]:
    return [K8S / "base", *sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml"))]


def main() -> int:
    parser = argparse.ArgumentParser(description="Build and validate the Kubernetes manifests.")
    parser.add_argument("folders", nargs="*", type=Path, help="kustomizations; by default the base and all overlays")
    folders = parser.parse_args().folders or kustomizations()
    if shutil.which("kubectl") is None:
        print("kubectl is missing. On Debian, as root: apt-get install kubernetes-client", file=sys.stderr)
        return 1
    refused = False
    for folder in folders:
        try:
            kinds = validate(folder)
        except Refused as reason:
            print(reason, file=sys.stderr)
            refused = True
        else:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            print(f"{folder}: {kinds.total()} documents valid ({counts})")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
