"""RFM: how recent, how often, how much, as 1 to 5 each and as one of eleven segments.

A score is the share of the active clients that one is better than, ties counted half,
in fifths. It is learned once, as whole numbers to compare with (`Cuts`), so that one
client and a million are scored by the same lines and ties can only share a score.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from kommo_sync.model.arrays import BoolArray, IntArray
from kommo_sync.model.purchases import PurchaseSummary

BEST = 5
ACTIVE_HORIZONS = 2
"""Clients silent for longer than this many horizons set no cuts."""

FIFTHS_FROM = 50
"""Clients that cuts into fifths (counts: fourths) are learned from, at least."""
THIRDS_FROM = 10
"""Clients that cuts into thirds are learned from, at least."""
TYPICAL_COUNTS = (2, 3, 5, 10)
"""Once | twice | 3-4 times | 5-9 | 10 and more."""

Four = tuple[int, int, int, int]
Side = Literal["left", "right"]


class CutSource(StrEnum):
    """Where cuts come from."""

    LEARNED = "learned"
    """Fifths of the active clients; for counts, fourths of those who bought again."""
    THIRDS = "thirds"
    """Thirds of a few active clients: only the scores 1, 3 and 5."""
    TYPICAL = "typical"
    """Not from the account, which has too few to learn from, but for its horizon and,
    in money, the median."""
    TYPED = "typed"
    """Set by a person."""


@dataclass(frozen=True, slots=True)
class TypedCuts:
    """Cuts that a person sets; None is learned.

    Args:
        days: of silence, at most, for the scores 5, 4, 3, 2.
        counts: of purchases, at least, for the scores 2, 3, 4, 5.
        money: hundredths, at least, for the scores 2, 3, 4, 5.

    Raises:
        ValueError: not four ascending whole numbers, or the first is too small.
    """

    days: Four | None = None
    counts: Four | None = None
    money: Four | None = None

    def __post_init__(self) -> None:
        for name, lowest in (("days", 0), ("counts", 2), ("money", 0)):
            cuts = getattr(self, name)
            if cuts is not None and not _are_cuts(cuts, lowest):
                raise ValueError(
                    f"rfm cuts of {name} are {cuts}: give four whole numbers, each"
                    f" larger than the one before, the first {lowest} or more"
                )


def _are_cuts(cuts: Sequence[object], lowest: int) -> bool:
    whole = [cut for cut in cuts if type(cut) is int]
    is_four = len(whole) == len(cuts) == BEST - 1
    return is_four and whole[0] >= lowest and all(a < b for a, b in pairwise(whole))


@dataclass(frozen=True, slots=True)
class Scale:
    """What one of R, F and M is read from, in whole numbers.

    Args:
        cuts: as in `TypedCuts`; two that are equal leave out the score between them.
        percents: the like for shares of 1 % to 99 % of the active clients, ascending;
            empty if none is active.
        source: of the cuts.
        clients: how many active clients there were to learn the cuts from.
    """

    cuts: Four
    percents: tuple[int, ...]
    source: CutSource
    clients: int


@dataclass(frozen=True, slots=True)
class Cuts:
    """All that scoring needs to know of an account.

    Args:
        days: of silence, at most.
        counts: of purchases, at least; who bought once always has 1.
        money: hundredths, refunds taken off, at least.
    """

    days: Scale
    counts: Scale
    money: Scale

    def to_text(self) -> str:
        """Return JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Cuts":
        """Return what `to_text` wrote."""
        return cls(**{name: _scale_of(read) for name, read in json.loads(text).items()})


def _scale_of(read: dict[str, Any]) -> Scale:
    first, second, third, fourth = read["cuts"]
    return Scale(
        (first, second, third, fourth),
        tuple(read["percents"]),
        CutSource(read["source"]),
        read["clients"],
    )


def active(summary: PurchaseSummary) -> BoolArray:
    """Return who bought within two horizons: shape (n,)."""
    return summary.days_since_last <= ACTIVE_HORIZONS * summary.horizon


