"""What the account holds: a struct a thing; amounts in hundredths, Unix seconds."""

from typing import Any, ClassVar

import msgspec

WON = 142
LOST = 143
MAIN_KINDS = ("leads", "contacts", "companies")
SINGULAR = {
    "leads": "lead",
    "contacts": "contact",
    "companies": "company",
    "customers": "customer",
    "tasks": "task",
}
PLURAL = {singular: plural for plural, singular in SINGULAR.items()}
# https://www.amocrm.ru/developers/content/crm_platform/webhooks-format: element_type
ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}


class Value(msgspec.Struct, gc=False):
    """One value of a custom field, as stored: scalars, or an object for rich types."""

    value: Any
    enum_id: int | None = None
    enum_code: str | None = None


class Row(msgspec.Struct, kw_only=True, gc=False):
    """What everything with an id and an author has in common."""

    id: int
    created_by: int = 0
    updated_by: int = 0
    created_at: int = 0
    updated_at: int = 0


class Card(Row, kw_only=True, gc=False):
    """What leads, contacts and companies have in common."""

    kind: ClassVar[str]
    name: str = ""
    responsible_user_id: int = 0
    group_id: int = 0
    closest_task_at: int | None = None
    fields: dict[int, list[Value]] = {}
    tags: list[int] = []


class Lead(Card, kw_only=True, gc=False):
    """A deal. `price` is in hundredths; the first of `contact_ids` is the main one."""

    kind: ClassVar[str] = "leads"
    price: int = 0
    status_id: int = 0
    pipeline_id: int = 0
    loss_reason_id: int | None = None
    closed_at: int | None = None
    contact_ids: list[int] = []
    company_id: int | None = None
    source_id: int | None = None


class Contact(Card, kw_only=True, gc=False):
    """A person."""

    kind: ClassVar[str] = "contacts"
    first_name: str = ""
    last_name: str = ""
    is_unsorted: bool = False
    lead_ids: list[int] = []
    company_id: int | None = None


class Company(Card, kw_only=True, gc=False):
    """A firm."""

    kind: ClassVar[str] = "companies"
    lead_ids: list[int] = []
    contact_ids: list[int] = []


class Task(Row, kw_only=True, gc=False):
    """A to-do of one user, with or without an entity."""

    responsible_user_id: int = 0
    group_id: int = 0
    entity_id: int | None = None
    entity_type: str | None = None
    duration: int = 0
    is_completed: bool = False
    task_type_id: int = 1
    text: str = ""
    result: str | None = None
    complete_till: int = 0


class Note(Row, kw_only=True, gc=False):
    """An entry in a card's feed."""

    entity_type: str
    entity_id: int
    note_type: str
    params: dict[str, Any] = {}
    responsible_user_id: int = 0
    group_id: int = 0
    is_pinned: bool = False


class Tag(msgspec.Struct, kw_only=True, gc=False):
    """A tag of one kind of entity; colours exist only for leads."""

    id: int
    entity_type: str
    name: str
    color: str | None = None


class Enum(msgspec.Struct, kw_only=True, gc=False):
    """One choice of a select-like field."""

    id: int
    value: str
    sort: int = 500
    code: str | None = None


class Field(msgspec.Struct, kw_only=True, gc=False):
    """The definition of a custom field."""

    id: int
    entity_type: str
    name: str
    type: str
    code: str | None = None
    sort: int = 500
    group_id: str | None = None
    is_api_only: bool = False
    is_predefined: bool = False
    is_visible: bool = True
    is_required: bool = False
    enums: list[Enum] | None = None
    required_statuses: list[dict[str, int]] = []
    hidden_statuses: list[dict[str, int]] = []
    currency: str | None = None
    remind: str | None = None
    settings: Any = None


class FieldGroup(msgspec.Struct, kw_only=True, gc=False):
    """A tab of fields on a card."""

    id: str
    entity_type: str
    name: str
    sort: int = 1
    is_predefined: bool = False


