"""Every row belongs to an account, and stands as the model says it."""

import pytest

from kommo_sync.model.entities import Event, Part, Row
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.store import Store
from kommo_sync.store.tables import TABLE_OF, metadata
from tests.store.rows import ACCOUNT, OTHER, contact, kept, lead


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_the_account_leads_every_primary_key(name: str):
    table = metadata.tables[name]
    assert next(iter(table.primary_key)).name == "account_id"
    key = [column.name for column in table.primary_key]
    assert [column.name for column in table.columns][: len(key)] == key


@pytest.mark.parametrize("kind", TABLE_OF, ids=lambda kind: kind.__name__)
def test_a_row_of_the_model_is_a_row_of_its_table(kind: type[Row]):
    seen = () if kind is Event else ("seen_at",)
    columns = tuple(column.name for column in TABLE_OF[kind].columns)
    assert columns == ("account_id", *kind._fields, *seen)


def test_two_accounts_with_the_same_ids_do_not_see_each_other(store: Store):
    ours, theirs = store.account(ACCOUNT), store.account(OTHER)
    ours.keep_page(Part.LEADS, [lead(1)], Cursor(page=2), seen_at=100)
    theirs.keep_page(Part.LEADS, [lead(1, price=7)], Cursor(page=9), seen_at=100)
    theirs.keep_rows(Part.CONTACTS, [contact(4)], seen_at=100)
    theirs.merge(Part.CONTACTS, 4, 5, at=100)
    theirs.bury(Part.LEADS, [1], at=100)
    ours.keep_rows(Part.LEADS, [lead(1, 200, main_contact_id=4)], seen_at=100)
    assert kept(ours, Part.LEADS) == {1: lead(1, 200, main_contact_id=4)}
    assert kept(theirs, Part.LEADS) == {}
    assert (ours.cursor(Part.LEADS).page, theirs.cursor(Part.LEADS).page) == (2, 9)
    assert (ours.won().total, theirs.won().total) == (1000, 0)


def test_a_fresh_part_has_a_fresh_cursor(account: AccountStore):
    assert account.cursor(Part.LEADS) == Cursor()


def test_a_cursor_comes_back_as_it_was_saved(account: AccountStore):
    cursor = Cursor(5, "full", 1, 2, 3, -1, (7, 9), 125, 4, 11, 12, 3)
    account.save_cursor(Part.LEAD_NOTES, Cursor())
    account.save_cursor(Part.LEAD_NOTES, cursor)
    assert account.cursor(Part.LEAD_NOTES) == cursor
    assert account.cursor(Part.CONTACT_NOTES) == Cursor()
