"""The witness's pages: every change and every request."""

import pytest

from kommo_sync.sandbox.account.history import Request
from kommo_sync.sandbox.account.writing import Writer
from tests.sandbox.hands import NOON, Shopfloor, words


@pytest.fixture
def floor() -> Shopfloor:
    return Shopfloor()


def rows(floor: Shopfloor, query: str = "") -> list[str]:
    """Return the rows of the witness's table as text."""
    body = floor.page(f"/history{query}").partition("<tbody>")[2].split("</tbody>")[0]
    return [words(row) for row in body.split("<tr>")[1:]]


def test_each_change_shows_author_time_before_and_after(floor):
    contact = floor.human.make("contacts", name="Ann Lee")
    floor.clock.advance(60)
    floor.ours.change("contacts", contact, name="Ann Roth")
    assert "21 Sep 2026, 12:01" in rows(floor)[0]
    assert "yours Your integration Contact Ann Roth" in rows(floor)[0]
    assert any(row.endswith("Name Ann Lee → Ann Roth") for row in rows(floor))
    assert rows(floor)[-1].endswith("Contact Ann Roth Contact created Ann Lee")


def test_changes_can_be_narrowed_to_one_record(floor):
    first, second = (floor.human.make("contacts", name=n) for n in ("Ann", "Bob"))
    floor.human.task("Call", NOON, entity_type="contacts", entity_id=first)
    assert len(rows(floor)) == 3
    assert len(rows(floor, "?entity=contacts")) == 2
    for query in (f"?entity=contacts&id={second}", f"?id={second}"):
        [row] = rows(floor, query)
        assert "Bob" in row


@pytest.mark.parametrize(
    ("by", "name"), [("human", "Daniel"), ("ours", "Your"), ("integration", "Newsl")]
)
def test_changes_can_be_narrowed_to_one_kind_of_author(floor, by, name):
    for hand in (floor.human, floor.ours, floor.foreign):
        hand.make("contacts", name="Ann")
    [row] = rows(floor, f"?by={by}")
    assert name in row


def test_what_fits_nothing_says_so(floor):
    assert "Nothing has been written yet" in floor.words("/history")
    floor.human.make("contacts", name="Ann")
    assert "No such changes" in floor.words("/history?entity=leads")


def test_changes_are_paged_newest_first(floor):
    for number in range(105):
        floor.human.make("contacts", name=f"Client {number:03}")
    assert "Client 104" in rows(floor)[0]
    assert len(rows(floor)) == 100
    assert "Client 000" in rows(floor, "?page=2")[-1]


def test_a_change_made_later_is_found_by_its_record(floor):
    client = floor.app().test_client()
    contact = floor.human.make("contacts", name="Ann")
    path = f"/history?entity=contacts&id={contact}"
    assert "1 change," in client.get(path).text
    floor.human.tag("contacts", contact, "vip")
    assert "2 changes," in client.get(path).text


def test_deleted_things_are_named(floor):
    writer = Writer(floor.state, floor.human.author)
    writer.log("statuses", 5, "deleted", "Discussions", None)
    writer.log("contacts", 6, "merged", None, floor.human.make("contacts", name="Ann"))
    assert any("Stage #5 Stage deleted Discussions" in row for row in rows(floor))
    assert any("Merged into Ann" in row for row in rows(floor))


def test_requests_show_answer_fault_and_what_they_changed(floor):
    Writer(floor.state, floor.ours.author, request=1).log("leads", 5, "x", 1, 2)
    floor.state.data.requests.append(
        Request(
            seq=1,
            at=NOON,
            method="PATCH",
            path="/api/v4/leads",
            query="a=b",
            status=504,
            client_id=floor.ours.author.client_id,
            user_id=floor.owner.id,
            body='[{"id": 5}]',
            fault="timeout_after",
            bytes_out=1234,
        )
    )
    [row] = rows(floor, "?tab=requests")
    assert "PATCH /api/v4/leads?a=b fault: timeout_after" in row
    assert row.endswith('[{"id": 5}] 504 Your integration Olivia Brandt 1 1,234')


def test_bodies_with_secrets_are_not_shown(floor):
    floor.state.data.requests.append(
        Request(
            seq=1,
            at=NOON,
            method="POST",
            path="/oauth2/access_token",
            query="",
            status=200,
            body='{"client_secret": "s3cret"}',
        )
    )
    assert "s3cret" not in floor.page("/history?tab=requests")
