"""Each setting of [judging] has an effect; all of them together have one name."""

from typing import Any

import pytest

from kommo_sync.config.settings import Judging as Wanted
from kommo_sync.model.entities import Part
from kommo_sync.scoring.judging import scoring_of
from kommo_sync.scoring.settings import decoded_settings, settings_of
from tests.scoring.firm import DAY, OTHER, Firm, fields, trade
from tests.store.rows import contact

CHANGED: dict[str, Any] = {
    "client_unit": "contact",
    "join_duplicates": False,
    "phone_region": "BR",
    "won_stages": ("142", "5:77"),
    "refund_stages": ("78",),
    "zero_price": "count",
    "merge_gap_days": 3,
    "cancel_matched": False,
    "horizon_days": 40,
    "recency_cuts": (14, 30, 60, 120),
    "frequency_cuts": (2, 3, 5, 10),
    "monetary_cuts": (100, 500, 2_000, 10_000),
    "loyal_purchases": 5,
    "advocate_tag": "friend",
    "advocate_field_id": 9,
    "flag_by": "profit",
    "save_rate": 0.2,
    "contact_cost": 3.5,
    "capacity": 7,
}


def test_no_setting_is_left_out_here():
    assert CHANGED.keys() == Wanted.model_fields.keys()


@pytest.mark.parametrize("name", CHANGED)
def test_any_other_setting_has_another_name_and_comes_back_from_its_text(name):
    usual = settings_of(Wanted(), "US", "UTC")
    other = settings_of(Wanted(**{name: CHANGED[name]}), "US", "UTC")
    assert other.hash != usual.hash
    assert decoded_settings(other.to_text()) == other


def test_another_time_zone_or_country_is_another_setting_too():
    usual = settings_of(Wanted(), "US", "UTC")
    assert settings_of(Wanted(), "US", "Asia/Almaty").hash != usual.hash
    assert settings_of(Wanted(), "BR", "UTC").hash != usual.hash
    assert settings_of(Wanted(), "US", None) == usual
    assert settings_of(Wanted(phone_region="US"), "BR", "UTC") == usual


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_setting_makes_a_new_scoring_of_the_same_day(firm, name):
    trade(firm, 4, days=120)
    first = firm.score()
    other = firm.under(**{name: CHANGED[name]})
    report = other.score()
    assert (report.learned, report.counts.judged) == (True, len(firm.judged()))
    assert report.scoring.id > first.scoring.id
    assert not other.score().learned


def test_the_settings_of_one_account_are_not_anothers(firm):
    accounts = {OTHER: Wanted(loyal_purchases=2)}
    both = firm.governed(Wanted(), accounts)
    theirs = both.of(OTHER).read()
    for one in (both, theirs):
        for days in (30, 20, 0):
            one.sell(7, one.today - days)
        one.score()
    assert [one.judged()[14].stage for one in (both, theirs)] == ["repeat", "loyal"]
    changed = firm.governed(Wanted(), {OTHER: Wanted(loyal_purchases=3)})
    assert not changed.score().learned
    assert changed.of(OTHER).score().learned


def clients(firm: Firm) -> set[int]:
    firm.score()
    return set(firm.judged())


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("auto", {7, 22}), ("contact", {20, 22}), ("company", {7})],
)
def test_the_client_is_the_company_the_contact_or_whichever_there_is(
    firm, unit, expected
):
    firm.keep(Part.CONTACTS, contact(10, company_id=3), contact(11))
    firm.sell(10, firm.today)
    firm.sell(11, firm.today)
    assert clients(firm.under(client_unit=unit)) == expected


@pytest.mark.parametrize(("join", "expected"), [(True, {20}), (False, {20, 22})])
def test_cards_of_one_person_are_joined_or_not(firm, join, expected):
    mail = fields(("EMAIL", "ann@lee.example"))
    firm.keep(
        Part.CONTACTS, contact(10, field_values=mail), contact(11, field_values=mail)
    )
    firm.sell(10, firm.today)
    firm.sell(11, firm.today)
    assert clients(firm.under(join_duplicates=join)) == expected


@pytest.mark.parametrize(("region", "expected"), [("BR", {20}), ("", {20, 22})])
def test_a_phone_without_a_country_is_of_the_region_that_is_set(firm, region, expected):
    typed, whole = ("PHONE", "(11) 98765-4311"), ("PHONE", "+55 11 98765-4311")
    firm.keep(
        Part.CONTACTS,
        contact(10, field_values=fields(typed)),
        contact(11, field_values=fields(whole)),
    )
    firm.sell(10, firm.today)
    firm.sell(11, firm.today)
    assert clients(firm.under(phone_region=region)) == expected


@pytest.mark.parametrize(
    ("stages", "expected"),
    [(("142",), {20}), (("142", "77"), {20, 22, 24}), (("5:77",), {24})],
)
def test_won_stages_are_of_any_pipeline_or_of_one(firm, stages, expected):
    firm.sell(10, firm.today)
    firm.sell(11, firm.today, status_id=77)
    firm.sell(12, firm.today, status_id=77, pipeline_id=5)
    assert clients(firm.under(won_stages=stages)) == expected


def bought(firm: Firm, **wanted: Any) -> dict[int, tuple[int, int]]:
    """Return (count, total) of each client's purchases."""
    firm.under(**wanted).score()
    rows = firm.rows_of("summaries")
    return {row["client"]: (row["purchases"], row["total"]) for row in rows}


