from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from deploy.manifests import DEMO, Document, script


@pytest.fixture(scope="session")
def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        message = "kubectl is missing. On Debian, as root: apt-get install kubernetes-client"
        if os.environ.get("TEKAMOUL_REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def demo(kubectl: str) -> list[Document]:
    """Everything the demo overlay deploys: the base and a PostgreSQL."""
    documents: list[Document] = script("validate").build(DEMO)
    return documents


@pytest.fixture(scope="session")
def nats_server() -> Path:
    """The server of the wheel, which installs it beside the interpreter."""
    return Path(sys.executable).parent / "nats-server"
