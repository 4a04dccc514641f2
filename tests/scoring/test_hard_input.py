"""Whatever an account holds, it is scored, explained, replayed and reported."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from kommo_sync.errors import ConfigError
from kommo_sync.jobs.explaining import explain_client
from kommo_sync.jobs.reporting import account_picture, owner_report
from kommo_sync.jobs.scoring import backtest_account, score_account
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.scoring.judging import Counts
from tests.scoring.firm import DAY, Firm, quiet
from tests.store.rows import contact, lead


def sell(firm: Firm, *rows: tuple[int, int, int], **more: Any) -> None:
    """Let (contact, day, price) be won leads."""
    leads = (
        lead(
            id=next(firm.ids),
            main_contact_id=person,
            price=price,
            closed_at=day * DAY,
            updated_at=firm.rt.now(),
            **more,
        )
        for person, day, price in rows
    )
    firm.keep(Part.LEADS, *leads)


def only_contacts(firm: Firm) -> None:
    firm.keep(Part.CONTACTS, contact(7), contact(8))


def no_client(firm: Firm) -> None:
    sell(firm, (7, firm.today, 100), status_id=143)


def one_client(firm: Firm) -> None:
    sell(firm, *((7, firm.today - days, 100) for days in range(0, 300, 30)))


def one_day(firm: Firm) -> None:
    sell(firm, *((person, firm.today - 9, 100) for person in range(7, 40)))


def only_refunds(firm: Firm) -> None:
    sell(firm, *((person, firm.today - 9, 100) for person in (7, 8)), status_id=77)


def for_nothing(firm: Firm) -> None:
    sell(firm, *((7, firm.today - days, 0) for days in (0, 9)))


def ahead(firm: Firm) -> None:
    sell(firm, *((p, firm.today + days, 100) for p in (7, 8) for days in (1, 400)))


def in_the_year_9999(firm: Firm) -> None:
    sell(firm, (7, firm.today, 100), (8, 2_932_000, 100))


def a_century(firm: Firm) -> None:
    days = range(0, 20_000, 500)
    sell(firm, *((p, day, 100) for p in (7, 8) for day in days))


def ten_thousand_deals(firm: Firm) -> None:
    sell(firm, *((7, firm.today - n // 20, 100 + n) for n in range(10_000)))


def below_nothing(firm: Firm) -> None:
    sell(firm, *((7, firm.today - days, -100) for days in (0, 9)))


def riches(firm: Firm) -> None:
    sell(firm, *((p, firm.today - days, 10**13) for p in (7, 8) for days in (0, 9)))


HARD: tuple[Callable[[Firm], None], ...] = (
    lambda _firm: None,
    only_contacts,
    no_client,
    one_client,
    one_day,
    only_refunds,
    for_nothing,
    ahead,
    in_the_year_9999,
    a_century,
    ten_thousand_deals,
    below_nothing,
    riches,
)


def numbers(rows: list[dict[str, Any]]) -> list[float]:
    return [value for row in rows for value in row.values() if isinstance(value, float)]


@pytest.mark.parametrize("hold", HARD, ids=lambda hold: hold.__name__)
def test_hard_accounts_have_defined_answers(firm, hold):
    hold(firm)
    firm = firm.under(refund_stages=("77",))
    report = firm.score()
    judged = firm.rows_of("judgements")
    assert all(map(math.isfinite, numbers(judged)))
    assert report.counts.judged == len(judged)
    assert all(row["expected_loss"] >= 0 for row in judged)
    assert firm.score().counts == Counts()
    for client in firm.judged():
        assert explain_client(firm.rt, firm.account_id, f"contact:{client // 2}").facts
    found = owner_report(firm.rt, firm.account_id)
    assert found.figures.clients == len(judged)
    assert math.isfinite(found.ltv.value)
    backtest_account(firm.rt, firm.account_id, tell=quiet)
    picture = account_picture(firm.rt, firm.account_id)
    assert sum(one.clients for one in picture.stages.values()) == len(judged)


@pytest.mark.parametrize(
    "job",
    [
        lambda rt, account_id: score_account(rt, account_id, tell=quiet),
        lambda rt, account_id: backtest_account(rt, account_id, tell=quiet),
        owner_report,
    ],
    ids=["score", "backtest", "report"],
)
def test_before_anything_was_read_it_is_said_in_one_sentence(firm, job):
    with pytest.raises(ConfigError, match="run `kommo-sync sync` first"):
        job(firm.rt, AccountId(5))


def test_a_time_zone_nobody_knows_is_told_with_what_to_do(firm):
    firm.read(time_zone="Mars/Olympus")
    with pytest.raises(ConfigError, match=r"Mars/Olympus of account .* newer tzdata"):
        score_account(firm.rt, firm.account_id, tell=quiet)


def test_what_was_not_judged_is_neither_explained_nor_reported(firm):
    person = firm.meet()
    firm.sell(person, firm.today)
    with pytest.raises(ConfigError, match="No deal of contact:"):
        explain_client(firm.rt, firm.account_id, f"contact:{person}")
    with pytest.raises(ConfigError, match="run `kommo-sync score` first"):
        owner_report(firm.rt, firm.account_id)
    picture = account_picture(firm.rt, firm.account_id)
    assert (picture.stages, picture.segments) == ({}, {})
