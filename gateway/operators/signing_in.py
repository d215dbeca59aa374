"""How a person comes to a session: by her password or account, and then by what is still to be done before it begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.errors import FormForeign, PasswordWeak, SignInRefused
from gateway.operators.guessing import Attempts, forget_old_failures
from gateway.operators.models import Operator, OperatorSession, OperatorSignIn
from gateway.operators.passwords import hashed, is_right, is_weak
from gateway.operators.roles import NAME
from gateway.operators.tokens import fingerprint, new_token
from shared.clock import now
from shared.logs import log
from shared.platform import Platform

SESSION_TIME = timedelta(hours=12)
"""A shift. Then whoever sits there signs in again."""
SIGN_IN_TIME = timedelta(minutes=10)
"""How long what is left to do may take after the password."""
Step = Literal["password"]
"""What is left: choosing a password in the place of the first one."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in."""

    address: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What an attempt came to: the token of a session, or of a sign-in that has a step left."""

    token: str
    step: Step | None


@dataclass(frozen=True, slots=True)
class Halfway:
    """A sign-in that has a step left."""

    operator: Operator
    row: OperatorSignIn
    step: Step | None


async def sign_in(platform: Platform, name: str, password: str, browser: Browser) -> Entry:
    """SignInRefused; TooManySignIns while the next attempt must wait.

    In transactions of its own, since a failure must be remembered, and a slow hash should hold no connection.
    """
    attempts = Attempts(name, browser.address)
    async with platform.database.transaction() as tx:
        await attempts.refuse_hurried(tx)
        operator = await tx.get(Operator, name) if NAME.fullmatch(name) else None
    known = operator if operator is not None and operator.takes_password(now()) else None
    right = await is_right(password, known.password_hash if known else None)
    async with platform.database.transaction() as tx:
        row = await tx.get(Operator, name, with_for_update=True) if right else None
        if known is not None and row is not None and _is_as_it_was(row, known):
            await attempts.forget_failures(tx)
            return await _enter(tx, row, browser)
        await attempts.note_failure(tx)
    log.warning("sign_in_refused", address=browser.address)
    raise SignInRefused


async def sign_in_by_account(tx: AsyncSession, account: str, browser: Browser) -> Entry:
    """For whom the institution's issuer has proven; SignInRefused where nobody here has that account."""
    known = select(Operator).where(Operator.account == account, Operator.disabled_at.is_(None))
    if "\0" in account or (operator := await tx.scalar(known)) is None:
        log.warning("account_unknown")
        raise SignInRefused
    return _begin(tx, operator, browser)


async def halfway(tx: AsyncSession, token: str | None) -> Halfway:
    """The sign-in of this cookie; FormForeign where there is none, or it has taken too long."""
    wanted = select(OperatorSignIn).where(OperatorSignIn.token_sha256 == fingerprint(token or ""))
    row = await tx.scalar(wanted.where(OperatorSignIn.ends_at > now()).with_for_update())
    operator = await tx.get(Operator, row.operator) if row is not None else None
    if row is None or operator is None or not operator.takes_password(now()):
        raise FormForeign
    return Halfway(operator, row, _step(operator))


async def choose_password(platform: Platform, token: str | None, password: str, browser: Browser) -> Entry:
    """Put a password of the person's own in the place of the first one, and go on. FormForeign, PasswordWeak."""
    async with platform.database.transaction() as tx:
        first = await halfway(tx, token)
    if first.step != "password":
        raise FormForeign
    if is_weak(password, first.operator.name) or await is_right(password, first.operator.password_hash):
        raise PasswordWeak(pointer="/password")
    phc = await hashed(password)
    async with platform.database.transaction() as tx:
        found = await halfway(tx, token)
        if found.step != "password":
            raise FormForeign
        found.operator.password_hash, found.operator.password_until = phc, None
        log.warning("operator_password_chosen", operator=found.operator.name)
        await tx.delete(found.row)
        return await _enter(tx, found.operator, browser)


def _is_as_it_was(row: Operator, known: Operator) -> bool:
    """Whether what was proven still counts: meanwhile the person may have been disabled, or have another password."""
    return row.takes_password(now()) and row.password_hash == known.password_hash


async def _enter(tx: AsyncSession, operator: Operator, browser: Browser) -> Entry:
    step = _step(operator)
    if step is None:
        return _begin(tx, operator, browser)
    token = new_token()
    tx.add(OperatorSignIn(token_sha256=fingerprint(token), operator=operator.name, ends_at=now() + SIGN_IN_TIME))
    return Entry(token, step)


def _step(operator: Operator) -> Step | None:
    return "password" if operator.password_until is not None else None


def _begin(tx: AsyncSession, operator: Operator, browser: Browser) -> Entry:
    token = new_token()
    tx.add(OperatorSession(token_sha256=fingerprint(token), operator=operator.name, ends_at=now() + SESSION_TIME))
    log.info("signed_in", operator=operator.name, address=browser.address)
    return Entry(token, None)


async def sign_out(tx: AsyncSession, token: str) -> None:
    """End the session of this cookie."""
    await tx.execute(delete(OperatorSession).where(OperatorSession.token_sha256 == fingerprint(token)))


async def forget_ended(tx: AsyncSession, moment: datetime) -> None:
    """Remove sessions and sign-ins that have ended, and failures of long ago."""
    for table in (OperatorSession, OperatorSignIn):
        await tx.execute(delete(table).where(table.ends_at < moment))
    await forget_old_failures(tx, moment)
