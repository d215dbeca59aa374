"""What `make setup` compiles is all that lists and the index ever need: nobody waits for the compiler later."""

from pathlib import Path

from services.matching.engine.compiling import kernels_kept
from services.matching.engine.fields import Field, Kind
from services.matching.engine.index import Index
from services.matching.engine.lists import compare_lists
from services.matching.engine.snapshots import load, save
from services.matching.engine.warming import columns, compile_kernels


def test_after_it_nothing_is_compiled_any_more(tmp_path: Path) -> None:
    compile_kernels()
    kept = kernels_kept()
    fields = (Field("name", Kind.NAME), Field("sex", Kind.SEX, 0))
    people = {"name": columns()["name"][:1]}

    outcome = compare_lists(fields, dict(people), {"name": columns()["name"][:1]})
    compare_lists(fields, {"name": columns()["name"][:1]}, None)
    index = Index.build(outcome.layout, people)
    folder = tmp_path / "index"
    save(index, folder, {})
    again, _, _ = load(folder, outcome.layout)
    again.add({"name": ["Yeslem Ould Bowba"]})
    again.find(outcome.model, {"name": ["Yeslem Bowba"]}, again.looking())

    assert kept > 0
    assert kernels_kept() == kept
    assert not compile_kernels()
