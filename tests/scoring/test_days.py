"""A day is a date where the account is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kommo_sync.scoring.days import EPOCH, day_of, days_of

ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Almaty"]
)


@given(moments=st.lists(st.integers(0, 2**32), max_size=40), zone=ZONES)
@hypothesis_settings(deadline=None)
def test_a_column_of_moments_is_the_dates_that_each_has_there(moments, zone):
    found = days_of(np.array(moments, np.int64), ZoneInfo(zone))
    there = [
        datetime.fromtimestamp(one, UTC).astimezone(ZoneInfo(zone)) for one in moments
    ]
    assert found.tolist() == [(one.date() - EPOCH).days for one in there]
    assert found.dtype == np.int64


@given(moment=st.floats(0, 2**32), zone=ZONES)
def test_one_moment_has_the_same_day_as_in_a_column(moment, zone):
    [found] = days_of(np.array([int(moment)], np.int64), ZoneInfo(zone))
    assert day_of(moment, ZoneInfo(zone)) == found


@pytest.mark.parametrize(("zone", "day"), [("UTC", 1), ("America/New_York", 0)])
def test_shortly_after_midnight_it_is_yesterday_farther_west(zone, day):
    assert day_of(86_400 + 60, ZoneInfo(zone)) == day


def test_a_moment_of_another_age_of_the_world_is_the_last_year():
    [found] = days_of(np.array([2**62], np.int64), ZoneInfo("Asia/Almaty"))
    assert found == (date(9999, 1, 1) - EPOCH).days
