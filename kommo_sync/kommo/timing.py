"""What answers tell of time: Kommo's clock, and how long they take."""

import threading

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.protocol import moment

SKEW_DRIFT = 120.0
"""Seconds by which Kommo's clock may wander against ours between two answers."""
LATENCY_WEIGHT = 0.2
"""How much the last answer counts in the mean of latencies."""


class Timing:
    """What the answers of one client have told; threads may share it.

    Attributes:
        latency: seconds from sending to the whole answer, of late; 0 before the first.
        latest: the latest moment of Kommo's clock that was told; 0 before the first.
    """

    def __init__(self) -> None:
        self.latency = 0.0
        self.latest = 0
        self._skew: float | None = None
        self._lock = threading.Lock()

    def note_latency(self, seconds: float) -> None:
        """Note how long an answer took."""
        with self._lock:
            before = self.latency or seconds
            self.latency = before + LATENCY_WEIGHT * (seconds - before)

    def note_date(self, date: str, now: float, host: str, path: str) -> int:
        """Return the Unix seconds that an answer tells.

        Watermarks are made of these times: a wrong one would lose changes. So each must
        agree with the first, whatever our own clock says.

        Args:
            date: the Date header.
            now: our own clock.
            host: who answered, for the error.
            path: what was asked, for the error.

        Raises:
            BadAnswer: there is no date, or another than the other answers have.
        """
        told = moment(date)
        if told is None:
            raise BadAnswer(
                "{host} answered {path} without a date.", host=host, path=path
            )
        with self._lock:
            skew = told - now
            self._skew = skew if self._skew is None else self._skew
            if abs(skew - self._skew) > SKEW_DRIFT:
                raise BadAnswer(
                    "{host} answered {path} with a date that is {seconds} s off from "
                    "its other answers.",
                    host=host,
                    path=path,
                    seconds=round(skew - self._skew),
                )
            self.latest = max(self.latest, told)
        return told
