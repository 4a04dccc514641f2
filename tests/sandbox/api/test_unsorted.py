"""Incoming leads: sent, listed, accepted, declined, linked with a known lead."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.facts import choose, found, ids, user_ids
from tests.sandbox.kit import Api, flaws

T = 1_790_000_000
KEYS = """
uid source_uid source_name category pipeline_id created_at metadata account_id _links
_embedded
""".split()
FORM = {
    "form_id": "7",
    "form_name": "Callback",
    "form_page": "https://shop.example.com",
    "ip": "203.0.113.5",
    "form_sent_at": T,
    "referer": "",
}
SIP = {"from": "+15550100", "phone": "+15550199", "called_at": T, "duration": 42}


def form(**item: Any) -> dict[str, Any]:
    return {"source_name": "Site", "source_uid": "f", "metadata": FORM, **item}


def send(api: Api, *items: dict[str, Any], category: str = "forms") -> list[Any]:
    body = api.post(f"leads/unsorted/{category}", list(items) or [form()])
    return list(body["_embedded"]["unsorted"])


def incoming(api: Api) -> tuple[str, int]:
    """Let one lead of an unknown person come in; return its uid and the lead's id."""
    [made] = send(api, form(_embedded={"contacts": [{"name": "Ann"}]}))
    return made["uid"], made["_embedded"]["leads"][0]["id"]


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    uid, lead = incoming(api)
    [entry] = api.rows("leads/unsorted")
    assert sorted(entry) == sorted(KEYS)
    assert api.get(f"leads/unsorted/{uid}") == entry
    assert (entry["source_name"], entry["source_uid"]) == ("Site", "f")
    assert (entry["category"], entry["metadata"]) == ("forms", FORM)
    assert (ids(entry["_embedded"]["leads"]), entry["created_at"]) == ([lead], T)
    assert entry["pipeline_id"] == api.pipeline()["id"]


def test_sending_answers_uid_account_and_request_id(api: Api):
    first, second = send(api, form(request_id="r"), form())
    assert set(first) == {"uid", "account_id", "request_id", "_links", "_embedded"}
    assert (first["request_id"], second["request_id"]) == ("r", "1")
    assert set(first["_embedded"]) == {"leads", "contacts", "companies"}
    assert len(first["uid"]) == 60
    assert set(first["uid"]) <= set("0123456789abcdef")


def test_an_equal_source_uid_does_not_make_two_one(api: Api):
    first, second = send(api, form(), form())
    assert first["uid"] != second["uid"]
    assert len(api.rows("leads/unsorted")) == 2


def test_a_call_may_come_in_too(api: Api):
    send(api, form(metadata=SIP), category="sip")
    [entry] = api.rows("leads/unsorted")
    assert (entry["category"], entry["metadata"]) == ("sip", SIP)


def test_lead_contact_and_company_come_in_together(api: Api):
    embedded = {
        "leads": [{"name": "Roof", "price": 5, "tags_to_add": [{"name": "web"}]}],
        "contacts": [{"first_name": "Ann"}],
        "companies": [{"name": "Acme"}],
    }
    [made] = send(api, form(_embedded=embedded))
    parts = {kind: ids(rows)[0] for kind, rows in made["_embedded"].items()}
    lead = api.get(f"leads/{parts['leads']}?with=contacts")
    assert (lead["name"], lead["price"]) == ("Roof", 5)
    assert ids(lead["_embedded"]["contacts"]) == [parts["contacts"]]
    assert ids(lead["_embedded"]["companies"]) == [parts["companies"]]
    assert api.get(f"contacts/{parts['contacts']}")["is_unsorted"] is True


def test_a_known_contact_stays_sorted(api: Api):
    contact = api.contact()
    send(api, form(_embedded={"contacts": [{"id": contact}]}))
    assert api.get(f"contacts/{contact}")["is_unsorted"] is False


def test_it_waits_in_the_incoming_stage_of_the_pipeline_that_it_names(api: Api):
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    [made] = send(api, form(pipeline_id=other["id"], created_at=T - 60))
    lead = api.get(f"leads/{made['_embedded']['leads'][0]['id']}")
    stage = other["_embedded"]["statuses"][0]["id"]
    assert (lead["pipeline_id"], lead["status_id"]) == (other["id"], stage)
    assert lead["created_at"] == T - 60


