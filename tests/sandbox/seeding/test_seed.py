import json
import unicodedata
from collections import Counter
from datetime import datetime
from statistics import fmean
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kommo_sync.sandbox.account.records import LOST, WON
from kommo_sync.sandbox.account.state import Data
from kommo_sync.sandbox.seeding.fresh import managers, refund_stage
from tests.sandbox.seeded import NOW, account, digits, values


@pytest.fixture(scope="module")
def data():
    return account(240).data


def test_without_clients_the_account_is_empty_and_valid():
    data = account(0).data
    assert [*data.leads, *data.contacts, *data.events, *data.unsorted] == []
    assert data.truth["clients"] == []
    assert data.truth["model"]["k"] == 2


@pytest.mark.parametrize("clients", [1, 2, 3, 7])
def test_a_handful_of_clients_is_enough(clients):
    data = account(clients).data
    assert len(data.truth["clients"]) >= clients
    assert data.leads


def test_the_same_seed_gives_the_same_account():
    assert account(30).data == account(30).data


def test_another_seed_gives_another_account():
    assert account(30).data.truth != account(30, seed=2).data.truth


def test_an_account_survives_being_written_and_read(data):
    assert msgspec.json.decode(msgspec.json.encode(data), type=Data) == data
    assert json.loads(json.dumps(data.truth)) == data.truth


def test_purchases_of_the_truth_are_the_won_leads(data):
    told = set()
    for client in data.truth["clients"]:
        moved = {
            r["lead_id"] for r in client["refunds"] if r["kind"] == "moved_to_lost"
        }
        facts = zip(client["lead_ids"], client["times"], client["amounts"], strict=True)
        for lead_id, at, amount in facts:
            lead = data.leads[lead_id]
            assert lead.price == amount
            if lead_id not in moved:
                assert (lead.status_id, lead.closed_at) == (WON, at)
                told.add(lead_id)
    assert told == {lead.id for lead in data.leads.values() if lead.status_id == WON}


def test_every_client_buys_from_its_own_cards_and_its_manager(data):
    for client in data.truth["clients"]:
        for lead_id in client["lead_ids"]:
            lead = data.leads[lead_id]
            assert lead.contact_ids[0] in client["contact_ids"]
            assert lead.company_id == client["company_id"]
            assert lead.responsible_user_id == client["manager"]


def test_who_dropped_out_buys_never_again(data):
    for client in data.truth["clients"]:
        assert client["times"] == sorted(client["times"])
        if client["dropped_at"] is not None:
            assert client["times"][-1] <= client["dropped_at"]
            assert client["future_times"] == []
        assert all(at > NOW for at in client["future_times"])


def test_clients_return_every_45_days_on_average_and_spend_300():
    data = account(3_000).data
    clients = data.truth["clients"]
    originals = [c for c in clients if c["duplicate_of"] is None]
    k = data.truth["model"]["k"]
    assert fmean(k / c["lambda"] for c in originals) == pytest.approx(45, rel=0.06)
    amounts = [a for c in clients for a in c["amounts"]]
    assert fmean(amounts) == pytest.approx(30_000, rel=0.06)


def test_a_duplicate_has_the_phone_or_email_of_its_original_spelled_otherwise(data):
    phones, emails = (values(data, "contacts", key) for key in ("PHONE", "EMAIL"))
    twins = [c for c in data.truth["clients"] if c["duplicate_of"] is not None]
    assert len(twins) >= 5
    for twin in twins:
        one, other = twin["contact_id"], twin["duplicate_of"]
        if one in phones:
            assert digits(phones[one]) == digits(phones[other])
            assert phones[one] != phones[other]
        else:
            assert emails[one].lower() == emails[other].lower()
            assert emails[one] != emails[other]
        assert twin["lead_ids"]


def test_nobody_else_shares_a_phone_or_email(data):
    twins = {c["contact_id"] for c in data.truth["clients"] if c["duplicate_of"]}
    for key, clean in (("PHONE", digits), ("EMAIL", str.lower)):
        found = values(data, "contacts", key)
        own = [clean(text) for card, text in found.items() if card not in twins]
        assert len(own) == len(set(own)) > 200


def test_addresses_and_numbers_belong_to_nobody(data):
    emails = values(data, "contacts", "EMAIL").values()
    hosts = {email.lower().rpartition("@")[2] for email in emails}
    assert hosts == {"example.com", "example.org"}
    assert all(len(email.partition("@")[0]) <= 64 for email in emails)
    for phone in values(data, "contacts", "PHONE").values():
        number = digits(phone)
        assert "55501" in number or number.removeprefix("34")[1:].startswith("00")


