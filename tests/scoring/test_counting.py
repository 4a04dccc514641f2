"""Which leads count, for whom, when and how much; and what a change moves."""

import random
from pathlib import Path
from typing import Any

import pytest

from kommo_sync.jobs.scoring import account_settings
from kommo_sync.model.entities import Part
from kommo_sync.scoring.counting import Counter
from kommo_sync.store.changes import Seen
from tests.scoring.firm import COUNTED, DAY, Firm, fields, opened
from tests.store.rows import contact, lead

PHONE, OTHER_PHONE = "+1 202 555 0143", "+1 202 555 0187"


def key(contact_id: int) -> int:
    return contact_id * 2


def firm_key(company_id: int) -> int:
    return company_id * 2 + 1


def count(firm: Firm, since: Seen | None = None) -> Seen:
    """Catch up, and keep up to when that is known."""
    account = firm.account
    lease = account.take_lease(
        "score", "test:1:1", firm.rt.clock.now(), seconds=9e9, is_dead=lambda _: True
    )
    settings = account_settings(firm.rt, firm.account_id)
    judging = account.judging()
    upto = Counter(judging, settings.counting, lease).catch_up(since or judging.seen())
    judging.save_seen(upto, lease)
    return upto


def count_and_wait(firm: Firm) -> None:
    """Count, and let others be at work so long that nothing told so far is news."""
    count(firm)
    firm.pass_days(1)
    firm.sell(firm.meet(), firm.today, id=999_999)
    count(firm)
    firm.pass_days(1)


def client(firm: Firm, lead_id: int) -> int | None:
    return firm.deals().get(lead_id, [None])[0]


def test_a_won_lead_counts_for_its_contact_on_the_day_of_its_closing(firm):
    person = firm.meet()
    won = firm.sell(person, 20_000, 12_345)
    count(firm)
    assert firm.deals() == {won: [key(person), 20_000, 12_345]}


def test_it_counts_for_its_company_or_that_of_its_contact(firm):
    company = firm.found()
    worker = firm.meet(company_id=company)
    named = firm.sell(0, 20_000, company_id=company)
    through = firm.sell(worker, 20_001)
    count(firm)
    assert client(firm, named) == client(firm, through) == firm_key(company)


def test_what_is_not_won_or_has_nobody_does_not_count(firm):
    person = firm.meet()
    firm.sell(person, 20_000, status_id=143)
    firm.sell(person, 20_000, status_id=7, closed_at=None)
    firm.sell(0, 20_000)
    count(firm)
    assert firm.deals() == {}


def test_a_day_is_the_accounts_own(firm):
    firm.read(time_zone="America/New_York")
    late = firm.sell(firm.meet(), 20_000, closed_at=20_000 * DAY + 3_600)
    count(firm)
    assert firm.deals()[late][1] == 19_999


def test_a_lead_without_a_closing_is_dated_by_its_making(tmp_path):
    with opened(tmp_path) as firm:
        firm = firm.under(won_stages=("77",))
        odd = firm.sell(firm.meet(), 20_000, status_id=77, closed_at=None)
        count(firm)
        assert firm.deals()[odd][1] == 20_000


def test_a_lead_that_is_lost_or_deleted_later_no_longer_counts(firm):
    person = firm.meet()
    lost, dead, kept = (firm.sell(person, day) for day in (20_000, 20_001, 20_002))
    count(firm)
    firm.pass_days(1)
    firm.sell(person, 20_000, id=lost, status_id=143)
    firm.trash(Part.LEADS, dead)
    count(firm)
    assert list(firm.deals()) == [kept]
    assert firm.judging.touched().tolist() == [key(person)]


def test_another_price_contact_or_company_moves_a_deal(firm):
    one, two, company = firm.meet(), firm.meet(), firm.found()
    sold = firm.sell(one, 20_000, 500)
    count(firm)
    for price, contact_id, company_id, expected in (
        (700, one, None, key(one)),
        (700, two, None, key(two)),
        (700, two, company, firm_key(company)),
        (700, one, None, key(one)),
    ):
        firm.pass_days(1)
        firm.sell(contact_id, 20_000, price, id=sold, company_id=company_id)
        count(firm)
        assert firm.deals()[sold] == [expected, 20_000, price]


def call(firm: Firm, contact_id: int, *phones: str, **more: Any) -> None:
    """Let a contact have these phones."""
    texts = fields(*(("PHONE", phone) for phone in phones))
    row = contact(id=contact_id, updated_at=firm.rt.now(), field_values=texts)
    firm.keep(Part.CONTACTS, row._replace(**more))


def test_contacts_with_one_phone_are_one_client_until_they_part(firm):
    first, second = firm.meet(("PHONE", PHONE)), firm.meet(("PHONE", OTHER_PHONE))
    theirs = firm.sell(second, 20_000)
    count(firm)
    seen = [client(firm, theirs)]
    for phone in (PHONE, OTHER_PHONE):
        count_and_wait(firm)
        call(firm, second, phone)
        count(firm)
        seen.append(client(firm, theirs))
    assert seen == [key(second), key(first), key(second)]


def test_cards_that_part_take_the_company_that_one_lent_the_other(firm):
    """The unchanged card's deals, too, count for somebody else from then on."""
    company = firm.found()
    private = firm.meet(("PHONE", PHONE))
    at_work = firm.meet(("PHONE", PHONE), company_id=company)
    sold = firm.sell(private, 20_000)
    count_and_wait(firm)
    assert client(firm, sold) == firm_key(company)
    call(firm, at_work, OTHER_PHONE, company_id=company)
    count(firm)
    assert client(firm, sold) == key(private)