@pytest.mark.parametrize(
    ("item", "code", "path"),
    [
        ({"metadata": None}, "InvalidType", "metadata"),
        ({"metadata": {}}, "FieldMissing", "metadata"),
        ({"pipeline_id": 5}, "NotSupportedChoice", "pipeline_id"),
        ({"_embedded": {"leads": [{}, {}]}}, "NotSupportedChoice", "_embedded.leads"),
        ({"_embedded": {"contacts": "x"}}, "InvalidType", "_embedded.contacts"),
        (
            {"_embedded": {"leads": [{"price": "x"}]}},
            "InvalidType",
            "_embedded.leads.0.price",
        ),
        (
            {"_embedded": {"companies": [{"id": 5}]}},
            "NotSupportedChoice",
            "_embedded.companies.0.id",
        ),
    ],
)
def test_a_flaw_refuses_the_whole_batch(api: Api, item, code: str, path: str):
    body = api.post("leads/unsorted/forms", [form(), form(**item)], 400)
    assert flaws(body) == [("1", code, path)]
    assert api.get("leads/unsorted") is None


@pytest.mark.parametrize("category", ["mail", "chats"])
def test_letters_and_chats_cannot_be_sent(api: Api, category: str):
    assert api.call("POST", f"leads/unsorted/{category}", [form()]).status_code == 405
    assert api.get("leads/unsorted") is None


def test_the_newest_comes_first_whatever_order_is_asked(api: Api, clock: ManualClock):
    uids = []
    for _ in range(3):
        uids.append(incoming(api)[0])
        clock.advance(5)
    for query in ("", "?order[created_at]=asc", "?order[id]=asc"):
        shown = [entry["uid"] for entry in api.rows(f"leads/unsorted{query}")]
        assert shown == uids[::-1]


def test_filters_are_uid_category_and_pipeline(api: Api):
    uid, _ = incoming(api)
    [call] = send(api, form(metadata=SIP), category="sip")
    main = api.pipeline()["id"]
    asked = {
        f"filter[uid]={uid}": [uid],
        f"filter[uid][]={uid}&filter[uid][]=x": [uid],
        "filter[category]=sip": [call["uid"]],
        "filter[category][]=mail&filter[category][]=sip": [call["uid"]],
        f"filter[pipeline_id]={main}&filter[category]=forms": [uid],
        "filter[pipeline_id]=5": [],
    }
    for query, expected in asked.items():
        shown = [entry["uid"] for entry in api.rows(f"leads/unsorted?{query}")]
        assert shown == expected, query


def test_accepting_puts_the_lead_into_the_pipeline(api: Api):
    uid, lead = incoming(api)
    body = api.post(f"leads/unsorted/{uid}/accept", None)
    keys = {"uid", "category", "pipeline_id", "created_at", "_links", "_embedded"}
    assert (set(body), body["uid"]) == (keys, uid)
    assert ids(body["_embedded"]["leads"]) == [lead]
    assert api.get(f"leads/{lead}")["status_id"] == api.stages()[0]
    assert (
        api.get(f"contacts/{ids(body['_embedded']['contacts'])[0]}")["is_unsorted"]
        is False
    )
    assert api.get("leads/unsorted") is None
    assert found(api, "leads") == [lead]


def test_accepting_may_name_user_and_stage(api: Api):
    uid, lead = incoming(api)
    user, stage = user_ids(api)[2], api.stages()[2]
    api.post(f"leads/unsorted/{uid}/accept", {"user_id": user, "status_id": stage})
    shown = api.get(f"leads/{lead}")
    assert (shown["responsible_user_id"], shown["status_id"]) == (user, stage)


@pytest.mark.parametrize("sent", [{"status_id": 5}, {"user_id": 5}, {"user_id": "x"}])
def test_accepting_for_a_stage_or_user_that_is_not_there_changes_nothing(
    api: Api, sent: dict[str, Any]
):
    uid, _ = incoming(api)
    api.post(f"leads/unsorted/{uid}/accept", sent, 400)
    assert len(api.rows("leads/unsorted")) == 1


def test_a_lead_cannot_be_accepted_into_the_incoming_stage(api: Api):
    uid, _ = incoming(api)
    stage = api.pipeline()["_embedded"]["statuses"][0]["id"]
    assert api.post(f"leads/unsorted/{uid}/accept", {"status_id": stage}, 400)


def test_declining_puts_the_lead_into_the_trash_at_once(api: Api):
    uid, lead = incoming(api)
    body = api.delete(f"leads/unsorted/{uid}/decline", {}, 200)
    assert (body["uid"], ids(body["_embedded"]["leads"])) == (uid, [lead])
    assert api.get(f"leads/{lead}") is None
    assert found(api, "leads", **{"with": "only_deleted"}) == [lead]
    assert api.get("leads/unsorted") is None


