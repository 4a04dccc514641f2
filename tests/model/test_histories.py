"""Histories: all that is known of clients, by client and day, and what a day knew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kommo_sync.model.histories import Deals, joined, pack, unpack
from tests.model.deals import DEALS, columns, history_of, law


@law
@given(DEALS, st.randoms(use_true_random=False))
def test_the_order_of_deals_does_not_matter(deals, chance):
    mixed = deals[:]
    chance.shuffle(mixed)
    assert columns(history_of(mixed)) == columns(history_of(deals))


@law
@given(DEALS)
def test_a_history_is_unpacked_as_it_was_packed(deals):
    history = history_of(deals)
    packed = pack(history)
    assert len(packed) == len(history)
    assert columns(unpack(history.client, packed)) == columns(history)


def test_a_history_has_the_larger_deals_of_a_day_first():
    assert history_of([(2, 1, -5), (2, 1, 3), (2, 1, 7)]).amount.tolist() == [7, 3, -5]


def test_packed_deals_are_the_same_on_every_machine():
    assert pack(history_of([(2, 3, -5)])) == [b"\x03\0\0\0\xfb" + b"\xff" * 7]


@pytest.mark.parametrize("packed", [[b"123456789012", b"x"], [b"1" * 13], [b"1" * 11]])
def test_packed_deals_that_are_cut_off_are_refused(packed):
    with pytest.raises(ValueError, match=r"^packed deals: not a multiple of 12 bytes"):
        unpack(np.arange(len(packed)), packed)


def test_taking_nobody_leaves_nobody():
    assert len(history_of([(2, 1, 1)]).take(np.array([], np.int64))) == 0


def test_clients_without_a_deal_yet_are_absent():
    history = history_of([(2, 5, 10), (4, 6, 10), (6, 5, -10), (6, 9, 10)])
    assert history.until(4).client.tolist() == []
    assert history.until(5).client.tolist() == [2, 6]
    assert history.until(5).day.tolist() == [5, 5]
    assert history.until(9) is history


@pytest.mark.parametrize("name", ["client", "day", "amount"])
@pytest.mark.parametrize("wrong", [np.array([1.0, 2.0]), np.array([1], np.int64)])
def test_columns_that_do_not_fit_are_refused(name, wrong):
    column = np.array([1, 2], np.int64)
    given_columns = dict.fromkeys(("client", "day", "amount"), column) | {name: wrong}
    with pytest.raises(ValueError, match=r"whole numbers, one a deal$"):
        Deals(**given_columns)


@law
@given(DEALS, DEALS)
def test_histories_of_different_clients_are_joined(low, high):
    above = [(client + 9, day, amount) for client, day, amount in high]
    whole = joined([history_of(low), history_of([]), history_of(above)])
    assert columns(whole) == columns(history_of(low + above))


def test_no_history_at_all_is_joined_to_an_empty_one():
    assert columns(joined([])) == columns(history_of([]))
