"""What `with=` adds to a lead, and the lists of leads that it changes."""

from typing import Any

from tests.sandbox.facts import choose, found, ids
from tests.sandbox.kit import ORIGIN, Api

LOST = 143


def parts(api: Api, lead: int, names: str) -> Any:
    return api.get(f"leads/{lead}", params={"with": names})


def arrive(api: Api) -> int:
    """Let one lead come in that nobody has accepted."""
    sent = {"source_name": "Site", "source_uid": "7", "metadata": {"form_id": "7"}}
    body = api.post("leads/unsorted/forms", [sent])
    return int(body["_embedded"]["unsorted"][0]["_embedded"]["leads"][0]["id"])


def test_contacts_are_embedded_only_when_asked_for_the_main_one_first(api: Api):
    first, second = api.contact(), api.contact()
    entries = [{"id": first}, {"id": second, "is_main": True}]
    lead = api.lead(_embedded={"contacts": entries})
    assert "contacts" not in api.get(f"leads/{lead}")["_embedded"]
    contacts = parts(api, lead, "contacts")["_embedded"]["contacts"]
    assert [(c["id"], c["is_main"]) for c in contacts] == [
        (second, True),
        (first, False),
    ]
    assert contacts[0]["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/contacts/{second}"


def test_the_company_is_always_embedded(api: Api):
    company = api.company()
    lead = api.get(f"leads/{api.lead(_embedded={'companies': [{'id': company}]})}")
    link = {"self": {"href": f"{ORIGIN}/api/v4/companies/{company}"}}
    assert lead["_embedded"]["companies"] == [{"id": company, "_links": link}]


def test_a_loss_reason_is_a_list_of_one_or_none(api: Api):
    reason = api.rows("leads/loss_reasons")[0]
    lost = api.lead(status_id=LOST, loss_reason_id=reason["id"])
    [embedded] = parts(api, lost, "loss_reason")["_embedded"]["loss_reason"]
    assert embedded == reason
    assert set(reason) == {"id", "name", "sort", "created_at", "updated_at", "_links"}
    assert parts(api, api.lead(), "loss_reason")["_embedded"]["loss_reason"] == []


def test_source_id_and_the_robots_price_stand_at_the_root_when_asked_for(api: Api):
    lead = api.lead()
    asked = parts(api, lead, "source_id,is_price_modified_by_robot")
    assert asked["source_id"] is None
    assert asked["is_price_modified_by_robot"] is False
    assert not {"source_id", "is_price_modified_by_robot"} & set(
        api.get(f"leads/{lead}")
    )


def test_a_source_is_embedded_with_id_and_name(api: Api):
    lead = api.lead()
    api.sandbox.state.data.leads[lead].source_id = 17
    assert parts(api, lead, "source_id")["source_id"] == 17
    source = parts(api, lead, "source")["_embedded"]["source"]
    assert (source["id"], set(source)) == (17, {"id", "name"})


def test_catalog_elements_are_an_empty_list_where_there_is_no_catalog(api: Api):
    embedded = parts(api, api.lead(), "catalog_elements")["_embedded"]
    assert embedded["catalog_elements"] == []


def test_several_parts_may_be_asked_for_at_once_in_any_spelling(api: Api):
    lead = api.lead()
    both = parts(api, lead, "contacts,loss_reason")["_embedded"]
    assert (
        both == api.get(f"leads/{lead}?with[]=contacts&with[]=loss_reason")["_embedded"]
    )
    assert {"contacts", "loss_reason"} <= set(both)


def test_only_deleted_is_a_filter_that_shows_the_trash_alone(api: Api):
    kept, gone = api.make("leads", {}, {})
    api.act("trash", entity="leads", id=gone)
    assert found(api, "leads") == [kept]
    assert found(api, "leads", **{"with": "only_deleted"}) == [gone]
    both = {"with": "contacts,only_deleted", "filter[id]": gone}
    assert found(api, "leads", **both) == [gone]


def test_a_trashed_lead_keeps_six_keys_and_reads_empty_in_all_others(api: Api):
    lead = api.lead(name="Roof", price=5, tags_to_add=[{"name": "vip"}])
    before = api.get(f"leads/{lead}")
    api.act("trash", entity="leads", id=lead)
    [row] = api.rows("leads", params={"with": "only_deleted"})
    filled = {key for key, value in row.items() if value is not None}
    kept = {"id", "is_deleted", "updated_at", "updated_by", "account_id", "_links"}
    assert filled == kept | {"_embedded"}
    assert row["_embedded"] == {"tags": [], "companies": []}
    assert (row["id"], row["is_deleted"]) == (lead, True)
    assert set(row) == set(before)


def test_a_lead_that_nobody_has_accepted_is_there_by_id(api: Api):
    lead = arrive(api)
    assert api.get(f"leads/{lead}")["id"] == lead
    assert found(api, "leads", **{"filter[id]": lead}) == [lead]


def test_whether_unaccepted_leads_are_listed_is_a_switch(api: Api):
    known, incoming = api.lead(), arrive(api)
    assert found(api, "leads") == [known]
    choose(api, incoming_leads_are_listed=True)
    assert ids(api.rows("leads", params={"limit": 9})) == [known, incoming]


def test_an_unaccepted_lead_is_listed_by_a_filter_on_its_stage(api: Api):
    incoming, pipeline = arrive(api), api.pipeline()
    stage = {
        "filter[statuses][0][pipeline_id]": pipeline["id"],
        "filter[statuses][0][status_id]": pipeline["_embedded"]["statuses"][0]["id"],
    }
    assert found(api, "leads", **stage) == [incoming]
    assert found(api, "leads", **{"filter[pipeline_id]": pipeline["id"]}) == []
