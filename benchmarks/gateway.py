"""`gateway` and `gateway-tenants`: what the door costs beside nginx before the same upstream, and what one partner's rush costs
the others."""

from __future__ import annotations

import asyncio
import os
import statistics
from typing import Any
from uuid import UUID

from benchmarks.gateway_stand import KEEPER, READER, UNDER, Stand, partner

SECONDS_VARIABLE = "TEKAMOUL_BENCH_SECONDS"
SECONDS, ROUNDS, CONNECTIONS, MANY = 8.0, 3, 64, 1_000
MANY_PER_S = 250.0
"""Each of a thousand connections is used again within four seconds: unused for five, the server closes it."""
HOUSEHOLD = UUID("018f7c1e-0000-7000-8000-000000000001")
OTHERS, THEIR_LOAD, ITS_LOAD, RUSH = 4, 20.0, 30.0, 7
"""Four partners at 20 requests a second each beside one at 30, then at seven times that; its quota is 50."""


def _seconds() -> float:
    return float(os.environ.get(SECONDS_VARIABLE, "") or SECONDS)


def run_gateway() -> dict[str, Any]:
    """Requests/s of 1 KB: through nginx, through the gateway as a proxy with its token check and quota (`bare`), by the keeper of
    the registry with the disclosure log too (`own`), and by another under an agreement (`full`): its volume, the check of each field,
    the log and the partner's own names; then a thousand connections at once."""
    return asyncio.run(_gateway(_seconds()))


async def _gateway(seconds: float) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    async with Stand(partner(KEEPER) + partner(READER)) as stand:
        token, readers = await stand.token(KEEPER), await stand.token(READER)
        plain, known_as = f"/v1/plain/{HOUSEHOLD}", await stand.alias(HOUSEHOLD)
        ways = {
            "upstream": _stream(stand.upstream, token, plain, CONNECTIONS, seconds),
            "nginx": _stream(stand.nginx, token, plain, CONNECTIONS, seconds),
            **({"haproxy": _stream(stand.haproxy, token, plain, CONNECTIONS, seconds)} if stand.haproxy else {}),
            "bare": _stream(stand.gateway, token, f"/registry{plain}", CONNECTIONS, seconds),
            "own": _stream(stand.gateway, token, f"/registry/v1/households/{HOUSEHOLD}", CONNECTIONS, seconds),
            "full": _stream(stand.gateway, readers, f"/registry/v1/households/{known_as}", CONNECTIONS, seconds)
            | {"headers": UNDER},
        }
        met: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):  # in turn: what else the machine does meets all of them
            for name, way in ways.items():
                (told,) = await stand.load(way)
                _refuse_faults(name, told)
                met[name].append(told)
        (many,) = await stand.load(ways["full"] | {"connections": MANY, "per_s": MANY_PER_S})
    per_s = {name: statistics.median(one["per_s"] for one in told) for name, told in met.items()}
    return {
        "benchmark": "gateway",
        **{f"{name}_per_s": value for name, value in per_s.items()},
        **{f"{name}_ratio": _over(met[name], met["nginx"]) for name in ("bare", "own", "full")},
        **{f"{name}_p99_ms": statistics.median(one["p99_ms"] for one in told) for name, told in met.items()},
        "connections": MANY,
        "connections_faults": many["without_answer"]
        + many["closed"]
        + sum(n for code, n in many["statuses"].items() if code != "200"),
        "connections_p99_ms": many["p99_ms"],
        "load_before": load,
    }


def run_gateway_tenants() -> dict[str, Any]:
    """`others_p99_ratio`: the others' p99 while one partner sends seven times its load, over that while it sends its load."""
    return asyncio.run(_tenants(_seconds()))


async def _tenants(seconds: float) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    others = [f"other-{place}" for place in range(OTHERS)]
    tables = [
        partner(KEEPER, per_s=50, burst=50, concurrent=16),
        *(partner(one, per_s=50, burst=200) for one in others),
    ]
    async with Stand("".join(tables)) as stand:
        tokens = {name: await stand.token(name) for name in (KEEPER, *others)}
        path = f"/registry/v1/plain/{HOUSEHOLD}"
        calm: list[float] = []
        rush: list[float] = []
        refused = 0
        for _ in range(ROUNDS):
            for factor, p99s in ((1, calm), (RUSH, rush)):
                told = await stand.load(
                    _stream(stand.gateway, tokens[KEEPER], path, 64, seconds, per_s=ITS_LOAD * factor),
                    *(_stream(stand.gateway, tokens[one], path, 8, seconds, per_s=THEIR_LOAD) for one in others),
                )
                for one in told[1:]:
                    _refuse_faults("others", one)
                p99s.append(max(one["p99_ms"] for one in told[1:]))
                refused += told[0]["statuses"].get("429", 0)
    return {
        "benchmark": "gateway-tenants",
        "others_p99_calm_ms": statistics.median(calm),
        "others_p99_rush_ms": statistics.median(rush),
        "others_p99_ratio": round(statistics.median(rush) / statistics.median(calm), 2),
        "refused": refused,
        "load_before": load,
    }


def _over(told: list[dict[str, Any]], peers: list[dict[str, Any]]) -> float:
    """The rate over the peer's of the same round: the median of the rounds."""
    shares: list[float] = [one["per_s"] / peer["per_s"] for one, peer in zip(told, peers, strict=True)]
    return round(statistics.median(shares), 3)


def _stream(url: str, token: str, path: str, connections: int, seconds: float, *, per_s: float = 0.0) -> dict[str, Any]:
    return {"url": url, "token": token, "path": path, "connections": connections, "seconds": seconds, "per_s": per_s}


def _refuse_faults(name: str, told: dict[str, Any]) -> None:
    """A figure with refusals in it says nothing."""
    if set(told["statuses"]) != {"200"} or told["without_answer"]:
        raise RuntimeError(f"{name}: {told}")
