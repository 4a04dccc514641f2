"""The way of clients through the stages: where they go from each, and how soon."""

from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.estimates import Survival, kaplan_meier
from kommo_sync.model.lifecycle import STAGES, Stages
from kommo_sync.model.transitions import Transitions

ABSENT = len(STAGES)
"""The row and column of clients that were not known, or are known no more."""


def stage_matrix(before: Stages, after: Stages) -> IntArray:
    """Return how many clients went from which stage to which between two dates.

    Returns:
        Shape (11, 11): rows the stage at the first date, columns at the second, by the
        codes of `Stage`; the last row and column are of clients absent then.
    """
    client = np.union1d(before.client, after.client)
    codes = np.full((2, len(client)), ABSENT)
    for column, known in zip(codes, (before, after), strict=True):
        column[np.searchsorted(client, known.client)] = known.code
    width = ABSENT + 1
    found = np.bincount(codes[0] * width + codes[1], minlength=width * width)
    return found.reshape(width, width)


@dataclass(frozen=True, slots=True)
class Journey:
    """What became of those that entered each stage within some days; 10 stages.

    Args:
        entered: shape (10,), times that a client entered the stage.
        went: shape (10, 10), of these, how many went on, and where to.
        still: shape (10,), of these, how many are there yet.
        stay: how long they stay, those that are there yet counted as staying.
    """

    entered: IntArray
    went: IntArray
    still: IntArray
    stay: tuple[Survival, ...]

    @property
    def shares(self) -> FloatArray:
        """Where those that entered went, as shares; what lacks to 1 is there yet."""
        shares: FloatArray = self.went / np.maximum(self.entered, 1)[:, None]
        return shares

    @property
    def median_days(self) -> tuple[int | None, ...]:
        """Return the median time in each stage; None where it is not yet known."""
        return tuple(stay.quantile(0.5) for stay in self.stay)


def journey(moves: Transitions, until: int) -> Journey:
    """Return the journey of the moves of some days, followed up to the last of them.

    Args:
        moves: by client and day, as from `transitions`.
        until: the last day that they were asked for.

    Raises:
        ValueError: a move lies after it.
    """
    late = int(moves.day.max(initial=until)) - until
    if late:
        raise ValueError(f"a move lies {late} days after the last day asked for")
    left = np.zeros(len(moves), np.bool_)
    left[:-1] = moves.client[1:] == moves.client[:-1]
    at = np.flatnonzero(left)
    stayed = until - moves.day
    stayed[at] = moves.day[at + 1] - moves.day[at]
    size = len(STAGES)
    entered = np.bincount(moves.after, minlength=size)
    went = np.zeros((size, size), np.int64)
    np.add.at(went, (moves.after[at], moves.after[at + 1]), 1)
    stay = [
        kaplan_meier(stayed[here], left[here])
        for here in (moves.after == code for code in range(size))
    ]
    return Journey(entered, went, entered - went.sum(axis=1), tuple(stay))
