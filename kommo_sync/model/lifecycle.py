"""In which stage a client is: one at a time, by its purchases alone.

Days that pass without a purchase move a client towards lost and never back, since its
limits stand from its last purchase on (`limits.py`). A purchase makes it active.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kommo_sync.model.arrays import BoolArray, IntArray, spread
from kommo_sync.model.limits import (
    ALIVE,
    DORMANT,
    DUE,
    HORIZONS,
    QUANTILES,
    Terms,
    limits_at,
)
from kommo_sync.model.purchases import Purchases, PurchaseSummary

StageArray = NDArray[np.int8]

NEVER = 2**40
"""The day on which what will not happen happens."""


class Stage(StrEnum):
    """Where a client stands; its position here is its code in columns."""

    POTENTIAL = "potential"
    NEW = "new"
    REPEAT = "repeat"
    LOYAL = "loyal"
    ADVOCATE = "advocate"
    WON_BACK = "won_back"
    DUE = "due"
    SLIPPING = "slipping"
    DORMANT = "dormant"
    LOST = "lost"

    @property
    def code(self) -> int:
        """The position of the stage among all."""
        return STAGES.index(self)


STAGES = tuple(Stage)
SILENT = (Stage.DUE, Stage.SLIPPING, Stage.DORMANT, Stage.LOST)
"""The stages that the limits lead into, in their order."""


@dataclass(frozen=True, slots=True)
class LifecycleRules:
    """What the admin sets.

    Args:
        loyal_purchases: from how many purchases on a client is loyal.
    """

    loyal_purchases: int = 4

    def __post_init__(self) -> None:
        if self.loyal_purchases < 2:
            raise ValueError(f"loyal_purchases is {self.loyal_purchases}: at least 2")


@dataclass(frozen=True, slots=True)
class Spells:
    """The time from each purchase to the next one of the client; shape (m,) each.

    Args:
        row: the client's position.
        day: of the purchase, on which the spell begins.
        ends: of the next purchase; `NEVER` if there is none.
        limits: shape (m, 4), days after `day` at which it goes silent by degrees.
        active: code of the stage until the first limit, advocates as loyal ones.
    """

    row: IntArray
    day: IntArray
    ends: IntArray
    limits: IntArray
    active: StageArray


def spells_of(
    purchases: Purchases, terms: Sequence[Terms], rules: LifecycleRules
) -> Spells:
    """Return a spell for each purchase.

    Raises:
        ValueError: the terms of a quarter with a purchase are missing.
    """
    row, day = spread(purchases.start), purchases.day
    first = purchases.start[:-1][row]
    repeats = np.arange(len(day)) - first
    limits = limits_at(day, repeats, day - day[first], terms)
    ends = np.full(len(day), NEVER)
    again = np.flatnonzero(repeats > 0)
    ends[again - 1] = day[again]
    active = np.full(len(day), Stage.NEW.code, np.int8)
    active[again] = Stage.REPEAT.code
    active[repeats + 1 >= rules.loyal_purchases] = Stage.LOYAL.code
    back = again[day[again] - day[again - 1] > limits[again - 1, DORMANT]]
    active[back] = Stage.WON_BACK.code
    return Spells(row, day, ends, limits, active)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last purchase settled for the time until the next; one row a client.

    Worth keeping: it changes only with a purchase, a refund or the rules.

    Args:
        client: shape (n,), ascending keys.
        last_day: of the purchase that settled it.
        limits: shape (n, 4), days of silence: due, slipping, dormant, lost.
        came_back: whether that purchase ended a silence in which the client was
            dormant or lost.
        active_since: since when it has been in the stage of that day.
    """

    client: IntArray
    last_day: IntArray
    limits: IntArray
    came_back: BoolArray
    active_since: IntArray

    def __len__(self) -> int:
        return len(self.client)


def standing_of(
    purchases: Purchases, terms: Sequence[Terms], rules: LifecycleRules
) -> Standing:
    """Return the standing of each client; each depends on its own purchases alone.

    Raises:
        ValueError: the terms of a quarter with a purchase are missing.
    """
    spells = spells_of(purchases, terms, rules)
    last = purchases.start[1:] - 1
    begins = np.ones(len(spells.day), np.bool_)  # of a run in one active stage
    silent = spells.day + spells.limits[:, DUE] < spells.ends  # so is each last one
    begins[1:] = silent[:-1] | (np.diff(spells.active) != 0)
    start = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    return Standing(
        purchases.client,
        spells.day[last],
        spells.limits[last],
        spells.active[last] == Stage.WON_BACK.code,
        spells.day[start[last]],
    )


