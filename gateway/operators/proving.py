"""A person shows her second factor, or takes another one."""

import base64
import binascii
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators import factors
from gateway.operators.errors import CodeWrong, FormForeign
from gateway.operators.factors import FactorKey
from gateway.operators.models import Operator, RecoveryCode
from gateway.operators.tokens import fingerprint, readable
from shared.clock import now
from shared.logs import log


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that a person may put into her authenticator. `sealed` goes through her page: nothing is kept before she has
    shown a code of it."""

    secret: bytes
    sealed: str

    @classmethod
    def new(cls, key: FactorKey, name: str, token: str) -> "Offer":
        secret = factors.new_secret()
        return cls(secret, base64.urlsafe_b64encode(key.seal(secret, _offered(name, token))).decode())

    @classmethod
    def read(cls, key: FactorKey, name: str, token: str, sealed: str) -> "Offer":
        """FormForeign where it was not offered to this person at this browser."""
        try:
            secret = key.open(base64.urlsafe_b64decode(sealed.encode()), _offered(name, token))
        except (ValueError, binascii.Error):
            secret = None
        if secret is None:
            raise FormForeign
        return cls(secret, sealed)


async def is_proven(tx: AsyncSession, key: FactorKey, operator: Operator, said: str) -> bool:
    """Whether it is a code of the person's authenticator or one of her recovery codes; either is good once. Lock `operator`."""
    code = factors.typed(said)
    if not factors.is_code(code):
        return await _is_recovery_code(tx, operator.name, code)
    if operator.factor_secret is None or operator.factor_step is None:
        return False
    secret = key.open(operator.factor_secret, _kept(operator.name))
    if secret is None:
        log.error("factor_unreadable", operator=operator.name)
        return False
    step = factors.step_of(secret, code, now(), after=operator.factor_step)
    if step is None:
        return False
    operator.factor_step = step
    return True


async def take_up(tx: AsyncSession, key: FactorKey, operator: Operator, offer: Offer, said: str) -> list[str]:
    """Make the offered secret the person's second factor; its recovery codes, told this once. CodeWrong. Lock `operator`."""
    code = factors.typed(said)
    step = factors.step_of(offer.secret, code, now(), after=0) if factors.is_code(code) else None
    if step is None:
        raise CodeWrong(pointer="/code")
    operator.factor_secret = key.seal(offer.secret, _kept(operator.name))
    operator.factor_step, operator.factor_added_at = step, now()
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.operator == operator.name))
    codes = [readable(factors.RECOVERY_GROUPS) for _ in range(factors.RECOVERY_CODES)]
    for one in codes:
        tx.add(RecoveryCode(code_sha256=fingerprint(factors.typed(one)), operator=operator.name))
    log.warning("operator_factor_taken_up", operator=operator.name)
    return codes


async def recovery_codes_left(tx: AsyncSession, name: str) -> int:
    wanted = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.operator == name)
    return await tx.scalar(wanted) or 0


async def take_away(tx: AsyncSession, operator: Operator) -> None:
    """Leave a person without a second factor. Lock `operator`."""
    operator.factor_secret = operator.factor_step = operator.factor_added_at = None
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.operator == operator.name))


async def _is_recovery_code(tx: AsyncSession, name: str, code: str) -> bool:
    wanted = RecoveryCode.operator == name, RecoveryCode.code_sha256 == fingerprint(code)
    used = (await tx.execute(delete(RecoveryCode).where(*wanted).returning(RecoveryCode.operator))).first() is not None
    if used:
        log.warning("recovery_code_used", operator=name, left=await recovery_codes_left(tx, name))
    return used


def _kept(name: str) -> str:
    return f"of {name}"


def _offered(name: str, token: str) -> str:
    return f"offered to {name} at {fingerprint(token).hex()}"
