"""Models trained, promoted and rolled back in the service."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from decision_cases import WFP
from sqlalchemy import select, update

from matching_cases import PLACES, TODAY, Projection, enrollment, household, id_of, member, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import learning, modeling, projecting
from services.matching.decision_models import HeldLink, Rebuild
from services.matching.engine import training
from services.matching.engine.households import BY_NUMBER, MOST_TOGETHER
from services.matching.engine.models import REGISTRY, Models
from services.matching.engine.packing import PHONE_BITS
from services.matching.engine.rarity import Rarity
from services.matching.holding import person_version
from services.matching.linking import Places
from services.matching.models import Beneficiary, LinkRefusal
from services.matching.rebuilding import mark_some
from services.matching.training_models import LinkageModel

LIST = "HEALTH_INSURANCE"
UNKNOWN = "2026-01-01-001"
GIVEN = "Mohamed Sidi Ahmed Cheikh Brahim Moussa Oumar Moctar Yahya Bilal Demba Samba Salem Isselmou".split()
FAMILIES = "Diallo Ba Sow Kane Sarr Dieng Camara Bowba Lemrabott Ebnou Beyrouk Sneiba Zeidane Abeidna".split()
WRITES = {
    "/v1/models": "models:train",
    f"/v1/models/{UNKNOWN}/cancel": "models:train",
    f"/v1/models/{UNKNOWN}/promote": "models:promote",
    "/v1/models/roll-back": "models:promote",
}


def people(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Households of one, and a row for each: with a national id, here and there a name cut or a birth year slipped."""
    rng, households, rows = random.Random(6), [], []
    for at in range(count):
        name = f"{rng.choice(GIVEN)} Ould {rng.choice(GIVEN)} Ould {rng.choice(FAMILIES)}"
        born, nni = (
            f"{rng.randint(1940, 2005)}-{rng.randint(2, 11):02}-{rng.randint(2, 28):02}",
            str(9_900_000_001 + at),
        )
        one = member(at, name, birth_date=born, nni=nni)
        households.append(household(at, one, phones=[str(20_000_000 + at)]))
        told = name if rng.random() < 0.8 else " ".join(name.split()[:3])
        told_born = born if rng.random() < 0.9 else f"{int(born[:4]) + 1}{born[4:]}"
        rows.append(
            enrollment(LIST, at, name=told, birth_date=told_born, birth_precision="day", nni=nni, household_number=None)
        )
    return households, rows


async def put_country(running: Running, count: int) -> None:
    households, rows = people(count)
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program(LIST, "partners", unit="individual"))
        await projecting.put_households(tx, households, TODAY)
        await projecting.put_beneficiaries(tx, "partners", rows)


