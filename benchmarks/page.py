"""README.md of the benchmarks: the machine, the tables and the plots, written anew by each full run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.figures import PROJECT
from benchmarks.linkage.page import linkage_section
from benchmarks.linkage.plots import draw_latency
from benchmarks.plots import draw_plots

FOLDER = PROJECT / "benchmarks"
COST_MAY_RISE = 1.05
"""Cost per household at the largest size over that at the smallest: what two runs of one size differ by anyway."""

INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit. One benchmark alone: `make bench B=start`, `make bench B=main-job`
(`TEKAMOUL_BENCH_HOUSEHOLDS=2000,10000` chooses the sizes). Of the registry: `make bench B=registry-import`
(`TEKAMOUL_BENCH_HOUSEHOLDS`), `B=registry-read` (`TEKAMOUL_BENCH_PEOPLE`), `B=registry-write` (`TEKAMOUL_BENCH_WRITES`).
Of the programs: `B=payment-cycle` (`TEKAMOUL_BENCH_ENTITLEMENTS=100000,1000000`), `B=enrolled`
(`TEKAMOUL_BENCH_ENROLLMENTS`), `B=interlinkage-live` (`TEKAMOUL_BENCH_CHANGES`), `B=enroll-write` (`TEKAMOUL_BENCH_WRITES`). Linkage beside its peers: `make bench-linkage` installs
them and runs `linkage-batch` (`TEKAMOUL_BENCH_LINKAGE=1000000x200000,5000000x1000000`), `linkage-quality` and `linkage-export`. How well
names are told apart: `B=names`. The disclosure log verified: `B=verify-audit` (`TEKAMOUL_BENCH_DISCLOSURES` rows). The door: `B=gateway` and
`B=gateway-tenants` (`TEKAMOUL_BENCH_SECONDS` of each load; needs nginx). Figures over a country: `B=interlinkage` and `B=indicators` (`TEKAMOUL_BENCH_HOUSEHOLDS=300000,833000`; the
latter is 5 million people), `B=scenario` (`TEKAMOUL_BENCH_SCENARIO` households), `B=targeting-list`.
Each ends with one JSON line of its figures.
"""
READING = """\
## How to read this

- **start**: seconds from the command to the ready file. The packages are installed (warm). First start: an empty data
  folder, so initdb and eight migrations are in it. Later start: a folder with data. The peer is PostgreSQL and NATS
  alone, the same programs with the same settings, without a service of ours.
- **main-job**: seconds from the first byte of the registry's file sent to the gateway until nothing is on its way any
  more: every row applied, linked, told to subscribers and to the programs. The platform is ready before.
- **memory**: proportional set size of all processes together, PostgreSQL's backends included, sampled every two seconds;
  the peak. The program that sends the files is not part of it.
- **linking in memory**: one process, the platform's own rules, the same rows and people, nothing stored, sent or told.
  It is a floor: what the platform takes beyond it is the price of records, events and separate processes.
- **COPY**: as many rows written by PostgreSQL's COPY into tables without an index: the floor of writing them down.
- **registry-import**, **registry-read**, **registry-write**: the registry's own process with PostgreSQL (fsync on) and
  NATS, over HTTP: a country's file until its last event is published; single reads and searches in a whole country;
  households of six pushed by eight clients in a process of their own.
- **enrolled**, **enroll-write**: the programs service with PostgreSQL (fsync on) and NATS, over HTTP, clients in a process of
  their own: one client's questions by four kinds of number, one in five about nobody; single enrollments by eight clients, each
  with its Idempotency-Key, kept with history and event. The peer of the first is a prepared SELECT by bare asyncpg, the same
  questions in turn on one connection (`select_...`); that of the second three INSERTs in a transaction by bare asyncpg, eight
  connections, the very rows of enrollment, history and event the service left, fsync on (`insert...`). Neither has HTTP, a
  token or a rule.
- **payment-cycle**: the programs service with PostgreSQL (fsync on) and NATS, over HTTP: from the request until a cycle's
  last entitlement is in the ledger; from the first byte of the agents' report until its last line is reconciled.
  The peer is COPY of the rows each of them left (entitlements, deliveries, ledger) into tables with the same indexes (`copy_...`).
- **scenario**: the matching service with PostgreSQL, over HTTP: from the request to run a scenario over a frozen country until its
  result is there, reading of the frozen columns included; `seconds` is that of the slowest of three. The peer is to compute every
  figure of both sides of that one anew (`recomputed_s`), by every grouping, from the country in memory.
- **interlinkage-live**: the whole platform after the main job; enrollments suspended and resumed through the gateway, one at a
  time, from the answer until the overlaps, the gaps and what the household receives, asked at the gateway in turn, all say so.
- **interlinkage**: the matching service with PostgreSQL, over HTTP: from the request of a snapshot until every figure of the
  country is stored, by every grouping; `peak_mib` is the service's, with the process that writes files. The peers compute the heavy part
  (what each household receives in each month, in which programs exactly, whom each reaches by moughataa), with the same results row by row:
  the platform's columns (`polars_s`) and DuckDB (`duckdb_s`; `make bench-linkage` installs it) from the same Parquet files, in a process each;
  PostgreSQL from its own tables with a `work_mem` of 512 MB (`postgres_s`). **indicators**: pages of 50 and of 200 of those figures, four
  clients at a time, when the snapshot's files are written, (`while_filing`) while they are, and (`while_making`) while the
  country is read and counted anew for another.
- **targeting-list**: 14,000 of the households of a country in columns chosen and counted, by quotas, without whom Tekavoul paid in
  three months: from 22 communes (`seconds`) and from all of the country; medians. Reading the country is not part of it.
- **verify-audit**: the disclosure log verified as `tekamoul verify-audit` does it, from PostgreSQL, one process beside its own:
  each row's hash, each seal's signature, each name's commitment; the best of three. The peer is SHA-256 alone over the same
  bytes, ready in memory (`sha256_rows_per_s`). `written_per_s`: as the gateway writes them, in its largest batches, fsync on.
- **gateway**: requests of a household of 1 KB per second, 64 clients in a process of their own, in turn in one run, medians of three:
  straight from a FastAPI application (`upstream_per_s`), through nginx with one worker and kept connections before it, so through
  Debian's HAProxy where it is installed, through one gateway process with its token check and quota (`bare`), as the keeper of
  the registry with committed disclosure rows too, one for each person (`own`, fsync on), and as another institution under an agreement, with its
  volume, the check of each field and names of its own too (`full`; before commit 06b74a0 that was measured of the keeper). A ratio is over nginx's rate of the same round, the median of
  the rounds. `connections` are open at once, 250 requests a second over them: unused for five seconds the server would close one.
- **gateway-tenants**: four partners at 20 requests a second each beside one at 30 and then at 210, above its quota of 50: the worst
  p99 among the four in both, medians of three runs.
- **names**: pairs of names labelled by hand (`benchmarks/data`), told apart by how alike they are: `auc` is the share of pairs
  of a true and a false one in the right order, `recall_at_p95` the share of the true ones that a threshold finds at which one
  in twenty is false. The peers are rapidfuzz's JaroWinkler and token_set_ratio, on folded and on transliterated text.
- A ratio is the platform's seconds by the peer's, both of the same run on the same machine; ratios travel better
  between machines than seconds do.
"""


