"""Two million simulated clients, more regular than chance, do as the formulas say."""

from dataclasses import dataclass

import numpy as np
import pytest

from kommo_sync.model.arrays import BoolArray, FloatArray
from kommo_sync.model.btyd import (
    Ages,
    MbgCnbd,
    count_moments,
    expected_total,
    next_purchase,
    p_alive,
    p_no_purchase,
    silence_quantile,
)
from tests.model.btyd_cases import simulate

CLIENTS = 2_000_000
AGE, HORIZON = 52.0, 26.0
MODEL = MbgCnbd(0.85, 1.45, 0.79, 2.42, k=3)
MANY = 15_000


@dataclass(frozen=True, slots=True)
class World:
    """What is known at `AGE` of each client, and what came."""

    ages: Ages
    alive: BoolArray
    later: FloatArray
    wait: FloatArray
    groups: list[BoolArray]


@pytest.fixture(scope="module")
def world() -> World:
    rng = np.random.default_rng(7)
    client, when, left = simulate(MODEL, np.full(CLIENTS, AGE + HORIZON), rng)
    known = when <= AGE
    repeats = np.bincount(client[known], minlength=CLIENTS)
    last = np.zeros(CLIENTS)
    np.maximum.at(last, client[known], when[known])
    wait = np.full(CLIENTS, np.inf)
    np.minimum.at(wait, client[~known], when[~known] - AGE)
    ages = Ages(repeats.astype(np.float64), last, np.full(CLIENTS, AGE))
    cell = np.minimum(repeats, 12) * 20 + (last // 8).astype(np.int64)
    cells = [cell == number for number in np.unique(cell)]
    later = np.bincount(client[~known], minlength=CLIENTS).astype(np.float64)
    groups = [group for group in cells if group.sum() >= MANY]
    return World(ages, left > AGE, later, wait, groups)


def test_there_are_groups_of_many_kinds(world):
    assert len(world.groups) >= 10


def test_as_many_are_alive_as_said(world):
    said = p_alive(world.ages, MODEL)
    for group in world.groups:
        assert world.alive[group].mean() == pytest.approx(said[group].mean(), abs=0.01)


def test_as_many_buy_nothing_as_said(world):
    said = p_no_purchase(world.ages, MODEL, HORIZON)
    for group in world.groups:
        nothing = (world.later[group] == 0).mean()
        assert nothing == pytest.approx(said[group].mean(), abs=0.01)


def test_they_buy_as_often_as_said(world):
    said, variance = count_moments(world.ages, MODEL, HORIZON)
    for group in world.groups:
        doubt = 4 * np.sqrt(variance[group].mean() / group.sum())
        found = world.later[group].mean()
        assert found == pytest.approx(said[group].mean(), abs=max(0.01, doubt))


def test_numbers_scatter_as_said(world):
    said, variance = count_moments(world.ages, MODEL, HORIZON)
    strange = (world.later - said) ** 2
    for group in world.groups:
        found = strange[group].mean()
        assert found == pytest.approx(variance[group].mean(), rel=0.1, abs=0.01)


def test_new_clients_buy_as_often_as_said(world):
    said = expected_total(MODEL, np.array([AGE]))[0]
    assert world.ages.repeats.mean() == pytest.approx(said, abs=0.01)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_of_the_living_so_many_have_bought_by_a_quantile(world, quantile):
    living = world.alive
    days = next_purchase(world.ages.take(living), MODEL, quantile)
    seen = days <= HORIZON
    bought = (world.wait[living] <= days)[seen]
    assert len(bought) >= MANY
    assert bought.mean() == pytest.approx(quantile, abs=0.005)


def test_an_interval_passes_each_quantile_as_often_as_it_says():
    """Seen after the first interval, the second one is as unusual as any other."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(MODEL.r, 1 / MODEL.alpha, CLIENTS)
    first, second = (rng.gamma(MODEL.k, 1 / rate) for _ in range(2))
    unusual = silence_quantile(Ages(np.ones(CLIENTS), first, first + second), MODEL)
    for quantile in (0.2, 0.5, 0.8, 0.95):
        assert (unusual <= quantile).mean() == pytest.approx(quantile, abs=0.005)
