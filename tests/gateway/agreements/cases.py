"""Agreements as tests write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PURPOSE = "planning"


def terms(provider: str = "beta", recipient: str = "alpha", **changed: Any) -> dict[str, Any]:
    """What an agreement says: the second institution gives the first what it plans with."""
    said: dict[str, Any] = {
        "kind": "sharing",
        "provider": provider,
        "recipient": recipient,
        "legal_basis": {"type": "protocol", "reference": "Protocol 12/2026"},
        "authority_reference": None,
        "purposes": ["shock_response", PURPOSE],
        "population": {"programs": ["FIRST"], "places": ["MR01", "MR011-C01"], "categories": []},
        "attributes": [{"name": "household_number"}, {"name": "size", "transform": "band"}],
        "operations": ["lookup", "list"],
        "volume": {"per_day": 1000, "per_query": 500},
        "retention_days": 365,
        "not_before": "2026-01-01",
        "not_after": "2099-12-31",
    }
    return said | changed


def example(id_: str, version: int = 2, **changed: Any) -> dict[str, Any]:
    """An agreement in force as a file has it."""
    said = terms(**changed)
    return {
        "note": "Invented.",
        "id": id_,
        "version": version,
        "drafted_by": "one",
        "signed_by": {said["provider"]: "two", said["recipient"]: "three"},
        "approved_by": "four",
        "terms": said,
    }


def write_examples(folder: Path, *examples: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for one in examples:
        (folder / f"{one['id'].lower()}-{one['version']}.json").write_text(json.dumps(one), encoding="utf-8")
    return folder