def write_page(where: dict[str, Any], results: dict[str, Any]) -> None:
    """Write README.md, the plots and, for whoever wants to compute, results.json."""
    results = {"linkage": _stored().get("linkage", {})} | results
    plots = draw_plots(FOLDER / "plots", results)
    (FOLDER / "results.json").write_text(json.dumps({"machine": where, **results}, indent=2) + "\n", encoding="utf-8")
    parts = [
        INTRODUCTION,
        "\n".join(_machine(where)),
        "\n".join(_targets(results)),
        "\n".join(_start(results["start"])),
        "\n".join(_main_job(results["main-job"]["growth"])),
        "\n".join(_registry(results)),
        "\n\n".join(f"![{title}](plots/{file})" for file, title in plots),
        READING,
        "\n".join(linkage_section(results["linkage"], draw_latency(FOLDER / "plots", results["linkage"]))),
    ]
    (FOLDER / "README.md").write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


def write_linkage(linkage: dict[str, Any]) -> None:
    """Write the page anew with what the linkage benchmarks told; the others keep what they told before."""
    stored = _stored()
    write_page(stored.pop("machine"), stored | {"linkage": linkage})


def _stored() -> dict[str, Any]:
    """What earlier runs told."""
    results: dict[str, Any] = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    return results


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"
    for row in rows:
        yield "| " + " | ".join(str(one) for one in row) + " |"