@dataclass(frozen=True, slots=True)
class Stages:
    """Each client's stage on a day; shape (n,) each.

    Args:
        as_of: the day.
        client: ascending keys.
        code: the stage, by its position in `Stage`.
        since_day: the day on which the client entered the stage.
        limits: shape (n, 4), days of silence: due, slipping, dormant, lost; 0 for
            potential clients.
        next_change_day: when the stage changes if nothing is bought; `NEVER`.
        open_deal: of potential clients, who has one.
    """

    as_of: int
    client: IntArray
    code: StageArray
    since_day: IntArray
    limits: IntArray
    next_change_day: IntArray
    open_deal: BoolArray

    def __len__(self) -> int:
        return len(self.client)

    def stage(self, row: int) -> Stage:
        """Return the stage of a row."""
        return STAGES[int(self.code[row])]

    def counts(self) -> IntArray:
        """Return how many clients are in each stage: shape (10,)."""
        return np.bincount(self.code, minlength=len(STAGES))


def stages(
    summary: PurchaseSummary,
    standing: Standing,
    rules: LifecycleRules,
    advocates: BoolArray,
) -> Stages:
    """Return the stage of every client that bought.

    Args:
        summary: n clients, of the day asked for.
        standing: of the same clients, with the same purchases.
        rules: those that `standing` was made with.
        advocates: shape (n,), who recommends or reviews: advocates once loyal.

    Raises:
        ValueError: `standing` is of other clients or older purchases.
    """
    if not np.array_equal(standing.client, summary.client):
        raise ValueError("standing: not of the clients of the summary; make it anew")
    if not np.array_equal(standing.last_day, summary.last_day):
        raise ValueError("standing: not of the last purchases; make it anew")
    days = summary.last_day[:, None] + standing.limits
    level = np.count_nonzero(days <= summary.as_of, axis=1)
    reached = np.concatenate((standing.active_since[:, None], days), axis=1)
    coming = np.concatenate((days, np.full((len(days), 1), NEVER)), axis=1)
    active = np.full(len(summary), Stage.NEW.code)
    active[summary.count >= 2] = Stage.REPEAT.code
    active[summary.count >= rules.loyal_purchases] = Stage.LOYAL.code
    active[standing.came_back] = Stage.WON_BACK.code
    rows = np.arange(len(summary))
    return Stages(
        summary.as_of,
        summary.client,
        stage_codes(active.astype(np.int8), level, advocates),
        reached[rows, level],
        standing.limits,
        coming[rows, level],
        np.zeros(len(summary), np.bool_),
    )


def stage_codes(
    active: StageArray, level: IntArray, advocates: BoolArray
) -> StageArray:
    """Return the stages of clients.

    Args:
        active: the stage until the first limit, advocates as loyal ones.
        level: limits reached, 0 to 4.
        advocates: who recommends or reviews.
    """
    loyal = active == Stage.LOYAL.code
    active = np.where(loyal & advocates, Stage.ADVOCATE.code, active)
    silent = np.array([0, *(stage.code for stage in SILENT)])
    return np.where(level == 0, active, silent[level]).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Potential:
    """Contacts that never bought; shape (k,) each.

    Args:
        client: ascending keys.
        since_day: when the contact was made.
        open_deal: who has a deal that is neither won nor lost.
    """

    client: IntArray
    since_day: IntArray
    open_deal: BoolArray


def with_potential(found: Stages, potential: Potential) -> Stages:
    """Return the stages with those of clients that never bought by the day.

    Who bought keeps its stage; who became a contact after the day is left out.
    """
    fresh = ~np.isin(potential.client, found.client)
    fresh &= potential.since_day <= found.as_of
    count = int(fresh.sum())
    client = np.concatenate((found.client, potential.client[fresh]))
    order = np.argsort(client, kind="stable")
    none = np.zeros((count, len(SILENT)), np.int64)
    return Stages(
        found.as_of,
        client[order],
        np.append(found.code, np.zeros(count, np.int8))[order],
        np.append(found.since_day, potential.since_day[fresh])[order],
        np.concatenate((found.limits, none))[order],
        np.append(found.next_change_day, np.full(count, NEVER))[order],
        np.append(found.open_deal, potential.open_deal[fresh])[order],
    )


@dataclass(frozen=True, slots=True)
class Definition:
    """What a stage means: the key of a sentence, and the numbers in it."""

    key: str
    params: dict[str, float]


def definition(stage: Stage, rules: LifecycleRules) -> Definition:
    """Return what a stage means under the rules; `usual_limits` tells it in days."""
    params: dict[str, float] = {}
    if stage in SILENT:
        level = SILENT.index(stage)
        params = {"intervals": QUANTILES[level], "horizons": HORIZONS[level]}
        if ALIVE[level] < 1:
            params["alive"] = ALIVE[level]
    elif stage in (Stage.LOYAL, Stage.ADVOCATE):
        params = {"purchases": rules.loyal_purchases}
    elif stage is Stage.REPEAT:
        params = {"purchases": 2, "below": rules.loyal_purchases}
    return Definition(f"stage.{stage}", params)


def usual_limits(limits: IntArray) -> tuple[int, ...]:
    """Return the median of each limit in days; zeros when there is no client."""
    if not len(limits):
        return (0,) * len(SILENT)
    return tuple(np.median(limits, axis=0).astype(np.int64).tolist())
