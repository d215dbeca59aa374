"""Ports on the loopback: pick free ones, and listen on them."""

from __future__ import annotations

import random
import socket
import time
from pathlib import Path
from typing import Final

from cli.refusals import StartRefused

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 1024  # requests that may wait while a service restarts
LOWEST_FREE: Final = 20_000
TRIES: Final = 200

_chance = random.SystemRandom()  # never a shared seed: two platforms would pick the same ports


def _first_ephemeral() -> int:
    """The lowest port the kernel gives to outgoing connections."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Connections of a previous run in TIME_WAIT must not block the port; a listener still does.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOOPBACK, port))
    except OSError:
        sock.close()
        raise
    return sock


def _bound_free() -> socket.socket:
    # Below the ephemeral range: there, a client's outgoing connection could take the port of a server
    # that is being restarted, or even connect to itself.
    highest = max(_first_ephemeral() - 1, LOWEST_FREE + TRIES)
    for _ in range(TRIES):
        try:
            return _bound(_chance.randint(LOWEST_FREE, highest))
        except OSError:
            continue
    return _bound(0)


def free_port() -> int:
    """A port nobody listens on now. Another program may still take it first: retry then."""
    with _bound_free() as sock:
        port: int = sock.getsockname()[1]
        return port


def check_free(port: int, name: str, *, patience: float = 0.0) -> None:
    """Raise StartRefused `port_taken` when something listens on `port`, after waiting `patience` seconds."""
    _bound_patiently(port, name, patience).close()


def listen(port: int, name: str, *, patience: float = 0.0) -> socket.socket:
    """A listening socket on `port` (0: a free one) to hand to a service."""
    sock = _bound_patiently(port, name, patience) if port else _bound_free()
    try:
        sock.listen(BACKLOG)
    except OSError as refused:
        sock.close()
        raise StartRefused("port_taken", port=port, name=name) from refused
    return sock


def _bound_patiently(port: int, name: str, patience: float) -> socket.socket:
    deadline = time.monotonic() + patience
    while True:
        try:
            return _bound(port)
        except OSError as refused:
            if time.monotonic() >= deadline:
                raise StartRefused("port_taken", port=port, name=name) from refused
            time.sleep(0.1)