def _machine(where: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    yield "## The machine"
    yield ""
    yield from _table(
        ("", ""),
        (
            ("processor", f"{where['cpu']}, {where['cores']} cores"),
            ("memory", f"{where['memory_gib']} GiB"),
            ("system", f"{where['system']}, Linux {where['kernel']}, Python {where['python']}"),
            ("load before (1, 5, 15 min)", ", ".join(str(one) for one in where["load_before"])),
            ("when", where["date"]),
            ("commit", where["commit"]),
            ("command", f"`{where['command']}`"),
            ("versions", versions),
        ),
    )


def _targets(results: dict[str, Any]) -> Iterator[str]:
    start, growth = results["start"], results["main-job"]["growth"]
    small, large = growth[0], growth[-1]
    share = large["seconds_per_1000_households"] / small["seconds_per_1000_households"]
    rows = [
        ("start to ready, folder with data", "20 s", f"{start['ready_s']} s", start["ready_s"] <= 20),
        ("start to ready, empty folder", "20 s", f"{start['first_start_s']} s", start["first_start_s"] <= 20),
    ]
    if small["households"] == 2000:
        rows += [
            ("main job at 2,000 households", "60 s", f"{small['seconds']} s", small["seconds"] <= 60),
            ("memory at 2,000 households", "2,048 MiB", f"{small['memory_mib']:,} MiB", small["memory_mib"] <= 2048),
        ]
    if large is not small:
        text = f"cost per household, {large['households']:,} over {small['households']:,}"
        rows.append((text, "not higher", f"{share:.2f} times", share <= COST_MAY_RISE))
    rows += _registry_targets(results)
    yield "## Targets"
    yield ""
    yield from _table(
        ("figure", "at most", "measured", "met"), [(*row[:3], "yes" if row[3] else "**no**") for row in rows]
    )


REGISTRY = {
    "registry-import": ("households", "people", "megabytes", "people_per_s", "copy_people_per_s", "over_copy", "peak_mib", "seconds", "sent_s", "database_mib"),
    "registry-read": (
        "people", "by_id_p50_ms", "by_id_p99_ms", "as_of_p50_ms", "as_of_p99_ms", "as_of_ratio", "name_search_p50_ms",
        "name_search_p99_ms", "name_search_answered", "nni_search_p99_ms", "nni_slip_search_p99_ms", "phone_search_p99_ms",
        "searchable_after_s",
    ),
    "registry-write": ("writes", "clients", "people_per_write", "writes_per_s", "p50_ms", "p99_ms"),
    "enrolled": (
        "enrollments", "questions", "p50_ms", "p99_ms", "select_p50_ms", "select_p99_ms", "over_select", "load_before",
    ),
    "enroll-write": (
        "writes", "clients", "writes_per_s", "p50_ms", "p99_ms", "inserts_per_s", "insert_p50_ms", "insert_p99_ms",
        "over_insert", "load_before",
    ),
    "payment-cycle": (
        "entitlements", "issue_s", "reconcile_s", "issued_per_s", "reconciled_per_s", "reconciliation_read_s",
        "copy_issue_s", "issue_over_copy", "copy_reconcile_s", "reconcile_over_copy", "service_cpu_s", "load_before", "peak_mib",
    ),
    "scenario": (
        "households", "people", "programs", "receipts", "seconds", "per_head_s", "per_head_wider_s", "seven_changes_s",
        "recomputed_s", "over_recomputed", "service_cpu_s", "peak_mib", "load_before",
    ),
    "interlinkage-live": ("households", "changes", "p50_s", "p99_s", "most_s", "load_before"),
    "interlinkage": (
        "households", "people", "programs", "figures", "recompute_s", "peak_mib", "polars_s", "duckdb_s", "postgres_s",
        "over_duckdb", "over_postgres", "polars_mib", "duckdb_mib", "load_before",
    ),
    "indicators": ("pages", "clients", "p50_ms", "p99_ms", "while_filing_p99_ms", "while_making_p99_ms", "load_before"),
    "targeting-list": ("households", "asked_for", "seconds", "whole_country_s", "runs", "load_before"),
    "names": (
        "pairs", "auc", "recall_at_p95", "best_peer_auc", "best_peer_recall_at_p95", "tuning_pairs", "tuning_auc",
        "tuning_recall_at_p95", "ns_per_pair",
    ),
    "verify-audit": (
        "rows", "seals", "names", "rows_per_s", "sha256_rows_per_s", "over_sha256", "written_per_s", "bytes_per_row", "load_before",
    ),
    "gateway": (
        "upstream_per_s", "nginx_per_s", "haproxy_per_s", "bare_per_s", "own_per_s", "full_per_s", "bare_ratio", "own_ratio", "full_ratio",
        "nginx_p99_ms", "bare_p99_ms", "own_p99_ms", "full_p99_ms", "connections", "connections_faults", "connections_p99_ms", "load_before",
    ),
    "gateway-tenants": ("others_p99_calm_ms", "others_p99_rush_ms", "others_p99_ratio", "refused", "load_before"),
}  # fmt: skip
"""The figures of each benchmark of one service that the page shows, by their keys."""
REGISTRY_TARGETS = (
    ("registry-import", "people_per_s", "import of a country, people/s", "at least 10,000", 10_000, True),
    ("registry-import", "peak_mib", "memory of the import, MiB", "1,024", 1_024, False),
    ("registry-write", "writes_per_s", "single household writes/s", "at least 300", 300, True),
    ("registry-read", "by_id_p99_ms", "household by id, p99, ms", "10", 10, False),
    ("registry-read", "name_search_p99_ms", "search by name, p99, ms", "50", 50, False),
    ("registry-read", "as_of_ratio", "as-of read over a plain one", "2", 2, False),
    ("enrolled", "p99_ms", "is X enrolled in Y at 1 million, p99, ms", "10", 10, False),
    ("enroll-write", "writes_per_s", "single enrollments/s", "at least 300", 300, True),
    ("payment-cycle", "issue_s", "100,000 entitlements issued, s", "60", 60, False),
    ("scenario", "seconds", "a scenario on 300,000 households, s", "10", 10, False),
    ("interlinkage-live", "p99_s", "a change of an enrollment in overlaps, gaps and value, p99, s", "1", 1, False),
    ("interlinkage", "recompute_s", "all figures of 300,000 households anew, s", "60", 60, False),
    ("interlinkage", "peak_mib", "memory of that, MiB", "4,096", 4_096, False),
    ("indicators", "p99_ms", "a page of figures, p99, ms", "300", 300, False),
    ("targeting-list", "seconds", "14,000 of 300,000 households chosen in 22 communes, s", "10", 10, False),
    ("names", "auc", "pairs of names in the right order (AUC)", "at least 0.93", 0.93, True),
    ("names", "recall_at_p95", "pairs of one name found at precision .95", "at least 0.75", 0.75, True),
    ("verify-audit", "rows_per_s", "rows of the disclosure log verified/s", "at least 200,000", 200_000, True),
    (
        "gateway",
        "full_per_s",
        "household reads/s under an agreement, with all checks and disclosure rows",
        "at least 300",
        300,
        True,
    ),
    ("gateway", "full_p99_ms", "p99 of those, ms", "120", 120, False),
    ("gateway", "full_ratio", "those over nginx as a bare proxy", "at least 0.35", 0.35, True),
    ("gateway", "bare_ratio", "forwarding alone over nginx", "at least 0.55", 0.55, True),
    ("gateway", "connections_faults", "faults at 1,000 open connections", "0", 0, False),
    (
        "gateway-tenants",
        "others_p99_ratio",
        "the others' p99 beside one at 7 times its load, over calm",
        "1.5",
        1.5,
        False,
    ),
    ("payment-cycle", "reconcile_s", "100,000 deliveries reconciled, s", "60", 60, False),
)
"""Benchmark, figure, what it is, the target as told, the bound, and whether more is better. Of the smallest size run."""


def _registry(results: dict[str, Any]) -> Iterator[str]:
    """A table for each benchmark of the registry: a column for each size."""
    for name, keys in REGISTRY.items():
        told: list[dict[str, Any]] = results.get(name, [])
        runs = [size for one in told for size in one.get("growth", [one])]
        if runs:
            yield f"## {name}"
            yield ""
            if "measured" in told[0]:
                yield f"Measured {told[0]['measured']}."
                yield ""
            yield from _table(
                ("", *("run" for _ in runs)),
                [(key, *(f"{run[key]:,}" if key in run else "not measured" for run in runs)) for key in keys],
            )
            yield ""


def _registry_targets(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    rows = []
    for benchmark, key, what, told, bound, more in REGISTRY_TARGETS:
        if results.get(benchmark):
            measured = results[benchmark][0][key]
            rows.append((what, told, f"{measured:,}", measured >= bound if more else measured <= bound))
    return rows


def _start(start: dict[str, Any]) -> Iterator[str]:
    spread = start["spread"]
    yield "## start"
    yield ""
    yield from _table(
        (f"{start['runs']} runs", "least", "median", "most"),
        (
            ("later start, s", *spread["ready_s"]),
            ("first start, s", *spread["first_start_s"]),
            ("memory when ready, MiB", *spread["memory_mib"]),
            ("PostgreSQL and NATS alone, later start, s", *spread["servers_alone_s"]),
            ("PostgreSQL and NATS alone, first start, s", *spread["servers_alone_first_s"]),
        ),
    )
    yield ""
    yield f"A later start takes {start['ratio_to_servers_alone']} times what the two servers alone take."


def _main_job(growth: list[dict[str, Any]]) -> Iterator[str]:
    def line(name: str, key: str, form: str = "{:,}") -> tuple[str, ...]:
        return (name, *(form.format(one[key]) for one in growth))

    yield "## main-job"
    yield ""
    yield from _table(
        ("households", *(f"{one['households']:,}" for one in growth)),
        (
            line("individuals", "individuals"),
            line("rows listed", "listed"),
            line("runs", "runs"),
            ("seconds: least / median / most", *("{} / {} / {}".format(*one["spread"]["seconds"]) for one in growth)),
            line("seconds per 1,000 households", "seconds_per_1000_households"),
            *(
                (name, *(f"{one['steps'][step]:,}" for one in growth))
                for name, step in (
                    ("registry accepted after, s", "registry_accepted_s"),
                    ("all lists accepted after, s", "lists_accepted_s"),
                    ("all linked and told after, s", "all_linked_and_told_s"),
                )
            ),
            line("peak memory, MiB", "memory_mib"),
            line("linking in memory, s", "linking_in_memory_s"),
            line("**times linking in memory**", "ratio_to_linking_in_memory"),
            line("decided as in memory", "same_links_as_in_memory", "{:.2%}"),
            line("COPY, s", "copy_s"),
            line("**times COPY**", "ratio_to_copy"),
            line("precision of links", "precision", "{:.2%}"),
            line("recall of links", "recall", "{:.2%}"),
        ),
    )
    yield ""
    yield "CPU seconds by process:"
    yield ""
    names = sorted(growth[-1]["cpu_seconds"], key=lambda name: -growth[-1]["cpu_seconds"][name])
    yield from _table(
        ("process", *(f"{one['households']:,}" for one in growth)),
        [(name, *(one["cpu_seconds"].get(name, 0) for one in growth)) for name in names],
    )
