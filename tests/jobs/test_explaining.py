"""Who a client is by any of its cards, why it is judged so, and why it once was."""

from datetime import date, timedelta

import pytest

from kommo_sync.errors import ConfigError
from kommo_sync.jobs.explaining import Explanation, explain_client
from kommo_sync.model.entities import Part
from kommo_sync.model.explain import Chance, Day, Days, Money, Number, Value, Word
from kommo_sync.model.judged import CountedDeal
from kommo_sync.scoring.days import EPOCH
from tests.scoring.conftest import firm
from tests.scoring.firm import Firm, fields, trade
from tests.store.rows import contact

__all__ = ["firm"]
MAIL = fields(("EMAIL", "ann@lee.example"))


def explained(firm: Firm, client: str, on: int | None = None) -> Explanation:
    day = None if on is None else EPOCH + timedelta(on)
    return explain_client(firm.rt, firm.account_id, client, day)


def facts(found: Explanation) -> dict[str, dict[str, Value]]:
    return {fact.key: fact.params for fact in found.facts}


def named(firm: Firm, client: str) -> tuple[Part, int]:
    found = explained(firm, client)
    return found.kind, found.card_id


@pytest.mark.parametrize(
    "text",
    [
        "contact:11",
        "contact/11",
        "contact 11",
        " contacts:11 ",
        "https://demo.kommo.com/contacts/detail/11",
        "http://127.0.0.1:8380/contacts/detail/11/",
        "lead:5",
        "https://demo.amocrm.ru/leads/detail/5",
    ],
)
def test_a_client_is_named_by_its_card_or_a_lead_of_it(firm, text):
    firm.keep(Part.CONTACTS, contact(11))
    firm.sell(11, firm.today, id=5)
    firm.score()
    assert named(firm, text) == (Part.CONTACTS, 11)


@pytest.mark.parametrize(
    "text", ["company:3", "companies/detail/3", "contact:11", "contact:12", "lead:5"]
)
def test_a_firm_is_named_by_its_card_its_people_or_a_lead(firm, text):
    firm.keep(
        Part.CONTACTS,
        contact(11, company_id=3, field_values=MAIL),
        contact(12, field_values=MAIL),
    )
    firm.sell(11, firm.today, id=5)
    firm.score()
    assert named(firm, text) == (Part.COMPANIES, 3)


def test_a_joined_card_names_the_person_and_the_evidence_is_told(firm):
    firm.keep(
        Part.CONTACTS, contact(11, field_values=MAIL), contact(12, field_values=MAIL)
    )
    firm.sell(12, firm.today)
    firm.score()
    found = explained(firm, "contact:12")
    assert found.card_id == 11
    assert [(one.contact_id, one.joined_with, one.kind) for one in found.members] == [
        (12, 11, "email")
    ]


@pytest.mark.parametrize(
    "text", ["", "11", "task:11", "contact:", "contact:x", "lead:5 6", "contact:-1"]
)
def test_what_names_no_card_is_refused_with_what_to_write(firm, text):
    firm.sell(11, firm.today)
    firm.score()
    with pytest.raises(ConfigError, match="write contact:12, company:34 or lead:56"):
        explained(firm, text)


@pytest.mark.parametrize("text", ["contact:99", "company:11", "lead:99"])
def test_a_card_without_deals_that_count_is_no_client(firm, text):
    firm.sell(11, firm.today)
    firm.score()
    with pytest.raises(ConfigError, match=f"No deal of {text} counts"):
        explained(firm, text)


def test_each_number_is_the_one_that_the_store_holds(firm):
    people = trade(firm, 15)
    report = firm.score()
    for person in people:
        found, row = explained(firm, f"contact:{person}"), firm.judged()[person * 2]
        told, deals = facts(found), firm.judging.deals_of(person * 2)
        assert (found.as_of, found.learned_as_of) == (report.as_of, firm.today)
        assert found.deals == deals
        assert found.is_same is None
        assert told["explain.bought"]["purchases"] == Number(len(deals))
        assert told["explain.bought"]["total"] == Money(sum(d.amount for d in deals))
        scores = [told[f"explain.{name}"]["score"] for name in "rfm"]
        assert scores == [Number(row.r), Number(row.f), Number(row.m)]
        assert told["explain.segment"]["segment"] == Word(f"segment.{row.segment}")
        stage = {"stage": Word(f"stage.{row.stage}"), "since": Day(row.stage_since)}
        assert told["explain.stage"] == stage
        chance = told["explain.p_no_purchase"]["chance"]
        assert chance == Chance(row.p_no_purchase)
        assert told["explain.ltv"]["ltv"] == Money(row.ltv)
        clv = told["explain.clv"]
        assert [clv[name] for name in ("mean", "low", "high")] == [
            Money(row.clv),
            Money(row.clv_low),
            Money(row.clv_high),
        ]
        window = told["explain.next"]
        assert [window[name] for name in ("low", "middle", "high")] == [
            Day(row.next_low or 0),
            Day(row.next_mid or 0),
            Day(row.next_high or 0),
        ]
        flagged = any(key.startswith("explain.flagged") for key in told)
        assert flagged == bool(row.flagged)


