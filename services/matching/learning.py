"""The training of models beside what comes in: the records are read, learned from in a thread, and never leave."""

import asyncio
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlalchemy import Select, and_, case, cast, func, select, text, update
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import HeldLink
from services.matching.engine.households import BY_NUMBER, BY_PHONE, MOST_TOGETHER, Beside
from services.matching.engine.lists import Stopped
from services.matching.engine.models import REGISTRY, UNITS, Models
from services.matching.engine.packing import PHONE_BITS, SHARED_MOST, Vocabulary, Words, pack
from services.matching.engine.teaching import Listed, Material, Said, TooFewPairs, teach
from services.matching.engine.training import ENOUGH
from services.matching.holding import decided_about
from services.matching.linking import Places, facts_of
from services.matching.modeling import READY, TRAINING, models_in_force, put_shipped
from services.matching.models import Beneficiary, LinkRefusal, ListedTogether
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.rules.households import by_phone, together_by
from services.matching.rules.identifiers import phone_of
from services.matching.together import Standing
from services.matching.training_models import LinkageModel
from services.matching.weighing import packed, row_values
from shared.clock import now
from shared.copying import driver_of
from shared.database import any_of
from shared.logs import log
from shared.platform import Platform
from shared.text import Text

LOOK_SECONDS = 1.0
MOST_ROWS: Final = 60_000
"""Rows of lists that are learned from, drawn by their ids, households whole: more say nothing new."""
MOST_DECIDED: Final = 20_000
"""Rows of whom persons decided, besides."""
FAILED: Final = "failed"
TOO_FEW = Text(
    ar="أزواج معروفة قليلة: {pairs}، والمطلوب {needed} برقم وطني على الطرفين أو بقرار شخص.",
    fr="Trop peu de paires connues : {pairs}, il en faut {needed}, par un numéro national des deux côtés ou une décision.",
    en="Too few pairs are known: {pairs}, and {needed} are needed, by a national id on both sides or a person's decision.",
)
BROKEN = Text(
    ar="توقف التعلم لخطأ في الخدمة؛ التفاصيل في سجلاتها.",
    fr="L'apprentissage s'est arrêté sur une erreur du service ; voir ses journaux.",
    en="The training stopped at a fault of the service; its logs tell which.",
)

MEMBERS = (
    "SELECT id, individual_id, household_id, nni, household_number, phones[1], phones[2],"
    " CASE birth_precision WHEN 'year' THEN to_char(birth_date, 'YYYY') ELSE birth_date::text END, sex,"
    " wilaya_code, moughataa_code, commune_code, relationship, NULL, NULL, father_name, name_fr, name_ar"
    " FROM members ORDER BY id"
)
"""A column for each that the fields of REGISTRY are read from, in their order, after who it is."""
_CSV = ["id", "individual", "household", *(f"{one.name} {at}" for one in REGISTRY.fields for at in range(one.columns))]
_PHONES = next(offset for one, offset in zip(REGISTRY.fields, REGISTRY.offsets, strict=True) if one.name == "phone")
_PHONE = np.uint32((1 << PHONE_BITS) - 1)


async def train_models(platform: Platform) -> None:
    """The worker: puts what ships beside what is trained, and trains what is asked for, for ever."""
    async with platform.database.transaction() as tx:
        await put_shipped(tx)
    places = Places()
    while True:
        async with platform.database.transaction() as tx:
            version = await tx.scalar(select(LinkageModel.version).where(LinkageModel.status == TRAINING))
        if version is None:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            await train(platform, places, version)


async def train(platform: Platform, places: Places, version: str) -> None:
    """Train one set, until it is ready, has failed, or is cancelled."""
    working = _Working()
    task = asyncio.ensure_future(_learn(platform, places, version, working))
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if not await _note(platform, version, progress=working.done):
                working.stop.set()
        ended = await task
    except Stopped:
        return
    except TooFewPairs as few:
        ended = {"status": FAILED, "failure": _told("too_few_pairs", TOO_FEW.format(pairs=few.pairs, needed=ENOUGH))}
    except Exception as fault:
        log.exception("training_failed", version=version, fault=type(fault).__name__)
        ended = {"status": FAILED, "failure": _told("training_failed", BROKEN)}
    finally:
        working.stop.set()
    await _note(platform, version, ended_at=now(), **ended)


