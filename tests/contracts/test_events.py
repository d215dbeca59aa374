"""The event contracts: thin, additive, and each with an example that outside readers can build against.

A failure here means that some reader of our events may break. Add a field with a default and record it below;
never take one away, rename it, or change its type: that is a new event type.
"""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import shared.contracts
from shared.contracts.event import Event

EXAMPLES = Path(shared.contracts.__file__).parent / "examples"

UUID = "string:uuid"
# Every field ever promised, with its type, and whether a reader may count on it being there.
PROMISED: dict[str, dict[str, tuple[str, bool]]] = {
    "registry.households.registered.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "households": ("integer", True),
        "individuals": ("integer", True),
        "moved": ("array", False),
    },
    "registry.places.published.v1": {
        "version": ("integer", False),
        "edition_id": (UUID, True),
        "places": ("integer", True),
    },
    "registry.households.changed.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "household_id": (UUID, True),
    },
    "registry.households.moved.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "household_id": (UUID, True),
        "from_commune": ("string", True),
        "to_commune": ("string", True),
    },
    "registry.households.split.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "household_id": (UUID, True),
        "new_household_id": (UUID, True),
    },
    "registry.households.merged.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "household_id": (UUID, True),
        "into_household_id": (UUID, True),
    },
    "registry.households.removed.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "household_id": (UUID, True),
        "reason": ("string", True),
    },
    "registry.individuals.registered.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "individual_id": (UUID, True),
    },
    "registry.individuals.changed.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "individual_id": (UUID, True),
    },
    "registry.individuals.deceased.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "individual_id": (UUID, True),
    },
    "registry.individuals.merged.v1": {
        "version": ("integer", False),
        "change_id": (UUID, True),
        "individual_id": (UUID, True),
        "into_individual_id": (UUID, True),
    },
    "registry.places.changed.v1": {
        "version": ("integer", False),
        "place_id": (UUID, True),
        "code": ("string", True),
    },
    "registry.imports.completed.v1": {
        "version": ("integer", False),
        "import_id": (UUID, True),
        "kind": ("string", True),
        "accepted": ("integer", True),
        "unchanged": ("integer", True),
        "rejected": ("integer", True),
    },
    "registry.conflicts.found.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "conflicts": ("integer", True),
    },
    "registry.conflicts.settled.v1": {
        "version": ("integer", False),
        "conflict_id": (UUID, True),
        "record_id": (UUID, True),
        "decision": ("string", True),
        "held_source": ("string", True),
        "offered_source": ("string", True),
    },
    "registry.quality.crossed.v1": {
        "version": ("integer", False),
        "standing_id": (UUID, True),
        "run_id": (UUID, True),
        "place_code": ("string", True),
        "threshold": ("string", True),
        "direction": ("string", True),
        "value": ("number", True),
    },
    "registry.quotas.exceeded.v1": {
        "version": ("integer", False),
        "quota_id": (UUID, True),
        "place_code": ("string", True),
        "period": ("string", True),
        "quota": ("integer", True),
        "used": ("integer", True),
    },
    "programs.programs.published.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "program_id": (UUID, True),
    },
    "programs.enrollments.changed.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "batch_id": (UUID, True),
        "enrolled": ("integer", True),
        "suspended": ("integer", False),
        "exited": ("integer", False),
        "applied": ("integer", False),
        "corrected": ("integer", False),
    },
    "programs.entitlements.issued.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "cycle_id": (UUID, True),
        "due": ("integer", True),
        "held": ("integer", True),
    },
    "programs.deliveries.recorded.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "batch_id": (UUID, True),
        "recorded": ("integer", True),
        "with_findings": ("integer", True),
    },
    "programs.values.changed.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "batch_id": (UUID, True),
        "first_id": (UUID, True),
        "last_id": (UUID, True),
        "changed": ("integer", True),
    },
    "programs.schools.changed.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "batch_id": (UUID, True),
        "schools": ("integer", True),
    },
    "programs.links.refused.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "refusal_id": (UUID, True),
    },
    "matching.links.changed.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "batch_id": (UUID, True),
        "linked": ("integer", True),
        "to_adjudicate": ("integer", True),
        "unmatched": ("integer", True),
        "made": ("integer", False),
        "removed": ("integer", False),
    },
    "matching.adjudications.opened.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "batch_id": (UUID, True),
        "opened": ("integer", True),
    },
    "matching.adjudications.decided.v1": {
        "version": ("integer", False),
        "institution": ("string", True),
        "program": ("string", True),
        "adjudication_id": (UUID, True),
        "outcome": ("string", True),
    },
    "matching.duplicates.proposed.v1": {
        "version": ("integer", False),
        "duplicate_id": (UUID, True),
        "record": ("string", True),
        "keep_id": (UUID, True),
        "drop_id": (UUID, True),
        "probability": ("number", True),
        "model_version": ("string", True),
    },
    "matching.overlaps.changed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "began": ("integer", True),
        "ceased": ("integer", True),
    },
    "matching.overlap-cases.changed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "program_a": ("string", True),
        "program_b": ("string", True),
        **dict.fromkeys(("opened", "reopened", "answered", "disputed", "resolved", "ceased"), ("integer", False)),
    },
    "matching.enrolled-households.changed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "began": ("integer", True),
        "ceased": ("integer", True),
    },
    "matching.gaps.changed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "began": ("integer", True),
        "ceased": ("integer", True),
    },
    "matching.grievances.changed.v1": {
        "version": ("integer", False),
        "grievance_id": (UUID, True),
        "desk": ("string", True),
        "program": ("?", False),
        "status": ("string", True),
    },
    "matching.grievances.due.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "desk": ("string", True),
        "program": ("?", False),
        "due": ("integer", True),
    },
    "matching.overlap-cases.due.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "program_a": ("string", True),
        "program_b": ("string", True),
        "due": ("integer", True),
    },
    "matching.referrals.due.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "from_program": ("string", True),
        "to_program": ("string", True),
        **dict.fromkeys(("to_see", "to_answer", "to_serve"), ("integer", False)),
    },
    "matching.matrix.changed.v1": {
        "version": ("integer", False),
        "cell_id": (UUID, True),
        "program_a": ("string", True),
        "program_b": ("string", True),
        "overlap_class": ("string", True),
    },
    "matching.remarks.proposed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "partner": ("string", True),
        "remarks": ("integer", True),
    },
    "registry.remarks.answered.v1": {
        "version": ("integer", False),
        "answer_id": (UUID, True),
        "batch_id": (UUID, True),
        "remarks": ("integer", True),
    },
    "matching.lists.changed.v1": {
        "version": ("integer", False),
        "list_id": (UUID, True),
        "status": ("string", True),
        "partner": ("string", True),
        "provider": ("string", True),
        "program": ("string", True),
    },
    "matching.referrals.changed.v1": {
        "version": ("integer", False),
        "batch_id": (UUID, True),
        "from_program": ("string", True),
        "to_program": ("string", True),
        "sent": ("integer", False),
        "seen": ("integer", False),
        "accepted": ("integer", False),
        "refused": ("integer", False),
        "served": ("integer", False),
        "closed": ("integer", False),
    },
    "matching.snapshots.made.v1": {
        "version": ("integer", False),
        "snapshot_id": (UUID, True),
        "day": ("string:date", True),
        "households": ("integer", True),
        "cells": ("integer", True),
    },
    "matching.responses.changed.v1": {
        "version": ("integer", False),
        "response_id": (UUID, True),
        "status": ("string", True),
        "areas": ("integer", True),
        "households": ("integer", False),
    },
}

