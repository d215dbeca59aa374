"""What a person who signed in changes about her own way in."""

from gateway.operators.commands import end_sessions
from gateway.operators.errors import CodeWrong, PasswordWeak, PasswordWrong
from gateway.operators.factors import FactorKey
from gateway.operators.guessing import Attempts
from gateway.operators.models import Operator
from gateway.operators.passwords import hashed, is_right, is_weak
from gateway.operators.proving import Offer, is_proven, take_up
from gateway.operators.signing_in import Browser
from shared.errors import NotFound
from shared.logs import log
from shared.platform import Platform


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
    """Another second factor, for who shows the one she has, or her password where she has none yet; its recovery codes. Every
    session of the person ends but that of `token`.

    PasswordWrong, CodeWrong, FormForeign; TooManySignIns while the next attempt must wait.
    """
    async with platform.database.transaction() as tx:
        operator = await tx.get(Operator, name)
    if operator is None:
        raise NotFound
    by_code = operator.factor_secret is not None
    attempts = Attempts(name, browser.address, at_code=by_code)
    right = by_code
    if not by_code and operator.password_hash is not None:
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
        if right or row.password_hash is None:
            codes = await take_up(tx, key, row, Offer.read(key, name, token, sealed), code)
            await attempts.forget_failures(tx)
            await end_sessions(tx, name, but=token)
            return codes
        await attempts.note_failure(tx)
    log.warning("operator_proof_refused", operator=name, address=browser.address)
    raise CodeWrong(pointer="/proof") if by_code else PasswordWrong(pointer="/proof")
