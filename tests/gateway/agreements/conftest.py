"""Partners that write agreements with one another, and read under them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.conftest import PARTNERS

AGREEING = '"agreements:read", "agreements:write", "agreements:approve", "households:shared", "enrollments:check", '


@pytest.fixture
def partners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "partners.toml"
    head, *tables = PARTNERS.split("permissions = [")
    file.write_text(head + "".join(f"permissions = [{AGREEING}{table}" for table in tables))
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(file))
    monkeypatch.setenv("TEKAMOUL_REGISTRY_KEEPER", "beta")
    return file
