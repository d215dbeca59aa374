"""Money on the wire: in MRU with its two decimals, also where nothing was added up."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

CENTS = Decimal("0.01")
DECIMALS = -2


def _with_cents(amount: Decimal) -> Decimal:
    """Never rounded: what has more decimals keeps them."""
    exponent = amount.as_tuple().exponent
    return amount.quantize(CENTS) if isinstance(exponent, int) and exponent > DECIMALS else amount


Mru = Annotated[Decimal, AfterValidator(_with_cents)]
"""An amount of an answer."""
