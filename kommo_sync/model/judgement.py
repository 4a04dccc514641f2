"""What is thought of each client on a day: everything that the other parts say, joined.

`learn_scoring` draws from all clients what the numbers rest on; `judge` applies it, to
one client or a million by the same lines, so that a single changed deal is judged
against what was learned last, and any past judgement can be made again, bit by bit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kommo_sync.model.arrays import BoolArray, FloatArray, IntArray
from kommo_sync.model.btyd import (
    Ages,
    expected_purchases,
    next_purchase,
    p_alive,
    silence_quantile,
)
from kommo_sync.model.btyd_fit import Fit
from kommo_sync.model.flagging import FlagBy, Flagging, can_leave, flag_above, is_gone
from kommo_sync.model.histories import History
from kommo_sync.model.lifecycle import (
    LifecycleRules,
    Stages,
    Standing,
    stages,
    standing_of,
)
from kommo_sync.model.limits import LEARN_FROM, Terms, complete_terms
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    settle,
    summarize,
)
from kommo_sync.model.rfm import Cuts, RfmScores, TypedCuts, learn_cuts, score
from kommo_sync.model.risk import (
    RiskModel,
    choose_horizon,
    expected_loss,
    learn,
    p0,
)
from kommo_sync.model.risk_past import draw
from kommo_sync.model.value import (
    Clv,
    GammaGamma,
    client_ltv,
    clv,
    fit_gamma_gamma,
    ltv,
)

CLV_DAYS = 730
"""How far a client's value is looked ahead for: two years, as far as anybody knows."""
WINDOW = (0.1, 0.5, 0.9)
"""Quantiles of the next purchase that are told: early, middle, late."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an admin has set.

    Args:
        purchases: what counts as a purchase.
        horizon_days: the coming days that risk speaks of; 0: from the account's rhythm.
        cuts: of R, F and M, where they are typed in.
        lifecycle: of the stages.
        flagging: of who is flagged.
    """

    purchases: PurchaseRules = field(default_factory=PurchaseRules)
    horizon_days: int = 0
    cuts: TypedCuts = field(default_factory=TypedCuts)
    lifecycle: LifecycleRules = field(default_factory=LifecycleRules)
    flagging: Flagging = field(default_factory=Flagging)