def _told(code: str, why: Text) -> dict[str, str]:
    return {"code": code, "ar": why.ar, "fr": why.fr, "en": why.en}


async def _note(platform: Platform, version: str, **values: Any) -> bool:
    """Write it down where the training still runs; whether it does."""
    async with platform.database.transaction() as tx:
        noted = await tx.execute(
            update(LinkageModel)
            .where(LinkageModel.version == version, LinkageModel.status == TRAINING)
            .values(**values)
            .returning(LinkageModel.version)
        )
        return noted.scalar() is not None


class _Working:
    """What the thread that learns tells, and hears."""

    def __init__(self) -> None:
        self.stop, self.done = threading.Event(), 0.0

    def told(self, done: float) -> None:
        self.done = done


async def _learn(platform: Platform, places: Places, version: str, working: _Working) -> dict[str, Any]:
    async with platform.database.transaction() as tx:
        gathered, before = await gather(tx, places), await models_in_force(tx)
    await _note(platform, version, trained_from=gathered.counts())

    def learn() -> tuple[Models, dict[str, Any]]:
        return teach(gathered.material(), version, before, working.told, working.stop.is_set)

    models, report = await asyncio.to_thread(learn)
    return {"status": READY, "progress": 1.0, "body": models.to_json(), "report": report}


@dataclass(frozen=True)
class Gathered:
    """What is learned from, as it was read."""

    members: pl.DataFrame
    phones: Mapping[int, int]
    """On how many households a phone stands, of those that stand on several."""
    rows: Mapping[str, Sequence[BeneficiaryFacts]]
    said: Mapping[str, Sequence[tuple[int, UUID, bool]]]
    """By unit: the place of a row, an individual, and whether persons say it is the same."""
    standing: Mapping[str, Sequence[Standing | None]]
    """By unit, what each row has in common with others of its household."""

    def counts(self) -> dict[str, Any]:
        return {
            "members": self.members.height,
            "rows": {unit: len(rows) for unit, rows in self.rows.items()},
            "decisions": sum(map(len, self.said.values())),
        }

    def material(self) -> Material:
        vocabulary = Vocabulary(REGISTRY)
        columns = {
            one.name: [self.members.get_column(f"{one.name} {at}") for at in range(one.columns)]
            for one in REGISTRY.fields
        }
        registry = pack(columns, vocabulary)
        self._share_phones(registry)
        persons = self.members.get_column("individual")
        first = dict(zip(persons.to_list(), range(len(persons)), strict=True))
        listed = {unit: self._listed(unit, vocabulary, first) for unit in UNITS}
        return Material(vocabulary, registry, self._numbered("individual"), self._numbered("household"), listed)

    def _numbered(self, column: str) -> npt.NDArray[np.int64]:
        return self.members.get_column(column).rank("dense").cast(pl.Int64).to_numpy().copy()

    def _share_phones(self, registry: Words) -> None:
        """Beside each phone of a member, on how many households it stands."""
        shared = np.array([0, *sorted(self.phones)], np.uint32)
        households = np.array([1, *(self.phones[int(one)] for one in shared[1:])])
        bits = np.minimum(np.log2(households).astype(np.uint32), SHARED_MOST) << np.uint32(PHONE_BITS)
        for at in (_PHONES, _PHONES + 1):
            numbers = registry[:, at] & _PHONE
            place = np.searchsorted(shared, numbers, side="right") - 1
            registry[:, at] = np.where(shared[place] == numbers, numbers | bits[place], numbers)

    def _listed(self, unit: str, vocabulary: Vocabulary, first: Mapping[str, int]) -> Listed:
        rows = self.rows[unit]
        records = packed([row_values(one) for one in rows], vocabulary)
        said = [(first[str(who)], at, same) for at, who, same in self.said[unit] if str(who) in first]
        left, right, same = (np.array(column) for column in zip(*said, strict=True)) if said else ([], [], [])
        names = pl.Series([one.name or "" for one in rows], dtype=pl.String)
        return Listed(
            records,
            names,
            Said(np.array(left, np.int64), np.array(right, np.int64), np.array(same, bool)),
            _beside(self.standing[unit]),
        )


