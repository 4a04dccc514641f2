"""Who is flagged: about to leave, and worth a talk now.

The cut is learned from all clients as one number to compare with, so that one client
and a million are flagged by the same line; equals are flagged together.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.lifecycle import Stage, Stages
from kommo_sync.model.purchases import PurchaseSummary
from kommo_sync.model.risk import cut_by_expected_f1

FEWEST_TO_FLAG = 2
"""Purchases: who bought once is a matter of the second purchase, not of leaving."""
NEVER_FLAGGED = (Stage.DORMANT, Stage.LOST)
NEVER_WORTH = 2.0**62
"""Hundredths: more than anybody has at stake."""


class FlagBy(StrEnum):
    """How many are flagged."""

    AUTO = "auto"
    """Those of whom most are likely to leave: the cut of the best expected F1."""
    PROFIT = "profit"
    """Those with whom a talk is worth more than it costs."""
    CAPACITY = "capacity"
    """As many as can be talked to, the most money at stake first."""


@dataclass(frozen=True, slots=True)
class Flagging:
    """Which clients are flagged as about to leave.

    Args:
        by: how the cut is made.
        save_rate: share of leaving clients whom a talk keeps; for `PROFIT`.
        contact_cost: hundredths that a talk costs; for `PROFIT`.
        capacity: clients that can be talked to; for `CAPACITY`.
    """

    by: FlagBy = FlagBy.AUTO
    save_rate: float = 0.1
    contact_cost: int = 0
    capacity: int = 50


def can_leave(summary: PurchaseSummary) -> BoolArray:
    """Return who bought twice and has not been silent for a horizon: shape (n,)."""
    silent = summary.days_since_last >= summary.horizon
    return ~silent & (summary.count >= FEWEST_TO_FLAG)


def is_gone(where: Stages) -> BoolArray:
    """Return who is dormant or lost, and so never flagged: shape (n,)."""
    return np.isin(where.code, [stage.code for stage in NEVER_FLAGGED])


def flag_above(
    chance: FloatArray, loss: IntArray, flagging: Flagging, scale: float
) -> float:
    """Return the least P0 (`AUTO`), or hundredths at stake, of who is flagged.

    Args:
        chance: shape (n,), P0 of those who may be flagged.
        loss: shape (n,), hundredths at stake with them.
        flagging: as configured.
        scale: how many clients each of them stands for.
    """
    if flagging.by is FlagBy.PROFIT:
        return _worth_a_talk(flagging)
    if not len(chance):
        return 1.0
    if flagging.by is FlagBy.AUTO:
        return float(chance[cut_by_expected_f1(chance)].min(initial=1.0))
    most = max(1, round(flagging.capacity / scale))
    return max(1.0, float(np.sort(loss)[::-1][:most][-1]))


def _worth_a_talk(flagging: Flagging) -> float:
    """Return the least hundredths at stake of which a talk saves more than it costs."""
    if not flagging.save_rate:
        return NEVER_WORTH
    return math.floor(flagging.contact_cost / flagging.save_rate) + 1.0
