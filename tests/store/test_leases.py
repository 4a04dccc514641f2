"""One process a job and account; whoever lost its lease writes nothing more."""

import pytest

from kommo_sync.errors import Busy
from kommo_sync.model.entities import Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.leases import Lease
from kommo_sync.store.store import Store
from tests.store.rows import ACCOUNT, OTHER, kept, lead


def take(
    account: AccountStore, owner: str, now: float, dead: tuple[str, ...] = ()
) -> Lease:
    return account.take_lease("sync", owner, now, seconds=60, is_dead=dead.__contains__)


def test_a_second_owner_is_told_who_has_it_and_since_when(account: AccountStore):
    take(account, "host:1", 1_700_000_000)
    told = r"sync of account 31000001 .* host:1 since 2023-11-14 22:13:20\+00:00"
    with pytest.raises(Busy, match=told):
        take(account, "host:2", 1_700_000_059)


def test_another_account_or_job_is_free(store: Store):
    take(store.account(ACCOUNT), "a", 0)
    take(store.account(OTHER), "b", 0)
    other_job = store.account(ACCOUNT).take_lease(
        "sweep", "b", 0, seconds=60, is_dead=lambda owner: False
    )
    assert other_job.epoch == 1


@pytest.mark.parametrize(("now", "dead"), [(60, ()), (1, ("a",))])
def test_an_owner_that_is_silent_or_dead_is_replaced(
    account: AccountStore, now: float, dead: tuple[str, ...]
):
    old = take(account, "a", 0)
    assert take(account, "b", now, dead).epoch == old.epoch + 1


def test_a_renewed_lease_lasts_longer(account: AccountStore):
    account.renew(take(account, "a", 0), 50)
    with pytest.raises(Busy):
        take(account, "b", 100)
    assert take(account, "b", 110).owner == "b"


def test_an_owner_that_lost_its_lease_writes_nothing_more(account: AccountStore):
    old = take(account, "a", 0)
    new = take(account, "b", 100)
    page = Cursor(page=2)
    with pytest.raises(Busy, match=r"taken over from a.*nothing is lost"):
        account.keep_page(Part.LEADS, [lead(1)], page, seen_at=100, lease=old)
    with pytest.raises(Busy):
        account.replace(Part.USERS, [], page, seen_at=100, lease=old)
    with pytest.raises(Busy):
        account.save_cursor(Part.LEADS, page, old)
    with pytest.raises(Busy):
        account.renew(old, 100)
    assert (kept(account, Part.LEADS), account.cursor(Part.LEADS)) == ({}, Cursor())
    account.keep_page(Part.LEADS, [lead(1)], page, seen_at=100, lease=new)
    assert account.cursor(Part.LEADS) == page


def test_an_owner_that_lost_its_lease_changes_no_single_record(account: AccountStore):
    old = take(account, "a", 0)
    new = take(account, "b", 100)
    account.keep_rows(Part.LEADS, [lead(1)], seen_at=100, lease=new)
    with pytest.raises(Busy):
        account.keep_rows(Part.LEADS, [lead(1, 200)], seen_at=200, lease=old)
    with pytest.raises(Busy):
        account.bury(Part.LEADS, [1], at=200, lease=old)
    with pytest.raises(Busy):
        account.merge(Part.LEADS, 1, 2, at=200, lease=old)
    assert kept(account, Part.LEADS) == {1: lead(1)}
    account.merge(Part.LEADS, 1, 2, at=200, lease=new)
    assert account.bury(Part.LEADS, [1], at=300, lease=new) == 0
    assert kept(account, Part.LEADS) == {}


def test_the_same_owner_may_take_it_anew_and_its_old_one_ends(account: AccountStore):
    old = take(account, "a", 0)
    assert take(account, "a", 1).epoch == old.epoch + 1
    with pytest.raises(Busy):
        account.renew(old, 2)


def test_a_released_lease_is_free_and_of_no_more_use(account: AccountStore):
    lease = take(account, "a", 0)
    account.release(lease)
    with pytest.raises(Busy):
        account.renew(lease, 1)
    assert take(account, "b", 1).owner == "b"


def test_a_lost_lease_cannot_release_the_new_one(account: AccountStore):
    old = take(account, "a", 0)
    take(account, "b", 100)
    account.release(old)
    with pytest.raises(Busy):
        take(account, "c", 101)