def test_what_is_told_of_a_coming_day_and_of_a_purchase_comes_true(firm):
    people = trade(firm, 12)
    firm.score()
    coming = []
    for person in people:
        told = facts(explained(firm, f"contact:{person}"))
        if step := told.get("explain.if_silent"):
            assert isinstance(step["day"], Day)
            coming.append((step["day"].value, person, step["stage"]))
    assert len(coming) > 6
    for day, person, stage in sorted(coming, key=lambda one: one[0]):
        firm.pass_days(day - firm.today)
        firm.score()
        row = firm.judged()[person * 2]
        assert stage == Word(f"stage.{row.stage}")
        assert row.stage_since == day


def test_a_purchase_today_makes_what_was_told(firm):
    people = trade(firm, 12)
    firm.score()
    for person in people:
        told = facts(explained(firm, f"contact:{person}"))["explain.if_bought"]
        amount = told["amount"]
        assert isinstance(amount, Money)
        sold = firm.sell(person, firm.today, amount.value)
        firm.score()
        row = firm.judged()[person * 2]
        assert told["stage"] == Word(f"stage.{row.stage}")
        assert told["segment"] == Word(f"segment.{row.segment}")
        firm.trash(Part.LEADS, sold)


def test_a_past_day_is_explained_as_it_was_judged_then(firm):
    firm.sell(11, firm.today - 30, 500, id=1)
    firm.sell(11, firm.today - 9, 700, id=2)
    firm.score()
    then, was = firm.today, explained(firm, "contact:11")
    firm.pass_days(40)
    firm.trash(Part.LEADS, 1)
    firm.sell(11, firm.today, 900, id=3)
    firm.under(horizon_days=20).score()
    found = explained(firm, "contact:11", then + 1)
    assert found.facts == was.facts
    assert (found.as_of, found.learned_as_of, found.is_same) == (then, then, True)
    assert found.deals == (
        CountedDeal(0, 22, then - 30, 500),
        CountedDeal(2, 22, then - 9, 700),
    )
    assert [deal.lead_id for deal in explained(firm, "contact:11").deals] == [2, 3]


def test_two_equal_deals_of_a_past_day_are_two_leads(firm):
    for lead_id in (1, 2):
        firm.sell(11, firm.today - 9, 700, id=lead_id)
    firm.score()
    deals = explained(firm, "contact:11", firm.today).deals
    assert [deal.lead_id for deal in deals] == [1, 2]


def test_a_past_day_knows_of_no_deal_that_was_dated_ahead_of_it(firm):
    firm.sell(11, firm.today, id=1)
    firm.sell(11, firm.today + 9, id=2)
    firm.score()
    deals = explained(firm, "contact:11", firm.today).deals
    assert [deal.lead_id for deal in deals] == [1]


def test_a_day_before_the_first_judgement_or_when_gone_has_none(firm):
    sold = firm.sell(11, firm.today)
    trade(firm, 3)
    firm.score()
    first = firm.today
    with pytest.raises(ConfigError, match="contact:11 was not judged by then"):
        explained(firm, "contact:11", first - 1)
    firm.pass_days(5)
    firm.trash(Part.LEADS, sold)
    firm.score()
    with pytest.raises(ConfigError, match="contact:11 was not judged by then"):
        explained(firm, "contact:11", firm.today)
    assert explained(firm, "contact:11", first).is_same
    assert list(facts(explained(firm, "contact:11"))) == ["explain.no_purchase"]


def test_an_advocate_is_explained_as_one_then_and_now(firm):
    firm.keep(Part.CONTACTS, contact(10, tags='[{"id": 1, "name": "friend"}]'))
    for days in range(0, 100, 20):
        firm.sell(10, firm.today - days)
    firm = firm.under(advocate_tag="friend")
    firm.score()
    for on in (None, firm.today):
        stage = facts(explained(firm, "contact:10", on))["explain.stage"]["stage"]
        assert stage == Word("stage.advocate")


def test_days_that_pass_without_a_scoring_are_explained_by_the_last_one(firm):
    """Also when a deal dated ahead lies in a quarter that nothing is learned of."""
    trade(firm, 6)
    firm.sell(11, firm.today - 30)
    firm.sell(11, firm.today + 95)
    firm.score()
    learned = firm.today
    firm.pass_days(100)
    found = explained(firm, "contact:11")
    assert (found.as_of, found.learned_as_of) == (learned + 100, learned)
    told = facts(found)
    assert told["explain.bought"]["purchases"] == Number(2)
    assert told["explain.silent"]["silence"] == Days(5)


def test_what_was_never_judged_is_explained_only_after_a_scoring(firm):
    firm.sell(11, firm.today)
    firm.score()
    firm.sell(12, firm.today)
    with pytest.raises(ConfigError, match="No deal of contact:12 counts"):
        explained(firm, "contact:12")
    firm.score()
    assert explained(firm, "contact:12", firm.today).as_of == firm.today


def test_any_date_is_taken_for_a_day(firm):
    firm.sell(11, firm.today)
    firm.score()
    found = explain_client(firm.rt, firm.account_id, "contact:11", date(2099, 1, 1))
    assert found.as_of == firm.today
