"""When clients moved from stage to stage: dated by purchases and limits.

Told from the purchases at once and not from night to night, so that a missed night
changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import BoolArray, IntArray
from kommo_sync.model.lifecycle import (
    SILENT,
    LifecycleRules,
    Spells,
    Stage,
    StageArray,
    spells_of,
    stage_codes,
)
from kommo_sync.model.limits import Terms
from kommo_sync.model.purchases import Purchases


@dataclass(frozen=True, slots=True)
class Days:
    """The days from the one after `after` until `until`, that one included."""

    after: int
    until: int

    def __post_init__(self) -> None:
        if self.until < self.after:
            raise ValueError(f"until is {self.until}: not before {self.after}")

    def hold(self, day: IntArray) -> BoolArray:
        """Return which days lie within."""
        return (day > self.after) & (day <= self.until)


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves from stage to stage, by client and day; shape (k,) each.

    Args:
        client: keys.
        day: on which the client entered the stage.
        before: code of the stage that it left; potential at the first purchase,
            whether or not the client was known by then.
        after: code of the stage that it entered.
    """

    client: IntArray
    day: IntArray
    before: StageArray
    after: StageArray

    def __len__(self) -> int:
        return len(self.client)


def transitions(
    purchases: Purchases,
    terms: Sequence[Terms],
    rules: LifecycleRules,
    advocates: BoolArray,
    days: Days,
) -> Transitions:
    """Return all moves within some days.

    Args:
        purchases: n clients, as known now: a deal cancelled since has never been.
        terms: of every quarter with a purchase.
        rules: what the admin sets.
        advocates: shape (n,), who recommends or reviews: as it is now, for all days.
        days: those asked for; none may lie after what is known.
    """
    spells = spells_of(purchases, terms, rules)
    flagged = advocates[spells.row]
    moves = [_bought(spells, flagged, days)]
    moves += [_went_silent(spells, flagged, days, to) for to in range(len(SILENT))]
    row, day, before, after = (
        np.concatenate(column) for column in zip(*moves, strict=True)
    )
    order = np.lexsort((day, row))
    client = purchases.client[row[order]]
    return Transitions(client, day[order], before[order], after[order])


_Moves = tuple[IntArray, IntArray, StageArray, StageArray]


def _bought(spells: Spells, flagged: BoolArray, days: Days) -> _Moves:
    """Return the moves on the days of purchases: those that changed the stage."""
    at = np.flatnonzero(days.hold(spells.day))
    before = np.full(len(at), Stage.POTENTIAL.code, np.int8)
    again = np.flatnonzero((at > 0) & (spells.row[at] == spells.row[at - 1]))
    last = at[again] - 1
    silence = spells.day[at[again]] - spells.day[last]
    # The limit of the very day of the purchase was not reached.
    level = np.count_nonzero(spells.limits[last] < silence[:, None], axis=1)
    before[again] = stage_codes(spells.active[last], level, flagged[last])
    none = np.zeros(len(at), np.int64)
    after = stage_codes(spells.active[at], none, flagged[at])
    moved = before != after
    return spells.row[at][moved], spells.day[at][moved], before[moved], after[moved]


def _went_silent(spells: Spells, flagged: BoolArray, days: Days, to: int) -> _Moves:
    """Return the moves across one limit."""
    day = spells.day + spells.limits[:, to]
    at = np.flatnonzero(days.hold(day) & (day < spells.ends))
    level = np.full(len(at), to)
    before = stage_codes(spells.active[at], level, flagged[at])
    after = stage_codes(spells.active[at], level + 1, flagged[at])
    return spells.row[at], day[at], before, after