TYPE_FORM = re.compile(r"(registry|programs|matching)\.[a-z]+(-[a-z]+)*\.[a-z]+\.v[1-9][0-9]*")
PERSONAL = re.compile(
    r"(^|_)(name|names|nni|phone|phones|birth|sex|address|village|amount|identifier|household_number|"
    r"individual_number|card|father|disability|score)(_|$)"
)


def event_types() -> dict[str, type[Event]]:
    """Every event class of the contracts, by its type."""
    found: dict[str, type[Event]] = {}
    for module in pkgutil.iter_modules(shared.contracts.__path__, "shared.contracts."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Event) and "type" in vars(value):
                assert found.setdefault(value.type, value) is value, f"two classes claim {value.type}"
    return found


EVENTS = event_types()
each_event = pytest.mark.parametrize("event_type", [pytest.param(EVENTS[name], id=name) for name in sorted(EVENTS)])


def example(event_type: type[Event]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{event_type.type}.json").read_text())
    return loaded


def fields(schema: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """A JSON schema's fields: the type (with its format), and whether it is required."""
    required = set(schema.get("required", []))
    return {
        name: (":".join(filter(None, (one.get("type", "?"), one.get("format")))), name in required)
        for name, one in schema["properties"].items()
    }


def test_every_event_type_has_a_promise_and_an_example_and_none_is_left_over() -> None:
    assert set(PROMISED) == set(EVENTS)
    assert {file.stem for file in EXAMPLES.iterdir()} == set(EVENTS)


@each_event
def test_fields_are_exactly_those_promised(event_type: type[Event]) -> None:
    assert fields(event_type.model_json_schema()) == PROMISED[event_type.type]


@each_event
def test_the_example_holds_every_field_and_survives_a_round_trip(event_type: type[Event]) -> None:
    given = example(event_type)

    read = event_type.model_validate(given)

    assert set(given) == set(PROMISED[event_type.type])
    assert read.model_dump(mode="json") == given
    assert event_type.model_validate_json(read.model_dump_json()) == read


@each_event
def test_a_field_that_a_later_publisher_adds_is_ignored(event_type: type[Event]) -> None:
    given = example(event_type)

    assert event_type.model_validate({**given, "added_later": {"deep": [1]}}) == event_type.model_validate(given)


@each_event
def test_an_event_without_its_required_fields_is_refused(event_type: type[Event]) -> None:
    for name, (_, required) in PROMISED[event_type.type].items():
        without = {key: value for key, value in example(event_type).items() if key != name}
        if required:
            with pytest.raises(ValidationError):
                event_type.model_validate(without)
        else:
            event_type.model_validate(without)


@each_event
def test_an_event_says_nothing_of_a_person(event_type: type[Event]) -> None:
    assert [name for name in event_type.model_fields if PERSONAL.search(name)] == []


@each_event
def test_the_type_names_publisher_noun_verb_and_version(event_type: type[Event]) -> None:
    assert TYPE_FORM.fullmatch(event_type.type)
    assert event_type.type.startswith(f"{event_type.publisher}.")


@each_event
def test_the_aggregate_is_one_of_the_events_own_ids(event_type: type[Event]) -> None:
    ids = {value for name, value in example(event_type).items() if name.endswith("_id")}

    assert str(event_type.model_validate(example(event_type)).aggregate_id()) in ids


def test_a_process_publishes_under_its_own_name() -> None:
    subject = EVENTS["programs.enrollments.changed.v1"].subject("programs-csa")

    assert subject == "programs-csa.enrollments.changed.v1"


def test_the_comparison_notices_a_field_taken_away_retyped_or_newly_required() -> None:
    promised = PROMISED["registry.places.published.v1"]
    schema = EVENTS["registry.places.published.v1"].model_json_schema()

    taken = {**schema, "properties": {k: v for k, v in schema["properties"].items() if k != "places"}}
    retyped = {**schema, "properties": {**schema["properties"], "places": {"type": "string"}}}
    required = {**schema, "required": [*schema["required"], "version"]}

    assert all(fields(changed) != promised for changed in (taken, retyped, required))
