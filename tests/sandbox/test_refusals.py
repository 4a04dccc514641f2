"""A law: what is refused changes nothing, whatever was sent, and nothing breaks."""

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.state import FIRST_IDS, Data
from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.kit import Api

law = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
NOTE = {"note_type": "common", "params": {"text": "x"}}
CALL = {"direction": "inbound", "phone": "5550100042", "duration": 1, "source": "s"}
FORM = {"source_name": "s", "source_uid": "u", "metadata": {"form_id": 1}}
LEAD, CONTACT, COMPANY, STRANGER = 1_000_001, 5_000_001, 5_000_002, 5_000_003
TASK, TAG = FIRST_IDS["tasks"], FIRST_IDS["tags"]
TO = {"to_entity_type": "contacts", "to_entity_id": CONTACT}
FIELDS = {"custom_fields_values": [{"field_id": 5, "values": [{"value": "x"}]}]}
# Where batches go: a good item, and items for which the batch is refused.
BATCHES: list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = [
    ("POST", "leads", {"name": "N"}, [{"price": "x"}, {"status_id": 5}, FIELDS]),
    ("POST", "leads", {"tags_to_add": [{"name": "new"}]}, [{"created_by": 99}]),
    (
        "PATCH",
        "leads",
        {"id": LEAD, "name": "N", "status_id": 142},
        [{"id": 5}, {}, {"id": LEAD, "loss_reason_id": 1}, {"id": LEAD, **FIELDS}],
    ),
    ("POST", "contacts", {"first_name": "N"}, [FIELDS, {"name": 5}]),
    ("PATCH", "contacts", {"id": CONTACT, "name": "N"}, [{"id": 5}, {"id": "x"}]),
    ("POST", "companies", {"name": "N"}, [FIELDS, {"tags_to_add": [{"id": 5}]}]),
    ("PATCH", "companies", {"id": COMPANY, "name": "N"}, [{"id": 5}]),
    (
        "POST",
        "tasks",
        {"text": "x", "complete_till": 1, "entity_type": "leads", "entity_id": LEAD},
        [{"text": "x"}, {"complete_till": 1}, {"text": 5, "complete_till": 1}],
    ),
    ("PATCH", "tasks", {"id": TASK, "is_completed": True}, [{"id": 5}, {}]),
    (
        "POST",
        "leads/notes",
        {**NOTE, "entity_id": LEAD},
        [NOTE, {**NOTE, "entity_id": 5}, {"entity_id": LEAD, "note_type": "common"}],
    ),
    (
        "POST",
        f"leads/{LEAD}/link",
        {**TO, "to_entity_id": STRANGER},
        [{}, {**TO, "to_entity_id": 5}],
    ),
    ("POST", f"leads/{LEAD}/unlink", TO, [{**TO, "to_entity_type": "tasks"}]),
    ("POST", "leads/tags", {"name": "new"}, [{}, {"name": "x", "color": "red"}]),
    ("PATCH", "leads/tags", {"id": TAG, "name": "N"}, [{"id": 5, "name": "N"}]),
    (
        "POST",
        "leads/custom_fields",
        {"name": "N", "type": "text"},
        [{"name": "N"}, {"name": "N", "type": "odd"}],
    ),
    ("POST", "leads/custom_fields/groups", {"name": "N"}, [{}, {"name": 5}]),
    ("POST", "leads/pipelines", {"name": "N", "is_main": True}, [{}, {"name": 5}]),
    ("POST", "leads/loss_reasons", {"name": "N"}, [{}, {"name": 5}]),
    ("POST", "roles", {"name": "N"}, [{}, {"name": "N", "rights": 5}]),
    ("POST", "users", {"name": "N", "email": "n@example.com"}, [{"name": "N"}]),
    ("POST", "users/deactivate", {"id": FIRST_IDS["users"] + 1}, [{"id": 5}]),
    ("POST", "leads/unsorted/forms", FORM, [{}, {**FORM, "pipeline_id": 5}]),
    (
        "POST",
        "leads/complex",
        {"_embedded": {"contacts": [{"name": "N"}], "metadata": {"category": "sip"}}},
        [{"_embedded": {"companies": [{"id": 5}]}}, {"price": "x"}],
    ),
    ("POST", "calls", CALL, [{}, {**CALL, "direction": "up"}]),
]


@cache
def account() -> tuple[Api, bytes]:
    """Return a small account and how it looks at first."""
    api = Api(Sandbox.empty(clock=ManualClock()))
    phone = {"field_code": "PHONE", "values": [{"value": "15550100042"}]}
    contact = api.contact(custom_fields_values=[phone])
    embedded = {"contacts": [{"id": contact}], "companies": [{"id": api.company()}]}
    api.contact(name="Bob")
    lead = api.lead(_embedded=embedded, tags_to_add=[{"name": "vip"}])
    on = {"entity_id": lead, "entity_type": "leads"}
    api.make("tasks", {"text": "x", "complete_till": 1, **on})
    api.make("leads/notes", {**NOTE, "entity_id": lead})
    return api, msgspec.json.encode(api.sandbox.state.data)


