"""`linkage-pupils`: pupils have no numbers, so nobody's id judges their links; the generator's truth does, per set that ships.

The sample country's school list, read as the platform reads one, beside its registry in the engine's index; no service.
"""

from __future__ import annotations

import os
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers import people_in
from benchmarks.platform import OUTSIDE
from cli.demo.generate import generate
from cli.demo.truth import Manifest, read_truth
from services.matching.engine.index import Index
from services.matching.engine.models import REGISTRY, Models
from services.matching.engine.packing import Vocabulary
from services.matching.listing import LAYOUT, facts_of_person, read_named
from services.matching.registry_index import MOST_LISTED
from services.matching.rules.deciding import Scored, decide
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.settings import MODELS
from services.matching.weighing import comparison, packed, packed_people, row_values
from services.registry.commands.editions import PLACE_FILES, shipped_places
from shared.cells import Cells
from shared.place_names import PlaceIndex, PlaceRow
from shared.tables import open_table

SCHOOL: Final = "SCHOOL_FEEDING"
EDGES: Final = (0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)
SIZES: Final = "TEKAMOUL_BENCH_HOUSEHOLDS"
SEED: Final = 77


def run_linkage_pupils() -> dict[str, Any]:
    """For each set of models: what it links of the pupils, and of the best candidates by probability how many are right."""
    households = int(os.environ.get(SIZES, "") or 12_000)
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        manifest = generate(Path(name), households=households, seed=SEED)
        people, rows, truth = _read(Path(name), manifest)
    told = {"benchmark": "linkage-pupils", "people": len(people), "pupils": len(rows)}
    return told | {path.stem: _judged(Models.load(path), people, rows, truth) for path in sorted(MODELS.glob("*.json"))}


def _read(
    folder: Path, manifest: Manifest
) -> tuple[list[IndividualFacts], dict[int, BeneficiaryFacts], dict[int, str]]:
    """Who is registered; pupils by line; who they are, "" for nobody registered."""
    sources = {name: (files("services.registry") / "data" / name).read_text("utf-8-sig") for _, name in PLACE_FILES}
    places = shipped_places(sources)
    parents = {one["code"]: one["parent_code"] for one in places}
    index = PlaceIndex(
        PlaceRow(
            code=one["code"], kind=one["kind"], parent_code=one["parent_code"],
            names=[name for name in (one["name_fr"], one["name_ar"], *one["names"]) if name],
        )
        for one in places
    )  # fmt: skip
    people = people_in(folder / manifest.registry.file, parents)
    (school,) = (one for one in manifest.lists if one.program == SCHOOL)
    rows = {}
    with (folder / "lists" / school.file).open("rb") as file:
        for row in open_table(file, Path(school.file).name, LAYOUT, None).rows():
            cells = Cells(row.line, row.cells)
            person = read_named(cells, manifest.today)
            if not cells.refused:
                rows[row.line] = facts_of_person(person, "pupil", manifest.today, index)
    known = read_truth(folder / manifest.truth)
    return people, rows, {line: known[SCHOOL, line].individual_number for line in rows if (SCHOOL, line) in known}


def _judged(
    models: Models, people: list[IndividualFacts], rows: dict[int, BeneficiaryFacts], truth: dict[int, str]
) -> dict[str, Any]:
    vocabulary, model = Vocabulary(REGISTRY), models.for_unit("pupil")
    index = Index(vocabulary, packed_people(people, vocabulary), np.ones(len(people), bool), models.rarity)
    looking = index.looking()
    best: list[tuple[float, bool]] = []
    links = right = asked = 0
    with index.asked(looking):
        listed = packed([row_values(one) for one in rows.values()], vocabulary)
        for at, ((line, facts), keys) in enumerate(zip(rows.items(), index.keys_of(listed), strict=True)):
            found = index.find_packed(model, listed[at : at + 1], looking, MOST_LISTED, keys)
            scored = [
                Scored(people[one.row], comparison(model, facts, people[one.row], one.score, one.levels, one.bits))
                for one in found
            ]
            decision = decide(scored, unit="pupil")
            if scored:
                first = max(scored, key=lambda one: one.comparison.score)
                best.append((first.comparison.probability, first.individual.individual_number == truth.get(line)))
            links += decision.kind == "link"
            asked += decision.kind == "adjudicate"
            right += decision.kind == "link" and bool(best[-1][1])
    true = sum(bool(number) for line, number in truth.items())
    return {
        "links": links, "right": right, "asked": asked, "registered": true,
        "precision": round(right / links, 4) if links else None, "recall": round(right / true, 4),
        "by_probability": _calibration(best),
    }  # fmt: skip


def _calibration(best: list[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Of the best candidate of each row, by bin of probability: what was told, the share that is right, how many."""
    probability, right = (np.array(one, float) for one in zip(*best, strict=True))
    at = np.clip(np.digitize(probability, EDGES) - 1, 0, len(EDGES) - 2)
    return [
        (round(float(probability[here].mean()), 3), round(float(right[here].mean()), 3), int(here.sum()))
        for number in range(len(EDGES) - 1)
        if (here := at == number).any()
    ]
