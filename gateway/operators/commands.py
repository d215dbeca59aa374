"""Operators, and their signing in and out."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.errors import OperatorKnown, PasswordWeak, SignInRefused, TooManySignIns
from gateway.operators.models import Operator, OperatorSession, SignInFailures
from gateway.operators.passwords import hashed, is_right, is_weak
from gateway.operators.roles import NAME
from gateway.partners.models import PartnerRow
from shared.clock import now
from shared.errors import InvalidRequest, NotFound
from shared.logs import log
from shared.platform import Platform

SESSION_TIME = timedelta(hours=12)
"""A shift. Then whoever sits there signs in again."""
FREE_FAILURES = {"here": 5, "anywhere": 50}
"""Failures in a row before each next attempt waits twice as long: from one address, and from all of them."""
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_KEPT = timedelta(days=1)


async def add_operator(
    tx: AsyncSession, name: str, role: str, *, password: str | None, account: str | None, partner: str | None, by: str
) -> Operator:
    """A person who may sign in, with a password, an account at the institution's issuer, or either.

    PasswordWeak, OperatorKnown (by name or account); InvalidRequest for a viewer of no partner, or no way to sign in.
    """
    if password is None and account is None:
        raise InvalidRequest(pointer="/password", reason="a password or an account is needed")
    if password is not None and is_weak(password, name):
        raise PasswordWeak(pointer="/password")
    if (role == "partner_viewer") != (partner is not None):
        raise InvalidRequest(pointer="/partner", reason="for partner_viewer, and only there")
    if partner is not None and await tx.get(PartnerRow, partner) is None:
        raise InvalidRequest(pointer="/partner", reason="no such partner")
    if await tx.get(Operator, name) is not None:
        raise OperatorKnown(pointer="/name", name=name)
    if account is not None and await tx.scalar(select(Operator.name).where(Operator.account == account)) is not None:
        raise OperatorKnown(pointer="/account", name=account)
    phc = await hashed(password) if password is not None else None
    operator = Operator(name=name, role=role, partner=partner, password_hash=phc, account=account, added_by=by)
    tx.add(operator)
    await tx.flush()
    await tx.refresh(operator)
    log.warning("operator_added", operator=name, role=role, by=by)
    return operator


async def disable_operator(tx: AsyncSession, name: str, by: str) -> Operator:
    """End all sessions of a person and let none begin. Again changes nothing."""
    operator = await tx.get(Operator, name, with_for_update=True)
    if operator is None:
        raise NotFound
    if operator.disabled_at is None:
        operator.disabled_at, operator.disabled_by = now(), by
        await tx.execute(delete(OperatorSession).where(OperatorSession.operator == name))
        log.warning("operator_disabled", operator=name, by=by)
    return operator


async def set_password(tx: AsyncSession, name: str, password: str, by: str) -> None:
    """Another password; all sessions of the person end."""
    operator = await tx.get(Operator, name, with_for_update=True)
    if operator is None:
        raise NotFound
    if is_weak(password, name):
        raise PasswordWeak(pointer="/password")
    operator.password_hash = await hashed(password)
    await tx.execute(delete(OperatorSession).where(OperatorSession.operator == name))
    log.warning("operator_password_set", operator=name, by=by)


async def sign_in(platform: Platform, name: str, password: str, address: str) -> str:
    """A session's token, for its cookie. SignInRefused; TooManySignIns while the next attempt must wait.

    In transactions of its own, since a failure must be remembered, and a slow hash should hold no connection.
    """
    database, places = platform.database, _places(name, address)
    async with database.transaction() as tx:
        wait = await _wait(tx, places)
        operator = await tx.get(Operator, name) if NAME.fullmatch(name) else None
    if wait > timedelta():
        seconds = max(1, round(wait.total_seconds()))
        refusal = TooManySignIns(seconds=seconds)
        refusal.headers = {"Retry-After": str(seconds)}
        raise refusal
    known = operator if operator is not None and operator.disabled_at is None else None
    right = await is_right(password, known.password_hash if known else None)
    async with database.transaction() as tx:
        if right:
            await tx.execute(delete(SignInFailures).where(SignInFailures.who_sha256 == places["here"]))
            log.info("signed_in", operator=name, address=address)
            return _begin(tx, name)
        for place in places.values():
            row = {"who_sha256": place, "failures": 1, "last_at": now()}
            again = {"failures": SignInFailures.failures + 1, "last_at": now()}
            statement = upsert(SignInFailures).values(row)
            await tx.execute(statement.on_conflict_do_update(index_elements=["who_sha256"], set_=again))
    log.warning("sign_in_refused", address=address)
    raise SignInRefused


async def sign_in_by_account(tx: AsyncSession, account: str) -> str:
    """A session's token for whom the institution's issuer has proven; SignInRefused where nobody here has that account."""
    known = select(Operator.name).where(Operator.account == account, Operator.disabled_at.is_(None))
    if "\0" in account or (name := await tx.scalar(known)) is None:
        log.warning("account_unknown")
        raise SignInRefused
    log.info("signed_in", operator=name, by="account")
    return _begin(tx, name)


def _begin(tx: AsyncSession, name: str) -> str:
    token = secrets.token_urlsafe(32)
    tx.add(OperatorSession(token_sha256=fingerprint(token), operator=name, ends_at=now() + SESSION_TIME))
    return token


async def sign_out(tx: AsyncSession, token: str) -> None:
    """End the session of this cookie."""
    await tx.execute(delete(OperatorSession).where(OperatorSession.token_sha256 == fingerprint(token)))


async def forget_ended(tx: AsyncSession, moment: datetime) -> None:
    """Remove sessions that have ended, and failures of long ago."""
    await tx.execute(delete(OperatorSession).where(OperatorSession.ends_at < moment))
    await tx.execute(delete(SignInFailures).where(SignInFailures.last_at < moment - FAILURES_KEPT))


def fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _places(name: str, address: str) -> dict[str, bytes]:
    return {"here": fingerprint(f"{name}\n{address}"), "anywhere": fingerprint(name)}


async def _wait(tx: AsyncSession, places: dict[str, bytes]) -> timedelta:
    wanted = select(SignInFailures).where(SignInFailures.who_sha256.in_(places.values()))
    rows = {row.who_sha256: row for row in await tx.scalars(wanted)}
    waits = [timedelta()]
    for place, who in places.items():
        if (row := rows.get(who)) is not None and (over := row.failures - FREE_FAILURES[place]) >= 0:
            waits.append(row.last_at + min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT) - now())
    return max(waits)
