"""Local days as people live them: working hours, noon, the end of today."""

import random
from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = 3_600
DAY = 86_400
OPENS, CLOSES = 9 * HOUR, 19 * HOUR


class Workdays:
    """The days of one time zone over a span of Unix seconds, both ends included."""

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        day = datetime.fromtimestamp(first, zone).date()
        end = datetime.fromtimestamp(last, zone).date()
        self.midnights: list[int] = []
        while day <= end:
            self.midnights.append(local_time(day, 0, zone))
            day += timedelta(days=1)

    def in_hours(self, at: float, chance: random.Random) -> int:
        """Return a moment of the same local day at which people work."""
        midnight = self.midnights[max(0, bisect_right(self.midnights, at) - 1)]
        return midnight + OPENS + int(chance.random() * (CLOSES - OPENS))

    def before(self, at: float, limit: int, chance: random.Random) -> int:
        """Return such a moment, or `at` itself where that lies past the limit."""
        moment = self.in_hours(at, chance)
        return moment if moment <= limit else int(at)


def local_time(day: date, hour: int, zone: ZoneInfo) -> int:
    """Return the Unix seconds of a full hour of that day."""
    return int(datetime.combine(day, time(hour), zone).timestamp())
