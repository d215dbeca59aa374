"""What the gateway does for agreements by itself: the first start, the ends that come with the day, the health page."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.agreements import queries
from gateway.agreements.commands import end_what_is_over
from gateway.agreements.seeding import give_mandates, load_examples, seed
from gateway.partners.file import Partners
from shared.platform import Platform, Start, Waiting, Worker

LOOK_SECONDS = 60.0


def first_agreements(folder: Path, seeds: Partners, partners: Partners) -> Start:
    """Enters the examples for the `seeds` and a mandate for each of the `partners`, where they are not there. NotConfigured at once."""
    examples = load_examples(folder, seeds)

    async def start(platform: Platform) -> None:
        async with platform.database.transaction() as tx:
            await seed(tx, examples)
            await give_mandates(tx, partners)

    return start


def agreement_days(partners: Mapping[str, object]) -> Worker:
    """Writes down what has ended, and gives a new partner its mandate."""

    async def look(platform: Platform) -> None:
        while True:
            async with platform.database.transaction() as tx:
                await end_what_is_over(tx)
                await give_mandates(tx, partners)
            await asyncio.sleep(LOOK_SECONDS)

    return look


def agreements_to_decide(held_back: Callable[[], int]) -> Waiting:
    """What waits for a person: agreements that end within 30 days, reviews, approvals, and answers that were held back."""

    async def count(platform: Platform) -> dict[str, int]:
        async with platform.database.transaction() as tx:
            return await queries.to_decide(tx) | {"answers_held_back": held_back()}

    return count
