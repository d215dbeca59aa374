"""What a person who signed in changes about her own way in."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.commands import end_sessions
from gateway.operators.errors import CodeWrong, PasswordWeak, PasswordWrong
from gateway.operators.factors import FactorKey
from gateway.operators.guessing import Attempts
from gateway.operators.models import Operator, OperatorSession
from gateway.operators.passwords import hashed, is_right, is_weak
from gateway.operators.proving import Offer, is_proven, take_up
from gateway.operators.signing_in import Browser
from shared.errors import NotFound
from shared.logs import log
from shared.platform import Platform

T = TypeVar("T")


async def change_password(platform: Platform, name: str, token: str, old: str, new: str, browser: Browser) -> None:
    """Another password for who knows the present one; every session of the person ends but that of `token`.

    PasswordWrong, PasswordWeak; TooManySignIns while the next attempt must wait; NotFound for who has no password.
    """
    attempts = Attempts(name, browser.address)
    async with platform.database.transaction() as tx:
        await attempts.refuse_hurried(tx)
        operator = await tx.get(Operator, name)
    if operator is None or operator.password_hash is None:
        raise NotFound
    if not await is_right(old, operator.password_hash):
        async with platform.database.transaction() as tx:
            await attempts.note_failure(tx)
        log.warning("operator_password_refused", operator=name, address=browser.address)
        raise PasswordWrong(pointer="/old")
    if new == old or is_weak(new, name):
        raise PasswordWeak(pointer="/new")
    phc = await hashed(new)
    async with platform.database.transaction() as tx:
        row = await tx.get(Operator, name, with_for_update=True)
        if (
            row is None or row.password_hash != operator.password_hash
        ):  # changed meanwhile: what was proven is of before
            raise PasswordWrong(pointer="/old")
        row.password_hash, row.password_until = phc, None
        await attempts.forget_failures(tx)
        await end_sessions(tx, name, but=token)
    log.warning("operator_password_chosen", operator=name)


async def take_up_factor(
    platform: Platform, key: FactorKey, name: str, token: str, sealed: str, code: str, proof: str, browser: Browser
) -> list[str]:
    """Another second factor; its recovery codes. Every session of the person ends but that of `token`.

    CodeWrong, FormForeign, and what `_once_proven` refuses.
    """

    async def take(tx: AsyncSession, operator: Operator) -> list[str]:
        codes = await take_up(tx, key, operator, Offer.read(key, name, token, sealed), code)
        await end_sessions(tx, name, but=token)
        return codes

    return await _once_proven(platform, key, name, proof, browser, take)


async def end_session(
    platform: Platform, key: FactorKey, name: str, token_sha256: bytes, proof: str, browser: Browser
) -> None:
    """End one session of the person's. NotFound, and what `_once_proven` refuses."""

    async def end(tx: AsyncSession, operator: Operator) -> None:
        mine = OperatorSession.operator == name, OperatorSession.token_sha256 == token_sha256
        ended = await tx.execute(delete(OperatorSession).where(*mine).returning(OperatorSession.operator))
        if ended.first() is None:
            raise NotFound
        log.info("session_ended", operator=name)

    await _once_proven(platform, key, name, proof, browser, end)


async def _once_proven(
    platform: Platform,
    key: FactorKey,
    name: str,
    proof: str,
    browser: Browser,
    act: Callable[[AsyncSession, Operator], Awaitable[T]],
) -> T:
    """Do what a session alone is not enough for, once the person has shown again who she is: by a code where she has a second
    factor, else by her password. Who comes by an account alone has neither to show.

    PasswordWrong, CodeWrong; TooManySignIns while the next attempt must wait. What `act` refuses leaves the code unused.
    """
    async with platform.database.transaction() as tx:
        operator = await tx.get(Operator, name)
    if operator is None:
        raise NotFound
    by_code = operator.factor_secret is not None
    attempts = Attempts(name, browser.address, at_code=by_code)
    right = operator.password_hash is None
    if not by_code and not right:
        async with platform.database.transaction() as tx:
            await attempts.refuse_hurried(tx)
        right = await is_right(proof, operator.password_hash)
    async with platform.database.transaction() as tx:
        row = await tx.get(Operator, name, with_for_update=True)
        if row is None or (row.factor_secret, row.password_hash) != (operator.factor_secret, operator.password_hash):
            raise PasswordWrong(pointer="/proof")  # changed meanwhile: what was proven is of before
        if by_code:
            await attempts.refuse_hurried(tx)
            right = await is_proven(tx, key, row, proof)
        if right:
            await attempts.forget_failures(tx)
            return await act(tx, row)
        await attempts.note_failure(tx)
    log.warning("operator_proof_refused", operator=name, address=browser.address)
    raise CodeWrong(pointer="/proof") if by_code else PasswordWrong(pointer="/proof")
