"""The work behind `tekamoul match link` and `dedupe`: files in, pairs out, progress on a terminal, refusals in words."""

import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, cast

import orjson
from rich.console import Console

from cli.main import language
from cli.match_files import (
    Refused,
    mapping_of,
    model_of,
    read_side,
    refuse_other_encodings,
    refuse_unwritable,
    refusing,
    stages,
    tell_compiling,
    write_whole,
)
from cli.printing import refused
from services.matching.engine.files import write_result
from services.matching.engine.lists import Assignment, Outcome, compare_lists, result_of
from services.matching.engine.mapping import ListMapping
from services.matching.engine.model import Model
from shared.text import Text

WORDS: Final[dict[str, Text]] = {
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
}
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


def run(asked: Asked) -> int:
    """Do it and say what came of it; the exit status: 1 where it was refused."""
    console = Console(stderr=True)
    try:
        _link(asked, console)
    except Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    return 0


def _link(asked: Asked, console: Console) -> None:
    began = perf_counter()
    if asked.out.suffix.lower() not in ENDINGS or not asked.out.parent.is_dir():
        raise Refused(WORDS["cannot_write"].format(out=asked.out, reason=asked.out.suffix or asked.out.parent))
    mapping = mapping_of(asked.mapping, of_two=asked.right is not None)
    refuse_other_encodings(mapping, asked.left, *filter(None, (asked.right,)))
    model = model_of(asked.model) if asked.model else None
    for path in filter(None, (asked.out, asked.save_model, asked.report)):
        refuse_unwritable(path)
    tell_compiling(console)
    done = _compared(asked, mapping, model, console)
    if asked.save_model:
        write_whole(asked.save_model, done.outcome.model.to_json())
    if asked.report:
        write_whole(asked.report, orjson.dumps(done.report(perf_counter() - began), option=orjson.OPT_INDENT_2))
    done.tell(console, asked.out, perf_counter() - began)


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
            "lifted_by_household": 0 if self.outcome.household is None else int((self.outcome.household > 0).sum()),
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
    with stages(console) as told:
        since = perf_counter()
        left_ids, left = read_side(asked.left, mapping, "left")
        right_ids, right = (left_ids, None) if asked.right is None else read_side(asked.right, mapping, "right")
        told("read", 1.0)
        read_s = perf_counter() - since
        with refusing():
            outcome = compare_lists(
                mapping.fields,
                left,
                right,
                assignment=cast(Assignment, asked.assignment),
                least=asked.least,
                model=model,
                told=told,
            )
        frame = result_of(outcome, left_ids, right_ids)
        try:
            write_result(frame, asked.out)
        except OSError as no:
            raise Refused(WORDS["cannot_write"].format(out=asked.out, reason=no.strerror)) from no
    links = int((frame["decision"] == "link").sum())
    return _Done(outcome, read_s, links, frame.height - links)
