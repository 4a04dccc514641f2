"""What a scoring is told of that changed since the last one."""

import numpy as np
import pytest

from kommo_sync.model.entities import Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.changes import MARGIN_SECONDS, Seen
from kommo_sync.store.judging import Judging
from kommo_sync.store.store import Store
from tests.store.judged import ANN, count, ids
from tests.store.rows import ACCOUNT, OTHER, contact, lead
from tests.store.test_plans import plans

NOW = 1_000_000


@pytest.fixture
def account(new_account: AccountStore) -> AccountStore:
    return new_account


@pytest.fixture
def judging(account: AccountStore) -> Judging:
    return account.judging()


def test_a_lead_is_told_by_what_makes_it_count(account: AccountStore, judging: Judging):
    row = lead(4, 100, price=700, status_id=142, pipeline_id=9, responsible_user_id=6)
    row = row._replace(company_id=15, main_contact_id=10, closed_at=86_400)
    account.keep_rows(Part.LEADS, [row], seen_at=NOW)
    found = judging.changed_leads(None)
    for name in found.__slots__:
        assert getattr(found, name).tolist() == [getattr(row, name)]
        assert getattr(found, name).dtype == np.int64


def test_what_a_lead_has_not_is_zero(account: AccountStore, judging: Judging):
    account.keep_rows(Part.LEADS, [lead(4)], seen_at=NOW)
    found = judging.changed_leads(None)
    assert (found.company_id[0], found.main_contact_id[0], found.closed_at[0]) == (
        0,
    ) * 3


def test_at_first_all_leads_have_changed_page_by_page(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(one) for one in (5, 1, 3)], seen_at=NOW)
    first = judging.changed_leads(None, limit=2)
    rest = judging.changed_leads(None, after_id=3, limit=2)
    assert (first.id.tolist(), rest.id.tolist()) == ([1, 3], [5])
    assert len(judging.changed_leads(None, after_id=5)) == 0


def test_what_was_seen_since_has_changed_page_by_page(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(one) for one in (9, 2)], seen_at=NOW - 9_999)
    account.keep_rows(Part.LEADS, [lead(8)], seen_at=NOW)
    account.keep_rows(Part.LEADS, [lead(7), lead(1)], seen_at=NOW + 5)
    first = judging.changed_leads(NOW, limit=2)
    rest = judging.changed_leads(NOW, after_id=7, limit=2)
    assert (first.id.tolist(), rest.id.tolist()) == ([1, 7], [8])


def test_an_answer_that_was_kept_late_is_not_missed(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(1)], seen_at=NOW - MARGIN_SECONDS)
    account.keep_rows(Part.LEADS, [lead(2)], seen_at=NOW - MARGIN_SECONDS - 1)
    account.keep_rows(Part.CONTACTS, [contact(3)], seen_at=NOW - MARGIN_SECONDS)
    account.keep_rows(Part.CONTACTS, [contact(4)], seen_at=NOW - MARGIN_SECONDS - 1)
    assert judging.changed_leads(NOW).id.tolist() == [1]
    assert judging.changed_contacts(NOW).id.tolist() == [3]


@pytest.mark.parametrize(
    ("part", "pointer"),
    [(Part.CONTACTS, "main_contact_id"), (Part.COMPANIES, "company_id")],
)
def test_leads_that_a_merge_re_pointed_have_changed(
    account: AccountStore, judging: Judging, part: Part, pointer: str
):
    rows = [lead(one, **{pointer: card}) for one, card in ((1, 6), (2, 7), (3, 8))]
    account.keep_rows(Part.LEADS, rows, seen_at=100)
    account.merge(part, 6, 7, at=NOW - MARGIN_SECONDS)
    assert judging.changed_leads(NOW).id.tolist() == [1, 2]
    assert judging.changed_leads(NOW, after_id=1).id.tolist() == [2]
    assert judging.changed_leads(NOW, limit=1).id.tolist() == [1]
    assert judging.changed_leads(NOW + 1).id.tolist() == []


def test_a_merge_that_was_heard_of_late_counts_from_then(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(1, main_contact_id=6)], seen_at=100)
    account.bury(Part.CONTACTS, [6], at=NOW)
    account.merge(Part.CONTACTS, 6, 7, at=200)
    assert judging.changed_leads(NOW).id.tolist() == [1]


def test_a_merge_of_one_kind_moves_no_card_of_another(
    account: AccountStore, judging: Judging
):
    rows = [lead(1, company_id=7), lead(2, main_contact_id=7)]
    account.keep_rows(Part.LEADS, rows, seen_at=100)
    account.merge(Part.LEADS, 6, 7, at=NOW)
    assert judging.changed_leads(NOW).id.tolist() == []
    account.merge(Part.CONTACTS, 6, 7, at=NOW)
    assert judging.changed_leads(NOW).id.tolist() == [2]


def test_leads_are_found_by_their_main_contact(account: AccountStore, judging: Judging):
    pairs = ((3, 6), (1, 7), (2, 6), (4, None))
    rows = [lead(one, main_contact_id=card) for one, card in pairs]
    account.keep_rows(Part.LEADS, rows, seen_at=100)
    assert judging.leads_of_contacts(ids(6, 9)).id.tolist() == [2, 3]
    assert judging.leads_of_contacts(ids()).id.tolist() == []


