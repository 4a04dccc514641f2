"""An account's own past as lessons: who was silent how, and who then stayed away."""

from dataclasses import dataclass

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray, spread
from kommo_sync.model.btyd import MbgCnbd
from kommo_sync.model.histories import History
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)
from kommo_sync.model.risk_features import FEATURES, Usual, features

STEPS = 3
"""Past cut-offs in a horizon; a client's rows overlap and count 1 / `STEPS` each."""
MOST_CUTOFFS = 24
MOST_CLIENTS = 20_000
"""More are drawn from: enough for the weights of so few columns."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Clients at past cut-offs.

    Args:
        columns: shape (m, len(FEATURES)), what could be known then.
        left: shape (m,), no purchase in the horizon from the cut-off on.
        weight: shape (m,), how much a row counts.
    """

    columns: FloatArray
    left: BoolArray
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.left)


def past_cutoffs(first_day: int, as_of: int, horizon: int) -> list[int]:
    """Return the past first unknown days, the latest first.

    The horizon that follows each is over by `as_of`; the one before it was known.
    """
    step = max(1, round(horizon / STEPS))
    earliest = first_day + horizon
    return list(range(as_of + 1 - horizon, earliest - 1, -step))[:MOST_CUTOFFS]


def lessons_of(
    known: History,
    rules: PurchaseRules,
    summary: PurchaseSummary,
    models: tuple[MbgCnbd, MbgCnbd, Usual],
) -> Lessons:
    """Return what the account's past teaches about leaving.

    Args:
        known: all deals up to the day judged, of all clients or of some.
        rules: what counts as a purchase.
        summary: as of that day.
        models: the account's own, the plain one, and what is usual.
    """
    some = draw(known, MOST_CLIENTS)
    horizon, as_of = summary.horizon, summary.as_of
    seen = settle(some, rules)
    first_day = int(seen.day.min(initial=as_of))
    found = [_none()]
    for cutoff in past_cutoffs(first_day, as_of, horizon):
        then = summarize(settle(some.until(cutoff - 1), rules), cutoff - 1, horizon)
        rows = np.flatnonzero(then.days_since_last < horizon)
        then = then.take(rows)
        found.append(
            Lessons(
                features(then, *models),
                stayed_away(then.client, seen, cutoff, horizon),
                np.full(len(then), 1 / STEPS),
            )
        )
    return Lessons(
        np.concatenate([one.columns for one in found]),
        np.concatenate([one.left for one in found]),
        np.concatenate([one.weight for one in found]),
    )


def _none() -> Lessons:
    return Lessons(
        np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_), np.zeros(0, np.float64)
    )


def stayed_away(
    client: IntArray, purchases: Purchases, cutoff: int, horizon: int
) -> BoolArray:
    """Return which clients bought nothing in the horizon from a cut-off on."""
    inside = (purchases.day >= cutoff) & (purchases.day < cutoff + horizon)
    back = np.unique(purchases.client[spread(purchases.start)[inside]])
    return ~np.isin(client, back)


def draw(history: History, size: int) -> History:
    """Return the history of so many clients at most, drawn by their keys alone."""
    if len(history) <= size:
        return history
    mixed = history.client.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    return history.take(np.sort(np.argsort(mixed, kind="stable")[:size]))
