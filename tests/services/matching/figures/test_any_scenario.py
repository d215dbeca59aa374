"""What holds of every scenario over every small country."""

from dataclasses import replace

import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scenario_cases import NAMES, asks, change, rule

from country_cases import PROGRAMS, random_country
from services.matching.figures.country import ELIGIBLE, ENROLLED, RECEIPTS, Country
from services.matching.figures.overlaying import overlay
from services.matching.figures.scenarios import compare
from services.matching.rules.changes import Change, QuotaChange, contradiction

CODES = [one.code for one in PROGRAMS]
codes = st.sampled_from(CODES)
amounts = st.sampled_from(("0", "0.01", "300", "1200"))
rules = st.builds(
    lambda size, category: rule(asks("size", "ge", size), asks("category", "in", [category]), match="any"),
    st.integers(1, 12),
    st.sampled_from(("poor", "extreme_poor")),
)
formulas = st.fixed_dictionaries(
    {"household_mru": amounts, "person_mru": amounts},
    optional={"months": st.lists(st.integers(1, 12), min_size=1, unique=True), "most_mru": st.just("900")},
)
shares = st.sampled_from(("0", "0.3", "0.5", "1"))
changes = st.one_of(
    st.builds(lambda code, formula: change("value", code, formula=formula), codes, formulas),
    st.builds(lambda code, percent: change("index", code, percent=percent), codes, st.integers(-100, 300)),
    st.builds(
        lambda code, asked, who: change("criteria", code, rule=asked, beneficiaries=who),
        codes, rules, st.sampled_from(("all_eligible", "who_stays_eligible", "unchanged")),
    ),
    st.builds(
        lambda code, share, choose, keep: change("coverage", code, share=share, choose=choose, keep_enrolled=keep),
        codes, shares, st.sampled_from(("poorest", "draw")), st.booleans(),
    ),
    st.builds(
        lambda code, most, fill: change("quota", code, most_households=most, most_mru=most * 1_000, fill=fill),
        codes, st.integers(0, 9), st.booleans(),
    ),
    st.builds(
        lambda formula, asked, share: change("add_program", "NEW_ONE", names=NAMES, formula=formula, rule=asked, share=share),
        formulas, rules, shares,
    ),
    st.builds(lambda code, into: change("merge", code, into=into), codes, codes),
    st.builds(lambda code: change("end", code), codes),
)  # fmt: skip
scenarios = st.lists(changes, max_size=4).filter(
    lambda some: (
        contradiction(some) is None and not any(one.kind == "merge" and one.program == one.into for one in some)
    )
)
FEW = settings(max_examples=30, deadline=None)
FRAMES = {"receipts": RECEIPTS, "enrolled": ENROLLED, "eligible": ELIGIBLE}


def same(one: Country, other: Country) -> None:
    for name, columns in FRAMES.items():
        frames = [getattr(country, name).sort(list(columns)).rows() for country in (one, other)]
        assert frames[0] == frames[1], name


@FEW
@given(random_country())
def test_the_empty_scenario_is_the_country_as_it_is(country: Country) -> None:
    told = compare(country, [])

    same(told.after, country)
    assert told.budget["before"].equals(told.budget["after"])
    assert told.changes["unchanged"].equals(told.changes["households"])


@FEW
@given(random_country(), scenarios)
def test_a_scenario_leaves_a_country_that_can_be(country: Country, changes: list[Change]) -> None:
    after = overlay(country, changes)

    for name, columns in FRAMES.items():
        assert dict(getattr(after, name).schema) == columns
    codes = {one.code for one in after.programs}
    keys = {"receipts": ["household", "program", "month"], "enrolled": ["household", "program"]}
    for name, key in (keys | {"eligible": ["household", "program"]}).items():
        frame = getattr(after, name)
        assert frame.select(key).is_duplicated().sum() == 0
        assert set(frame["program"]) <= codes
    assert after.receipts.filter(pl.col("value") < 0).is_empty()
    assert set(after.receipts["month"]) <= set(country.months)
    assert after.households is country.households


@FEW
@given(random_country(), scenarios)
def test_winners_losers_and_unchanged_are_all_and_the_money_adds_up(country: Country, changes: list[Change]) -> None:
    told = compare(country, changes)

    for by in ("total", "size_band", "category", "wilaya"):
        cells = told.changes.filter(pl.col("by") == by)
        assert cells["households"].sum() == country.households.height
        assert (cells["winners"] + cells["losers"] + cells["unchanged"]).equals(cells["households"])
        assert (cells["unserved"] <= cells["unchanged"]).all()
        more = told.budget["after"].sum() - told.budget["before"].sum()
        assert cells["gained"].sum() - cells["lost"].sum() == more


@FEW
@given(random_country(), formulas, codes)
def test_another_value_serves_the_same_households(country: Country, formula: dict[str, str], code: str) -> None:
    formula = {name: amount for name, amount in formula.items() if name != "months"}
    after = overlay(country, [change("value", code, formula=formula)])

    assert (
        after.enrolled.drop("value")
        .sort("household", "program")
        .equals(country.enrolled.drop("value").sort("household", "program"))
    )
    before = country.receipts.filter(pl.col("program") == code).select("household", "month").unique()
    kept = after.receipts.join(before, on=["household", "month"], how="semi").filter(pl.col("program") == code)
    assert kept.height == before.height


@FEW
@given(random_country(), scenarios, st.data())
def test_no_order_matters(country: Country, changes: list[Change], data: st.DataObject) -> None:
    """Neither of the changes, nor of the households, nor their numbers in the frames."""
    count = country.households.height
    assume(count)
    numbers = pl.DataFrame({"household": range(count), "other": data.draw(st.permutations(range(count)))}, schema={
        "household": pl.UInt32, "other": pl.UInt32,
    })  # fmt: skip

    def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
        columns = frame.columns
        turned = frame.join(numbers, on="household").drop("household").rename({"other": "household"})
        return turned.select(columns).sample(fraction=1, shuffle=True, seed=1)

    turned = replace(
        country,
        households=renumbered(country.households),
        **{name: renumbered(getattr(country, name)) for name in FRAMES},
    )
    one, other = compare(country, changes), compare(turned, data.draw(st.permutations(changes)))
    assert one.budget.equals(other.budget)
    assert one.served.equals(other.served)
    assert one.changes.equals(other.changes)


@FEW
@given(random_country(), scenarios)
def test_a_quota_is_never_exceeded(country: Country, changes: list[Change]) -> None:
    after = overlay(country, changes)

    for quota in (one for one in changes if isinstance(one, QuotaChange)):
        of_it = after.receipts.filter(pl.col("program") == quota.program)
        assert of_it["household"].n_unique() <= (quota.most_households or 0)
        assert of_it["value"].sum() <= (quota.most_mru or 0) * 100


@FEW
@given(random_country(), codes, st.sampled_from((0.3, 0.5, 1.0)), st.booleans())
def test_coverage_is_the_share_of_who_is_surely_eligible(country: Country, code: str, share: float, keep: bool) -> None:
    after = overlay(country, [change("coverage", code, share=str(share), keep_enrolled=keep)])

    eligible = country.eligible.filter((pl.col("program") == code) & pl.col("eligible"))
    inside = after.enrolled.filter(pl.col("program") == code)
    covered = inside.join(eligible, on="household", how="semi").height
    assert covered == int(share * 100) * eligible.height // 100
    cannot_tell = country.eligible.filter((pl.col("program") == code) & pl.col("eligible").is_null())
    others = inside.join(eligible, on="household", how="anti").join(cannot_tell, on="household", how="anti")
    assert others.is_empty()
