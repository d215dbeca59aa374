"""What goes on beside the requests: looking after our keys, and forgetting what has ended."""

import asyncio
from datetime import timedelta

from gateway.operators import signing_in
from gateway.partners import commands
from gateway.partners.clients import Clients
from gateway.partners.signing import SigningKeys
from shared.clock import now
from shared.platform import Platform, Worker

KEYS_SECONDS = 2.0
FORGET_SECONDS = 60.0
USES_SECONDS = 2.0
MARGIN = timedelta(minutes=1)
"""Kept this long past its end: the clocks of two processes differ."""


def watch_keys(keys: SigningKeys) -> Worker:
    """A worker that takes over a rotated signing key."""

    async def watch_signing_keys(_: Platform) -> None:
        while True:
            await asyncio.sleep(KEYS_SECONDS)
            keys.look()

    return watch_signing_keys


def note_uses(clients: Clients) -> Worker:
    """A worker: writes down which credentials were used. Getting a token never waits for it, nor for a database that is away."""

    async def note_uses_of_credentials(platform: Platform) -> None:
        while True:
            await asyncio.sleep(USES_SECONDS)
            used = dict(clients.used)
            if not used:
                continue
            async with platform.database.transaction() as tx:
                await commands.note_uses(tx, used)
            for credential, at in used.items():
                if clients.used[credential] == at:
                    del clients.used[credential]

    return note_uses_of_credentials


async def forget_ended(platform: Platform) -> None:
    """A worker: used assertions, withdrawn tokens and sessions go once they would not open the door any more."""
    while True:
        async with platform.database.transaction() as tx:
            await commands.forget_ended(tx, now() - MARGIN)
            await signing_in.forget_ended(tx, now() - MARGIN)
        await asyncio.sleep(FORGET_SECONDS)
