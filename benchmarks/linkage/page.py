"""The part of the benchmarks' page about linkage: targets beside Splink in the same run, tables, plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

FEBRL_BEHIND, COUNTRY_AHEAD = 0.0005, 0.005
MEMORY_RATIO = 0.4
TIME_RATIO = {1_000_000: 0.5, 5_000_000: 0.25}
"""Our time by Splink's, at most, by the size of the registry."""
BATCH_KEYS = (
    "list", "pairs", "splink_pairs", "ours_s", "splink_s", "ratio", "ours_cpu_s", "splink_cpu_s", "ours_mib", "splink_mib",
    "memory_ratio", "ours_f1", "splink_f1", "load_before",
)  # fmt: skip
ONLINE_P50, ONLINE_P99, INDEX_MIB = 3.5, 14, 512
ONLINE_KEYS = (
    "p50_ms", "p99_ms", "splink_p50_ms", "splink_p99_ms", "found_first", "build_s", "snapshot_load_s", "index_mib", "load_before",
)  # fmt: skip
SERVICE_P99, WARM_START_S = 50, 10
SERVICE_KEYS = ("p50_ms", "p99_ms", "read_s", "warm_start_s", "warm_start_cpu_s", "service_mib", "load_before")
MOST_APART = 1e-6
EXPORT_KEYS = ("pairs", "met_by_one", "largest_difference")
ENGINES = ("ours", "encoded", "splink", "recordlinkage")

READING = """\
- **linkage-batch**: a list against a registry, from the files to the file of results, one command each, one after the other on
  the same machine; memory is the resident memory of all their processes at its peak. Splink gets its columns folded and its
  ids, dates and phones cleaned beforehand, and that is not in its time; the platform reads the cells as they were written. Both
  get the codes of the places.
- **linkage-online**: one record of the list *mixed* after the other, in process, from its texts to its five best candidates;
  *found_first* is the share of registered people whose own record came first. Splink: `predict_between`, a few dozen records.
- **linkage-service**: the same rows through HTTP, one client, one after the other: `POST /v1/match` of the matching service with
  PostgreSQL, from the texts as written, places too, to candidates read from the table with their evidence. *read_s*: from the end of
  filling the table until all of it is in the index; *warm_start_s*: from the start of the process, with a snapshot, until the first answer,
  and *warm_start_cpu_s* the seconds of a processor in it.
- **linkage-export**: `tekamoul match export`, then Splink on DuckDB by the `link.py` of the export; each pair that Splink scored is
  judged again by the engine. *met_by_one*: how many pairs more one of them meets.
- **linkage-pupils**: pupils of a sample country by the sets of models that ship, judged by the generator's truth (docs/matching.md).
- **linkage-quality**: F1 at each engine's own best threshold, each record given its best pair first. FEBRL comes with
  recordlinkage; the countries are drawn by `benchmarks/linkage/` with the names and the mistakes of the sample country:
  `clerk.py` states their rates. Calibration is of those best pairs alone, which are true more often than all pairs of their
  probability are. *encoded*: both lists made into filters first (`tekamoul match encode`): 1,024 bits, folded from 2,048, of
  pairs of consonants and digits, 4 to 32 bits each (`services/matching/engine/encoding.py`), and linked by these alone.
  *mixed*: a third of the list in Arabic script alone; *no-nni*: nobody has a national id.
"""


