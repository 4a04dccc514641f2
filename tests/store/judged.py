"""Deals, judgements and scorings for the store's tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.histories import Deals
from kommo_sync.model.judged import JudgementRow, LoggedJudgement, ScoringRow
from kommo_sync.model.purchases import PurchaseRules
from kommo_sync.store.judging import Judging
from kommo_sync.store.summaries import Known

RULES = PurchaseRules()
ANN, BOB, FIRM = 20, 22, 31
"""Keys of clients: the contacts 10 and 11, the company 15."""


def ids(*values: int) -> IntArray:
    return np.array(values, np.int64)


def deals(*rows: tuple[int, int, int]) -> Deals:
    """Make deals of (client, day, amount)."""
    return Deals(*np.array(rows, np.int64).reshape(-1, 3).T.copy())


def count(
    judging: Judging, leads: dict[int, tuple[int, int, int]], *gone: int
) -> list[int]:
    """Let leads count as (client, day, amount), by id; return who is touched."""
    touched = judging.put_counted(ids(*leads), deals(*leads.values()), ids(*gone))
    return list(map(int, touched))


def rebuilt(judging: Judging, leads: dict[int, tuple[int, int, int]]) -> Known:
    """Count leads and write the summaries of whom they touch."""
    return judging.rebuild(ids(*count(judging, leads)), RULES)


def entries(known: Known) -> dict[int, list[tuple[int, int]]]:
    """Return (day, amount) of all deals, by client."""
    history = known.history
    pairs = list(zip(history.day.tolist(), history.amount.tolist(), strict=True))
    bounds = history.start.tolist()
    return {
        client: pairs[low:high]
        for client, low, high in zip(
            history.client.tolist(), bounds, bounds[1:], strict=False
        )
    }


def judgement(client: int, **changes: Any) -> JudgementRow:
    made = JudgementRow(
        client=client,
        as_of=20_000,
        scoring_id=1,
        r=5,
        f=4,
        m=3,
        segment="loyal",
        stage="active",
        stage_since=19_990,
        flagged=1,
        p_alive=0.1 + 0.2,
        silence_quantile=1 / 3,
        p_no_purchase=5e-324,
        expected_purchases=1e300,
        expected_loss=1,
        ltv=2**62,
        clv=3,
        clv_low=-4,
        clv_high=5,
        next_low=None,
        next_mid=7,
        next_high=None,
        source="account",
        data_hash=-(2**63),
        digest=client * 7,
    )
    return made._replace(**changes)


def turn(client: int, as_of: int, **changes: Any) -> LoggedJudgement:
    return LoggedJudgement(judgement(client, as_of=as_of, **changes), b"\x00\xffdeals")


def scoring(**changes: Any) -> ScoringRow:
    made = ScoringRow(0, 20_000, 1_700_000_000, "{}", "ab", '{"r":[1]}', 9, "cd")
    return made._replace(**changes)


def clients(found: Sequence[JudgementRow]) -> list[int]:
    return [row.client for row in found]
