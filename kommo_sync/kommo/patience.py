"""Whether a read is tried again, and after how long."""

import math
from collections import Counter

from kommo_sync.errors import RetryLater, Throttled, TooMuchAsked, Unpaid
from kommo_sync.kommo.ports import Chance

FIRST_WAIT, LAST_WAIT = 1.0, 60.0
"""Seconds; each wait is up to twice as long as the one before."""
UNPAID_WAIT = 10.0
TRIES = {TooMuchAsked: 2, Unpaid: 2}
"""Fewer tries than others get: less must be asked; 402 flaps (kommo-rest-api 5.5)."""


class Patience:
    """Counts by kind what has failed one read so far."""

    def __init__(self) -> None:
        self._seen: Counter[type[BaseException]] = Counter()

    def lasts(self, error: BaseException) -> bool:
        """Count a failure; tell whether to try again after it."""
        if not isinstance(error, RetryLater | Unpaid):
            return False
        self._seen[type(error)] += 1
        return self._seen[type(error)] < TRIES.get(type(error), math.inf)


def pause(error: BaseException | None, attempt: int, chance: Chance) -> float:
    """Return seconds until the next try, scattered; none after a 429.

    The time of a 429 is kept by the request slots, for all processes.

    Args:
        error: what failed this attempt.
        attempt: from 1.
        chance: processes that failed together must not come back together.
    """
    if isinstance(error, Throttled):
        return 0.0
    if isinstance(error, Unpaid):
        return UNPAID_WAIT
    longest = min(LAST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
    return longest * (0.5 + chance.random() / 2)
