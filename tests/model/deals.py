"""Deals as tests write them, and columns as they are compared."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from kommo_sync.model.histories import Deals, History
from kommo_sync.model.purchases import (
    PurchaseRules,
    Purchases,
    PurchaseSummary,
    ZeroPrice,
)

law = settings(deadline=None)
Deal = tuple[int, int, int]
"""Client, day, hundredths."""
Rows = dict[str, list[int]]

DEALS = st.lists(
    st.tuples(
        st.integers(2, 5),
        st.integers(0, 40),
        st.sampled_from([-300, -200, -100, 0, 100, 100, 200, 200, 300]),
    ),
    max_size=30,
)
RULES = st.builds(
    PurchaseRules,
    zero_price=st.sampled_from(ZeroPrice),
    merge_gap_days=st.integers(0, 8),
    cancel_matched=st.booleans(),
)


def history_of(deals: Sequence[Deal]) -> History:
    client, day, amount = np.array(deals, np.int64).reshape(-1, 3).T
    return History.of(Deals(client, day, amount))


def columns(of: History | Purchases | PurchaseSummary) -> Rows:
    """Return all columns as plain lists, to be compared."""
    return {one.name: np.ravel(getattr(of, one.name)).tolist() for one in fields(of)}
