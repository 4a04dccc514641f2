"""Generated accounts for tests, and what stands in their fields."""

from typing import Any

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.state import Data, State
from kommo_sync.sandbox.seeding.fresh import fresh_data
from kommo_sync.sandbox.seeding.seed import generate
from tests.sandbox.chances import chance

NOW = 1_790_000_000


def account(
    clients: int, seed: int = 1, timezone: str = "America/New_York", now: int = NOW
) -> State:
    """Return an account with that many generated clients."""
    data = fresh_data(now=now, chance=chance(9), timezone=timezone)
    state = State(data, ManualClock(now))
    generate(state, clients=clients, seed=seed)
    return state


def values(data: Data, kind: str, key: str) -> dict[int, Any]:
    """Return the values of one field on all cards of a kind, by the card's id."""
    field_id = next(
        f.id
        for f in data.fields.values()
        if f.entity_type == kind and key in (f.code, f.name)
    )
    cards = getattr(data, kind).values()
    return {c.id: c.fields[field_id][0].value for c in cards if field_id in c.fields}


def digits(text: str) -> str:
    """Return a telephone number without its spelling."""
    return "".join(c for c in text if c.isdigit())