def _beside(standing: Sequence[Standing | None]) -> Beside:
    numbers: dict[Standing, int] = {}
    rows = [0 if one is None else numbers.setdefault(one, len(numbers) + 1) for one in standing]
    by = [BY_PHONE if one is not None and by_phone(one[1]) else BY_NUMBER for one in standing]
    return Beside(np.array(rows, np.int64), np.array(by, np.uint8))


async def gather(tx: AsyncSession, places: Places) -> Gathered:
    """Read what is learned from: every member, rows of lists drawn by their ids, and those of whom persons decided."""
    driver = await driver_of(tx, begun=True)
    buffer = io.BytesIO()

    async def write(data: bytes) -> None:
        buffer.write(data)

    await driver.copy_from_query(MEMBERS, output=write, format="csv")
    members = await asyncio.to_thread(_frame, buffer)
    shared = await tx.execute(text("SELECT phone, count(*) FROM household_phones GROUP BY phone HAVING count(*) > 1"))
    phones = {int(digits): count for phone, count in shared.all() if (digits := phone_of(phone))}
    drawn = _drawn()
    held = select(HeldLink.enrollment_id).order_by(HeldLink.enrollment_id).limit(MOST_DECIDED)
    refused = select(LinkRefusal.enrollment_id).order_by(LinkRefusal.enrollment_id).limit(MOST_DECIDED)
    ids = {id_ for asked in (drawn, held, refused) for id_ in await tx.scalars(asked)}
    found = await tx.scalars(select(Beneficiary).where(Beneficiary.id == any_of(ids)).order_by(Beneficiary.id))
    rows = list(found)
    index, about = await places.index(tx), await decided_about(tx, rows)
    facts = await asyncio.to_thread(lambda: [facts_of(one, index) for one in rows])
    by_unit: dict[str, list[BeneficiaryFacts]] = {unit: [] for unit in UNITS}
    said: dict[str, list[tuple[int, UUID, bool]]] = {unit: [] for unit in UNITS}
    standing: dict[str, list[Standing | None]] = {unit: [] for unit in UNITS}
    for row, one in zip(rows, facts, strict=True):
        place = len(by_unit[one.unit])
        by_unit[one.unit].append(one)
        key = together_by(one)
        standing[one.unit].append(None if key is None else (row.program, key))
        if (decision := about.get(one.enrollment_id)) is None:
            continue
        if decision.held is not None and decision.held.individual_id is not None:
            said[one.unit].append((place, decision.held.individual_id, True))
        said[one.unit] += [(place, who, False) for who in sorted(decision.refused.individuals)]
    return Gathered(members, phones, by_unit, said, standing)


def _drawn() -> Select[tuple[UUID]]:
    """Rows at random, those of one household together: what the others say is learned where they are there to say it."""
    standing = (ListedTogether.program, ListedTogether.together)
    own = cast(Beneficiary.id, SqlText)
    few = func.count().over(partition_by=standing) <= MOST_TOGETHER
    together = func.concat_ws(" ", *standing)
    drawn_by = case((and_(ListedTogether.together.is_not(None), few), together), else_=own)
    drawn = select(Beneficiary.id, drawn_by.label("drawn_by")).outerjoin(
        ListedTogether, ListedTogether.beneficiary_id == Beneficiary.id
    )
    rows = drawn.subquery()
    return select(rows.c.id).order_by(func.hashtext(rows.c.drawn_by), rows.c.id).limit(MOST_ROWS)


def _frame(buffer: io.BytesIO) -> pl.DataFrame:
    if not buffer.tell():
        return pl.DataFrame(schema=dict.fromkeys(_CSV, pl.String))
    return pl.read_csv(buffer.getvalue(), has_header=False, new_columns=_CSV, infer_schema=False)
