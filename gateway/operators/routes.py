"""The security officer's list of who may sign in."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from gateway.operators import commands
from gateway.operators.models import Operator
from gateway.operators.roles import NAME, Role
from gateway.partners.file import ONE_LINE
from gateway.partners.schemas import PartnerId
from shared.database import Tx
from shared.errors import InvalidRequest
from shared.identity import INTERNAL, Caller, permitted

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")]

router = APIRouter(prefix="/v1/operators", tags=["operators"])
Officer = Annotated[Caller, permitted("operators:write")]


class OperatorIn(BaseModel):
    """Somebody who may sign in, with an account (its `sub` at the institution's issuer) or with a first password, which the
    answer holds. `partner`: for a partner viewer, whose pages.

    `password`: one that is chosen already, taken from whoever holds the platform's own key alone.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    password: str | None = Field(default=None, max_length=400)
    account: str | None = Field(default=None, min_length=1, max_length=255, pattern=ONE_LINE)
    partner: PartnerId | None = None


class FirstPasswordOut(BaseModel):
    """Told this once, and kept as a hash alone. It opens for three days, and only to the page where another is chosen."""

    first_password: str | None


class OperatorOut(BaseModel):
    name: str
    role: str
    partner: str | None
    account: str | None
    factor_added_at: datetime | None
    """Since when the person has a second factor; null without one."""
    added_at: datetime
    added_by: str
    disabled_at: datetime | None

    @classmethod
    def of(cls, row: Operator) -> Self:
        return cls(**{name: getattr(row, name) for name in OperatorOut.model_fields})


class NewOperatorOut(OperatorOut, FirstPasswordOut):
    """Who was added. `first_password`: null for who has an account, or a password already."""

    first_password: str | None = None


@router.get("")
async def list_operators(tx: Tx, by: Officer) -> list[OperatorOut]:
    """Who may sign in, and who may no longer."""
    return [OperatorOut.of(row) for row in await tx.scalars(select(Operator).order_by(Operator.name).limit(1000))]


@router.post("", status_code=201)
async def add_operator(tx: Tx, body: OperatorIn, by: Officer) -> NewOperatorOut:
    """Let somebody sign in. The answer holds the first password, where there is one, and nothing else ever does."""
    if body.password is not None and not by.may(INTERNAL):
        raise InvalidRequest(pointer="/password", reason="the first password is made here, and told in the answer")
    operator, first = await commands.add_operator(tx, **body.model_dump(), by=by.name)
    return NewOperatorOut.of(operator).model_copy(update={"first_password": first})


@router.post("/{name}/disable")
async def disable_operator(tx: Tx, name: Name, by: Officer) -> OperatorOut:
    """End somebody's sessions and let none begin."""
    return OperatorOut.of(await commands.disable_operator(tx, name, by.name))


@router.post("/{name}/take-factor")
async def take_factor(tx: Tx, name: Name, by: Officer) -> OperatorOut:
    """Take the second factor away from somebody who has lost it; her sessions end. Nobody takes away her own."""
    return OperatorOut.of(await commands.take_factor(tx, name, by.name))


@router.post("/{name}/first-password", status_code=201)
async def give_first_password(tx: Tx, name: Name, by: Officer) -> FirstPasswordOut:
    """Give somebody who has forgotten her password a first one again; her sessions end."""
    return FirstPasswordOut(first_password=await commands.give_first_password(tx, name, by.name))
