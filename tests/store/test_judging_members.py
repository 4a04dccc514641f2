"""Which contacts are one person's, and what says so."""

import pytest

from kommo_sync.model.clients import Point, PointKind, join_contacts
from kommo_sync.model.judged import ClientMember, ContactPoint
from kommo_sync.store.account import AccountStore
from kommo_sync.store.judging import Judging
from kommo_sync.store.store import Store
from kommo_sync.store.tables import client_members, contact_points
from tests.store.judged import ids
from tests.store.rows import ACCOUNT, OTHER, own_rows

PHONE, EMAIL = "phone", "email"


@pytest.fixture
def account(new_account: AccountStore) -> AccountStore:
    return new_account


@pytest.fixture
def judging(account: AccountStore) -> Judging:
    return account.judging()


def points(*found: tuple[int, str, str]) -> list[ContactPoint]:
    return [ContactPoint(*one) for one in found]


def test_points_are_kept_as_they_are_now(account: AccountStore, judging: Judging):
    first = points((1, PHONE, "+1"), (1, EMAIL, "a@b.co"), (2, PHONE, "+2"))
    assert judging.put_points(ids(2, 1), first).tolist() == [1, 2]
    assert judging.put_points(ids(1), points((1, PHONE, "+3"))).tolist() == [1]
    now = points((1, PHONE, "+3"), (2, PHONE, "+2"))
    assert own_rows(account, contact_points) == now


def test_points_that_stay_are_no_change(judging: Judging):
    same = points((1, PHONE, "+1"), (2, PHONE, "+1"))
    judging.put_points(ids(1, 2), same)
    assert judging.put_points(ids(1, 2), same + same).tolist() == []
    assert judging.put_points(ids(), []).tolist() == []


def test_who_has_no_points_any_more_is_told(account: AccountStore, judging: Judging):
    judging.put_points(ids(1, 2), points((1, PHONE, "+1"), (2, PHONE, "+1")))
    assert judging.put_points(ids(1, 3), []).tolist() == [1]
    assert [row[0] for row in own_rows(account, contact_points)] == [2]


def test_a_point_of_a_contact_that_is_not_named_is_refused(judging: Judging):
    with pytest.raises(ValueError, match="not among those named"):
        judging.put_points(ids(1), points((2, PHONE, "+1")))


def test_only_points_that_two_contacts_have_are_shared(judging: Judging):
    shared = points((2, EMAIL, "x"), (4, EMAIL, "x"), (3, PHONE, "x"), (4, PHONE, "x"))
    others = points((5, PHONE, "y"), (5, EMAIL, "y"), (6, PHONE, "z"))
    shared += points((5, PHONE, "+"), (6, PHONE, "+"))
    shared.sort(key=lambda one: (one.kind, one.value, one.contact_id))
    others += points((2, EMAIL, "+"))
    judging.put_points(ids(2, 3, 4, 5, 6), others + shared[::-1])
    assert list(judging.shared_points()) == shared


def test_joins_are_kept_as_the_model_makes_them(judging: Judging):
    made = join_contacts(Point(one, PointKind.PHONE, "+1") for one in (3, 1, 2))
    judging.put_points(ids(1, 2), [Point(1, PointKind.EMAIL, "x")])  # type: ignore[list-item]
    assert judging.put_members(made.links).tolist() == [2, 3]  # type: ignore[arg-type]
    assert [tuple(one) for one in judging.members()] == list(made.links)
    assert {type(one.kind) for one in judging.members()} == {str}


def test_who_stands_for_another_than_before_is_told(judging: Judging):
    one, two, three = (ClientMember(id, 1, 1, PHONE) for id in (2, 3, 4))
    judging.put_members([one, two, three])
    moved = two._replace(representative=9)
    assert judging.put_members([moved, one]).tolist() == [3, 4]
    assert judging.members() == (one, moved)
    assert judging.put_members([]).tolist() == [2, 3]
    assert judging.members() == ()


def test_other_evidence_is_kept_and_moves_nobody(judging: Judging):
    judging.put_members([ClientMember(2, 1, 1, PHONE)])
    now = ClientMember(2, 1, 5, EMAIL)
    assert judging.put_members([now]).tolist() == []
    assert judging.members() == (now,)


def test_only_joins_that_differ_are_written(account: AccountStore, judging: Judging):
    kept = [ClientMember(2, 1, 1, PHONE), ClientMember(3, 1, 1, PHONE)]
    judging.put_members(kept)
    before = own_rows(account, client_members)
    assert judging.put_members(kept).tolist() == []
    assert own_rows(account, client_members) == before


def test_a_contact_joined_twice_is_refused(judging: Judging):
    twice = [ClientMember(2, 1, 1, PHONE), ClientMember(2, 3, 3, PHONE)]
    with pytest.raises(ValueError, match="twice"):
        judging.put_members(twice)


def test_nobody_is_joined_with_another_account(store: Store):
    ours, theirs = (store.account(one).judging() for one in (ACCOUNT, OTHER))
    theirs.put_points(ids(1, 2), points((1, PHONE, "+1"), (2, PHONE, "+1")))
    theirs.put_members([ClientMember(2, 1, 1, PHONE)])
    assert (ours.shared_points(), ours.members()) == ((), ())
    ours.put_points(ids(1), points((1, PHONE, "+1")))
    assert ours.shared_points() == ()
    ours.put_points(ids(1), [])
    assert ours.put_members([]).tolist() == []
    assert (len(theirs.shared_points()), len(theirs.members())) == (2, 1)