def test_counted_leads_that_died_since_are_gone(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(one) for one in (1, 2, 3, 4)], seen_at=100)
    count(judging, dict.fromkeys((1, 2, 3), (ANN, 1, 5)))
    account.bury(Part.LEADS, [1], at=NOW - MARGIN_SECONDS - 1)
    account.bury(Part.LEADS, [2, 4], at=NOW - MARGIN_SECONDS)
    account.bury(Part.CONTACTS, [3], at=NOW)
    assert judging.gone_leads(NOW).tolist() == [2]
    assert judging.gone_leads(None).tolist() == [1, 2]


def test_a_lead_that_was_merged_into_another_is_gone(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.LEADS, [lead(1), lead(2)], seen_at=100)
    count(judging, {1: (ANN, 1, 5), 2: (ANN, 2, 5)})
    account.merge(Part.LEADS, 1, 2, at=NOW)
    assert judging.gone_leads(NOW).tolist() == [1]


def test_changed_contacts_come_with_what_stands_on_their_cards(
    account: AccountStore, judging: Judging
):
    rows = [contact(9, company_id=15, field_values="[9]"), contact(8), contact(7)]
    account.keep_rows(Part.CONTACTS, rows, seen_at=NOW)
    found = judging.changed_contacts(None, after_id=7, limit=2)
    assert (found.id.tolist(), found.company_id.tolist()) == ([8, 9], [0, 15])
    assert found.field_values == ["[]", "[9]"]
    assert judging.changed_contacts(NOW, limit=1).id.tolist() == [7]


def test_contacts_of_a_company_that_was_merged_have_changed(
    account: AccountStore, judging: Judging
):
    rows = [contact(1, company_id=6), contact(2)]
    account.keep_rows(Part.CONTACTS, rows, seen_at=100)
    account.merge(Part.COMPANIES, 6, 7, at=NOW)
    assert judging.changed_contacts(NOW).id.tolist() == [1]
    companies = [column.tolist() for column in judging.contact_companies()]
    assert companies == [[1, 2], [7, 0]]


def test_dead_contacts_are_told_while_they_have_points(
    account: AccountStore, judging: Judging
):
    account.keep_rows(Part.CONTACTS, [contact(1), contact(2)], seen_at=100)
    points = [(one, "phone", f"+{text}") for one in (1, 2) for text in "12"]
    judging.put_points(ids(1, 2), points)  # type: ignore[arg-type]
    account.bury(Part.CONTACTS, [1, 3], at=NOW)
    assert judging.gone_contacts(NOW).tolist() == [1]
    assert judging.gone_contacts(NOW + MARGIN_SECONDS + 1).tolist() == []
    assert judging.gone_contacts(None).tolist() == [1]


def test_how_far_the_judgements_know_is_remembered(
    account: AccountStore, judging: Judging
):
    assert judging.newest_seen() == judging.seen() == Seen()
    account.keep_rows(Part.LEADS, [lead(1)], seen_at=100)
    account.keep_rows(Part.LEADS, [lead(2)], seen_at=90)
    assert judging.newest_seen() == Seen(leads=100)
    judging.save_seen(Seen(100, 50))
    judging.save_seen(Seen(90, None))
    assert judging.seen() == Seen(90, None)


def test_changes_of_another_account_are_not_ours(store: Store):
    ours, theirs = store.account(ACCOUNT), store.account(OTHER)
    theirs.keep_rows(Part.LEADS, [lead(1, main_contact_id=6)], seen_at=NOW)
    theirs.keep_rows(Part.CONTACTS, [contact(6)], seen_at=NOW)
    theirs.judging().save_seen(Seen(NOW, NOW))
    ours.keep_rows(Part.LEADS, [lead(2, main_contact_id=7)], seen_at=100)
    count(ours.judging(), {2: (ANN, 1, 5)})
    theirs.merge(Part.CONTACTS, 6, 7, at=NOW)
    theirs.bury(Part.LEADS, [2], at=NOW)
    judging = ours.judging()
    assert judging.changed_leads(NOW).id.tolist() == []
    assert judging.changed_leads(None).id.tolist() == [2]
    assert judging.leads_of_contacts(ids(6, 7)).id.tolist() == [2]
    assert len(judging.changed_contacts(None)) == len(judging.gone_leads(NOW)) == 0
    assert len(judging.contact_companies()[0]) == 0
    assert (judging.seen(), judging.newest_seen()) == (Seen(), Seen(leads=100))


def test_changes_are_found_by_when_they_were_seen(file_store: Store):
    account = file_store.account(ACCOUNT)
    judging = account.judging()
    found = plans(account, "leads", lambda: judging.changed_leads(NOW))
    found += plans(account, "contacts", lambda: judging.changed_contacts(NOW))
    assert len([step for step in found if "seen_at>?" in step]) == 2
    assert not [step for step in found if step.endswith("(account_id=?)")]
