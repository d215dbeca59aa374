"""What `make setup` compiles is all that lists and the index ever need: nobody waits for the compiler later."""

from pathlib import Path

from services.matching.app import create_app
from services.matching.engine.compiling import kernels_kept
from services.matching.engine.fields import Field, Kind
from services.matching.engine.index import Index
from services.matching.engine.lists import compare_lists
from services.matching.engine.snapshots import load, save
from services.matching.engine.warming import columns, compile_kernels
from services.matching.settings import MatchingSettings


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


async def test_the_service_has_its_kernels_before_it_is_ready(tmp_path: Path) -> None:
    (tmp_path / "internal.key").write_text("0" * 64)
    settings = MatchingSettings(
        DATABASE_URL="postgresql://unused", NATS_URL="nats://unused", internal_key_file=tmp_path / "internal.key"
    )
    platform = create_app(settings).state.platform

    assert "first load" in await platform.missing()
    await platform._first(platform)

    assert not compile_kernels()
