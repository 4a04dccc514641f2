"""Clients who buy by chance, and judgements as they are compared."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from kommo_sync.model.histories import History
from kommo_sync.model.judgement import Judged, Scoring, worth
from tests.model.deals import Deal, history_of

FIRST, LAST = 19_000, 19_500
"""The days between which everybody buys; a year and a half or so."""


def market(seed: int, clients: int = 25, evenness: float = 1.0) -> list[Deal]:
    """Return deals of clients with rhythms of their own, of whom some leave.

    Args:
        seed: of chance.
        clients: how many.
        evenness: of the intervals; 1 is as uneven as chance makes them.
    """
    chance = np.random.default_rng(seed)
    deals = []
    for client in range(2, 2 + clients):
        day = FIRST + int(chance.integers(0, 300))
        mean, size = chance.gamma(3, 10), int(chance.integers(1, 50))
        while day <= LAST:
            price = int(size * chance.integers(50, 150))
            deals.append((client, day, -price if chance.random() < 0.03 else price))
            if chance.random() < 0.12:
                break
            day += 1 + int(chance.gamma(evenness, mean / evenness))
    return deals


def history(seed: int, clients: int = 25, evenness: float = 1.0) -> History:
    return history_of(market(seed, clients, evenness))


def plain(value: Any) -> Any:
    """Return a judgement, or a part of it, as dicts and lists, bit by bit."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


def rows_of(judged: Judged, scoring: Scoring) -> list[dict[str, Any]]:
    """Return all that is thought of each client, bit by bit."""
    columns: dict[str, list[Any]] = {}
    _collect(columns, "", judged)
    _collect(columns, "worth.", worth(judged, scoring, np.arange(len(judged))))
    return [
        {name: column[row] for name, column in columns.items()}
        for row in range(len(judged))
    ]


def _collect(columns: dict[str, list[Any]], name: str, value: Any) -> None:
    if isinstance(value, np.ndarray):
        columns[name] = value.tolist()
    elif is_dataclass(value):
        for one in fields(value):
            _collect(columns, f"{name}.{one.name}", getattr(value, one.name))


def is_sound(judged: Judged, scoring: Scoring) -> bool:
    """Tell whether there is a number for everything, and it can be one."""
    more = worth(judged, scoring, np.arange(len(judged)))
    chances = (judged.p_alive, judged.silence_quantile, judged.p_no_purchase)
    numbers = (judged.expected_purchases, judged.expected_loss, more.ltv, more.clv.mean)
    return all(bool(((one >= 0) & (one <= 1)).all()) for one in chances) and all(
        bool((np.isfinite(one) & (one >= 0)).all()) for one in numbers
    )
