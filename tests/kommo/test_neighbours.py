"""Which cards hang on others."""

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.neighbours import neighbours_request, read_neighbours
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from tests.kommo.kit import NOW, URGENT, answer, on, sheet

NOBODY: dict[Part, frozenset[int]] = {
    Part.LEADS: frozenset(),
    Part.CONTACTS: frozenset(),
}


def test_contacts_are_asked_for_by_id_with_their_leads():
    request = neighbours_request(Part.CONTACTS, [7, 8])
    assert request.path == "/api/v4/contacts"
    assert request.query[0] == ("with", "leads")
    assert [v for name, v in request.query if name == "filter[id][]"] == ["7", "8"]


def test_companies_are_asked_for_with_leads_and_contacts():
    request = neighbours_request(Part.COMPANIES, [7])
    assert (request.path, request.asked("with")) == (
        "/api/v4/companies",
        "leads,contacts",
    )


@pytest.mark.parametrize("part", [Part.LEADS, Part.TASKS, Part.EVENTS])
def test_nothing_hangs_on_other_cards(part):
    with pytest.raises(ValueError, match="only contacts and companies"):
        neighbours_request(part, [7])


@pytest.mark.parametrize("ids", [[], list(range(1, 102))])
def test_no_ids_or_too_many_are_an_error(ids):
    with pytest.raises(ValueError, match="ids"):
        neighbours_request(Part.CONTACTS, ids)


def test_the_ids_of_all_cards_are_put_together():
    cards = [
        {"id": 1, "_embedded": {"leads": [{"id": 5}, {"id": "6"}], "contacts": []}},
        {"id": 2, "_embedded": {"leads": [{"id": 5}], "contacts": [{"id": 9}]}},
    ]
    assert read_neighbours(answer(sheet("companies", cards))) == {
        Part.LEADS: {5, 6},
        Part.CONTACTS: {9},
    }


@pytest.mark.parametrize("hanging", [[], {}, None, {"leads": None}, {"tags": [1]}])
def test_a_card_on_which_nothing_hangs_names_nobody(hanging):
    body = sheet("contacts", [{"id": 1, "_embedded": hanging}, {"id": 2}])
    assert read_neighbours(answer(body)) == NOBODY


@pytest.mark.parametrize("body", [{"_embedded": []}, {"_embedded": {}}])
def test_a_list_without_cards_names_nobody(body):
    assert read_neighbours(answer(body)) == NOBODY


def test_no_content_names_nobody():
    assert read_neighbours(answer(b"", 204)) == NOBODY


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"[]",
        b"{}",
        b'{"_embedded": {"contacts": [{"_embedded": {"leads": [{}]}}]}}',
        b'{"_embedded": {"contacts": [{"_embedded": {"leads": [{"id": "x"}]}}]}}',
        b'{"_embedded": {"contacts": 5}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_another_body_is_a_bad_answer_that_quotes_nothing_of_it(body):
    with pytest.raises(BadAnswer) as caught:
        read_neighbours(answer(body))
    assert str(caught.value) == (
        "Kommo answered linked cards in a form that is not known."
    )


@pytest.mark.parametrize("part", [Part.CONTACTS, Part.COMPANIES])
def test_the_sandbox_answers_what_hangs_on_its_cards(part):
    sandbox = Sandbox.generated(clients=30, seed=4, clock=ManualClock(NOW))
    cards = sandbox.state.cards(part.value)
    asked = sorted(cards)[:20]
    with_leads = {lead for one in asked for lead in cards[one].lead_ids}
    assert with_leads
    desk = on(sandbox)
    found = read_neighbours(desk.client.get(neighbours_request(part, asked), URGENT))
    assert found[Part.LEADS] == with_leads
    desk.client.close()
