"""The benchmarks by name. Each ends with one JSON line of its figures; all together rewrite README.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import (
    enrollments,
    gateway,
    interlinkage,
    live,
    main_job,
    names,
    payment_cycle,
    registry_import,
    registry_read,
    registry_write,
    scenarios,
    starting,
    targeting_list,
    verify_audit,
)
from benchmarks.figures import machine
from benchmarks.linkage.running import LINKAGE, run_linkage, without_points
from benchmarks.page import REGISTRY, write_linkage, write_page


def _main_job() -> dict[str, Any]:
    return main_job.run_main_job(main_job.sizes_asked(main_job.DEFAULT_SIZES))


BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "start": starting.run_start,
    "main-job": _main_job,
    "registry-import": registry_import.run_registry_import,
    "registry-read": registry_read.run_registry_read,
    "registry-write": registry_write.run_registry_write,
    "payment-cycle": payment_cycle.run_payment_cycle,
    "names": names.run_names,
    "targeting-list": targeting_list.run_targeting_list,
    "enrolled": enrollments.run_enrolled,
    "enroll-write": enrollments.run_enroll_write,
    "scenario": scenarios.run_scenario,
    "interlinkage-live": live.run_live,
    "interlinkage": interlinkage.run_interlinkage,
    "indicators": interlinkage.run_indicators,
    "verify-audit": verify_audit.run_verify_audit,
    "gateway": gateway.run_gateway,
    "gateway-tenants": gateway.run_gateway_tenants,
}


def run_benchmarks(name: str) -> None:
    """Run one benchmark; "" runs all, at every size, and rewrites the page with the results and the plots.

    The linkage benchmarks need their peers, which `make bench-linkage` installs: they run by that, and the page keeps what
    they told.
    """
    if name == "":
        _run_all()
    elif name == "linkage":
        write_linkage(run_linkage(_tell))
    elif name in LINKAGE:
        _tell(without_points(LINKAGE[name]()))
    elif name in BENCHMARKS:
        _tell(BENCHMARKS[name]())
    else:
        sys.exit(f"no benchmark {name!r}; there are {', '.join([*BENCHMARKS, *LINKAGE])}")


def _run_all() -> None:
    where = machine()
    results: dict[str, Any] = {"start": starting.run_start()}
    _tell(results["start"])
    sizes = main_job.sizes_asked(main_job.ALL_SIZES)
    results["main-job"] = main_job.run_main_job(sizes, runs=main_job.RUNS)
    _tell(results["main-job"])
    for name in REGISTRY:
        results[name] = payment_cycle.run_sizes() if name == "payment-cycle" else [BENCHMARKS[name]()]
        for figures in results[name]:
            _tell(figures)
    write_page(where, results)


def _tell(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)