@pytest.mark.parametrize("verb", ["accept", "decline", "link"])
def test_what_was_sorted_already_is_not_there_any_more(api: Api, verb: str):
    uid, _ = incoming(api)
    api.post(f"leads/unsorted/{uid}/accept", {})
    method = "DELETE" if verb == "decline" else "POST"
    assert api.call(method, f"leads/unsorted/{uid}/{verb}", {}).status_code == 204
    assert api.get(f"leads/unsorted/{uid}") is None


def test_a_summary_counts_what_became_of_them(api: Api, clock: ManualClock):
    uids = [incoming(api)[0] for _ in range(3)]
    send(api, form(metadata=SIP), category="sip")
    clock.advance(60)
    api.post(f"leads/unsorted/{uids[0]}/accept", {})
    clock.advance(60)
    api.delete(f"leads/unsorted/{uids[1]}/decline", {}, 200)
    summary = api.get("leads/unsorted/summary")
    keys = ("total", "accepted", "declined", "average_sort_time")
    assert [summary[key] for key in keys] == [2, 1, 1, 90]
    totals = {name: c["total"] for name, c in summary["categories"].items()}
    assert totals == {"sip": 1, "mail": 0, "forms": 3, "chats": 0}


def link_to(lead: int, **metadata: Any) -> dict[str, Any]:
    target = {"entity_id": lead, "entity_type": "leads", "metadata": metadata}
    return {"link": target}


def test_linking_joins_what_came_in_to_a_known_lead(api: Api):
    known = api.lead(name="Roof")
    uid, lead = incoming(api)
    body = api.post(f"leads/unsorted/{uid}/link", link_to(known))
    contacts = ids(body["_embedded"]["contacts"])
    assert ids(body["_embedded"]["leads"]) == [known]
    shown = api.get(f"leads/{known}?with=contacts")
    assert ids(shown["_embedded"]["contacts"]) == contacts
    assert api.get(f"contacts/{contacts[0]}")["is_unsorted"] is False
    assert api.get(f"leads/{lead}") is api.get("leads/unsorted") is None
    assert api.get("leads/unsorted/summary")["accepted"] == 1


def test_linking_may_name_the_person_who_wrote(api: Api):
    person = api.contact()
    known = api.lead(_embedded={"contacts": [{"id": person}]})
    uid, _ = incoming(api)
    sent = link_to(known, contact_id=person)
    body = api.post(f"leads/unsorted/{uid}/link", sent)
    assert ids(body["_embedded"]["contacts"]) == [person]
    assert found(api, "contacts") == [person]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ({"entity_id": 5, "entity_type": "leads"}, "link.entity_id"),
        ({"entity_id": 5, "entity_type": "customers"}, "link.entity_type"),
        ({}, "link"),
    ],
)
def test_linking_needs_a_known_lead(api: Api, target: dict[str, Any], path: str):
    uid, _ = incoming(api)
    body = api.post(f"leads/unsorted/{uid}/link", {"link": target}, 400)
    assert [error["path"] for error in body["validation-errors"][0]["errors"]] == [path]


def test_a_lead_that_people_drag_on_or_throw_away_waits_no_longer(api: Api):
    (first, lead), (_, gone) = incoming(api), incoming(api)
    api.patch(f"leads/{lead}", {"status_id": api.stages()[1]})
    api.act("trash", entity="leads", id=gone)
    assert api.get("leads/unsorted") is None
    assert api.call("POST", f"leads/unsorted/{first}/accept").status_code == 204
    summary = api.get("leads/unsorted/summary")
    assert (summary["accepted"], summary["declined"]) == (1, 1)


def test_letters_and_chats_of_a_generated_account_have_their_own_metadata():
    api = Api(Sandbox.generated(clients=80, clock=ManualClock()))
    expected = {
        "mail": {"from", "received_at", "subject", "thread_id", "message_id"},
        "chats": {"from", "to", "received_at", "service", "client", "origin"},
    }
    for category, keys in expected.items():
        entries = api.rows(f"leads/unsorted?filter[category]={category}")
        assert entries
        assert all(keys <= set(entry["metadata"]) for entry in entries)


def test_whether_incoming_leads_are_listed_does_not_matter_here(api: Api):
    choose(api, incoming_leads_are_listed=True)
    uid, lead = incoming(api)
    assert found(api, "leads") == [lead]
    assert [entry["uid"] for entry in api.rows("leads/unsorted")] == [uid]
