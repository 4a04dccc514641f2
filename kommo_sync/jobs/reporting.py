"""Tell the owner's numbers of an account, and where its clients stand."""

from dataclasses import dataclass

import numpy as np

from kommo_sync.errors import ConfigError
from kommo_sync.jobs.scoring import (
    account_settings,
    scoring_for,
    today,
    whole_history,
)
from kommo_sync.model.arrays import IntArray
from kommo_sync.model.cohorts import (
    Cohorts,
    Ladder,
    Period,
    cohorts,
    ladder,
    ladder_window,
    time_to_next,
)
from kommo_sync.model.entities import AccountId
from kommo_sync.model.estimates import Survival
from kommo_sync.model.histories import History
from kommo_sync.model.journey import Journey, journey, stage_matrix
from kommo_sync.model.lifecycle import (
    Potential,
    Stages,
    stages,
    standing_of,
    with_potential,
)
from kommo_sync.model.limits import Terms
from kommo_sync.model.purchases import settle, summarize
from kommo_sync.model.revenue import (
    Concentration,
    KeyFigures,
    Projection,
    SecondPurchase,
    concentration,
    key_figures,
    projection,
    revenue_of,
    second_purchase,
)
from kommo_sync.model.transitions import Days, transitions
from kommo_sync.model.value import Ltv, ltv
from kommo_sync.runtime import Runtime
from kommo_sync.scoring.people import advocates, potential
from kommo_sync.scoring.settings import Settings
from kommo_sync.store.account import AccountStore
from kommo_sync.store.tallies import Picture

YEAR = 365


@dataclass(frozen=True, slots=True)
class OwnerReport:
    """The owner's numbers as of a day.

    Args:
        as_of: the day, since 1970-01-01.
        figures: what is asked first.
        ltv: by the formula.
        concentration: who brings the revenue of the last 365 days.
        second: what one more returning client in a hundred brings.
        ladder: how many go on from each purchase to the next.
        wait: how long until the second purchase.
        cohorts: by quarter of the first purchase.
        journey: from stage to stage in the last year.
        matrix: stages 90 days ago (rows) and now (columns); the last is of the absent.
        matrix_days: how long ago.
        projection: revenue of the coming years, by retention.
    """

    as_of: int
    figures: KeyFigures
    ltv: Ltv
    concentration: Concentration
    second: SecondPurchase
    ladder: Ladder
    wait: Survival
    cohorts: Cohorts
    journey: Journey
    matrix: IntArray
    matrix_days: int
    projection: Projection


def account_picture(rt: Runtime, account_id: AccountId) -> Picture:
    """Return where the account's clients stand, as they were judged last."""
    return rt.store.account(account_id).judging().picture()


def potential_clients(rt: Runtime, account_id: AccountId) -> Potential:
    """Return the account's contacts that have bought nothing yet.

    Raises:
        ConfigError: nothing of the account has been read.
    """
    settings, store = account_settings(rt, account_id), rt.store.account(account_id)
    found, clients = potential(store, settings), store.judging().digests()[0]
    fresh = ~np.isin(found.client, clients)
    return Potential(
        found.client[fresh], found.since_day[fresh], found.open_deal[fresh]
    )


def owner_report(
    rt: Runtime, account_id: AccountId, *, matrix_days: int = 90
) -> OwnerReport:
    """Return the owner's numbers, from the deals that count.

    Raises:
        ConfigError: nothing of the account has been read, or judged.
    """
    settings, store = account_settings(rt, account_id), rt.store.account(account_id)
    row = store.judging().newest_scoring()
    if row is None:
        raise ConfigError(
            "Account {account} has not been judged: run `kommo-sync score` first.",
            account=account_id,
        )
    as_of, rules = today(rt, settings), settings.rules
    history = whole_history(store).until(as_of)
    purchases = settle(history, rules.purchases)
    terms = scoring_for(store, row, history, as_of).terms
    lifecycle = rules.lifecycle
    flagged = np.isin(purchases.client, advocates(store, settings))
    moves = transitions(purchases, terms, lifecycle, flagged, Days(as_of - YEAR, as_of))
    year = revenue_of(purchases, as_of - YEAR, as_of)
    before, now = (
        _stages_at(store, settings, history.until(day), terms, day)
        for day in (as_of - matrix_days, as_of)
    )
    return OwnerReport(
        as_of=as_of,
        figures=key_figures(purchases, as_of, lifecycle.loyal_purchases),
        ltv=ltv(purchases, as_of),
        concentration=concentration(year[year > 0]),
        second=second_purchase(purchases, as_of),
        ladder=ladder(purchases, as_of, ladder_window(purchases, as_of)),
        wait=time_to_next(purchases, as_of),
        cohorts=cohorts(purchases, as_of, Period.QUARTER),
        journey=journey(moves, as_of),
        matrix=stage_matrix(before, now),
        matrix_days=matrix_days,
        projection=projection(purchases, as_of),
    )


def _stages_at(
    store: AccountStore,
    settings: Settings,
    history: History,
    terms: tuple[Terms, ...],
    day: int,
) -> Stages:
    """Return the stages at the end of a day, contacts that never bought included."""
    rules = settings.rules
    known = settle(history, rules.purchases)
    flagged = np.isin(known.client, advocates(store, settings))
    found = stages(
        summarize(known, day, YEAR),
        standing_of(known, terms, rules.lifecycle),
        rules.lifecycle,
        flagged,
    )
    return with_potential(found, potential(store, settings))
