"""The flags replayed on the account's own past, month by month, beside rules of thumb.

At the first of each month everything is learned and judged from what was known on that
day, by the very code that a night's run uses; then the following horizon says who left.
No deal after that day can alter that day's flags.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.flagging import can_leave
from kommo_sync.model.histories import History
from kommo_sync.model.judgement import Judged, Rules, judge_at
from kommo_sync.model.limits import Terms, learn_terms, terms_days
from kommo_sync.model.purchases import settle

EPOCH = date(1970, 1, 1)
FEWEST_CLIENTS = 20
"""Months with fewer clients at stake say nothing."""
MOST_MONTHS = 24


class Rule(StrEnum):
    """Who is compared."""

    OURS = "ours"
    OURS_BY_MONEY = "ours_by_money"
    """As many as ours flags, the most money at stake first."""
    SILENCE = "silence"
    AT_RISK = "at_risk"
    OWN_MEDIAN = "own_median"
    LOW_RFM = "low_rfm"


@dataclass(frozen=True, slots=True)
class Flags:
    """What a rule's flags of one month were worth.

    Args:
        flagged: clients flagged.
        fresh: those of them that the rule had not flagged the month before in the same
            silence: so much new work.
        right: those that then bought nothing for a horizon.
        warning_days: over the right ones, days until their silence is a horizon long.
        caught: hundredths of a horizon's revenue of the right ones.
    """

    flagged: int
    fresh: int
    right: int
    warning_days: int
    caught: int


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the replay.

    Args:
        as_of: the day that was judged.
        horizon: days, as the rule would have chosen them then.
        managers: who had clients at stake.
        at_stake: clients with two purchases or more, not yet silent for a horizon.
        left: those of them that then bought nothing for a horizon.
        lost: hundredths of a horizon's revenue of those that left.
        flags: one a rule.
    """

    as_of: date
    horizon: int
    managers: int
    at_stake: int
    left: int
    lost: int
    flags: dict[Rule, Flags]


@dataclass(frozen=True, slots=True)
class Backtest:
    """All months, and the days of silence that would have been best in hindsight."""

    months: tuple[Month, ...]
    best_silence_days: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """One month before the flags are counted; columns of the clients at stake.

    Args:
        as_of: the day that was judged.
        horizon: days.
        client: ascending keys; shape (n,), as of all that follow.
        silence: days.
        left: who then bought nothing for a horizon.
        worth: hundredths of a horizon's revenue.
        chosen: whom each rule flags.
    """

    as_of: int
    horizon: int
    client: IntArray
    silence: IntArray
    left: BoolArray
    worth: IntArray
    chosen: dict[Rule, BoolArray]


