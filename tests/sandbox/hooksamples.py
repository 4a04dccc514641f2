"""The documentation's samples of webhook bodies, and the account that they tell of."""

from typing import Any

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.records import (
    Company,
    Contact,
    Enum,
    Field,
    Lead,
    Note,
    Tag,
    Talk,
    Task,
    Unsorted,
    User,
    Value,
)
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal
from kommo_sync.sandbox.hooks.body import write_body
from kommo_sync.sandbox.hooks.forms import describe
from kommo_sync.sandbox.seeding.fresh import fresh_data
from kommo_sync.sandbox.wire.brackets import pairs_of
from tests.sandbox.chances import chance

T0 = 1_790_000_000
NOON = 1_790_006_400  # 21 Sep 2026, 12:00 in New York
TAIL = """
account[id]=31000001
account[subdomain]=acme
account[_links][self]=https://acme.kommo.com
"""
LEAD = """
leads[ACTION][0][id]=501
leads[ACTION][0][name]=Roof repair
leads[ACTION][0][status_id]=7002
leads[ACTION][0][price]=5000
leads[ACTION][0][responsible_user_id]=11
leads[ACTION][0][last_modified]=1790000000
leads[ACTION][0][modified_user_id]=11
leads[ACTION][0][created_user_id]=11
leads[ACTION][0][date_create]=1790000000
leads[ACTION][0][pipeline_id]=700
leads[ACTION][0][account_id]=31000001
leads[ACTION][0][tags][0][id]=3
leads[ACTION][0][tags][0][name]=vip
leads[ACTION][0][custom_fields][0][id]=900
leads[ACTION][0][custom_fields][0][name]=Source
leads[ACTION][0][custom_fields][0][values][0][value]=Ads
leads[ACTION][0][custom_fields][0][values][0][enum]=77
leads[ACTION][0][created_at]=1790000000
leads[ACTION][0][updated_at]=1790000000
"""
LEAD_STATUS = """
leads[status][0][id]=501
leads[status][0][name]=Roof repair
leads[status][0][status_id]=142
leads[status][0][old_status_id]=7002
leads[status][0][price]=5000
leads[status][0][responsible_user_id]=11
leads[status][0][last_modified]=1790000600
leads[status][0][modified_user_id]=11
leads[status][0][created_user_id]=11
leads[status][0][date_create]=1790000000
leads[status][0][pipeline_id]=700
leads[status][0][old_pipeline_id]=700
leads[status][0][account_id]=31000001
leads[status][0][created_at]=1790000000
leads[status][0][updated_at]=1790000600
"""
LEAD_DELETE = """
leads[delete][0][id]=501
leads[delete][0][status_id]=7002
leads[delete][0][pipeline_id]=700
"""
LEAD_NOTE = """
leads[note][0][note][id]=6001
leads[note][0][note][note_type]=4
leads[note][0][note][text]=hello
leads[note][0][note][element_id]=501
leads[note][0][note][element_type]=2
leads[note][0][note][created_by]=11
leads[note][0][note][main_user_id]=11
leads[note][0][note][account_id]=31000001
leads[note][0][note][group_id]=0
leads[note][0][note][modified_by]=11
leads[note][0][note][date_create]=2026-09-21 12:00:00
leads[note][0][note][date_modify]=2026-09-21 12:00:00
leads[note][0][note][timestamp_x]=2026-09-21 12:00:00
leads[note][0][note][attachement]=
leads[note][0][note][metadata]={"event_source":{"type":1,"author_name":"Ann"}}
"""
CONTACT = """
contacts[ACTION][0][id]=77
contacts[ACTION][0][name]=Ann Lee
contacts[ACTION][0][responsible_user_id]=11
contacts[ACTION][0][group_id]=0
contacts[ACTION][0][date_create]=1790000000
contacts[ACTION][0][last_modified]=1790000000
contacts[ACTION][0][created_user_id]=11
contacts[ACTION][0][modified_user_id]=11
contacts[ACTION][0][company_name]=Acme
contacts[ACTION][0][linked_company_id]=41
contacts[ACTION][0][account_id]=31000001
contacts[ACTION][0][custom_fields][0][id]=801
contacts[ACTION][0][custom_fields][0][name]=Phone
contacts[ACTION][0][custom_fields][0][code]=PHONE
contacts[ACTION][0][custom_fields][0][values][0][value]=+15550100
contacts[ACTION][0][custom_fields][0][values][0][enum]=55
contacts[ACTION][0][linked_leads_id][501][ID]=501
contacts[ACTION][0][created_at]=1790000000
contacts[ACTION][0][updated_at]=1790000000
contacts[ACTION][0][type]=contact
"""
COMPANY = """
contacts[ACTION][0][id]=41
contacts[ACTION][0][name]=Acme
contacts[ACTION][0][responsible_user_id]=11
contacts[ACTION][0][group_id]=0
contacts[ACTION][0][date_create]=1790000000
contacts[ACTION][0][last_modified]=1790000000
contacts[ACTION][0][created_user_id]=11
contacts[ACTION][0][modified_user_id]=11
contacts[ACTION][0][account_id]=31000001
contacts[ACTION][0][linked_leads_id][501][ID]=501
contacts[ACTION][0][created_at]=1790000000
contacts[ACTION][0][updated_at]=1790000000
contacts[ACTION][0][type]=company
"""
TASK = """
task[ACTION][0][id]=9001
task[ACTION][0][element_id]=501
task[ACTION][0][element_type]=2
task[ACTION][0][task_type]=1
task[ACTION][0][date_create]=2026-09-21 12:00:00
task[ACTION][0][text]=Call back
task[ACTION][0][status]=0
task[ACTION][0][account_id]=31000001
task[ACTION][0][created_user_id]=11
task[ACTION][0][last_modified]=2026-09-21 12:00:00
task[ACTION][0][responsible_user_id]=11
task[ACTION][0][complete_till]=2026-09-22 12:00:00
task[ACTION][0][complete_before]=1790092800
task[ACTION][0][created_at]=1790006400
task[ACTION][0][updated_at]=1790006400
"""
TALK = """
talk[ACTION][0][talk_id]=71
talk[ACTION][0][created_at]=1790000000
talk[ACTION][0][updated_at]=1790000000
talk[ACTION][0][rate]=0
talk[ACTION][0][contact_id]=77
talk[ACTION][0][chat_id]=chat-uuid
talk[ACTION][0][entity_id]=501
talk[ACTION][0][entity_type]=lead
talk[ACTION][0][is_in_work]=1
talk[ACTION][0][is_read]=0
talk[ACTION][0][origin]=waba
"""
MESSAGE = """
message[add][0][id]=message-uuid
message[add][0][chat_id]=chat-uuid
message[add][0][talk_id]=71
message[add][0][contact_id]=77
message[add][0][text]=Hi
message[add][0][created_at]=1790000000
message[add][0][element_type]=2
message[add][0][entity_type]=lead
message[add][0][element_id]=501
message[add][0][entity_id]=501
message[add][0][type]=incoming
message[add][0][author][id]=author-uuid
message[add][0][author][type]=external
message[add][0][author][name]=Bob
message[add][0][author][avatar_url]=https://img.example/b.png
message[add][0][origin]=waba
message[add][0][attachment][type]=picture
message[add][0][attachment][link]=https://img.example/a.png
message[add][0][attachment][file_name]=a.png
"""
UNSORTED_FORM = """
unsorted[ACTION][0][uid]=a1b2
unsorted[ACTION][0][source_uid]=form-7
unsorted[ACTION][0][lead_id]=502
unsorted[ACTION][0][pipeline_id]=700
unsorted[ACTION][0][source_name]=Site
unsorted[ACTION][0][category]=forms
unsorted[ACTION][0][created_at]=1790000000
unsorted[ACTION][0][source_data][form_id]=7
unsorted[ACTION][0][source_data][source_name]=Site
unsorted[ACTION][0][data][leads][0][id]=502
unsorted[ACTION][0][data][contacts][0][id]=78
unsorted[ACTION][0][data][contacts][0][name]=Bob
"""
UNSORTED_CHAT = """
unsorted[add][0][source_data][data][0][text]=Hi
unsorted[add][0][source_data][origin][chat_id]=chat-uuid
unsorted[add][0][source_data][client][id]=client-9
unsorted[add][0][source_data][client][name]=Bob
unsorted[add][0][source_data][service]=waba
unsorted[add][0][source_data][source_name]=Site
"""
UNSORTED_DELETE = """
unsorted[delete][0][action]=accept
unsorted[delete][0][uid]=a1b2
unsorted[delete][0][accept_result][leads][0]=502
unsorted[delete][0][category]=forms
unsorted[delete][0][created_at]=1790000000
unsorted[delete][0][modified_user_id]=11
"""
STAMPS: dict[str, Any] = {
    "created_by": 11,
    "updated_by": 11,
    "created_at": T0,
    "updated_at": T0,
}
LATER: dict[str, Any] = {**STAMPS, "created_at": NOON, "updated_at": NOON}