def test_companies_have_several_contacts_and_deals_of_their_own(data):
    assert len(data.companies) >= 30
    for company in data.companies.values():
        assert len(company.contact_ids) >= 2
        assert company.lead_ids
    askers = {
        tuple(data.leads[i].contact_ids)
        for c in data.companies.values()
        for i in c.lead_ids
    }
    assert len(askers) > len(data.companies)


def test_refunds_stand_where_the_truth_says(data):
    stage = refund_stage(data)
    refunds = [r for c in data.truth["clients"] for r in c["refunds"]]
    assert {r["kind"] for r in refunds} == {"moved_to_lost", "refund_lead"}
    for refund in refunds:
        lead = data.leads[refund["lead_id"]]
        wanted = LOST if refund["kind"] == "moved_to_lost" else stage.id
        assert (lead.status_id, lead.price) == (wanted, refund["amount"])
    in_stage = [x for x in data.leads.values() if x.status_id == stage.id]
    assert len(in_stage) == sum(r["kind"] == "refund_lead" for r in refunds)


def test_three_managers_own_the_clients_in_two_pipelines(data):
    owners = {client["manager"] for client in data.truth["clients"]}
    assert owners == {user.id for user in managers(data)}
    won = {lead.pipeline_id for lead in data.leads.values() if lead.status_id == WON}
    assert won == set(data.pipelines)


def test_deals_are_open_in_several_stages_and_lost_for_several_reasons(data):
    open_stages = {x.status_id for x in data.leads.values() if x.closed_at is None}
    reasons = {x.loss_reason_id for x in data.leads.values() if x.status_id == LOST}
    assert len(open_stages) >= 6
    assert len(reasons) >= 4
    assert None not in reasons


def test_prospects_have_not_bought(data):
    prospects = data.truth["prospects"]
    assert len(prospects) >= 40
    leads = [data.leads[i] for p in prospects for i in data.contacts[p].lead_ids]
    assert WON not in {lead.status_id for lead in leads}


def test_tasks_are_finished_overdue_due_today_and_due_later(data):
    zone = ZoneInfo(data.account.timezone)
    today = datetime.fromtimestamp(NOW, zone).date()
    undone = [task for task in data.tasks.values() if not task.is_completed]
    days = [datetime.fromtimestamp(t.complete_till, zone).date() for t in undone]
    assert min(days) < today < max(days)
    assert today in days
    done = [task for task in data.tasks.values() if task.is_completed]
    assert done
    assert all(task.result for task in done)
    assert not any(task.result for task in undone)


def test_no_task_is_due_before_it_was_given(data):
    assert all(t.created_at <= t.complete_till for t in data.tasks.values())


def test_tags_and_tasks_of_people_and_other_integrations_can_be_told_apart(data):
    kinds: Counter[str] = Counter()
    for marks in data.marks["contacts"].values():
        for slot, mark in marks.items():
            if slot.startswith("tag:"):
                kinds[data.authors[mark.author].name] += 1
    names = {author.name for author in data.authors if author.kind == "human"}
    assert kinds["Newsletter"] > 0 < kinds["Messenger"]
    assert names & set(kinds)
    assert not any(data.authors[i].is_ours for i in _mark_authors(data))


def _mark_authors(data: Data) -> set[int]:
    return {
        mark.author
        for cards in data.marks.values()
        for marks in cards.values()
        for mark in marks.values()
    }


def test_names_are_latin_cyrillic_accented_and_some_very_long(data):
    names = [card.name for card in (*data.contacts.values(), *data.companies.values())]
    assert any(name.isascii() for name in names)
    assert any("CYRILLIC" in unicodedata.name(c) for name in names for c in name)
    assert any("'" in name for name in names)
    assert any("é" in name for name in names)
    assert max(map(len, names)) > 120


def test_contacts_tell_birthdays_cities_and_where_they_came_from(data):
    for key in ("Birthday", "City", "Source"):
        assert len(values(data, "contacts", key)) > 100
    assert len(values(data, "leads", "UTM_SOURCE")) > 20
    source = next(f for f in data.fields.values() if f.name == "Source")
    known = {enum.value for enum in source.enums}
    assert set(values(data, "contacts", "Source").values()) <= known


def test_incoming_leads_wait_in_the_first_stage(data):
    assert len(data.unsorted) >= 4
    for entry in data.unsorted.values():
        lead = data.leads[entry.lead_id]
        assert lead.status_id == data.pipelines[entry.pipeline_id].incoming().id
        assert lead.source_id
        assert [data.contacts[i].is_unsorted for i in entry.contact_ids] == [True]


def test_a_night_in_the_account_leaves_no_purchase_in_the_future():
    midnight = datetime(2026, 3, 1, 0, 20, tzinfo=ZoneInfo("America/New_York"))
    now = int(midnight.timestamp())
    data = account(300, now=now).data
    assert max(at for c in data.truth["clients"] for at in c["times"]) <= now