class Status(msgspec.Struct, kw_only=True, gc=False):
    """A stage: type 1 is *Incoming leads*; 142 and 143 stand in each pipeline."""

    id: int
    pipeline_id: int
    name: str
    sort: int
    color: str
    type: int = 0
    is_editable: bool = True
    descriptions: dict[str, str] = {}


class Pipeline(msgspec.Struct, kw_only=True, gc=False):
    """A pipeline with its stages in order."""

    id: int
    name: str
    sort: int
    is_main: bool = False
    is_unsorted_on: bool = True
    is_archive: bool = False
    statuses: list[Status] = []

    def status(self, status_id: int) -> Status | None:
        """Return the stage of that id in this pipeline."""
        return next((s for s in self.statuses if s.id == status_id), None)

    def ordinary(self) -> list[Status]:
        """Return the stages a deal walks through: neither incoming nor closed."""
        return [s for s in self.statuses if s.type == 0 and s.id not in (WON, LOST)]

    def incoming(self) -> Status:
        """Return the stage of type 1."""
        return next(s for s in self.statuses if s.type == 1)


class LossReason(msgspec.Struct, kw_only=True, gc=False):
    """Why a lead was lost."""

    id: int
    name: str
    sort: int
    created_at: int
    updated_at: int


class User(msgspec.Struct, kw_only=True, gc=False):
    """A person who works in the account."""

    id: int
    name: str
    email: str
    lang: str = "en"
    is_admin: bool = False
    is_active: bool = True
    is_free: bool = False
    group_id: int | None = None
    role_id: int | None = None
    phone_number: str | None = None
    uuid: str = ""
    rights: dict[str, Any] = {}


class Role(msgspec.Struct, kw_only=True, gc=False):
    """A named set of rights."""

    id: int
    name: str
    rights: dict[str, Any] = {}


class Event(msgspec.Struct, kw_only=True, gc=False):
    """A row of the audit feed; `before`/`after` are (shape, field, field …) tuples."""

    seq: int
    type: str
    entity_type: str
    entity_id: int
    created_by: int
    created_at: int
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()


class Unsorted(msgspec.Struct, kw_only=True, gc=False):
    """An incoming lead that nobody has accepted or declined yet."""

    uid: str
    source_uid: str | None
    source_name: str
    category: str
    pipeline_id: int
    created_at: int
    metadata: dict[str, Any]
    lead_id: int
    contact_ids: list[int] = []
    company_ids: list[int] = []
    state: str = "open"
    closed_at: int | None = None


class Talk(msgspec.Struct, kw_only=True, gc=False):
    """A conversation in a messenger."""

    id: int
    contact_id: int
    chat_id: str
    entity_id: int | None
    entity_type: str | None
    origin: str
    created_at: int
    updated_at: int
    rate: int = 0
    is_in_work: bool = True
    is_read: bool = False


class Webhook(msgspec.Struct, kw_only=True):
    """A subscription; `bad` holds when invalid answers came in the last two hours."""

    id: int
    destination: str
    settings: list[str]
    created_by: int
    created_at: int
    updated_at: int
    sort: int = 1
    disabled: bool = False
    integration: str = ""
    bad: list[float] = []


class Delivery(msgspec.Struct, kw_only=True):
    """One webhook body on its way: attempt number and when it is due."""

    id: int
    webhook_id: int
    body: str
    due_at: float
    attempt: int = 1
    reordered: bool = False


class AccountSettings(msgspec.Struct, kw_only=True):
    """The account itself."""

    id: int
    name: str
    subdomain: str
    former_subdomains: list[str] = []
    domain: str = "kommo.com"
    country: str = "US"
    currency: str = "USD"
    currency_symbol: str = "$"
    language: str = "en"
    timezone: str = "America/New_York"
    created_at: int = 1_600_000_000
    uuid: str = ""
    amojo_id: str = ""
    contact_name_display_order: int = 1
    is_loss_reason_enabled: bool = True
    webhooks_in_plan: bool = True


class TaskType(msgspec.Struct, kw_only=True, gc=False):
    """A kind of task."""

    id: int
    name: str
    code: str | None = None
    color: str | None = None
    icon_id: int | None = None
