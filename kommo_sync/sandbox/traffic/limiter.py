"""Seven requests in any sliding second; who keeps hammering is shut out."""

from collections import deque
from enum import StrEnum

from kommo_sync.sandbox.account.choices import Choices

WINDOW = 1.0
PATIENCE = 60.0
"""Seconds over which refusals are counted before a block."""


class Verdict(StrEnum):
    """What becomes of a request."""

    ADMITTED = "admitted"
    THROTTLED = "throttled"
    BLOCKED = "blocked"


class Limiter:
    """Counts the requests of each key; not thread-safe, its caller holds a lock.

    Args:
        rate: requests a sliding second; None admits everything.
    """

    def __init__(self, choices: Choices, rate: int | None = 7) -> None:
        self.rate = rate
        self._choices = choices
        self._admitted: dict[str, deque[float]] = {}
        self._refused: dict[str, deque[float]] = {}
        self._blocked_until: dict[str, float] = {}

    def judge(self, key: str, now: float) -> Verdict:
        """Return what becomes of a request of `key` at `now` (Unix seconds)."""
        if self.rate is None:
            return Verdict.ADMITTED
        if now < self._blocked_until.get(key, 0.0):
            return Verdict.BLOCKED
        admitted = self._admitted.setdefault(key, deque())
        while admitted and admitted[0] <= now - WINDOW:
            admitted.popleft()
        if len(admitted) < self.rate:
            admitted.append(now)
            return Verdict.ADMITTED
        if self._choices.rate_counts_refused:
            admitted.append(now)
        return self._refuse(key, now)

    def _refuse(self, key: str, now: float) -> Verdict:
        refused = self._refused.setdefault(key, deque())
        refused.append(now)
        while refused[0] <= now - PATIENCE:
            refused.popleft()
        if len(refused) > self._choices.block_after_refusals:
            self._blocked_until[key] = now + self._choices.block_seconds
            refused.clear()
            return Verdict.BLOCKED
        return Verdict.THROTTLED