def begin() -> Api:
    """Return the small account as it was at first."""
    api, first = account()
    state = api.sandbox.state
    state.data = msgspec.json.decode(first, type=Data)
    state.rebuild()
    state.listings.clear()
    return api


def facts(api: Api) -> bytes:
    """Return all that the account holds but the requests and the next ids."""
    data = msgspec.structs.replace(api.sandbox.state.data, requests=[], counters={})
    return msgspec.json.encode(data)


@pytest.mark.parametrize(("method", "path", "good", "bad"), BATCHES)
def test_a_good_item_is_taken_where_a_bad_one_is_refused(method, path, good, bad):
    api = begin()
    before = facts(api)
    assert api.call(method, path, [good]).status_code in (200, 201, 204)
    assert facts(api) != before
    for item in bad:
        assert api.call(method, path, [item]).status_code == 400


@law
@given(st.sampled_from(BATCHES), st.data())
def test_one_bad_item_anywhere_keeps_a_batch_from_changing_anything(batch, draw):
    method, path, good, bad = batch
    items = [good] * draw.draw(st.integers(0, 3))
    place = draw.draw(st.integers(0, len(items)))
    items.insert(place, draw.draw(st.sampled_from(bad)))
    api = begin()
    before = facts(api)
    assert api.call(method, path, items).status_code == 400
    assert facts(api) == before


KEYS = """
id name price status_id pipeline_id loss_reason_id closed_at created_at updated_at
responsible_user_id created_by updated_by custom_fields_values tags_to_add
tags_to_delete _embedded request_id first_name last_name text complete_till entity_id
entity_type task_type_id duration is_completed result note_type params to_entity_id
to_entity_type metadata type code sort group_id enums required_statuses settings fields
is_main is_unsorted_on color descriptions email rights lang source_name source_uid
category direction phone source call_status user_id link contact_id value values enum_id
enum_code field_id field_code contacts companies leads tags statuses description
""".split()
SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from([*FIRST_IDS.values(), 0, -1, 1, 142, 143, 1.5, 1e300, 10**30])
    | st.sampled_from(("", "x", "leads", "contacts", "forms", "text", "select", "5"))
)
JUNK: Any = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)
MORE = st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=4)
SINGLE = [
    f"leads/{LEAD}",
    f"contacts/{CONTACT}",
    f"companies/{COMPANY}",
    f"tasks/{TASK}",
    f"leads/notes/{FIRST_IDS['notes']}",
    f"leads/pipelines/{FIRST_IDS['pipelines']}",
    f"leads/pipelines/{FIRST_IDS['pipelines']}/statuses/{FIRST_IDS['statuses'] + 1}",
    f"contacts/custom_fields/{FIRST_IDS['fields']}",
    f"roles/{FIRST_IDS['roles']}",
]
LISTS = """
leads leads?with=contacts leads?with=only_deleted contacts?with=leads companies tasks
tasks?order[complete_till]=asc leads/notes leads/tags leads/custom_fields
leads/custom_fields/groups leads/pipelines leads/loss_reasons users roles events
leads/unsorted contacts?order[name]=asc
""".split()


def look(api: Api) -> None:
    """Read every list, and the whole account as a state file would hold it."""
    for path in LISTS:
        assert api.call("GET", path).status_code in (200, 204), path
    msgspec.json.decode(msgspec.json.encode(api.sandbox.state.data), type=Data)


def check(method: str, path: str, body: Any) -> None:
    api = begin()
    before = facts(api)
    status = api.call(method, path, body).status_code
    assert status < 500
    if status >= 400:
        assert facts(api) == before
    else:
        look(api)


@law
@given(st.sampled_from(BATCHES), st.lists(MORE, min_size=1, max_size=2), st.booleans())
def test_no_batch_breaks_the_account_or_changes_it_when_refused(batch, more, is_good):
    method, path, good, _ = batch
    check(method, path, [{**(good if is_good else {}), **item} for item in more])


@law
@given(st.sampled_from(SINGLE), MORE)
def test_no_single_change_breaks_the_account_or_changes_it_when_refused(path, item):
    check("PATCH", path, item)


@law
@given(st.sampled_from(("accept", "link", "decline")), MORE)
def test_nothing_sent_to_an_incoming_lead_breaks_the_account(verb, item):
    api = begin()
    [made] = api.post("leads/unsorted/forms", [FORM])["_embedded"]["unsorted"]
    before = facts(api)
    method = "DELETE" if verb == "decline" else "POST"
    path = f"leads/unsorted/{made['uid']}/{verb}"
    status = api.call(method, path, item).status_code
    assert status < 500
    assert (facts(api) == before) == (status >= 400)
    look(api)


@law
@given(st.sampled_from(BATCHES), JUNK)
def test_a_body_that_is_no_batch_is_refused_or_harmless(batch, body):
    method, path, _, _ = batch
    check(method, path, body)