def test_refunds_lower_the_money_and_take_equal_deals_away_if_they_may(firm):
    firm.sell(10, firm.today - 9, 500)
    firm.sell(10, firm.today - 5, 300)
    firm.sell(10, firm.today, 300, status_id=77)
    assert bought(firm)[20] == (2, 800)
    assert bought(firm, refund_stages=("77",))[20] == (1, 500)
    kept = bought(firm, refund_stages=("77",), cancel_matched=False)
    assert kept[20] == (2, 500)
    assert bought(firm, refund_stages=("8:77",))[20] == (2, 800)


def test_a_stage_of_both_kinds_gives_back_and_nothing_given_back_is_nothing(firm):
    firm.sell(10, firm.today - 9, 500)
    firm.sell(10, firm.today - 5, 0, status_id=77)
    both = {"won_stages": ("142", "77"), "refund_stages": ("77",)}
    assert bought(firm, zero_price="count", **both)[20] == (1, 500)


def test_won_leads_at_nothing_count_if_they_may(firm):
    firm.sell(10, firm.today - 9, 0)
    firm.sell(10, firm.today, 500)
    assert bought(firm)[20] == (1, 500)
    assert bought(firm, zero_price="count")[20] == (2, 500)


def test_instalments_are_one_purchase_within_the_days_set(firm):
    for days in (10, 8, 6, 0):
        firm.sell(10, firm.today - days, 100)
    assert bought(firm)[20] == (4, 400)
    assert bought(firm, merge_gap_days=2)[20] == (2, 400)
    assert bought(firm, merge_gap_days=6)[20] == (1, 400)


def test_the_horizon_that_is_set_is_the_one_that_risk_speaks_of(firm):
    trade(firm, 8)
    row = firm.under(horizon_days=41).score().scoring
    assert scoring_of(row).horizon == 41


def test_typed_cuts_make_the_scores(firm):
    for day, client in ((0, 10), (14, 11), (15, 12), (200, 13)):
        firm.sell(client, firm.today - day, 10_000)
    firm.sell(10, firm.today - 1, 90_000)
    firm = firm.under(
        recency_cuts=(14, 30, 60, 120),
        frequency_cuts=(2, 3, 4, 5),
        monetary_cuts=(100, 500, 1_000, 2_000),
    )
    firm.score()
    found = [(row.r, row.f, row.m) for row in firm.judged().values()]
    assert found == [(5, 2, 4), (5, 1, 2), (4, 1, 2), (1, 1, 2)]


def test_from_the_purchases_set_on_a_client_is_loyal(firm):
    for days in (40, 20, 0):
        firm.sell(10, firm.today - days)
    for purchases, stage in ((4, "repeat"), (3, "loyal")):
        firm.under(loyal_purchases=purchases).score()
        assert firm.judged()[20].stage == stage


def test_the_tag_or_the_field_set_makes_a_loyal_client_an_advocate(firm):
    tags = '[{"id": 1, "name": "Friend"}]'
    filled = '[{"field_id": 9, "field_code": null, "values": [{"value": true}]}]'
    firm.keep(Part.CONTACTS, contact(10, tags=tags), contact(11, field_values=filled))
    for client in (10, 11, 12):
        for days in (60, 40, 20, 0):
            firm.sell(client, firm.today - days)
    for wanted, expected in (
        ({}, []),
        ({"advocate_tag": "FRIEND"}, [20]),
        ({"advocate_field_id": 9}, [22]),
        ({"advocate_tag": "friend", "advocate_field_id": 9}, [20, 22]),
        ({"advocate_tag": "foe", "advocate_field_id": 99}, []),
    ):
        firm.under(**wanted).score()
        advocates = [c for c, row in firm.judged().items() if row.stage == "advocate"]
        assert advocates == expected


def flagged(firm: Firm, **wanted: Any) -> set[int]:
    firm.under(**wanted).score()
    return {client for client, row in firm.judged().items() if row.flagged}


def test_flags_are_as_many_as_can_be_talked_to(firm):
    trade(firm, 40)
    some = flagged(firm, flag_by="capacity", capacity=3)
    assert len(some) == 3
    assert some < flagged(firm, flag_by="capacity", capacity=6)


def test_flags_are_of_whom_a_talk_is_worth_its_cost(firm):
    trade(firm, 40)
    cheap = flagged(firm, flag_by="profit", contact_cost=1.5)
    loss = {client: row.expected_loss for client, row in firm.judged().items()}
    dear = flagged(firm, flag_by="profit", contact_cost=15.0)
    surer = flagged(firm, flag_by="profit", contact_cost=15.0, save_rate=1.0)
    assert dear < surer == cheap
    assert all(loss[client] * 0.1 > 1_500 for client in dear)
    assert flagged(firm, flag_by="profit", save_rate=0.0) == set()


def test_the_time_zone_decides_whether_two_deals_are_of_one_day(firm):
    evening = (firm.today - 5) * DAY + 23 * 3_600
    for moment in (evening, evening + 2 * 3_600):
        firm.sell(10, 0, 100, closed_at=moment)
    assert bought(firm)[20] == (2, 200)
    firm.read(time_zone="America/New_York")
    assert bought(firm)[20] == (1, 200)
