import pytest

from kommo_sync.kommo.protocol import ids_request, page_request, won_request
from kommo_sync.model.entities import Part

ORDERED = (Part.LEADS, Part.CONTACTS, Part.COMPANIES, Part.TASKS, Part.LEAD_NOTES)


@pytest.mark.parametrize("part", ORDERED)
def test_records_and_notes_are_asked_for_in_the_order_of_their_ids(part):
    assert page_request(part, 1).asked("order[id]") == "asc"


def test_a_span_of_records_is_by_their_last_change():
    request = page_request(Part.TASKS, 2, limit=100, since=5, until=9)
    assert request.path == "/api/v4/tasks"
    assert dict(request.query) == {
        "page": "2",
        "limit": "100",
        "filter[updated_at][from]": "5",
        "filter[updated_at][to]": "9",
        "order[id]": "asc",
    }


def test_a_span_of_events_is_by_their_time_and_kinds_are_a_comma_list():
    request = page_request(
        Part.EVENTS, 1, since=5, until=9, kinds=("lead_deleted", "entity_merged")
    )
    assert request.asked("filter[created_at][from]") == "5"
    assert request.asked("filter[created_at][to]") == "9"
    assert request.asked("filter[type]") == "lead_deleted,entity_merged"


def test_kinds_of_notes_are_a_list_in_brackets():
    request = page_request(Part.CONTACT_NOTES, 1, kinds=("call_in", "call_out"))
    kinds = [value for name, value in request.query if name == "filter[note_type][]"]
    assert kinds == ["call_in", "call_out"]


def test_leads_are_asked_for_with_their_contacts():
    assert page_request(Part.LEADS, 1).asked("with") == "contacts"
    assert ids_request(Part.LEADS, [1]).asked("with") == "contacts"


def test_pipelines_and_the_account_are_asked_for_whole():
    for part in (Part.PIPELINES, Part.ACCOUNT):
        assert page_request(part, 1).asked("page") is None


@pytest.mark.parametrize(("page", "limit"), [(0, 250), (1, 251), (1, 0)])
def test_a_page_out_of_range_is_an_error(page, limit):
    with pytest.raises(ValueError, match="page"):
        page_request(Part.LEADS, page, limit=limit)


@pytest.mark.parametrize("ids", [[], list(range(1, 102))])
def test_no_ids_or_too_many_are_an_error(ids):
    with pytest.raises(ValueError, match="ids"):
        ids_request(Part.LEADS, ids)


def test_won_leads_are_asked_for_by_pipeline_and_stage():
    request = won_request([(7, 142), (8, 142)], 3)
    assert request.asked("page") == "3"
    assert request.asked("filter[statuses][1][pipeline_id]") == "8"
    assert request.asked("filter[statuses][1][status_id]") == "142"


def test_won_leads_of_no_stage_are_an_error():
    with pytest.raises(ValueError, match="stages"):
        won_request([], 1)
