"""Judgements as rows of the store, and what stands for all that they show."""

import numpy as np

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.judged import JudgementRow
from kommo_sync.model.judgement import Judged, Scoring, worth
from kommo_sync.model.lifecycle import STAGES
from kommo_sync.model.rfm import SEGMENTS

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def digests_of(judged: Judged, data_hash: IntArray) -> IntArray:
    """Return what stands for each judgement as it is shown: shape (n,).

    Chances are shown in percents and money in two figures, so that a day that passes
    changes few.

    Args:
        judged: n clients.
        data_hash: of their deals; shape (n,).
    """
    shown = (
        data_hash,
        judged.scores.rfm_score,
        judged.stages.code.astype(np.int64),
        judged.stages.since_day,
        judged.flagged.astype(np.int64),
        _percent(judged.p_no_purchase),
        _percent(judged.p_alive),
        _percent(judged.silence_quantile),
        _percent(judged.expected_purchases) // 10,
        _two_figures(judged.expected_loss),
    )
    mixed = np.zeros(len(judged), np.uint64)
    for column in shown:
        mixed = (mixed ^ column.astype(np.uint64)) * _MULTIPLIER
        mixed ^= mixed >> _SHIFT
    return mixed.astype(np.int64)


def rows_of(
    judged: Judged, scoring: Scoring, scoring_id: int, hashes: IntArray, at: IntArray
) -> list[JudgementRow]:
    """Return the rows of some clients.

    Args:
        judged: n clients.
        scoring: what they were judged by.
        scoring_id: its id in the store.
        hashes: shape (n, 2), of the deals, and digests.
        at: positions of the wanted, shape (k,).
    """
    more = worth(judged, scoring, at)
    segments = judged.scores.segment[at].tolist()
    stages = judged.stages.code[at].tolist()
    columns = (
        judged.summary.client[at].tolist(),
        [judged.summary.as_of] * len(at),
        [scoring_id] * len(at),
        judged.scores.r[at].tolist(),
        judged.scores.f[at].tolist(),
        judged.scores.m[at].tolist(),
        [SEGMENTS[code].value for code in segments],
        [STAGES[code].value for code in stages],
        judged.stages.since_day[at].tolist(),
        judged.flagged[at].astype(np.int64).tolist(),
        judged.p_alive[at].tolist(),
        judged.silence_quantile[at].tolist(),
        judged.p_no_purchase[at].tolist(),
        judged.expected_purchases[at].tolist(),
        judged.expected_loss[at].tolist(),
        more.ltv.tolist(),
        more.clv.mean.tolist(),
        more.clv.low.tolist(),
        more.clv.high.tolist(),
        *more.next_days.T.tolist(),
        [scoring.fit.source.value] * len(at),
        *hashes[at].T.tolist(),
    )
    return [JudgementRow(*row) for row in zip(*columns, strict=True)]


def _percent(chance: FloatArray) -> IntArray:
    found: IntArray = np.rint(chance * 100).astype(np.int64)
    return found


def _two_figures(amount: IntArray) -> IntArray:
    size = 10 ** np.maximum(np.floor(np.log10(np.maximum(amount, 1))) - 1, 0)
    found: IntArray = (np.rint(amount / size) * size).astype(np.int64)
    return found