@dataclass(frozen=True, slots=True)
class Scoring:
    """What was learned from an account as of a day: all that `judge` needs.

    Args:
        as_of: the day.
        horizon: days that risk speaks of.
        fit: rhythm and staying of the account's clients.
        risk: what tells who leaves.
        cuts: of R, F and M.
        spend: what clients pay at a time, hundredths.
        years_retained: how long the account's clients stay, by the formula.
        clv_days: how far their value is looked ahead for.
        flag_above: least P0 (`AUTO`), or least hundredths at stake (otherwise), of who
            is flagged.
        terms: what sets the limits of the stages, by quarter.
        clients: how many there were to learn from.
    """

    as_of: int
    horizon: int
    fit: Fit
    risk: RiskModel
    cuts: Cuts
    spend: GammaGamma
    years_retained: float
    clv_days: float
    flag_above: float
    terms: tuple[Terms, ...]
    clients: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What is thought of each client; shape (n,) each, in order of keys.

    Args:
        summary: what they bought.
        scores: R, F, M and the segment.
        stages: where they stand.
        p_alive: probability of still buying at all.
        silence_quantile: how unusual the present silence is for the client.
        p_no_purchase: P0, the probability of no purchase within the horizon.
        expected_purchases: within the horizon.
        expected_loss: hundredths: P0 times the revenue of a horizon.
        flagged: who is about to leave and worth a talk now.
    """

    summary: PurchaseSummary
    scores: RfmScores
    stages: Stages
    p_alive: FloatArray
    silence_quantile: FloatArray
    p_no_purchase: FloatArray
    expected_purchases: FloatArray
    expected_loss: IntArray
    flagged: BoolArray

    def __len__(self) -> int:
        return len(self.summary)


def learn_scoring(
    history: History, as_of: int, rules: Rules, terms: Iterable[Terms] = ()
) -> Scoring:
    """Return what the account's clients teach, from what was known on a day.

    Args:
        history: all deals; those after `as_of` are not looked at.
        as_of: days since 1970-01-01.
        rules: as configured.
        terms: of quarters, learned before; what is missing is learned now.
    """
    known = history.until(as_of)
    sample = draw(known, LEARN_FROM)
    purchases = settle(sample, rules.purchases)
    horizon = rules.horizon_days or choose_horizon(purchases, as_of)
    summary = summarize(purchases, as_of, horizon)
    risk = learn(sample, rules.purchases, as_of, horizon)
    fit = risk.fit
    chance = p0(summary, fit, risk)
    whole = complete_terms(known, as_of, rules.purchases, terms)
    may = _candidates(summary, purchases, whole, rules)
    scale = len(known) / max(len(sample), 1)
    loss = expected_loss(chance, summary)
    least = flag_above(chance[may], loss[may], rules.flagging, scale)
    count = summary.count.astype(np.float64)
    history_days = as_of - int(summary.first_day.min(initial=as_of)) + 1
    return Scoring(
        as_of,
        horizon,
        fit,
        risk,
        learn_cuts(summary, rules.cuts),
        fit_gamma_gamma(count, summary.total / count),
        ltv(purchases, as_of).years_retained,
        float(min(CLV_DAYS, 2 * history_days)),
        least,
        whole,
        len(known),
    )


def _candidates(
    summary: PurchaseSummary,
    purchases: Purchases,
    terms: tuple[Terms, ...],
    rules: Rules,
) -> BoolArray:
    """Return who may be flagged at all; with a capacity, who is gone takes no place."""
    found = can_leave(summary)
    if rules.flagging.by is FlagBy.CAPACITY:
        standing = standing_of(purchases, terms, rules.lifecycle)
        nobody = np.zeros(len(summary), np.bool_)
        found &= ~is_gone(stages(summary, standing, rules.lifecycle, nobody))
    return found


def judge(
    purchases: Purchases,
    as_of: int,
    scoring: Scoring,
    rules: Rules,
    advocates: BoolArray | None = None,
    standing: Standing | None = None,
) -> Judged:
    """Return what is thought of some clients.

    Args:
        purchases: theirs, none after `as_of`.
        as_of: the day that is judged; `scoring` may be of an earlier one.
        scoring: what was learned.
        rules: those that it was learned by.
        advocates: shape (n,), who recommends the firm; None: nobody.
        standing: theirs, if it is at hand.
    """
    summary = summarize(purchases, as_of, scoring.horizon)
    standing = standing or standing_of(purchases, scoring.terms, rules.lifecycle)
    if advocates is None:
        advocates = np.zeros(len(summary), np.bool_)
    ages, model = Ages.of(summary), scoring.fit.model
    chance = p0(summary, scoring.fit, scoring.risk)
    loss = expected_loss(chance, summary)
    where = stages(summary, standing, rules.lifecycle, advocates)
    return Judged(
        summary,
        score(summary, scoring.cuts),
        where,
        p_alive(ages, model),
        silence_quantile(ages, model),
        chance,
        expected_purchases(ages, model, scoring.horizon),
        loss,
        _flagged(summary, where, chance, loss, scoring, rules.flagging),
    )


def _flagged(
    summary: PurchaseSummary,
    where: Stages,
    chance: FloatArray,
    loss: IntArray,
    scoring: Scoring,
    flagging: Flagging,
) -> BoolArray:
    by = chance if flagging.by is FlagBy.AUTO else loss
    return (by >= scoring.flag_above) & can_leave(summary) & ~is_gone(where)


def judge_at(
    history: History, as_of: int, rules: Rules, terms: Iterable[Terms] = ()
) -> Judged:
    """Return what a run on that day would have thought, knowing nothing later.

    Terms of quarters rest on what was known before these began: they may be learned
    once for many days.
    """
    scoring = learn_scoring(history, as_of, rules, terms)
    purchases = settle(history.until(as_of), rules.purchases)
    return judge(purchases, as_of, scoring, rules)


@dataclass(frozen=True, slots=True)
class Worth:
    """What some clients are worth, and when they buy; shape (k,) each.

    Args:
        ltv: hundredths, by the formula.
        clv: hundredths to come, with their range.
        next_days: shape (k, 3), days since 1970-01-01 of the quantiles in `WINDOW`:
            when a client that still buys is likely to buy next.
    """

    ltv: IntArray
    clv: Clv
    next_days: IntArray


def worth(judged: Judged, scoring: Scoring, rows: IntArray) -> Worth:
    """Return what is told of single clients only, for it takes longer.

    Args:
        judged: all of them.
        scoring: what they were judged by.
        rows: shape (k,), positions.
    """
    summary = judged.summary.take(rows)
    ages = Ages.of(summary)
    found = [next_purchase(ages, scoring.fit.model, q) for q in WINDOW]
    days = np.ceil(np.stack(found, axis=1)).astype(np.int64)
    return Worth(
        client_ltv(summary, scoring.years_retained),
        clv(summary, scoring.fit, scoring.spend, scoring.clv_days),
        summary.as_of + days,
    )
