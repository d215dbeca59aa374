"""The work behind `tekamoul match link` and `dedupe`: files in, pairs out, progress on a terminal, refusals in words."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, cast

import orjson
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.main import language
from cli.printing import refused
from services.matching.engine.batch import MOST_PAIRS, TooManyPairs
from services.matching.engine.compiling import kernels_kept
from services.matching.engine.files import partial_of, read_list, write_result
from services.matching.engine.lists import Assignment, OtherFields, Outcome, Stage, compare_lists, result_of
from services.matching.engine.mapping import ListMapping, MappingRefused, Side, read_mapping
from services.matching.engine.model import Model
from shared.text import Text
from shared.unreadable import UnreadableTable

WORDS: Final[dict[str, Text]] = {
    "read": Text(ar="قراءة الملفات", fr="Lecture des fichiers", en="Reading the files"),
    "pack": Text(ar="تحضير السجلات", fr="Préparation des enregistrements", en="Preparing the records"),
    "train": Text(
        ar="تعلم الأوزان من القوائم", fr="Apprentissage des poids sur les listes", en="Learning from the lists"
    ),
    "compare": Text(ar="مقارنة الأزواج", fr="Comparaison des paires", en="Comparing pairs"),
    "decide": Text(ar="القرار", fr="Décision", en="Deciding"),
    "done": Text(
        ar="قورنت {compared} زوجا في {seconds} ثانية: {link} ربط، و{adjudicate} للبتّ. النتيجة في {out}.",
        fr="{compared} paires comparées en {seconds} s : {link} liens, {adjudicate} à trancher. Résultat dans {out}.",
        en="{compared} pairs compared in {seconds} s: {link} links, {adjudicate} to adjudicate. The result is in {out}.",
    ),
    "passed_over": Text(
        ar="مفاتيح شائعة جدا تُركت لصالح أضيق منها: {rules}. {bounded} سجلا لا مفتاح أضيق له.",
        fr="Clés trop répandues laissées pour de plus étroites : {rules}. {bounded} enregistrements n'en ont pas.",
        en="Keys too common, left for narrower ones: {rules}. {bounded} records have no narrower one.",
    ),
    "cannot_write": Text(
        ar="لا يمكن كتابة {out}: {reason}. الامتدادات المقبولة: .parquet و .csv و .xlsx.",
        fr="Impossible d'écrire {out} : {reason}. Extensions acceptées : .parquet, .csv, .xlsx.",
        en="{out} cannot be written: {reason}. It may end in .parquet, .csv or .xlsx.",
    ),
    "bad_model": Text(
        ar="ملف النموذج غير صالح لهذه القوائم: {reason}",
        fr="Le modèle ne convient pas à ces listes : {reason}",
        en="The model does not fit these lists: {reason}",
    ),
    "other_fields": Text(
        ar="وُضع النموذج لحقول أخرى: {fields}.",
        fr="Le modèle a été fait pour d'autres champs : {fields}.",
        en="The model was made for other fields: {fields}.",
    ),
    "cannot_write_beside": Text(
        ar="لا يمكن كتابة {file}: {reason}.",
        fr="Impossible d'écrire {file} : {reason}.",
        en="{file} cannot be written: {reason}.",
    ),
    "too_many_pairs": Text(
        ar="أكثر من {most} زوج محتمل: الحقول لا تميز الأشخاص بعضهم عن بعض. أضف حقولا إلى ملف المطابقة.",
        fr="Plus de {most} paires sont probables : ces champs ne distinguent personne. Ajoutez-en à la correspondance.",
        en="More than {most} pairs are probable: these fields tell nobody apart. Add fields to the mapping.",
    ),
}
COMPILING: Final = Text(
    ar="تحضير المحرك لهذا الجهاز، مرة واحدة: نحو دقيقة.",
    fr="Préparation du moteur pour cette machine, une seule fois : une minute environ.",
    en="Preparing the engine for this machine, once: about a minute.",
)
ENDINGS: Final = (".parquet", ".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; `right` None: the left file against itself."""

    left: Path
    right: Path | None
    mapping: Path
    out: Path
    least: float
    assignment: str
    model: Path | None
    save_model: Path | None
    report: Path | None


class _Refused(Exception):
    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def run(asked: Asked) -> int:
    """Do it and say what came of it; the exit status: 1 where it was refused."""
    console = Console(stderr=True)
    try:
        _link(asked, console)
    except _Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    return 0


def _link(asked: Asked, console: Console) -> None:
    began = perf_counter()
    if asked.out.suffix.lower() not in ENDINGS or not asked.out.parent.is_dir():
        raise _Refused(WORDS["cannot_write"].format(out=asked.out, reason=asked.out.suffix or asked.out.parent))
    mapping, model = _mapping(asked), _model(asked)
    # Who waited an hour for a result wants to know before it that there is no room for it.
    for path in filter(None, (asked.out, asked.save_model, asked.report)):
        _refuse_unwritable(path)
    if not kernels_kept():
        console.print(COMPILING.in_(language()), highlight=False, markup=False)
    done = _compared(asked, mapping, model, console)
    if asked.save_model:
        _write(asked.save_model, done.outcome.model.to_json())
    if asked.report:
        _write(asked.report, orjson.dumps(done.report(perf_counter() - began), option=orjson.OPT_INDENT_2))
    done.tell(console, asked.out, perf_counter() - began)