def sample_account() -> State:
    """Return the account that the samples tell of."""
    data = fresh_data(now=T0, chance=chance(1), subdomain="acme")
    data.users[11] = User(id=11, name="Ann", email="ann@example.com")
    data.tags[3] = Tag(id=3, entity_type="leads", name="vip")
    ads = Enum(id=77, value="Ads")
    data.fields[900] = Field(
        id=900, entity_type="leads", name="Source", type="select", enums=[ads]
    )
    data.fields[801] = Field(
        id=801, entity_type="contacts", name="Phone", type="multitext", code="PHONE"
    )
    data.leads[501] = Lead(
        id=501,
        name="Roof repair",
        status_id=7002,
        pipeline_id=700,
        price=500_000,
        responsible_user_id=11,
        tags=[3],
        fields={900: [Value("Ads", 77)]},
        **STAMPS,
    )
    data.contacts[77] = Contact(
        id=77,
        name="Ann Lee",
        responsible_user_id=11,
        company_id=41,
        lead_ids=[501],
        fields={801: [Value("+15550100", 55, "WORK")]},
        **STAMPS,
    )
    data.companies[41] = Company(
        id=41, name="Acme", responsible_user_id=11, lead_ids=[501], **STAMPS
    )
    data.tasks[9001] = Task(
        id=9001,
        entity_id=501,
        entity_type="leads",
        responsible_user_id=11,
        text="Call back",
        complete_till=NOON + 86_400,
        **LATER,
    )
    data.talks[71] = Talk(
        id=71,
        contact_id=77,
        chat_id="chat-uuid",
        entity_id=501,
        entity_type="lead",
        origin="waba",
        created_at=T0,
        updated_at=T0,
    )
    data.contacts[78] = Contact(id=78, name="Bob")
    data.unsorted["a1b2"] = Unsorted(
        uid="a1b2",
        source_uid="form-7",
        source_name="Site",
        category="forms",
        pipeline_id=700,
        created_at=T0,
        metadata={"form_id": "7"},
        lead_id=502,
        contact_ids=[78],
    )
    return State(data, ManualClock(NOON))


def note(state: State, kind: str, entity_id: int, note_type: str, **params) -> None:
    """Put note 6001 on a card."""
    state.data.notes[6001] = Note(
        id=6001,
        entity_type=kind,
        entity_id=entity_id,
        note_type=note_type,
        params=params,
        responsible_user_id=11,
        **LATER,
    )


def body(state: State, code: str, record_id: int | str, **extra) -> str:
    """Return the body that tells one signal, user 11 having acted."""
    item = describe(state, Signal(code=code, kind="", id=record_id, extra=extra), 11)
    assert item is not None
    return write_body(state, code, [item])


def lines(text: str) -> list[str]:
    """Return a body as decoded `key=value` lines, sorted."""
    return sorted(f"{key}={value}" for key, value in pairs_of(text))


def said(state: State, code: str, record_id: int | str, **extra) -> list[str]:
    """Return the decoded lines of the body that tells one signal."""
    return lines(body(state, code, record_id, **extra))


def whole(sample: str, action: str = "") -> list[str]:
    """Return the lines of a sample and of the tail that every body has, sorted."""
    text = sample.replace("ACTION", action) + TAIL
    return sorted(line for line in text.split("\n") if line)