@pytest.fixture
async def matching(services: Services, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setattr(training, "RANDOM_PAIRS", 20_000)  # a small country shows strangers with fewer
    return await services.start("matching")


@pytest.fixture
async def taazour(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour") as made:
        yield made


async def asked(client: httpx.AsyncClient, path: str, official: str = "T-1") -> httpx.Response:
    return await client.post(path, json={"official": official})


async def ended(client: httpx.AsyncClient, version: str) -> dict[str, Any]:
    async def there() -> dict[str, Any]:
        answer = await client.get(f"/v1/models/{version}")
        if answer.status_code >= 500:  # kernels that are compiled in this process for the first time keep it busy
            return {}
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found if found["status"] != "training" else {}

    return await until(there, what="the end of the training", seconds=60)


async def in_force(client: httpx.AsyncClient) -> str:
    (one,) = [one for one in (await client.get("/v1/models")).json()["items"] if one["in_force"]]
    return str(one["version"])


async def test_a_set_is_trained_promoted_by_another_and_rolled_back(
    matching: Running, taazour: httpx.AsyncClient
) -> None:
    await put_country(matching, 700)
    shipped = modeling.newest_shipped().version
    assert await in_force(taazour) == shipped

    begun = await asked(taazour, "/v1/models")
    assert begun.status_code == 202
    version = begun.json()["version"]
    made = await ended(taazour, version)
    assert (made["status"], made["failure"], made["in_force"]) == ("ready", None, False)
    assert made["trained_from"] == {
        "members": 700, "rows": {"household": 0, "individual": 700, "pupil": 0}, "decisions": 0,
    }  # fmt: skip
    report = made["report"]
    assert report["learned_from"]["individual"]["known_pairs"] == 700
    assert report["comparison"]["models"] == [shipped, version]
    # The names are in no other way than by their consonants, and of none that few bear.
    body = (await taazour.get(f"/v1/models/{version}/file")).content
    assert Models.from_json(body).version == version

    own = await asked(taazour, f"/v1/models/{version}/promote")
    assert (own.status_code, own.json()["code"]) == (409, "own_model")
    assert (await asked(taazour, f"/v1/models/{version}/promote", "T-2")).json()["in_force"]
    assert await in_force(taazour) == version
    again = await asked(taazour, f"/v1/models/{version}/promote", "T-2")
    assert (again.status_code, again.json()["code"]) == (409, "model_in_force")
    async with matching.platform.database.transaction() as tx:
        (rebuild,) = await tx.scalars(select(Rebuild))
        assert (rebuild.program, rebuild.total, rebuild.asked_by) == (None, 700, "taazour")
        assert (await modeling.models_in_force(tx)).version == version

    assert (await asked(taazour, "/v1/models/roll-back")).json()["version"] == shipped
    assert await in_force(taazour) == shipped
    nothing = await asked(taazour, "/v1/models/roll-back")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_roll_back")
    turns = (await taazour.get("/v1/model-promotions")).json()["items"]
    assert [(one["version"], one["rolled_back"], one["official"]) for one in turns] == [
        (shipped, version, "T-1"),
        (version, None, "T-2"),
    ]


async def test_too_few_known_pairs_are_told_in_three_languages(matching: Running, taazour: httpx.AsyncClient) -> None:
    await put_country(matching, 30)
    version = (await asked(taazour, "/v1/models")).json()["version"]
    made = await ended(taazour, version)
    assert (made["status"], made["report"]) == ("failed", None)
    assert made["failure"]["code"] == "too_few_pairs"
    assert made["failure"]["en"].startswith("Too few pairs are known: 30, and 500 are needed")
    assert {"ar", "fr"} <= set(made["failure"])
    refused = await asked(taazour, f"/v1/models/{version}/promote", "T-2")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_not_ready")
    assert (await taazour.get(f"/v1/models/{version}/file")).json()["code"] == "model_not_ready"


async def test_one_training_at_a_time_until_it_is_cancelled(
    matching: Running, taazour: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> dict[str, Any]:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(learning, "_learn", never)
    monkeypatch.setattr(learning, "train", _waits)
    version = (await asked(taazour, "/v1/models")).json()["version"]
    second = await asked(taazour, "/v1/models")
    assert (second.status_code, second.json()["code"]) == (409, "training_running")
    cancelled = await taazour.post(f"/v1/models/{version}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    ended_already = await taazour.post(f"/v1/models/{version}/cancel")
    assert (ended_already.status_code, ended_already.json()["code"]) == (409, "training_ended")
    assert (await asked(taazour, "/v1/models")).json()["version"] > version


async def _waits(*_: object) -> None:
    await asyncio.sleep(0.1)


async def test_a_training_that_is_cancelled_leaves_nothing(matching: Running, taazour: httpx.AsyncClient) -> None:
    await put_country(matching, 700)
    version = (await asked(taazour, "/v1/models")).json()["version"]
    await taazour.post(f"/v1/models/{version}/cancel")
    await asyncio.sleep(1.5)
    assert (await ended(taazour, version))["status"] == "cancelled"
    next_one = (await asked(taazour, "/v1/models")).json()["version"]
    assert (await ended(taazour, next_one))["status"] == "ready"  # the worker trains on
    assert (await ended(taazour, version))["report"] is None


async def test_a_training_that_a_stop_cut_short_is_begun_anew(matching: Running, taazour: httpx.AsyncClient) -> None:
    """All that is left of it is its row."""
    async with matching.platform.database.transaction() as tx:
        begun = {"created_by": "taazour", "official": "T-1", "created_at": modeling.now()}
        tx.add(LinkageModel(version=UNKNOWN, status="training", progress=0.4, **begun))
    assert (await ended(taazour, UNKNOWN))["failure"]["code"] == "too_few_pairs"


async def test_every_route_refuses_who_lacks_its_permission_and_knows_nothing_unknown(matching: Running) -> None:
    for path, permission in WRITES.items():
        async with matching.client(permissions=ALL_PERMISSIONS - {permission}) as without:
            assert (await asked(without, path)).status_code == 403
    async with matching.client(permissions=ALL_PERMISSIONS - {"models:read"}) as without:
        for path in ("/v1/models", f"/v1/models/{UNKNOWN}", f"/v1/models/{UNKNOWN}/file", "/v1/model-promotions"):
            assert (await without.get(path)).status_code == 403
    async with matching.client() as known:
        for path in (f"/v1/models/{UNKNOWN}", f"/v1/models/{UNKNOWN}/file"):
            assert (await known.get(path)).status_code == 404
        for verb in ("promote", "cancel"):
            assert (await asked(known, f"/v1/models/{UNKNOWN}/{verb}")).status_code == 404


async def test_a_set_of_an_expert_has_no_report_and_is_not_promoted(
    matching: Running, taazour: httpx.AsyncClient
) -> None:
    await in_force(taazour)
    refused = await asked(taazour, "/v1/models/2026-11-expert/promote")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_not_ready")


async def test_a_promotion_starts_a_rebuild_over(projection: Projection) -> None:
    async with projection.database.transaction() as tx:
        await modeling.put_shipped(tx)
        tx.add(ready(replaced(modeling.newest_shipped(), "x")))
        await modeling.promote(tx, "x", "W-1", by=WFP)
        await modeling.roll_back(tx, "W-1", by=WFP)
        rebuilds = list(await tx.scalars(select(Rebuild.status).order_by(Rebuild.id)))
    assert rebuilds == ["cancelled", "running"]


async def test_the_linker_decides_by_the_set_in_force_and_a_roll_back_restores_what_stood(
    projection: Projection,
) -> None:
    await projection.households(household(1, member(1, "Salem Ould Bellal Ould Tourad", nni="9900000130")))
    await projection.programs(program(LIST, "partners", unit="individual"))
    name = {"name": "Salem Ould Bellal Ould Tourad", "nni": "9900000130"}
    await projection.enrollments(enrollment(LIST, 1, **name), institution="partners")
    await projection.link()
    stood = await stands(projection)
    assert stood[0] == "linked"

    never = replaced(modeling.newest_shipped(), "2027-never", prior=-500.0)
    async with projection.database.transaction() as tx:
        await modeling.put_shipped(tx)
        tx.add(ready(never))
        await modeling.promote(tx, never.version, "W-1", by=WFP)
    await compare_all(projection)
    assert (await stands(projection))[0] == "unmatched"

    async with projection.database.transaction() as tx:
        await modeling.roll_back(tx, "W-2", by=WFP)
    await compare_all(projection)
    assert await stands(projection) == stood


def replaced(models: Models, version: str, **changes: Any) -> Models:
    """The set with all its models changed so, and every name of another rarity."""
    by_unit = {unit: replace(model, **changes) for unit, model in models.by_unit.items()}
    return Models.of(version, by_unit, Rarity({}, 1.0))


def ready(models: Models) -> LinkageModel:
    return LinkageModel(
        version=models.version, status="ready", progress=1.0, body=models.to_json(), report={}, created_by="csa",
        official="C-1", created_at=modeling.now(),
    )  # fmt: skip


async def compare_all(projection: Projection) -> None:
    async with projection.database.transaction() as tx:
        await mark_some(tx)
    await projection.link()
    async with projection.database.transaction() as tx:
        await mark_some(tx)  # ends it


async def stands(projection: Projection) -> tuple[str | None, float | None]:
    async with projection.database.transaction() as tx:
        (one,) = await tx.scalars(select(Beneficiary))
        return one.decided_as, one.probability


async def test_what_ships_is_put_in_once(projection: Projection) -> None:
    for _ in range(2):
        async with projection.database.transaction() as tx:
            await modeling.put_shipped(tx)
            await tx.execute(update(LinkageModel).values(created_by="somebody"))
            versions = list(await tx.scalars(select(LinkageModel.version)))
    assert len(versions) == len(set(versions)) >= 1


async def test_what_is_learned_from_is_what_is_held(projection: Projection) -> None:
    """A decision, a refusal, a shared phone and a row's place, as a training finds them."""
    both = [
        household(n, member(n, f"Salem Ould {name}"), phones=["+22220000001"]) for n, name in ((1, "Bellal"), (2, "Ba"))
    ]
    await projection.households(*both)
    await projection.programs(program(LIST, "partners", unit="individual"))
    rows = [enrollment(LIST, n, name="Salem Ould Bellal", phones=["20000001"], nni=" 9900 000130") for n in (1, 2)]
    await projection.enrollments(*rows, institution="partners")
    async with projection.database.transaction() as tx:
        first, second = await tx.scalars(select(Beneficiary).order_by(Beneficiary.source_line))
        who = {"enrollment_id": first.id, "person_version": person_version(first)}
        tx.add(HeldLink(individual_id=id_of("individual 1"), household_id=id_of("household 1"), **who))
        tx.add(LinkRefusal(id=id_of("no"), individual_id=id_of("individual 2"), **who | {"enrollment_id": second.id}))
        await tx.flush()
        gathered = await learning.gather(tx, Places())
    assert gathered.counts() == {"members": 2, "rows": {"household": 0, "individual": 2, "pupil": 0}, "decisions": 2}
    material = gathered.material()
    said = material.listed["individual"].said
    places = {one.enrollment_id: at for at, one in enumerate(gathered.rows["individual"])}
    assert {
        (int(left), int(right)): bool(same) for left, right, same in zip(said.left, said.right, said.same, strict=True)
    } == {
        (0, places[first.id]): True,
        (1, places[second.id]): False,
    }
    phone = REGISTRY.offsets[REGISTRY.position("phone") or 0]
    assert material.registry[:, phone].tolist() == [20_000_001 | 1 << PHONE_BITS] * 2  # on two households: one bit
    assert material.listed["individual"].records[:, phone].tolist() == [20_000_001] * 2
    assert len(set(material.persons.tolist())) == len(set(material.households.tolist())) == 2
    assert np.unique(material.listed["individual"].records[:, :2], axis=0).tolist() == [[0x00000130, 0x99]]


async def test_households_are_drawn_whole_and_known_by_program_and_number(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await projection.programs(*(program(code, "partners", unit="individual") for code in (LIST, "WFP_LEAN_SEASON")))

    def row(line: int, number: str | None, code: str = LIST) -> dict[str, Any]:
        change = enrollment(code, line, name=f"Samba Diallo {line}", phones=[], unit="individual")
        change["beneficiary"]["household_number"] = number
        return change

    homes = [row(line, f"1{line // 3}") for line in range(30)]  # ten of three rows
    crowd = [row(line, "99") for line in range(30, 30 + MOST_TOGETHER + 1)]
    other = [row(line, "10", "WFP_LEAN_SEASON") for line in range(90, 93)]  # its own household 10
    await projection.enrollments(*homes, *crowd, *other, row(80, None), institution="partners")
    await projection.link()

    async with projection.database.transaction() as tx:
        gathered = await learning.gather(tx, Places())
    beside = gathered.material().listed["individual"].beside
    names = [one.name for one in gathered.rows["individual"]]
    groups: dict[int, set[str | None]] = {}
    for name, number in zip(names, beside.rows.tolist(), strict=True):
        groups.setdefault(number, set()).add(name)
    assert groups.pop(0) == {"Samba Diallo 80"}
    assert sorted(map(len, groups.values())) == [3] * 11 + [
        MOST_TOGETHER + 1
    ]  # household 10 of the other list is another
    assert set(beside.by.tolist()) == {BY_NUMBER}

    monkeypatch.setattr(learning, "MOST_ROWS", 20)
    async with projection.database.transaction() as tx:
        drawn = await learning.gather(tx, Places())
    numbers = Counter(one.household_number for one in drawn.rows["individual"])
    assert sum(numbers.values()) == 20
    # All but the household at the end, which is cut, are whole; of the crowd some rows are drawn one by one.
    assert sum(count not in (3, 6) for number, count in numbers.items() if number not in (None, "99")) <= 1
    assert 0 < numbers["99"] < MOST_TOGETHER + 1