def linkage_section(linkage: dict[str, Any], plots: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """Lines of the page, with these plots before those of the run; nothing when linkage was never measured here."""
    if not linkage:
        return
    where = linkage["machine"]
    yield "## Linkage beside Splink and recordlinkage"
    yield ""
    yield f"`{where['command']}`; {where['date']}, {where['cpu']}, {where['cores']} cores, {where['memory_gib']} GiB,"
    yield f"commit {where['commit']}; {', '.join(f'{name} {version}' for name, version in linkage['versions'].items())}."
    yield ""
    yield from _table(("figure", "target", "measured", "met"), [(*row[:3], _met(row[3])) for row in _targets(linkage)])
    yield ""
    yield from _by_registry("linkage-batch", BATCH_KEYS, linkage.get("linkage-batch", {}))
    yield from _by_registry("linkage-online", ONLINE_KEYS, linkage.get("linkage-online", {}))
    yield from _by_registry("linkage-service", SERVICE_KEYS, linkage.get("linkage-service", {}))
    yield from _quality(linkage.get("linkage-quality", {}))
    yield from _mistakes(linkage.get("linkage-quality", {}))
    yield from _export(linkage.get("linkage-export", {}))
    yield from (f"![{title}](plots/{file})\n" for file, title in (*plots, *linkage.get("plots", [])))
    yield READING


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"
    for row in rows:
        yield "| " + " | ".join(str(one) for one in row) + " |"


def _met(met: bool) -> str:
    return "yes" if met else "**no**"


def _targets(linkage: dict[str, Any]) -> Iterator[tuple[str, str, object, bool]]:
    for name, one in _data_sets(linkage.get("linkage-quality", {})):
        least = -FEBRL_BEHIND if name.startswith("febrl") else COUNTRY_AHEAD
        ahead = round(one["ours_f1"] - one["splink_f1"], 5)
        yield f"F1 over Splink's, {name}", f"at least {least:+}", f"{ahead:+.5f}", ahead >= least
    for size in linkage.get("linkage-batch", {}).get("sizes", []):
        what = f"{size['registry']:,} x {size['list']:,}"
        if size["registry"] in TIME_RATIO:
            most = TIME_RATIO[size["registry"]]
            yield f"time by Splink's, {what}", f"at most {most}", f"{size['ratio']}", size["ratio"] <= most
            ratio = size["memory_ratio"]
            yield f"memory by Splink's, {what}", f"at most {MEMORY_RATIO}", f"{ratio}", ratio <= MEMORY_RATIO

    for size in linkage.get("linkage-service", {}).get("sizes", []):
        what = f"against {size['registry']:,}"
        slowest = size["p99_ms"]
        yield f"one record through HTTP {what}, p99, ms", f"at most {SERVICE_P99}", slowest, slowest <= SERVICE_P99
        start = size["warm_start_s"]
        yield f"warm start {what}, s", f"at most {WARM_START_S}", start, start <= WARM_START_S
    for size in linkage.get("linkage-online", {}).get("sizes", []):
        if size["registry"] == 1_000_000:
            yield (
                "one record against 1,000,000, p50, ms",
                f"at most {ONLINE_P50}",
                size["p50_ms"],
                size["p50_ms"] <= ONLINE_P50,
            )
            yield (
                "one record against 1,000,000, p99, ms",
                f"at most {ONLINE_P99}",
                size["p99_ms"],
                size["p99_ms"] <= ONLINE_P99,
            )
            yield "index of a million, MiB", f"at most {INDEX_MIB}", size["index_mib"], size["index_mib"] <= INDEX_MIB

    for name, one in _data_sets(linkage.get("linkage-export", {})):
        told, difference = f"{one['largest_difference']:.1e}", one["largest_difference"]
        yield (
            f"largest difference of Splink's weights from an exported model, {name}",
            f"at most {MOST_APART}",
            told,
            difference <= MOST_APART,
        )


def _data_sets(quality: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, one) for name, one in quality.items() if isinstance(one, dict)]


def _by_registry(name: str, keys: Sequence[str], figures: dict[str, Any]) -> Iterator[str]:
    sizes: list[dict[str, Any]] = figures.get("sizes", [])
    if sizes:
        yield f"### {name}"
        yield ""
        header = ("registry", *(f"{one['registry']:,}" for one in sizes))
        yield from _table(header, [(key, *(_told(one, key) for one in sizes)) for key in keys])
        yield ""


def _told(figures: dict[str, Any], key: str) -> str:
    return f"{figures[key]:,}" if key in figures else "not measured"


def _quality(quality: dict[str, Any]) -> Iterator[str]:
    rows = [
        (name, engine, one[engine]["f1"], one[engine]["precision"], one[engine]["recall"], one[engine]["threshold"],
         one[engine]["at_half"])
        for name, one in _data_sets(quality) for engine in ENGINES if engine in one
    ]  # fmt: skip
    if rows:
        yield "### linkage-quality"
        yield ""
        yield from _table(("data", "engine", "best F1", "precision", "recall", "at threshold", "F1 at one half"), rows)
        yield ""


def _export(export: dict[str, Any]) -> Iterator[str]:
    sets = _data_sets(export)
    if sets:
        yield "### linkage-export"
        yield ""
        yield from _table(
            ("data", *(name for name, _ in sets)),
            [
                (key, *(f"{one[key]:,.2g}" if isinstance(one[key], float) else f"{one[key]:,}" for _, one in sets))
                for key in EXPORT_KEYS
            ],
        )
        yield ""


def _mistakes(quality: dict[str, Any]) -> Iterator[str]:
    """Of the rows with each mistake, the share that found their person: the platform and Splink."""
    sets = [(name, one) for name, one in _data_sets(quality) if one["ours"].get("recall_by_mistake")]
    if not sets:
        return
    kinds = sorted({kind for _, one in sets for kind in one["ours"]["recall_by_mistake"]})
    yield "Rows with each mistake that found their person, ours / Splink:"
    yield ""
    yield from _table(
        ("mistake", *(name for name, _ in sets)),
        [(kind, *(_pair(one, kind) for _, one in sets)) for kind in kinds],
    )
    yield ""


def _pair(one: dict[str, Any], kind: str) -> str:
    ours, splink = (one[engine]["recall_by_mistake"].get(kind) for engine in ("ours", "splink"))
    return "" if ours is None or splink is None else f"{ours:.3f} / {splink:.3f}"
