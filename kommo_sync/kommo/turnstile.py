"""Where requests wait for their turn, and may be told to go home."""

from collections.abc import Iterator
from contextlib import contextmanager

from kommo_sync.errors import CrmUnavailable, Throttled
from kommo_sync.kommo.ports import Clock, Priority, RequestSlots

LONGEST_WAIT = 900.0
"""Seconds; who is to wait longer is told so instead."""
ASK_AGAIN = 0.02
"""Seconds at least between two questions for a slot that is not free yet."""
STEP = 0.5
"""Seconds of a wait between looks whether it is to go on."""


class Turnstile:
    """Lets one request pass at a time; threads may share it.

    Args:
        slots: when the next request may leave.
        clock: time and waiting.
        host: who is asked, for errors.
    """

    def __init__(self, slots: RequestSlots, clock: Clock, host: str) -> None:
        self._slots, self._clock, self._host = slots, clock, host
        self._stopped = False

    def await_slot(self, priority: Priority) -> None:
        """Come back when a request may leave, all blocks considered.

        Raises:
            Throttled: not for a long while.
            CrmUnavailable: it was stopped.
        """
        while True:
            self._heed()
            granted, at = self._slots.reserve(priority, self._clock.now())
            self._sleep_until(at if granted else max(at, self._clock.now() + ASK_AGAIN))
            # A 429 may have come to somebody else while this one slept.
            until = self._slots.blocked_until(self._clock.now())
            if granted and until <= self._clock.now():
                return
            self._sleep_until(until)

    def pause(self, seconds: float) -> None:
        """Wait, in steps, so that a stop is heard; clocks that jump do not matter.

        Raises:
            CrmUnavailable: it was stopped.
        """
        while seconds > 0:
            self._heed()
            self._clock.sleep(min(seconds, STEP))
            seconds -= STEP

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Send everybody home who waits here, as long as this lasts."""
        self._stopped = True
        try:
            yield
        finally:
            self._stopped = False

    def _sleep_until(self, at: float) -> None:
        seconds = at - self._clock.now()
        if seconds > LONGEST_WAIT:
            raise Throttled(
                "{host} may not be asked for another {minutes} minutes: "
                "try again then.",
                host=self._host,
                minutes=round(seconds / 60),
            )
        self.pause(seconds)

    def _heed(self) -> None:
        if self._stopped:
            raise CrmUnavailable("The reading was given up.")