def learn_cuts(summary: PurchaseSummary, typed: TypedCuts | None = None) -> Cuts:
    """Return the cuts that the active clients give, or that a person typed in.

    Args:
        summary: all clients, in any order; nobody at all is well too.
        typed: what is not to be learned.
    """
    typed, base = typed or TypedCuts(), active(summary)
    bought, total = summary.count[base], summary.total[base]
    horizon = summary.horizon
    typical_days = (-2 * horizon, -horizon, -(horizon // 2), -(horizon // 4))
    haste = _learned(-summary.days_since_last[base], typical_days)
    return Cuts(
        _unless_typed(_mirrored(haste), typed.days),
        _unless_typed(_learned_counts(bought), typed.counts),
        _unless_typed(_learned(total, _around_median(total)), typed.money),
    )


def _unless_typed(scale: Scale, typed: Four | None) -> Scale:
    return replace(scale, cuts=typed, source=CutSource.TYPED) if typed else scale


def _learned(values: IntArray, typical: Four) -> Scale:
    """Return a scale on which more is better."""
    cuts, source = typical, CutSource.TYPICAL
    if len(values) >= FIFTHS_FROM:
        first, second, third, fourth = _thresholds(values, BEST)
        cuts, source = (first, second, third, fourth), CutSource.LEARNED
    elif len(values) >= THIRDS_FROM:
        low, high = _thresholds(values, 3)
        cuts, source = (low, low, high, high), CutSource.THIRDS
    return Scale(cuts, _thresholds(values, 100), source, len(values))


def _learned_counts(bought: IntArray) -> Scale:
    again, percents = bought[bought > 1], _thresholds(bought, 100)
    if len(again) < FIFTHS_FROM:
        return Scale(TYPICAL_COUNTS, percents, CutSource.TYPICAL, len(again))
    third, fourth, fifth = _thresholds(again, BEST - 1)
    return Scale((2, third, fourth, fifth), percents, CutSource.LEARNED, len(again))


def _mirrored(scale: Scale) -> Scale:
    """Return a scale of negatives as one of positives, on which less is better."""
    second, third, fourth, fifth = scale.cuts
    return replace(
        scale,
        cuts=(-fifth, -fourth, -third, -second),
        percents=tuple(-percent for percent in reversed(scale.percents)),
    )


def _around_median(total: IntArray) -> Four:
    middle = max(int(np.median(total)), 1) if len(total) else 1
    return (middle // 4, middle // 2, middle * 3 // 2, middle * 3)


def _thresholds(values: IntArray, parts: int) -> tuple[int, ...]:
    """Return the least whole numbers whose shares are 1/parts, 2/parts, … or more.

    The share of a number is that of the values beneath it and half of those equal to
    it: its mid-rank percentile. It is worked out in whole numbers, hence exactly.
    """
    if not len(values):
        return ()
    distinct, counts = np.unique(values, return_counts=True)
    upto = np.cumsum(counts)
    # A value, and what lies just above it: elsewhere the share does not rise.
    candidates = np.stack((distinct, distinct + 1), axis=1).ravel()
    doubled = np.stack((2 * upto - counts, 2 * upto), axis=1).ravel()
    wanted = 2 * len(values) * np.arange(1, parts)
    found = candidates[np.searchsorted(doubled * parts, wanted)]
    return tuple(found.tolist())


@dataclass(frozen=True, slots=True)
class RfmScores:
    """Scores, one row a client; shape (n,) each.

    Args:
        r: 1 to 5; 5 are those who bought last.
        f: 1 to 5; who bought once has 1.
        m: 1 to 5.
        r_percent: how many of the active clients are worse, in whole percents; 0 to 99.
        f_percent: the same of counts.
        m_percent: the same of money.
    """

    r: IntArray
    f: IntArray
    m: IntArray
    r_percent: IntArray
    f_percent: IntArray
    m_percent: IntArray

    @property
    def rfm_score(self) -> IntArray:
        """The three digits as one number, 111 to 555."""
        return self.r * 100 + self.f * 10 + self.m

    @property
    def segment(self) -> IntArray:
        """Each client's segment, as a position in `SEGMENTS`."""
        return segment_of(self.r, self.f, self.m)


def score(summary: PurchaseSummary, cuts: Cuts) -> RfmScores:
    """Return the scores of any clients, one or all, by what was learned.

    Who is not active has R = 1 (unless days are typed), and F and M like anybody else.
    """
    silence, total = summary.days_since_last, summary.total
    return RfmScores(
        r=BEST - _passed(cuts.days.cuts, silence, "left"),
        f=1 + _passed(cuts.counts.cuts, summary.count, "right"),
        m=1 + _passed(cuts.money.cuts, total, "right"),
        r_percent=len(cuts.days.percents)
        - _passed(cuts.days.percents, silence, "left"),
        f_percent=_passed(cuts.counts.percents, summary.count, "right"),
        m_percent=_passed(cuts.money.percents, total, "right"),
    )


def _passed(cuts: tuple[int, ...], values: IntArray, side: Side) -> IntArray:
    found = np.searchsorted(np.array(cuts, np.int64), values, side)
    return found.astype(np.int64, copy=False)


class Segment(StrEnum):
    """Eleven kinds of clients, the best first."""

    CHAMPION = "champion"
    LOYAL = "loyal"
    POTENTIAL_LOYALIST = "potential_loyalist"
    NEW = "new"
    PROMISING = "promising"
    NEEDS_ATTENTION = "needs_attention"
    ABOUT_TO_SLEEP = "about_to_sleep"
    CANNOT_LOSE = "cannot_lose"
    AT_RISK = "at_risk"
    HIBERNATING = "hibernating"
    LOST = "lost"


SEGMENTS = tuple(Segment)

Range = tuple[int, int]


class Cells(NamedTuple):
    """Scores that make a segment: lowest and highest of each."""

    segment: Segment
    r: Range
    f: Range
    m: Range


DEFINITION = (
    Cells(Segment.CHAMPION, (4, 5), (4, 5), (4, 5)),
    Cells(Segment.LOYAL, (4, 5), (4, 5), (1, 3)),
    Cells(Segment.LOYAL, (3, 3), (4, 5), (1, 5)),
    Cells(Segment.POTENTIAL_LOYALIST, (4, 5), (2, 3), (1, 5)),
    Cells(Segment.NEW, (5, 5), (1, 1), (1, 5)),
    Cells(Segment.PROMISING, (4, 4), (1, 1), (1, 5)),
    Cells(Segment.NEEDS_ATTENTION, (3, 3), (2, 3), (3, 5)),
    Cells(Segment.ABOUT_TO_SLEEP, (3, 3), (2, 3), (1, 2)),
    Cells(Segment.ABOUT_TO_SLEEP, (3, 3), (1, 1), (1, 5)),
    Cells(Segment.CANNOT_LOSE, (1, 2), (4, 5), (4, 5)),
    Cells(Segment.AT_RISK, (1, 2), (4, 5), (1, 3)),
    Cells(Segment.AT_RISK, (2, 2), (2, 3), (3, 5)),
    Cells(Segment.HIBERNATING, (2, 2), (2, 3), (1, 2)),
    Cells(Segment.HIBERNATING, (2, 2), (1, 1), (1, 5)),
    Cells(Segment.HIBERNATING, (1, 1), (2, 3), (3, 5)),
    Cells(Segment.LOST, (1, 1), (2, 3), (1, 2)),
    Cells(Segment.LOST, (1, 1), (1, 1), (1, 5)),
)
"""Each of the 125 triples of scores lies in exactly one of these."""


def segment_of(r: IntArray, f: IntArray, m: IntArray) -> IntArray:
    """Return segments as positions in `SEGMENTS`: shape as given.

    Raises:
        ValueError: a score is not 1 to 5.
    """
    for name, scores in (("r", r), ("f", f), ("m", m)):
        if np.any((scores < 1) | (scores > BEST)):
            raise ValueError(f"{name} holds a score that is not 1 to {BEST}")
    return _TABLE[r - 1, f - 1, m - 1]


def _table() -> IntArray:
    table = np.zeros((BEST, BEST, BEST), np.int64)
    for segment, r, f, m in DEFINITION:
        block = tuple(slice(low - 1, high) for low, high in (r, f, m))
        table[block] = SEGMENTS.index(segment)
    return table


_TABLE = _table()
