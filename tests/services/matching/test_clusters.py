"""Rows of several programs that are one person whom the registry does not know."""

import random
from datetime import date
from typing import Any

import pytest
from decision_cases import CSA, LIST, WFP
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from matching_cases import Projection, enrollment, household, id_of, member
from services.matching import clustering
from services.matching.decision_models import ClusterMember
from services.matching.linking import Places
from services.matching.modeling import newest_shipped
from services.matching.rules.clustering import components
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.weighing import Rows
from shared.errors import NotFound
from shared.identity import Caller

NNI, OTHER_NNI = "9900000033", "9900000130"
BORN, LATER = date(1980, 3, 7), date(1999, 3, 7)


def listed(program: str, number: int, **told: Any) -> dict[str, Any]:
    made = enrollment(program, number, None, name="Khadija Mint Vall Ould Sidi", sex="F")
    made["beneficiary"] |= told
    return made | {"version": made["beneficiary"]["version"]}


async def found(projection: Projection) -> set[frozenset[str]]:
    """The clusters, by program and line, once everything is linked and clustered."""
    await projection.link()
    while True:
        async with projection.database.transaction() as tx:
            if not await clustering.cluster_some(tx, Places()):
                break
    names = {id_of(f"{code} {n}"): f"{code} {n}" for code in (LIST, "EL_MAOUNA", "TEKAVOUL") for n in range(1, 40)}
    async with projection.database.transaction() as tx:
        rows = list(await tx.scalars(select(ClusterMember)))
    return {
        frozenset(names[one.enrollment_id] for one in rows if one.cluster_id == id_)
        for id_ in {one.cluster_id for one in rows}
    }


async def test_one_national_id_in_three_programs_is_one_person_until_the_registry_knows_her(
    projection: Projection,
) -> None:
    wfp, csa = listed(LIST, 1, nni=NNI), listed("EL_MAOUNA", 1, nni=NNI, household_number="MR0110000077")
    tekavoul = listed("TEKAVOUL", 1, household_number="MR0110000077", name="Khadijetou Mint Vall Ould Sidi")
    await projection.enrollments(wfp, institution="partners")
    await projection.enrollments(csa, institution="csa")
    await projection.enrollments(tekavoul, listed("TEKAVOUL", 2, nni=OTHER_NNI, name="Brahim Ould Demba"))

    together = frozenset({f"{LIST} 1", "EL_MAOUNA 1", "TEKAVOUL 1"})
    assert await found(projection) == {together}
    async with projection.database.transaction() as tx:
        (one,) = (await clustering.clusters(tx, WFP, 2, 50, None)).items
        whole = await clustering.cluster(tx, one.id, WFP)
        assert (await clustering.clusters(tx, WFP, 4, 50, None)).items == []
        assert (await clustering.clusters(tx, Caller("men", frozenset(), frozenset({"X"})), 1, 50, None)).items == []
        with pytest.raises(NotFound):
            await clustering.cluster(tx, one.id, Caller("men", frozenset(), frozenset({"X"})))
    # WFP's agreement covers El Maouna and not Tekavoul: that there is a third program is a count.
    assert (one.rows, one.programs, one.own_rows, one.known_programs) == (3, 3, 1, ["EL_MAOUNA", LIST])
    assert [(row.program, row.source_line, row.name) for row in whole.own] == [(LIST, 1, "Khadija Mint Vall Ould Sidi")]

    # The middle one leaves: the others share nothing.
    await projection.enrollments(listed("EL_MAOUNA", 1, nni=None, version=2), institution="csa")
    assert await found(projection) == set()
    await projection.enrollments(listed("EL_MAOUNA", 1, nni=NNI, version=3), institution="csa")
    assert await found(projection) == {frozenset({f"{LIST} 1", "EL_MAOUNA 1"})}
    woman = member(5, "Khadija Mint Vall Ould Sidi", sex="F", nni=NNI)
    await projection.households(household(5, woman))
    assert await found(projection) == set()