def replay(
    history: History,
    rules: Rules,
    today: int,
    *,
    manager: Callable[[IntArray], IntArray],
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Backtest:
    """Return what the flags of each past month were worth.

    Args:
        history: all deals of the account.
        rules: as configured.
        today: days since 1970-01-01; nothing after it is looked at.
        manager: who is responsible for clients, by their keys.
        tell: called with how many of how many months are done.
    """
    known = history.until(today)
    days = months_to_judge(known, today)
    terms = learn_terms(known, rules.purchases, terms_days(known))
    scenes = []
    for done, day in enumerate(days):
        tell(done, len(days))
        scene = _scene(known, rules, terms, (day, today))
        if scene is not None:
            scenes.append(scene)
    tell(len(days), len(days))
    return counted(scenes, manager)


def counted(
    scenes: Sequence[Scene], manager: Callable[[IntArray], IntArray]
) -> Backtest:
    """Return what the flags of successive months were worth.

    Args:
        scenes: the oldest first.
        manager: who is responsible for clients, by their keys.
    """
    if not scenes:
        return Backtest((), None)
    best = _best_silence(scenes)
    return Backtest(tuple(_months(scenes, best, manager)), best)


def months_to_judge(history: History, today: int) -> list[int]:
    """Return the firsts of past months, oldest first, from a quarter of history on."""
    if not len(history.day):
        return []
    first = int(history.day.min())
    earliest = EPOCH + timedelta(first + (today - first) // 4)
    found: list[int] = []
    month = (EPOCH + timedelta(today)).replace(day=1)
    while month > earliest and len(found) < MOST_MONTHS:
        found.append((month - EPOCH).days)
        month = (month - timedelta(1)).replace(day=1)
    return found[::-1]


def _scene(
    history: History, rules: Rules, terms: Sequence[Terms], days: tuple[int, int]
) -> Scene | None:
    """Judge a day by what was known then, and look a horizon ahead; None if too few."""
    day, today = days
    judged = judge_at(history, day, rules, terms)
    summary, horizon = judged.summary, judged.summary.horizon
    if day + horizon > today:
        return None
    silence = summary.days_since_last
    at_stake = can_leave(summary)
    if at_stake.sum() < FEWEST_CLIENTS:
        return None
    client = summary.client[at_stake]
    return Scene(
        as_of=day,
        horizon=horizon,
        client=client,
        silence=silence[at_stake],
        left=~np.isin(client, _buyers(history, rules, day, day + horizon)),
        worth=summary.run_rate[at_stake].astype(np.int64),
        chosen={
            Rule.OURS: judged.flagged[at_stake],
            Rule.OURS_BY_MONEY: _first(judged, at_stake, -judged.expected_loss),
            Rule.AT_RISK: _at_risk(judged)[at_stake],
            Rule.OWN_MEDIAN: _beyond_own_median(history, rules, judged)[at_stake],
            Rule.LOW_RFM: _first(
                judged, at_stake, judged.scores.r + judged.scores.f + judged.scores.m
            ),
        },
    )


def _buyers(history: History, rules: Rules, after: int, until: int) -> IntArray:
    """Return the keys of who bought after one day and until another."""
    later = settle(history.until(until), rules.purchases)
    bought = later.day > after
    row = np.repeat(np.arange(len(later)), later.count)
    return later.client[np.unique(row[bought])]


def _at_risk(judged: Judged) -> BoolArray:
    """The classic segment: R of 1 or 2, F of 3 and more."""
    return (judged.scores.r <= 2) & (judged.scores.f >= 3)


def _beyond_own_median(history: History, rules: Rules, judged: Judged) -> BoolArray:
    """Silent for more than twice the client's own median interval."""
    then = settle(history.until(judged.summary.as_of), rules.purchases)
    return judged.summary.days_since_last > 2 * median_gaps(then.day, then.start)


def median_gaps(day: IntArray, start: IntArray) -> FloatArray:
    """Return the median days between purchases of each row; inf where there is one.

    Args:
        day: shape (m,), ascending within a row.
        start: shape (n + 1,).
    """
    gaps = np.diff(day)
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    inside = row[1:] == row[:-1]
    gaps, of = gaps[inside], row[1:][inside]
    order = np.lexsort((gaps, of))
    gaps = gaps[order].astype(np.float64)
    counts = np.bincount(of, minlength=len(start) - 1)
    begins = np.concatenate(([0], np.cumsum(counts)))[:-1]
    found = np.full(len(counts), np.inf)
    some = counts > 0
    low = begins[some] + (counts[some] - 1) // 2
    high = begins[some] + counts[some] // 2
    found[some] = (gaps[low] + gaps[high]) / 2
    return found


def _first(judged: Judged, at_stake: BoolArray, by: IntArray) -> BoolArray:
    """Return as many as ours flags, the lowest first; of equals the longest silent."""
    silence = judged.summary.days_since_last[at_stake]
    order = np.lexsort((judged.summary.client[at_stake], -silence, by[at_stake]))
    chosen = np.zeros(len(order), np.bool_)
    chosen[order[: int(judged.flagged[at_stake].sum())]] = True
    return chosen


def _best_silence(scenes: Sequence[Scene]) -> int:
    """Return the days of silence whose flags have the best F1 over all months."""
    silence = np.concatenate([scene.silence for scene in scenes])
    left = np.concatenate([scene.left for scene in scenes])
    days = np.arange(int(silence.max()) + 1)
    flagged = len(silence) - np.searchsorted(np.sort(silence), days, "right")
    right = left.sum() - np.searchsorted(np.sort(silence[left]), days, "right")
    f1 = 2 * right / np.maximum(flagged + left.sum(), 1)
    return int(days[np.argmax(f1)])


def _months(
    scenes: Sequence[Scene], best: int, manager: Callable[[IntArray], IntArray]
) -> Iterator[Month]:
    before: dict[Rule, _Seen] = {}
    for scene in scenes:
        chosen = {**scene.chosen, Rule.SILENCE: scene.silence > best}
        flags = {
            rule: _flags(scene, by, before.get(rule)) for rule, by in chosen.items()
        }
        began = scene.as_of - scene.silence
        before = {rule: (scene.client[by], began[by]) for rule, by in chosen.items()}
        yield Month(
            as_of=EPOCH + timedelta(scene.as_of),
            horizon=scene.horizon,
            managers=len(np.unique(manager(scene.client))),
            at_stake=len(scene.client),
            left=int(scene.left.sum()),
            lost=int(scene.worth[scene.left].sum()),
            flags=flags,
        )


_Seen = tuple[IntArray, IntArray]
"""Clients flagged, ascending, and the days that their silences began on."""


def _is_known(scene: Scene, seen: _Seen | None) -> BoolArray:
    """Tell who was flagged before in this very silence."""
    if seen is None or not len(seen[0]):
        return np.zeros(len(scene.client), np.bool_)
    client, began = seen
    at = np.minimum(np.searchsorted(client, scene.client), len(client) - 1)
    found: BoolArray = client[at] == scene.client
    found &= began[at] == scene.as_of - scene.silence
    return found


def _flags(scene: Scene, chosen: BoolArray, before: _Seen | None) -> Flags:
    right = chosen & scene.left
    fresh = chosen & ~_is_known(scene, before)
    warning = scene.horizon - scene.silence[right]
    return Flags(
        flagged=int(chosen.sum()),
        fresh=int(fresh.sum()),
        right=int(right.sum()),
        warning_days=int(warning.sum()),
        caught=int(scene.worth[right].sum()),
    )
