"""What is remembered of judging clients, one tuple a row, as it is kept.

Clients are keys: twice a contact's id, or twice a company's and one. Days count from
1970-01-01 in the account's own time zone, amounts are hundredths of its currency. The
order of the fields is the order of the columns in the store.
"""

from typing import NamedTuple

GONE = "gone"
"""The stage, in the log, of a client that no deal counts for any more."""


class ContactPoint(NamedTuple):
    """A phone or an e-mail on a contact's card, spelled one way only."""

    contact_id: int
    kind: str
    """email or phone."""
    value: str


class ClientMember(NamedTuple):
    """A contact that is the same person as another, and what says so."""

    contact_id: int
    representative: int
    """The contact that stands for them all."""
    joined_with: int
    """The contact that has the same phone or e-mail."""
    kind: str
    """email or phone."""


class CountedDeal(NamedTuple):
    """A lead that counts: for whom, when and how much; negative is money given back."""

    lead_id: int
    client: int
    day: int
    amount: int


class Summary(NamedTuple):
    """A client's settled purchases, for who reads the tables, and all its deals.

    Where nothing is left of the deals, `purchases` is 0, as are the days and amounts.
    """

    client: int
    purchases: int
    total: int
    first_day: int
    last_day: int
    last_amount: int
    data_hash: int
    """Of `entries`."""
    entries: bytes
    """The counted deals, as `purchases.pack` writes them."""
    standing: bytes
    """What the last purchase settled, as `lifecycle.pack_standing` writes it; empty
    until it is worked out for these deals."""


class ScoringRow(NamedTuple):
    """What a day's judgements were made with."""

    id: int
    as_of: int
    made_at: int
    """Unix seconds."""
    settings: str
    """JSON."""
    settings_hash: str
    parameters: str
    """JSON: cut points and fitted numbers."""
    clients: int
    """How many they were learnt from."""
    data_hash: str
    """Of all that they were learnt from."""


class JudgementRow(NamedTuple):
    """What is thought of a client as of a day."""

    client: int
    as_of: int
    scoring_id: int
    r: int
    f: int
    m: int
    segment: str
    stage: str
    stage_since: int
    """Day."""
    flagged: int
    """1: about to leave and worth a talk now; else 0."""
    p_alive: float
    silence_quantile: float
    p_no_purchase: float
    expected_purchases: float
    expected_loss: int
    ltv: int
    clv: int
    clv_low: int
    clv_high: int
    next_low: int | None
    """Day, as the two below: when a client that still buys is likely to buy next."""
    next_mid: int | None
    next_high: int | None
    source: str
    """What the fit rests on."""
    data_hash: int
    """Of the deals that were judged."""
    digest: int
    """Of what is shown: it changes when that does."""


class BacktestRow(NamedTuple):
    """A replay of the flags on the account's past."""

    id: int
    as_of: int
    made_at: int
    """Unix seconds."""
    settings_hash: str
    result: str
    """JSON."""


class LoggedJudgement(NamedTuple):
    """A judgement and the deals then known: with its scoring, all that it follows from.

    A client that is gone has no entries and the stage `GONE`; the rest of its row is
    what was thought of it before.
    """

    row: JudgementRow
    entries: bytes
