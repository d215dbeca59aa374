"""Pupils judged by the generator's truth: the counts add up, and what is linked is right."""

import pytest

from benchmarks.linkage.pupils import SIZES, run_linkage_pupils


def test_each_set_that_ships_is_judged_on_the_same_pupils(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIZES, "400")
    told = run_linkage_pupils()
    sets = {name: one for name, one in told.items() if isinstance(one, dict)}
    assert set(sets) == {"2026-11-country", "2026-11-expert"}
    assert len({one["registered"] for one in sets.values()}) == 1
    for one in sets.values():
        assert 0 < one["right"] <= one["links"]
        assert one["links"] + one["asked"] <= sum(rows for _, _, rows in one["by_probability"]) <= told["pupils"]
        assert one["precision"] >= 0.97  # the threshold of links
        sure = one["by_probability"][-1]
        assert sure[1] >= 0.97
