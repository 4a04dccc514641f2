"""Why a client is judged so: every number behind it, and what would change it.

A fact is the key of a sentence and the values in it; a manager can check each value on
the client's card. The words are somebody else's.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kommo_sync.model.arrays import spread
from kommo_sync.model.btyd_fit import FitSource
from kommo_sync.model.flagging import (
    FEWEST_TO_FLAG,
    NEVER_FLAGGED,
    FlagBy,
    can_leave,
)
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.judgement import (
    Judged,
    Rules,
    Scoring,
    judge,
    worth,
)
from kommo_sync.model.lifecycle import NEVER, SILENT, Stage
from kommo_sync.model.limits import quarter_start
from kommo_sync.model.purchases import Purchases, settle
from kommo_sync.model.rfm import BEST, SEGMENTS


@dataclass(frozen=True, slots=True)
class Days:
    """A span, in days."""

    value: int


@dataclass(frozen=True, slots=True)
class Day:
    """A date, in days since 1970-01-01."""

    value: int


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, in hundredths."""

    value: int


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability or a share, 0 to 1."""

    value: float


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    value: int


@dataclass(frozen=True, slots=True)
class Word:
    """The key of a word: a stage or a segment."""

    key: str


NOT_OURS = {
    FitSource.BLEND: "explain.source_blend",
    FitSource.PRIOR: "explain.source_prior",
}
"""Facts about an account that is not spoken for by its own clients alone."""

Value = Days | Day | Money | Chance | Number | Word


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence to be: its key, and the values in it."""

    key: str
    params: dict[str, Value]


def explain(
    history: History, as_of: int, scoring: Scoring, rules: Rules, *, advocate: bool
) -> tuple[Fact, ...]:
    """Return all facts of one client, in the order in which they are told.

    Args:
        history: of that client alone; deals after `as_of` are not looked at.
        as_of: the day that is judged.
        scoring: what was learned.
        rules: those that it was learned by.
        advocate: whether the client recommends the firm.
    """
    known = history.until(as_of)
    purchases = settle(known, rules.purchases)
    if not len(purchases):
        return (Fact("explain.no_purchase", {}),)
    found = judge(purchases, as_of, scoring, rules, np.array([advocate], np.bool_))
    return (
        *_bought(found, purchases),
        *_scored(found, scoring),
        *_stands(found),
        *_comes_next(found, scoring),
        *_flagged(found, scoring, rules),
        *_would_change(known, found, scoring, rules, advocate=advocate),
    )


def _bought(found: Judged, purchases: Purchases) -> Iterator[Fact]:
    summary = found.summary
    one: dict[str, Value] = {
        "purchases": Number(int(summary.count[0])),
        "first": Day(int(summary.first_day[0])),
        "last": Day(int(summary.last_day[0])),
        "total": Money(int(summary.total[0])),
    }
    yield Fact("explain.bought", one)
    if len(purchases.refund_amount):
        refunded = int(purchases.refund_amount.sum())
        yield Fact("explain.refunded", {"refunded": Money(refunded)})
    silence = Days(int(summary.days_since_last[0]))
    if summary.repeats[0] == 0:
        yield Fact("explain.silent_once", {"silence": silence})
        return
    rhythm: dict[str, Value] = {
        "gap": Days(round(float(summary.mean_gap[0]))),
        "longest": Days(int(summary.longest_gap[0])),
    }
    yield Fact("explain.rhythm", rhythm)
    later = Chance(float(found.silence_quantile[0]))
    yield Fact("explain.silent", {"silence": silence, "later": later})


def _scored(found: Judged, scoring: Scoring) -> Iterator[Fact]:
    scores, summary, cuts = found.scores, found.summary, scoring.cuts
    silence = Days(int(summary.days_since_last[0]))
    yield Fact("explain.r", {"score": Number(int(scores.r[0])), "silence": silence})
    bought = Number(int(summary.count[0]))
    yield Fact("explain.f", {"score": Number(int(scores.f[0])), "purchases": bought})
    total = Money(int(summary.total[0]))
    yield Fact("explain.m", {"score": Number(int(scores.m[0])), "total": total})
    r, f, m = (int(score[0]) for score in (scores.r, scores.f, scores.m))
    # Cuts that are equal leave a score out: the next one is that of the last of them.
    if r < BEST and (most := cuts.days.cuts[BEST - r - 1]) >= 0:
        better = Number(BEST - cuts.days.cuts.index(most))
        yield Fact("explain.r_next", {"score": better, "most": Days(most)})
    if f < BEST:
        least = cuts.counts.cuts[f - 1]
        better = Number(1 + bisect_right(cuts.counts.cuts, least))
        yield Fact("explain.f_next", {"score": better, "least": Number(least)})
    if m < BEST:
        least = cuts.money.cuts[m - 1]
        better = Number(1 + bisect_right(cuts.money.cuts, least))
        yield Fact("explain.m_next", {"score": better, "least": Money(least)})
    segment = SEGMENTS[int(scores.segment[0])]
    yield Fact("explain.segment", {"segment": Word(f"segment.{segment}")})


def _stands(found: Judged) -> Iterator[Fact]:
    stage, last = found.stages.stage(0), int(found.summary.last_day[0])
    since = Day(int(found.stages.since_day[0]))
    yield Fact("explain.stage", {"stage": Word(f"stage.{stage}"), "since": since})
    limits = found.stages.limits[0].tolist()
    named = zip(SILENT, limits, strict=True)
    days: dict[str, Value] = {one.value: Days(days) for one, days in named}
    yield Fact("explain.limits", days | {"last": Day(last)})