def test_when_the_card_between_two_goes_they_are_two_again(firm):
    first = firm.meet(("PHONE", PHONE))
    between = firm.meet(("PHONE", PHONE), ("EMAIL", "ann@lee.example"))
    last = firm.meet(("EMAIL", "ann@lee.example"))
    sold = firm.sell(last, 20_000)
    count_and_wait(firm)
    assert client(firm, sold) == key(first)
    firm.trash(Part.CONTACTS, between)
    count(firm)
    assert client(firm, sold) == key(last)


def test_a_contact_that_gets_a_company_takes_its_deals_along(firm):
    company, person = firm.found(), firm.meet()
    sold = firm.sell(person, 20_000)
    count_and_wait(firm)
    call(firm, person, company_id=company)
    count(firm)
    assert client(firm, sold) == firm_key(company)


def test_merged_cards_are_one_client(firm):
    winner, loser = firm.meet(), firm.meet()
    sold = firm.sell(loser, 20_000)
    count_and_wait(firm)
    firm.account.merge(Part.CONTACTS, loser, winner, at=firm.rt.now())
    count(firm)
    assert client(firm, sold) == key(winner)


class PowerCut(BaseException):
    """The process is no more."""


def test_a_crash_before_the_joins_are_kept_forgets_nobody(firm, monkeypatch):
    company = firm.found()
    private = firm.meet(("PHONE", PHONE))
    at_work = firm.meet(("PHONE", PHONE), company_id=company)
    sold = firm.sell(private, 20_000)
    count_and_wait(firm)
    call(firm, at_work, OTHER_PHONE, company_id=company)
    for step in ("leads_of_contacts", "put_members"):
        with monkeypatch.context() as patch:
            patch.setattr(f"kommo_sync.store.judging.Judging.{step}", cut)
            with pytest.raises(PowerCut):
                count(firm)
    count(firm)
    assert client(firm, sold) == key(private)


def cut(*_args: object, **_named: object) -> None:
    raise PowerCut


PHONES = ("", "", PHONE, OTHER_PHONE, "+1 202 555 0111")
STAGES = (142, 142, 142, 143, 7)


class Office:
    """Who edits a firm's cards at random."""

    def __init__(self, firm: Firm, chance: random.Random) -> None:
        self.firm, self.chance = firm, chance
        self.companies = [firm.found() for _ in range(3)]
        self.people = [self.person(next(firm.ids)) for _ in range(10)]
        self.leads = [self.lead(next(firm.ids)) for _ in range(25)]
        self.dead: dict[Part, list[int]] = {Part.LEADS: [], Part.CONTACTS: []}

    def company(self) -> int | None:
        return self.chance.choice([None, None, None, *self.companies])

    def person(self, contact_id: int) -> int:
        phone = self.chance.choice(PHONES)
        call(self.firm, contact_id, phone, company_id=self.company())
        return contact_id

    def lead(self, lead_id: int) -> int:
        chance = self.chance
        day = chance.randrange(20_000, self.firm.today)
        made = lead(
            lead_id,
            price=chance.choice((0, 1_000, 5_000)),
            status_id=chance.choice(STAGES),
            main_contact_id=chance.choice([None, *self.people]),
            company_id=self.company(),
            closed_at=day * DAY,
            updated_at=self.firm.rt.now(),
        )
        self.firm.keep(Part.LEADS, made)
        return lead_id

    def one_deed(self) -> None:
        deeds = (self.edit_person, self.edit_lead, self.trash, self.restore, self.merge)
        self.chance.choices(deeds, (4, 5, 2, 2, 1))[0]()

    def edit_person(self) -> None:
        self.person(self.chance.choice(self.people))

    def edit_lead(self) -> None:
        self.lead(self.chance.choice(self.leads))

    def trash(self) -> None:
        part, ids = self.chance.choice(
            ((Part.LEADS, self.leads), (Part.CONTACTS, self.people))
        )
        if len(ids) > 5:
            gone = ids.pop(self.chance.randrange(len(ids)))
            self.firm.trash(part, gone)
            self.dead[part].append(gone)
            # A sync asks again for the leads that named it: it is no more on them.
            hanging = self.firm.account.facts().pointing_at(part, [gone])
            for lead_id in sorted(hanging.get(Part.LEADS, ())):
                self.lead(lead_id)

    def restore(self) -> None:
        part = self.chance.choice((Part.LEADS, Part.CONTACTS))
        if self.dead[part]:
            back = self.dead[part].pop()
            living, again = {
                Part.LEADS: (self.leads, self.lead),
                Part.CONTACTS: (self.people, self.person),
            }[part]
            living.append(again(back))

    def merge(self) -> None:
        if len(self.people) > 5:
            winner, loser = self.chance.sample(self.people, 2)
            self.people.remove(loser)
            at = self.firm.rt.now()
            self.firm.account.merge(Part.CONTACTS, loser, winner, at=at)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_people_do_what_is_counted_is_as_if_counted_anew(
    seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    with opened(tmp_path) as firm:
        office = Office(firm, chance)
        count(firm)
        for _round in range(12):
            firm.pass_days(chance.choice((0.001, 0.03, 0.2, 3)))
            for _deed in range(chance.choice((1, 2, 6))):
                office.one_deed()
            count(firm)
            kept = firm.rows(*COUNTED)
            count(firm, Seen())
            assert kept == firm.rows(*COUNTED)
