"""Time as an argument: the sandbox asks a clock that was handed in."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the sandbox needs of time."""

    def now(self) -> float:
        """Return Unix seconds, UTC."""

    def sleep(self, seconds: float) -> None:
        """Come back after `seconds`."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return Unix seconds, UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)


class ShiftedClock:
    """The machine's clock moved by an offset: two weeks can pass in one call."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Return Unix seconds, UTC, offset included."""
        return time.time() + self.offset

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds` of real time."""
        time.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self.offset += seconds


class ManualClock:
    """A clock that stands still until a test moves it; sleeping moves it."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the Unix seconds at which the clock stands."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance the clock at once instead of waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        with self._lock:
            self._now += seconds