async def test_clusters_do_not_depend_on_the_order_in_which_rows_come(projection: Projection) -> None:
    rows = [listed(LIST, n, nni=NNI if n % 3 else OTHER_NNI) for n in range(1, 9)]
    random.Random(3).shuffle(rows)
    for one in rows:
        await projection.enrollments(one, institution="partners")
        await found(projection)

    assert await found(projection) == {
        frozenset(f"{LIST} {n}" for n in range(1, 9) if n % 3),
        frozenset({f"{LIST} 3", f"{LIST} 6"}),
    }


async def test_a_number_on_a_whole_list_is_nobodys(projection: Projection) -> None:
    many = clustering.MOST_SHARING + 1
    await projection.enrollments(*(listed(LIST, n, nni=NNI) for n in range(1, many + 1)), institution="partners")

    assert await found(projection) == set()


async def test_pages_of_clusters_hold_each_once(projection: Projection) -> None:
    ids = ["9900000033", "9900000130", "9900000227"]
    for n, nni in enumerate(ids, start=1):
        await projection.enrollments(listed(LIST, n, nni=nni), institution="partners")
        await projection.enrollments(listed("EL_MAOUNA", n, nni=nni), institution="csa")
    await found(projection)

    seen, cursor = [], None
    async with projection.database.transaction() as tx:
        while True:
            page = await clustering.clusters(tx, CSA, 2, 1, cursor)
            seen += [one.id for one in page.items]
            if (cursor := page.next_cursor) is None:
                break
    assert len(seen) == len(set(seen)) == 3


def facts(n: int, **told: Any) -> BeneficiaryFacts:
    return BeneficiaryFacts(enrollment_id=id_of(str(n)), unit="household", **told)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"nni": NNI}, {"nni": NNI}, True),
        ({"nni": NNI}, {"nni": OTHER_NNI}, False),
        ({"household_number": "MR0110000001", "name": "Sidi Ould Ely"}, {"household_number": "MR0110000001", "name": "Sidi Ould Ely"}, True),
        ({"household_number": "MR0110000001", "name": "Sidi Ould Ely"}, {"household_number": "MR0110000001", "name": "Penda Samba"}, False),
        ({"name": "Sidi Ould Ely"}, {"name": "Sidi Ould Ely"}, False),
        ({"nni": NNI, "name": "Sidi Ely", "birth_date": BORN}, {"nni": NNI, "name": "Penda Samba", "birth_date": BORN}, True),
        ({"nni": NNI, "name": "Sidi Ely", "birth_date": BORN}, {"nni": NNI, "name": "Penda Samba", "birth_date": LATER}, False),
    ],
)  # fmt: skip
def test_only_exact_strong_evidence_makes_two_rows_one_person(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    rows = Rows({1: facts(1, **one), 2: facts(2, **other)}, newest_shipped())

    assert rows.same_person(1, 2) is same
    assert rows.same_person(2, 1) is same


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=14), st.randoms())
def test_components_are_those_of_the_graph_whatever_the_order(
    edges: list[tuple[int, int]], order: random.Random
) -> None:
    rows = [id_of(str(n)) for n in range(10)]
    beside: dict[Any, set[Any]] = {}
    for a, b in edges:
        beside.setdefault(id_of(str(a)), set()).add(id_of(str(b)))
        beside.setdefault(id_of(str(b)), set()).add(id_of(str(a)))
    together = [{n} for n in range(10)]
    for a, b in edges * 10:
        joined = next(s for s in together if a in s) | next(s for s in together if b in s)
        together = [s for s in together if not s & joined] + [joined]
    order.shuffle(rows)

    cluster = components(rows, beside, lambda one, other: True)

    expected = {id_of(str(n)): min(id_of(str(m)) for m in s) for s in together if len(s) > 1 for n in s}
    assert cluster == expected
