"""One command for each kind of proposal."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.changing import Changing
from services.registry.commands.correcting import correct
from services.registry.commands.living import register_birth, register_death, register_marriage, succeed
from services.registry.commands.merging import merge
from services.registry.commands.moving import bring_back, move, remove, split
from services.registry.commands.undoing import undo
from services.registry.rules.proposals import (
    AnyProposal,
    Birth,
    Correction,
    Death,
    Marriage,
    Merge,
    Move,
    Removal,
    Return,
    Split,
    Succession,
    Undo,
)

COMMANDS: dict[type, Any] = {
    Correction: correct,
    Birth: register_birth,
    Death: register_death,
    Succession: succeed,
    Marriage: register_marriage,
    Move: move,
    Split: split,
    Removal: remove,
    Return: bring_back,
    Merge: merge,
    Undo: undo,
}


async def apply(tx: AsyncSession, proposal: AnyProposal, acting: Acting) -> Changing:
    """Make the change that a proposal asks for; raises the refusals of its command."""
    made: Changing = await COMMANDS[type(proposal)](tx, proposal, acting)
    return made