def _comes_next(found: Judged, scoring: Scoring) -> Iterator[Fact]:
    more, rough = worth(found, scoring, np.array([0])), _is_rough(scoring)
    horizon = Days(scoring.horizon)
    if scoring.fit.source in NOT_OURS:
        known = Number(scoring.fit.repeats)
        yield Fact(NOT_OURS[scoring.fit.source], {"repeats": known})
    low, middle, high = (Day(day) for day in more.next_days[0].tolist())
    yield Fact("explain.next", {"low": low, "middle": middle, "high": high})
    if not rough:
        alive = Chance(float(found.p_alive[0]))
        yield Fact("explain.p_alive", {"chance": alive})
    leaves = Chance(float(found.p_no_purchase[0]))
    yield Fact("explain.p_no_purchase", {"chance": leaves, "horizon": horizon})
    rate = int(found.summary.run_rate[0])
    loss: dict[str, Value] = {
        "loss": Money(int(found.expected_loss[0])),
        "chance": leaves,
        "revenue": Money(rate),
        "horizon": horizon,
    }
    if rate:
        yield Fact("explain.expected_loss", loss)
    yield Fact("explain.ltv", {"ltv": Money(int(more.ltv[0]))})
    value: dict[str, Value] = {
        "mean": Money(int(more.clv.mean[0])),
        "low": Money(int(more.clv.low[0])),
        "high": Money(int(more.clv.high[0])),
        "days": Days(round(more.clv.days)),
    }
    yield Fact("explain.clv", value)


def _is_rough(scoring: Scoring) -> bool:
    """Tell whether other businesses speak for this one: then no p_alive is shown."""
    return scoring.fit.source is FitSource.PRIOR


def _flagged(found: Judged, scoring: Scoring, rules: Rules) -> Iterator[Fact]:
    horizon, by_chance = Days(scoring.horizon), rules.flagging.by is FlagBy.AUTO
    if found.flagged[0] and by_chance:
        chance, least = float(found.p_no_purchase[0]), scoring.flag_above
        reached: dict[str, Value] = {"chance": Chance(chance), "least": Chance(least)}
        yield Fact("explain.flagged_chance", reached)
    elif found.flagged[0]:
        loss, least = int(found.expected_loss[0]), round(scoring.flag_above)
        yield Fact("explain.flagged_loss", {"loss": Money(loss), "least": Money(least)})
    elif found.summary.count[0] == 1:
        yield Fact("explain.not_flagged_once", {})
    elif not can_leave(found.summary)[0]:
        yield Fact("explain.not_flagged_silent", {"horizon": horizon})
    elif found.stages.stage(0) in NEVER_FLAGGED:
        yield Fact("explain.not_flagged_gone", {})
    elif by_chance:
        yield Fact("explain.not_flagged_chance", {"least": Chance(scoring.flag_above)})
    else:
        money = Money(round(scoring.flag_above))
        yield Fact("explain.not_flagged_loss", {"least": money})


def _would_change(
    known: History, found: Judged, scoring: Scoring, rules: Rules, *, advocate: bool
) -> Iterator[Fact]:
    """Tell what time alone would change, and what a purchase today would."""
    change = int(found.stages.next_change_day[0])
    if change < NEVER:
        stage = found.stages.stage(0)
        following = SILENT[SILENT.index(stage) + 1] if stage in SILENT else Stage.DUE
        to = Word(f"stage.{following}")
        yield Fact("explain.if_silent", {"day": Day(change), "stage": to})
    day = _first_flag(known, found, scoring, rules)
    if day is not None and not found.flagged[0]:
        yield Fact("explain.if_silent_flagged", {"day": Day(day)})
    bought = judge(
        settle(_with_purchase(known, found), rules.purchases),
        found.summary.as_of,
        _covering(found.summary.as_of, scoring),
        rules,
        np.array([advocate], np.bool_),
    )
    would: dict[str, Value] = {
        "stage": Word(f"stage.{bought.stages.stage(0)}"),
        "segment": Word(f"segment.{SEGMENTS[int(bought.scores.segment[0])]}"),
        "amount": Money(_usual_amount(found)),
    }
    yield Fact("explain.if_bought", would)


def _first_flag(
    known: History, found: Judged, scoring: Scoring, rules: Rules
) -> int | None:
    """Return the first coming day on which silence alone would flag the client."""
    summary, purchases = found.summary, settle(known, rules.purchases)
    if summary.count[0] < FEWEST_TO_FLAG:
        return None
    dormant = int(found.stages.limits[0, SILENT.index(Stage.DORMANT)])
    last, as_of = int(summary.last_day[0]), summary.as_of
    for day in range(as_of + 1, last + min(scoring.horizon, dormant)):
        if judge(purchases, day, scoring, rules).flagged[0]:
            return day
    return None


def _covering(day: int, scoring: Scoring) -> Scoring:
    """Return a scoring that has terms for a day: the last ones, in a new quarter."""
    quarter = int(quarter_start(np.array([day]))[0])
    if quarter in {one.day for one in scoring.terms}:
        return scoring
    return replace(
        scoring, terms=(*scoring.terms, replace(scoring.terms[-1], day=quarter))
    )


def _with_purchase(known: History, found: Judged) -> History:
    """Return the client's deals and one more, today, of the usual amount."""
    row = spread(known.start)
    return History.of(
        Deals(
            np.append(known.client[row], known.client[:1]),
            np.append(known.day, found.summary.as_of),
            np.append(known.amount, _usual_amount(found)),
        )
    )


def _usual_amount(found: Judged) -> int:
    total, count = int(found.summary.total[0]), int(found.summary.count[0])
    return max(total // count, 1)
