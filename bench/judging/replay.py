"""A log replayed: at each cut-off what was known, and who left afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.judging.logs import Log
from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.histories import History
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)

RULES = PurchaseRules()


@dataclass(frozen=True, slots=True)
class Moment:
    """An account on the eve of a cut-off, all clients; shape (n,) each.

    Args:
        cutoff: first day that is not known.
        known: all deals before the cut-off.
        purchases: theirs.
        summary: as of the day before.
        eligible: two purchases at least, and silent for no longer than the horizon.
        left: bought nothing in the horizon from the cut-off on.
    """

    cutoff: int
    known: History
    purchases: Purchases
    summary: PurchaseSummary
    eligible: BoolArray
    left: BoolArray

    @property
    def silence(self) -> IntArray:
        """Days without a purchase, from the last one to the cut-off: shape (n,)."""
        return self.cutoff - self.summary.last_day

    @property
    def value(self) -> FloatArray:
        """Run-rate revenue over the horizon, in hundredths: shape (n,)."""
        return np.maximum(self.summary.recent_total, 0) / 2


def cutoffs(log: Log, horizon: int) -> list[int]:
    """Return the days to judge: every horizon from the middle, while it is complete."""
    return list(range(log.middle, log.last_day - horizon + 2, horizon))


def until_middle(log: Log) -> History:
    """Return what is known on the eve of the first cut-off."""
    return log.history.until(log.middle - 1)


def moment(history: History, cutoff: int, horizon: int) -> Moment:
    """Return what was known of an account before a cut-off, and who then left."""
    known = history.until(cutoff - 1)
    purchases = settle(known, RULES)
    summary = summarize(purchases, cutoff - 1, horizon)
    later = settle(history.until(cutoff + horizon - 1), RULES)
    back = later.client[later.day[later.start[1:] - 1] >= cutoff]
    eligible = (summary.count >= 2) & (cutoff - summary.last_day <= horizon)
    left = ~np.isin(summary.client, back)
    return Moment(cutoff, known, purchases, summary, eligible, left)


def accounts(log: Log, size: int | None, seeds: int) -> Iterator[History]:
    """Return the whole log, or one random account of so many buyers for each seed.

    Args:
        log: with at least `size` clients that ever bought.
        size: clients of an account; None for all of them at once.
        seeds: how many accounts; chance is numpy's generator of the seeds 0, 1, ...
    """
    if size is None:
        yield log.history
        return
    buyers = np.flatnonzero(
        np.isin(log.history.client, settle(log.history, RULES).client)
    )
    for seed in range(seeds):
        chosen = np.random.default_rng(seed).choice(buyers, size, replace=False)
        yield log.history.take(np.sort(chosen))
