"""Times are taken from answers that agree with each other."""

from email.utils import formatdate

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.timing import Timing


def told(timing: Timing, at: float, *, now: float) -> int:
    date = formatdate(at, usegmt=True)
    return timing.note_date(date, now, "acme.kommo.com", "/api/v4/leads")


@pytest.mark.parametrize("skew", [0, -86_400 * 400, 3_600])
def test_whatever_our_own_clock_says_the_crms_is_taken(skew: int) -> None:
    timing = Timing()
    assert told(timing, 1_790_000_000, now=1_790_000_000 + skew) == 1_790_000_000
    assert told(timing, 1_790_000_060, now=1_790_000_050 + skew) == 1_790_000_060
    assert timing.latest == 1_790_000_060


@pytest.mark.parametrize("off", [2_592_000, -3_600, 200])
def test_a_date_that_the_other_answers_do_not_bear_out_is_refused(off: int) -> None:
    timing = Timing()
    told(timing, 1_790_000_000, now=1_790_000_000)
    with pytest.raises(BadAnswer, match=f"{off} s off"):
        told(timing, 1_790_000_010 + off, now=1_790_000_010)
    assert timing.latest == 1_790_000_000


def test_the_latency_is_a_mean_of_late_answers() -> None:
    timing = Timing()
    timing.note_latency(1.0)
    assert timing.latency == 1.0
    timing.note_latency(2.0)
    assert 1.0 < timing.latency < 1.5
