"""Moments and days: a day is a date in the account's own time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from kommo_sync.model.arrays import IntArray

EPOCH = date(1970, 1, 1)
DAY_SECONDS = 86_400
CLOCK_STEP_SECONDS = 900
"""Zones change their clocks at whole quarters of an hour."""

LATEST = 253_370_764_800
"""The first moment of the year 9999: what is dated later was mistyped."""


def days_of(moment: IntArray, zone: ZoneInfo) -> IntArray:
    """Return the days since 1970-01-01 that Unix seconds lie in, `LATEST` at most."""
    moment = np.minimum(moment, LATEST)
    step, at = np.unique(moment // CLOCK_STEP_SECONDS, return_inverse=True)
    offsets = np.array(
        [_offset(one * CLOCK_STEP_SECONDS, zone) for one in step.tolist()], np.int64
    )
    return (moment + offsets[at]) // DAY_SECONDS if len(step) else moment


def day_of(moment: float, zone: ZoneInfo) -> int:
    """Return the day since 1970-01-01 that a Unix second lies in."""
    return (datetime.fromtimestamp(moment, zone).date() - EPOCH).days


def _offset(moment: int, zone: ZoneInfo) -> int:
    there = datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
    return round(there.total_seconds()) if there is not None else 0
