"""A judgement of the past, made again from what it rested on."""

import numpy as np

from kommo_sync.model.histories import unpack
from kommo_sync.model.judged import JudgementRow, LoggedJudgement, ScoringRow
from kommo_sync.model.judgement import judge
from kommo_sync.model.lifecycle import Stage
from kommo_sync.model.purchases import settle
from kommo_sync.scoring.judging import scoring_of
from kommo_sync.scoring.rows import digests_of, rows_of
from kommo_sync.scoring.settings import decoded_settings


def recompute(logged: LoggedJudgement, row: ScoringRow) -> JudgementRow:
    """Return a logged judgement as the same program makes it again, bit by bit.

    Args:
        logged: a client that is not gone.
        row: the scoring that it names.
    """
    told, scoring = logged.row, scoring_of(row)
    rules = decoded_settings(row.settings).rules
    history = unpack(np.array([told.client], np.int64), [logged.entries])
    purchases = settle(history.until(told.as_of), rules.purchases)
    # Who recommends the firm is no matter of purchases: it is taken as it was.
    advocate = np.array([told.stage == Stage.ADVOCATE], np.bool_)
    found = judge(purchases, told.as_of, scoring, rules, advocate)
    hashes = np.array([told.data_hash], np.int64)
    both = np.stack((hashes, digests_of(found, hashes)), axis=1)
    [again] = rows_of(found, scoring, row.id, both, np.array([0]))
    return again
