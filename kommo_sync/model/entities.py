"""What the CRM knows, one tuple a record, as it is kept.

Times are Unix seconds in UTC, None where there is none. Amounts are hundredths of the
account's currency. Fields called JSON hold what Kommo sent, as text. The order of the
fields is the order of the columns in the store: docs/decisions/0006 says why.
"""

from enum import StrEnum
from typing import NamedTuple, NewType

AccountId = NewType("AccountId", int)

WON = 142
"""The stage id of won leads, the same in every pipeline (kommo-rest-api, pipelines)."""
LOST = 143


class Part(StrEnum):
    """What is read by walks of its own; a stream is one or more of them."""

    ACCOUNT = "account"
    USERS = "users"
    PIPELINES = "pipelines"
    LEAD_FIELDS = "fields/leads"
    CONTACT_FIELDS = "fields/contacts"
    COMPANY_FIELDS = "fields/companies"
    LOSS_REASONS = "loss_reasons"
    LEADS = "leads"
    CONTACTS = "contacts"
    COMPANIES = "companies"
    TASKS = "tasks"
    LEAD_NOTES = "notes/leads"
    CONTACT_NOTES = "notes/contacts"
    COMPANY_NOTES = "notes/companies"
    EVENTS = "events"

    @property
    def stream(self) -> str:
        """The stream's name: what stands before the stroke."""
        return self.value.partition("/")[0]

    @property
    def entity_type(self) -> str:
        """What it belongs to: leads, contacts, companies; else its own name."""
        return self.value.rpartition("/")[2]


STREAMS = tuple(dict.fromkeys(part.stream for part in Part))
SNAPSHOTS = frozenset(list(Part)[: list(Part).index(Part.LEADS)])
"""Parts that are small and are read whole each time."""
RECORDS = (Part.LEADS, Part.CONTACTS, Part.COMPANIES, Part.TASKS)
"""Parts whose records can be deleted, and asked for by id."""

CONTACT_NOTES = (
    "common",
    "call_in",
    "call_out",
    "sms_in",
    "sms_out",
    "amomail_message",
    "zoom_meeting",
)
"""Notes that show somebody of the firm in touch with the client."""
CONTACT_EVENTS = (
    "incoming_call",
    "outgoing_call",
    "incoming_chat_message",
    "outgoing_chat_message",
    "incoming_mail",
    "outgoing_mail",
    "incoming_sms",
    "outgoing_sms",
    "talk_created",
    "talk_closed",
)
"""Events that show the same."""


class Account(NamedTuple):
    """The account itself."""

    id: int
    name: str
    subdomain: str
    currency: str
    country: str
    language: str
    time_zone: str | None
    current_user_id: int
    task_types: str
    """JSON: [{id, name, code, …}]."""
    updated_at: int


class User(NamedTuple):
    """Somebody who works in the CRM; no address is kept."""

    id: int
    name: str
    is_active: bool
    is_admin: bool
    group_id: int | None


class Pipeline(NamedTuple):
    """A pipeline of leads."""

    id: int
    name: str
    sort: int
    is_main: bool
    is_archive: bool


class Stage(NamedTuple):
    """A stage; its id is its own only within its pipeline (142 and 143 repeat)."""

    pipeline_id: int
    id: int
    name: str
    sort: int
    type: int


class CustomField(NamedTuple):
    """The definition of a custom field."""

    entity_type: str
    id: int
    name: str
    type: str
    code: str | None
    sort: int
    enums: str
    """JSON: [{id, value, sort, code}], or []."""


class LossReason(NamedTuple):
    """A reason why leads are lost."""

    id: int
    name: str
    sort: int


class Lead(NamedTuple):
    """A deal."""

    id: int
    name: str
    price: int
    status_id: int
    pipeline_id: int
    responsible_user_id: int
    loss_reason_id: int | None
    main_contact_id: int | None
    company_id: int | None
    contact_ids: str
    """JSON: [id, …], the main contact first."""
    created_by: int
    created_at: int
    updated_at: int
    closed_at: int | None
    tags: str
    """JSON: [{id, name, color}]."""
    field_values: str
    """JSON: Kommo's custom_fields_values, or []."""


class Contact(NamedTuple):
    """A person."""

    id: int
    name: str
    responsible_user_id: int
    company_id: int | None
    is_unsorted: bool
    created_at: int
    updated_at: int
    tags: str
    field_values: str


class Company(NamedTuple):
    """A firm."""

    id: int
    name: str
    responsible_user_id: int
    created_at: int
    updated_at: int
    tags: str
    field_values: str


class Task(NamedTuple):
    """Something a manager is to do."""

    id: int
    entity_type: str | None
    entity_id: int | None
    responsible_user_id: int
    task_type_id: int
    text: str
    result: str | None
    is_completed: bool
    complete_till: int
    created_by: int
    created_at: int
    updated_at: int


class Note(NamedTuple):
    """That something was noted, called or sent, and when; never the words."""

    entity_type: str
    id: int
    entity_id: int
    note_type: str
    created_by: int
    created_at: int
    updated_at: int


class Event(NamedTuple):
    """An entry of the CRM's own history; never the words."""

    id: str
    type: str
    entity_type: str
    """Plural, as streams are named: leads, contacts, companies, tasks."""
    entity_id: int
    other_id: int | None
    """The id named in the event's value: the other card of a merge or a link."""
    created_by: int
    created_at: int


Row = (
    Account
    | User
    | Pipeline
    | Stage
    | CustomField
    | LossReason
    | Lead
    | Contact
    | Company
    | Task
    | Note
    | Event
)
Record = Lead | Contact | Company | Task
