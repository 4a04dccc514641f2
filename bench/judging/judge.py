"""Every method at every cut-off of a log, and the means of what it was worth."""

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from bench.judging.logs import Log
from bench.judging.metrics import (
    auc,
    best_f1,
    calibration_error,
    captured_at,
    early,
    early_precision,
    f1,
    precision_at,
)
from bench.judging.replay import RULES, Moment, accounts, cutoffs, moment
from bench.judging.rules import HAND_MADE
from kommo_sync.model.arrays import FloatArray
from kommo_sync.model.btyd import Ages, p_no_purchase
from kommo_sync.model.histories import History
from kommo_sync.model.purchases import settle
from kommo_sync.model.risk import cut_by_expected_f1, learn, p0
from kommo_sync.model.risk_features import Coefficients

SMALL = 300
"""Clients of a small account."""
TOP = 0.1

Figures = dict[str, float]
"""What a method was worth, by the name of the figure."""
Row = dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Task:
    """One account to be replayed.

    Args:
        history: its deals.
        cutoffs: the days to judge.
        horizon: days.
        others: what is believed of businesses beforehand.
    """

    history: History
    cutoffs: tuple[int, ...]
    horizon: int
    others: Coefficients


def judge(
    log: Log, horizon: int, others: Coefficients, seeds: int, workers: int
) -> Iterator[Row]:
    """Return a row of means for each size and method.

    Args:
        log: the log.
        horizon: days.
        others: what is believed of businesses beforehand; not learned from this log.
        seeds: small accounts; none is made of a log that has not `SMALL` buyers.
        workers: processes.

    Raises:
        ValueError: the log is too short for the horizon.
    """
    days = tuple(cutoffs(log, horizon))
    if not days:
        span = log.last_day - log.first_day + 1
        raise ValueError(
            f"{log.name}: {span} days are too few to judge {horizon} days ahead"
        )
    buyers = len(settle(log.history, RULES))
    for size in (None, SMALL) if buyers >= SMALL else (None,):
        tasks = [
            Task(history, days, horizon, others)
            for history in accounts(log, size, seeds)
        ]
        found = list(_run(tasks, workers))
        yield from _rows(log.name, size or buyers, horizon, found)


def _run(tasks: Sequence[Task], workers: int) -> Iterable[list[dict[str, Figures]]]:
    if workers < 2 or len(tasks) < 2:
        return map(replay, tasks)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(replay, tasks))


def replay(task: Task) -> list[dict[str, Figures]]:
    """Return what each method was worth at each cut-off that has anybody to judge."""
    found = []
    for cutoff in task.cutoffs:
        now = moment(task.history, cutoff, task.horizon)
        if now.eligible.any():
            found.append(_worth(now, task))
    return found


def _worth(now: Moment, task: Task) -> dict[str, Figures]:
    ours, plain = _chances(now, task)
    value = now.value[now.eligible]
    found = {
        "ours": _chance_figures(ours, now),
        "ours_x_value": _figures(ours * value, now),
        "p0": _chance_figures(plain, now),
    }
    return found | {name: _figures(rule(now), now) for name, rule in HAND_MADE.items()}


def _chances(now: Moment, task: Task) -> tuple[FloatArray, FloatArray]:
    """Return our P0 and the one of the fit alone, of the eligible."""
    model = learn(now.known, RULES, now.cutoff - 1, task.horizon, task.others)
    some = now.summary.take(np.flatnonzero(now.eligible))
    alone = p_no_purchase(Ages.of(some), model.fit.model, task.horizon)
    return p0(some, model.fit, model), alone


def _chance_figures(chance: FloatArray, now: Moment) -> Figures:
    left = now.left[now.eligible]
    return _figures(chance, now) | {
        "ece": calibration_error(chance, left),
        "f1": f1(cut_by_expected_f1(chance), left),
    }


def _figures(score: FloatArray, now: Moment) -> Figures:
    left, value = now.left[now.eligible], now.value[now.eligible]
    young = early(now.silence[now.eligible], now.summary.horizon)
    return {
        "auc": auc(score, left),
        "p10": precision_at(score, left, TOP),
        "revenue10": captured_at(score, left, value, TOP),
        "ece": math.nan,
        "f1": best_f1(score, left),
        "early_precision": early_precision(score, left, young),
        "early_base_rate": float(left[young].mean()) if young.any() else math.nan,
        "base_rate": float(left.mean()),
        "eligible": float(len(left)),
    }


def _rows(
    log: str, clients: int, horizon: int, found: list[list[dict[str, Figures]]]
) -> Iterator[Row]:
    """Return the means over accounts; with one account, over its cut-offs."""
    groups = found if len(found) > 1 else [[one] for one in found[0]]
    groups = [group for group in groups if group]
    for method in groups[0][0] if groups else ():
        row: Row = {"log": log, "clients": clients, "H": horizon, "method": method}
        for figure in groups[0][0][method]:
            values = [_mean([one[method][figure] for one in group]) for group in groups]
            row |= _with_error(figure, values)
        yield row | {"cutoffs": max(map(len, found)), "accounts": len(found)}


def _with_error(figure: str, values: list[float]) -> Row:
    known = [value for value in values if not math.isnan(value)]
    mean = _mean(known)
    error = math.nan
    if len(known) > 1:
        error = float(np.std(known, ddof=1)) / math.sqrt(len(known))
    return {figure: _shown(mean), f"{figure}_se": _shown(error)}


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _shown(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
