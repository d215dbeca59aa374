"""How a person comes to a session: by her password or account, and then by what is still to be done before it begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.errors import CodeWrong, FormForeign, PasswordWeak, SignInRefused
from gateway.operators.factors import FactorKey
from gateway.operators.guessing import Attempts, forget_old_failures
from gateway.operators.models import Operator, OperatorSession, OperatorSignIn
from gateway.operators.passwords import hashed, is_right, is_weak
from gateway.operators.proving import Offer, is_proven, take_up
from gateway.operators.roles import NAME, TWO_FACTORS
from gateway.operators.tokens import fingerprint, new_token
from shared.clock import now
from shared.logs import log
from shared.platform import Platform

SESSION_TIME = timedelta(hours=12)
"""A shift. Then whoever sits there signs in again."""
MOST_SESSIONS = 5
"""Of one person at once: a desk, a telephone, a screen on the wall. The next one ends the oldest."""
SIGN_IN_TIME = timedelta(minutes=10)
"""How long what is left to do may take after the password."""
Step = Literal["code", "password", "factor"]
"""What may be left, in this order: showing the second factor, choosing a password in the place of the first one, taking up a
second factor where the role needs one."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in. `token`: of the session that it has already."""

    address: str
    token: str | None = None


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


async def sign_in_by_account(tx: AsyncSession, account: str, browser: Browser, *, factor_shown: bool) -> Entry:
    """For whom the institution's issuer has proven; SignInRefused where nobody here has that account.

    `factor_shown`: the issuer says that it asked for two factors. Where it does not, only one is believed.
    """
    known = select(Operator).where(Operator.account == account, Operator.disabled_at.is_(None)).with_for_update()
    if "\0" in account or (operator := await tx.scalar(known)) is None:
        log.warning("account_unknown")
        raise SignInRefused
    return await _enter(tx, operator, browser, by_account=True, factor_shown=factor_shown)


async def halfway(tx: AsyncSession, token: str | None) -> Halfway:
    """The sign-in of this cookie, locked; FormForeign where there is none, or it has taken too long."""
    mine = OperatorSignIn.token_sha256 == fingerprint(token or ""), OperatorSignIn.ends_at > now()
    name = await tx.scalar(select(OperatorSignIn.operator).where(*mine))
    operator = await tx.get(Operator, name, with_for_update=True) if name is not None else None
    row = await tx.scalar(select(OperatorSignIn).where(*mine))  # as it stands now that nobody else goes on with it
    if row is None or operator is None or operator.disabled_at is not None:
        raise FormForeign
    if not row.by_account and not operator.takes_password(now()):
        raise FormForeign
    return Halfway(operator, row, _step(operator, row.by_account, row.factor_shown))


async def at_step(tx: AsyncSession, token: str | None, step: Step) -> Halfway:
    """The sign-in of this cookie, which must have this step left; FormForeign."""
    found = await halfway(tx, token)
    if found.step != step:
        raise FormForeign
    return found


async def show_code(platform: Platform, key: FactorKey, token: str, code: str, browser: Browser) -> Entry:
    """Show the second factor, and go on. FormForeign, CodeWrong; TooManySignIns while the next attempt must wait."""
    async with platform.database.transaction() as tx:
        # Locked: of many guesses at once each is counted before the next is heard.
        found = await at_step(tx, token, "code")
        attempts = Attempts(found.operator.name, browser.address, at_code=True)
        await attempts.refuse_hurried(tx)
        if await is_proven(tx, key, found.operator, code):
            await attempts.forget_failures(tx)
            found.row.factor_shown = True
            return await _go_on(tx, found, token, browser)
        await attempts.note_failure(tx)
    log.warning("code_refused", operator=found.operator.name, address=browser.address)
    raise CodeWrong(pointer="/code")


async def take_up_factor(
    tx: AsyncSession, key: FactorKey, token: str, sealed: str, code: str, browser: Browser
) -> tuple[Entry, list[str]]:
    """Take up the offered second factor, and go on; its recovery codes. FormForeign, CodeWrong."""
    found = await at_step(tx, token, "factor")
    offer = Offer.read(key, found.operator.name, token, sealed)
    codes = await take_up(tx, key, found.operator, offer, code)
    found.row.factor_shown = True
    return await _go_on(tx, found, token, browser), codes


async def choose_password(platform: Platform, token: str, password: str, browser: Browser) -> Entry:
    """Put a password of the person's own in the place of the first one, and go on. FormForeign, PasswordWeak."""
    async with platform.database.transaction() as tx:
        first = await at_step(tx, token, "password")
    if is_weak(password, first.operator.name) or await is_right(password, first.operator.password_hash):
        raise PasswordWeak(pointer="/password")
    phc = await hashed(password)
    async with platform.database.transaction() as tx:
        found = await at_step(tx, token, "password")
        found.operator.password_hash, found.operator.password_until = phc, None
        log.warning("operator_password_chosen", operator=found.operator.name)
        return await _go_on(tx, found, token, browser)


def _is_as_it_was(row: Operator, known: Operator) -> bool:
    """Whether what was proven still counts: meanwhile the person may have been disabled, or have another password."""
    return row.takes_password(now()) and row.password_hash == known.password_hash


def _step(operator: Operator, by_account: bool, factor_shown: bool) -> Step | None:
    if operator.factor_secret is not None and not factor_shown:
        return "code"
    if operator.password_until is not None and not by_account:
        return "password"
    if operator.role in TWO_FACTORS and not factor_shown:
        return "factor"
    return None


async def _enter(
    tx: AsyncSession, operator: Operator, browser: Browser, *, by_account: bool = False, factor_shown: bool = False
) -> Entry:
    step = _step(operator, by_account, factor_shown)
    if step is None:
        return await _begin(tx, operator, browser)
    token = new_token()
    row = OperatorSignIn(token_sha256=fingerprint(token), operator=operator.name, ends_at=now() + SIGN_IN_TIME)
    row.by_account, row.factor_shown = by_account, factor_shown
    tx.add(row)
    return Entry(token, step)


async def _go_on(tx: AsyncSession, found: Halfway, token: str, browser: Browser) -> Entry:
    """The next step of a sign-in, or its session."""
    step = _step(found.operator, found.row.by_account, found.row.factor_shown)
    if step is not None:
        return Entry(token, step)
    await tx.delete(found.row)
    return await _begin(tx, found.operator, browser)


async def _begin(tx: AsyncSession, operator: Operator, browser: Browser) -> Entry:
    """A new session, in the place of the one this browser had. `operator` is locked: two at once count one another."""
    if browser.token is not None:
        await sign_out(tx, browser.token)
    own = OperatorSession.operator == operator.name
    newest = select(OperatorSession.token_sha256).where(own).order_by(OperatorSession.began_at.desc())
    kept = newest.limit(MOST_SESSIONS - 1).scalar_subquery()
    await tx.execute(delete(OperatorSession).where(own, OperatorSession.token_sha256.not_in(kept)))
    token = new_token()
    row = OperatorSession(token_sha256=fingerprint(token), operator=operator.name, ends_at=now() + SESSION_TIME)
    row.address = browser.address
    tx.add(row)
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
