"""The security officer's list of the people who may sign in."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.errors import OperatorKnown, PasswordWeak
from gateway.operators.models import Operator, OperatorSession, OperatorSignIn
from gateway.operators.passwords import hashed, is_weak
from gateway.operators.proving import take_away
from gateway.operators.roles import PERSON
from gateway.operators.tokens import fingerprint, readable
from gateway.partners.models import PartnerRow
from shared.clock import now
from shared.errors import InvalidRequest, NotFound
from shared.logs import log

FIRST_PASSWORD_TIME = timedelta(days=3)
"""A first password opens so long, and only to the page where another is chosen."""
FIRST_PASSWORD_GROUPS = 5
"""A hundred random bits, which can be read out on a telephone."""


async def add_operator(
    tx: AsyncSession, name: str, role: str, *, password: str | None, account: str | None, partner: str | None, by: str
) -> tuple[Operator, str | None]:
    """A person who may sign in: with an account at the institution's issuer, a password that is chosen already, or else a
    first password, which is returned and kept nowhere.

    PasswordWeak, OperatorKnown (by name or account); InvalidRequest for a viewer of no partner.
    """
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
    operator = Operator(name=name, role=role, partner=partner, account=account, added_by=by)
    first = None
    if password is not None:
        operator.password_hash = await hashed(password)
    elif account is None:
        first = await _give_first_password(operator)
    tx.add(operator)
    await tx.flush()
    await tx.refresh(operator)
    log.warning("operator_added", operator=name, role=role, by=by)
    return operator, first


async def disable_operator(tx: AsyncSession, name: str, by: str) -> Operator:
    """End all sessions of a person and let none begin. Again changes nothing."""
    operator = await _operator(tx, name)
    if operator.disabled_at is None:
        operator.disabled_at, operator.disabled_by = now(), by
        await end_sessions(tx, name)
        log.warning("operator_disabled", operator=name, by=by)
    return operator


async def give_first_password(tx: AsyncSession, name: str, by: str) -> str:
    """A first password in the place of the one there is, for who has forgotten it; all sessions of the person end."""
    operator = await _operator(tx, name)
    first = await _give_first_password(operator)
    await end_sessions(tx, name)
    log.warning("operator_first_password", operator=name, by=by)
    return first


async def take_factor(tx: AsyncSession, name: str, by: str) -> Operator:
    """Leave a person without a second factor, who has lost it; her sessions end. InvalidRequest for one's own: another officer
    must know that it is lost."""
    if by == PERSON + name:
        raise InvalidRequest(pointer="/name", reason="one's own factor is taken away by somebody else")
    operator = await _operator(tx, name)
    if operator.factor_secret is not None:
        await take_away(tx, operator)
        await end_sessions(tx, name)
        log.warning("operator_factor_taken", operator=name, by=by)
    return operator


async def end_sessions(tx: AsyncSession, name: str, *, but: str | None = None) -> None:
    """End every session of a person, and what she has begun of signing in; not the one that has the token `but`."""
    await tx.execute(delete(OperatorSignIn).where(OperatorSignIn.operator == name))
    others = OperatorSession.operator == name, OperatorSession.token_sha256 != fingerprint(but or "")
    await tx.execute(delete(OperatorSession).where(*others))


async def _give_first_password(operator: Operator) -> str:
    first = readable(FIRST_PASSWORD_GROUPS)
    operator.password_hash, operator.password_until = await hashed(first), now() + FIRST_PASSWORD_TIME
    return first


async def _operator(tx: AsyncSession, name: str) -> Operator:
    operator = await tx.get(Operator, name, with_for_update=True)
    if operator is None:
        raise NotFound
    return operator
