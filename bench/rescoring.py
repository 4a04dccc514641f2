"""The judgement that `rescore` measures: the account's own, as its job has it."""

import numpy as np

from kommo_sync.config.settings import Judging as Judged
from kommo_sync.scoring.judging import Judge
from kommo_sync.scoring.settings import settings_of
from kommo_sync.store.account import AccountStore

FIRST_DAY, DAYS = 15_000, 5_000
"""All deals lie in these days; the one after them is judged."""
AS_OF = FIRST_DAY + DAYS


def judge_of(account: AccountStore) -> Judge:
    """Return what judges an account with the settings that everybody begins with."""
    lease = account.take_lease(
        "score", "bench", 0.0, seconds=1e9, is_dead=lambda _owner: True
    )
    settings = settings_of(Judged(), "", "UTC")
    return Judge(account.judging(), settings, lease, np.empty(0, np.int64))


def rescore(judge: Judge) -> int:
    """Judge everybody by what was learned last; return how many judgements differed."""
    row = judge.judging.newest_scoring()
    if row is None:
        row = judge.learn(AS_OF, 0, anew=True)
    return judge.judge_all(row, AS_OF, lambda _done, _all: None).changed
