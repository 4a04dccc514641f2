"""What the client needs from elsewhere; the store implements it, runtime wires it."""

from enum import IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Who goes first when requests wait; a lower number is more urgent."""

    TOKENS = 0
    CLICKS = 1
    WEBHOOKS = 2
    WRITES = 3
    RECONCILIATION = 4


class Clock(Protocol):
    """Time, and waiting."""

    def now(self) -> float:
        """Return Unix seconds."""

    def sleep(self, seconds: float) -> None:
        """Come back after that long."""


class Chance(Protocol):
    """Where the scatter of waits comes from; `random.Random` is one."""

    def random(self) -> float:
        """Return a number in [0, 1)."""


class RequestSlots(Protocol):
    """When the next request may leave, shared by all processes of an account."""

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        """Ask for a slot.

        Returns:
            (True, at): the slot is ours: send at that moment (Unix seconds).
            (False, at): not yet; ask again at that moment.
        """

    def blocked_until(self, now: float) -> float:
        """Return until when nobody may send; a moment that has passed if nobody is."""

    def refused(self, seconds: float | None, now: float) -> float:
        """Note a 429: everybody waits and goes slower; return until when.

        Args:
            seconds: how long the CRM asked to wait; None if it did not say.
            now: when the refusal came.
        """


class TokenKeeper(Protocol):
    """Where the access token lives."""

    def load(self) -> str:
        """Return the access token.

        Raises:
            Unauthorized: there is none, or it has been declared dead.
        """

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        """Keep a new token, durably, before it is used."""