def _mapping(asked: Asked) -> ListMapping:
    try:
        mapping = read_mapping(asked.mapping.read_text(encoding="utf-8"))
        if asked.right is not None:
            mapping.refuse_what_never_meets()
    except MappingRefused as no:
        raise _Refused(no.text) from no
    except UnicodeDecodeError as no:
        raise _Refused(MappingRefused("mapping_unreadable", reason="UTF-8").text) from no
    return mapping


def _model(asked: Asked) -> Model | None:
    try:
        return Model.from_json(asked.model.read_bytes()) if asked.model else None
    except ValueError as no:
        raise _Refused(WORDS["bad_model"].format(reason=no)) from no


def _refuse_unwritable(path: Path) -> None:
    beside = partial_of(path)
    try:
        beside.touch()
        beside.unlink()
    except OSError as no:
        raise _Refused(WORDS["cannot_write_beside"].format(file=path, reason=no.strerror)) from no


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing."""
    beside = partial_of(path)
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as no:
        raise _Refused(WORDS["cannot_write_beside"].format(file=path, reason=no.strerror)) from no


def _peak_mib() -> float:
    """The most memory this process has had. Where the system does not tell it, the kernel's figure, which begins with the
    memory of whoever started the process."""
    status = Path("/proc/self/status")
    if status.exists():
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True)
class _Done:
    outcome: Outcome
    read_s: float
    links: int
    adjudicate: int

    def report(self, seconds: float) -> dict[str, object]:
        """Counts, seconds by stage, the peak memory of this process in MiB, and the sessions the model was learned from."""
        return {
            "pairs_compared": self.outcome.compared,
            "pairs_kept": len(self.outcome.pairs),
            "links": self.links,
            "to_adjudicate": self.adjudicate,
            "passed_over": self.outcome.chosen.passed_over,
            "without_narrow_key": self.outcome.chosen.bounded,
            "seconds": {"read": self.read_s, **self.outcome.seconds, "all": seconds},
            "peak_mib": _peak_mib(),
            "learned": [{"rule": one.rule, "pairs_of_one_person": round(one.matches)} for one in self.outcome.sessions],
        }

    def tell(self, console: Console, out: Path, seconds: float) -> None:
        words, speaks = WORDS["done"], language()
        told = words.format(
            compared=f"{self.outcome.compared:,}",
            seconds=f"{seconds:.1f}",
            link=f"{self.links:,}",
            adjudicate=f"{self.adjudicate:,}",
            out=out,
        )
        console.print(told.in_(speaks), highlight=False, markup=False)
        chosen = self.outcome.chosen
        if chosen.passed_over:
            rules = ", ".join(f"{name} ({rows:,})" for name, rows in chosen.passed_over.items())
            lost = WORDS["passed_over"].format(rules=rules, bounded=f"{chosen.bounded:,}")
            console.print(lost.in_(speaks), highlight=False, markup=False)


def _compared(asked: Asked, mapping: ListMapping, model: Model | None, console: Console) -> _Done:
    speaks = language()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
    ) as progress:
        tasks = {"read": progress.add_task(WORDS["read"].in_(speaks), total=1.0)}

        def told(stage: Stage, done: float) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(WORDS[stage].in_(speaks), total=1.0)
            progress.update(tasks[stage], completed=done)

        since = perf_counter()
        left_ids, left = _read(asked.left, mapping, "left")
        right_ids, right = (left_ids, None) if asked.right is None else _read(asked.right, mapping, "right")
        told("read", 1.0)
        read_s = perf_counter() - since
        try:
            outcome = compare_lists(
                mapping.fields,
                left,
                right,
                assignment=cast(Assignment, asked.assignment),
                least=asked.least,
                model=model,
                told=told,
            )
        except OtherFields as no:
            raise _Refused(WORDS["other_fields"].format(fields=no)) from no
        except TooManyPairs as no:
            raise _Refused(WORDS["too_many_pairs"].format(most=f"{MOST_PAIRS:,}")) from no
        frame = result_of(outcome, left_ids, right_ids)
        try:
            write_result(frame, asked.out)
        except OSError as no:
            raise _Refused(WORDS["cannot_write"].format(out=asked.out, reason=no.strerror)) from no
    links = int((frame["decision"] == "link").sum())
    return _Done(outcome, read_s, links, frame.height - links)


def _read(path: Path, mapping: ListMapping, side: Side) -> tuple[pl.Series, dict[str, list[pl.Series]]]:
    try:
        return read_list(path, mapping, side)
    except UnreadableTable as no:
        raise _Refused(
            Text(ar=f"{path.name}: {no.text.ar}", fr=f"{path.name} : {no.text.fr}", en=f"{path.name}: {no.text.en}")
        ) from no
    except MappingRefused as no:
        raise _Refused(no.text) from no
