"""How clients buy: pure draws from MBG/CNBD-k (when) and Gamma-Gamma (how much).

Sources: Reutterer, Platzer & Schröder (2021), IJRM, MBG/CNBD-k; Fader & Hardie (2013),
The Gamma-Gamma model of monetary value.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """The population: times in days, amounts in whole units of the currency.

    Attributes:
        k: phases between two purchases (Erlang-k waits).
        r, alpha: shape and rate of Gamma, from which each client's phase rate comes.
        a, b: of Beta, from which each client's dropout probability comes.
        p: shape of one amount; q, v: shape and rate of Gamma for its rate `nu`.
    """

    k: int = 2
    r: float = 3.0
    alpha: float = 45.0
    a: float = 0.9
    b: float = 6.6
    p: float = 6.0
    q: float = 4.0
    v: float = 150.0

    @property
    def mean_wait_days(self) -> float:
        """Days between two purchases, averaged over clients."""
        return self.k * self.alpha / (self.r - 1)

    @property
    def mean_amount(self) -> float:
        """Amount of an order, averaged over clients."""
        return self.p * self.v / (self.q - 1)


@dataclass(frozen=True, slots=True)
class Buyer:
    """One client's own parameters: phases a day, dropout probability, amount rate."""

    rate: float
    dropout: float
    nu: float


def draw_buyer(model: Model, chance: random.Random) -> Buyer:
    """Return a client drawn from the population."""
    return Buyer(
        rate=chance.gammavariate(model.r, 1 / model.alpha),
        dropout=chance.betavariate(model.a, model.b),
        nu=chance.gammavariate(model.q, 1 / model.v),
    )


def draw_ages(
    buyer: Buyer, k: int, days: float, chance: random.Random
) -> tuple[list[float], bool]:
    """Return the client's ages at its purchases up to `days`, and whether it left.

    The first age is 0. The client may leave right after any purchase, the first too.
    """
    ages = [0.0]
    while chance.random() >= buyer.dropout:
        age = ages[-1] + chance.gammavariate(k, 1 / buyer.rate)
        if age > days:
            return ages, False
        ages.append(age)
    return ages, True


def draw_amount(model: Model, buyer: Buyer, chance: random.Random) -> int:
    """Return the amount of one order in hundredths, 1 at least."""
    return max(1, round(chance.gammavariate(model.p, 1 / buyer.nu) * 100))
