"""Kommo's JSON as typed shapes: only what is kept, and only the id is a must.

A shape is a union wherever PHP may write `[]` for an empty object; numbers and truth
values are read from strings, too (kommo-rest-api, pitfall 18). None can hold itself, so
none is tracked by the garbage collector: a page is read a tenth faster.
"""

from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Raw, Struct, field

Body = TypeVar("Body")

# What a database can hold; more would fail there, long after it was read.
Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
EmptyList = Annotated[list[Any], Meta(max_length=0)]
NONE = Raw(b"[]")


class Href(Struct, gc=False):
    """A link."""

    href: str


class Links(Struct, gc=False):
    """The links of a page."""

    next: Href | EmptyList | None = None


class Sheet(Struct, Generic[Body], gc=False):
    """A page as it stands in JSON."""

    embedded: Body | EmptyList = field(name="_embedded")
    page: Int | None = field(default=None, name="_page")
    links: Links | EmptyList | None = field(default=None, name="_links")
    total: Int | None = field(default=None, name="_total_items")


class Linked(Struct, gc=False):
    """A card that another card names."""

    id: Int
    is_main: bool | None = False


class OfLead(Struct, gc=False):
    """What a lead embeds; contacts only if asked for."""

    tags: Raw = NONE
    contacts: list[Linked] | None = None
    companies: list[Linked] | None = None


class OfCard(Struct, gc=False):
    """What a contact or a company embeds."""

    tags: Raw = NONE
    companies: list[Linked] | None = None


class LeadShape(Struct, gc=False):
    """A lead."""

    id: Int
    name: str | None = None
    price: Int | float | None = None
    price_with_minor_units: Int | float | None = None
    status_id: Int | None = None
    pipeline_id: Int | None = None
    responsible_user_id: Int | None = None
    loss_reason_id: Int | None = None
    created_by: Int | None = None
    created_at: Int | None = None
    updated_at: Int | None = None
    closed_at: Int | None = None
    is_deleted: bool | None = False
    custom_fields_values: Raw = NONE
    embedded: OfLead | EmptyList | None = field(default=None, name="_embedded")


class ContactShape(Struct, gc=False):
    """A contact."""

    id: Int
    name: str | None = None
    responsible_user_id: Int | None = None
    is_unsorted: bool | None = False
    is_deleted: bool | None = False
    created_at: Int | None = None
    updated_at: Int | None = None
    custom_fields_values: Raw = NONE
    embedded: OfCard | EmptyList | None = field(default=None, name="_embedded")


class CompanyShape(Struct, gc=False):
    """A company."""

    id: Int
    name: str | None = None
    responsible_user_id: Int | None = None
    is_deleted: bool | None = False
    created_at: Int | None = None
    updated_at: Int | None = None
    custom_fields_values: Raw = NONE
    embedded: OfCard | EmptyList | None = field(default=None, name="_embedded")


class TaskResult(Struct, gc=False):
    """What came of a task."""

    text: str | None = None


class TaskShape(Struct, gc=False):
    """A task; an empty result is `[]`."""

    id: Int
    entity_type: str | None = None
    entity_id: Int | None = None
    responsible_user_id: Int | None = None
    task_type_id: Int | None = None
    text: str | None = None
    result: TaskResult | EmptyList | None = None
    is_completed: bool | None = False
    complete_till: Int | None = None
    created_by: Int | None = None
    created_at: Int | None = None
    updated_at: Int | None = None


class NoteShape(Struct, gc=False):
    """A note; its words are left out."""

    id: Int
    entity_id: Int | None = None
    note_type: str | None = None
    created_by: Int | None = None
    created_at: Int | None = None
    updated_at: Int | None = None


class EventShape(Struct, gc=False):
    """An event; its values are looked into only where they name another card."""

    id: str | Int
    type: str | None = None
    entity_type: str | None = None
    entity_id: Int | None = None
    created_by: Int | None = None
    created_at: Int | None = None
    value_after: Raw = NONE
    value_before: Raw = NONE


class LinkedEntity(Struct, gc=False):
    """The card at the other end."""

    id: Int


class EventLink(Struct, gc=False):
    """A link between two cards."""

    entity: LinkedEntity | EmptyList | None = None


class EventValue(Struct, gc=False):
    """One side of what an event changed."""

    link: EventLink | EmptyList | None = None


class Rights(Struct, gc=False):
    """What a user may do."""

    is_admin: bool | None = False
    is_active: bool | None = True
    group_id: Int | None = None


class UserShape(Struct, gc=False):
    """A user; the address is left out."""

    id: Int
    name: str | None = None
    rights: Rights | EmptyList | None = None


class StageShape(Struct, gc=False):
    """A stage."""

    id: Int
    name: str | None = None
    sort: Int | None = None
    type: Int | None = None


class OfPipeline(Struct, gc=False):
    """What a pipeline embeds."""

    statuses: list[StageShape] | None = None


class PipelineShape(Struct, gc=False):
    """A pipeline with its stages."""

    id: Int
    name: str | None = None
    sort: Int | None = None
    is_main: bool | None = False
    is_archive: bool | None = False
    embedded: OfPipeline | EmptyList | None = field(default=None, name="_embedded")


class FieldShape(Struct, gc=False):
    """The definition of a custom field."""

    id: Int
    name: str | None = None
    type: str | None = None
    code: str | None = None
    sort: Int | None = None
    enums: Raw = NONE


class LossReasonShape(Struct, gc=False):
    """A loss reason."""

    id: Int
    name: str | None = None
    sort: Int | None = None


class Dating(Struct, gc=False):
    """How the account shows time."""

    timezone: str | None = None


class OfAccount(Struct, gc=False):
    """What the account embeds, if asked for."""

    task_types: Raw = NONE
    datetime_settings: Dating | EmptyList | None = None


class AccountShape(Struct, gc=False):
    """The account; older answers have the time zone at the root."""

    id: Int
    name: str | None = None
    subdomain: str | None = None
    currency: str | None = None
    country: str | None = None
    language: str | None = None
    timezone: str | None = None
    current_user_id: Int | None = None
    updated_at: Int | None = None
    embedded: OfAccount | EmptyList | None = field(default=None, name="_embedded")


class Leads(Struct, gc=False):
    """What a page of leads holds."""

    rows: list[LeadShape] = field(name="leads")


class Contacts(Struct, gc=False):
    """What a page of contacts holds."""

    rows: list[ContactShape] = field(name="contacts")


class Companies(Struct, gc=False):
    """What a page of companies holds."""

    rows: list[CompanyShape] = field(name="companies")


class Tasks(Struct, gc=False):
    """What a page of tasks holds."""

    rows: list[TaskShape] = field(name="tasks")


class Notes(Struct, gc=False):
    """What a page of notes holds."""

    rows: list[NoteShape] = field(name="notes")


class Events(Struct, gc=False):
    """What a page of events holds."""

    rows: list[EventShape] = field(name="events")


class Users(Struct, gc=False):
    """What a page of users holds."""

    rows: list[UserShape] = field(name="users")


class Pipelines(Struct, gc=False):
    """What the list of pipelines holds."""

    rows: list[PipelineShape] = field(name="pipelines")


class CustomFields(Struct, gc=False):
    """What a page of custom fields holds."""

    rows: list[FieldShape] = field(name="custom_fields")


class LossReasons(Struct, gc=False):
    """What a page of loss reasons holds."""

    rows: list[LossReasonShape] = field(name="loss_reasons")
