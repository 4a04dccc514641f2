"""Everything but cards: tasks, notes, events, and what an account is set up with."""

from collections.abc import Callable, Iterable

from msgspec import Raw, ValidationError, json

from kommo_sync.kommo.cards import list_text
from kommo_sync.kommo.shapes import (
    AccountShape,
    Dating,
    EventLink,
    EventShape,
    EventValue,
    FieldShape,
    LinkedEntity,
    LossReasonShape,
    NoteShape,
    OfAccount,
    OfPipeline,
    PipelineShape,
    Rights,
    TaskResult,
    TaskShape,
    UserShape,
)
from kommo_sync.model.entities import (
    Account,
    CustomField,
    Event,
    LossReason,
    Note,
    Pipeline,
    Stage,
    Task,
    User,
)

_PLURAL = {
    "lead": "leads",
    "contact": "contacts",
    "company": "companies",
    "task": "tasks",
}
"""Events name entities in the singular; of any other nothing is kept."""
_VALUES = json.Decoder(list[EventValue], strict=False)


def tasks(shapes: Iterable[TaskShape]) -> list[Task]:
    """Return tasks; one without an entity has neither its type nor its id."""
    return [_task(one) for one in shapes]


def _task(one: TaskShape) -> Task:
    created_at = one.created_at or 0
    result = one.result.text if isinstance(one.result, TaskResult) else None
    return Task(
        one.id,
        one.entity_type if one.entity_id else None,
        (one.entity_id or None) if one.entity_type else None,
        one.responsible_user_id or 0,
        one.task_type_id or 0,
        one.text or "",
        result or None,
        bool(one.is_completed),
        one.complete_till or 0,
        one.created_by or 0,
        created_at,
        one.updated_at or created_at,
    )


def notes_of(entity_type: str) -> Callable[[Iterable[NoteShape]], list[Note]]:
    """Return what makes the notes of leads, contacts or companies."""

    def notes(shapes: Iterable[NoteShape]) -> list[Note]:
        return [_note(entity_type, one) for one in shapes]

    return notes


def _note(entity_type: str, one: NoteShape) -> Note:
    created_at = one.created_at or 0
    return Note(
        entity_type,
        one.id,
        one.entity_id or 0,
        one.note_type or "",
        one.created_by or 0,
        created_at,
        one.updated_at or created_at,
    )


def events(shapes: Iterable[EventShape]) -> list[Event]:
    """Return the events of cards and tasks, without those of customers and catalogs."""
    return [
        Event(
            str(one.id),
            one.type or "",
            _PLURAL[one.entity_type],
            one.entity_id or 0,
            _other_id(one.value_after) or _other_id(one.value_before),
            one.created_by or 0,
            one.created_at or 0,
        )
        for one in shapes
        if one.entity_type in _PLURAL
    ]


def _other_id(value: Raw) -> int | None:
    """Return the id of the card that a value names; None if it names none.

    Most values are of other shapes, and no source confirms them all: what is not
    understood names nobody.
    """
    if b'"link"' not in bytes(value):
        return None
    try:
        found = _VALUES.decode(value)
    except ValidationError:
        return None
    for one in found:
        entity = one.link.entity if isinstance(one.link, EventLink) else None
        if isinstance(entity, LinkedEntity):
            return entity.id
    return None


def users(shapes: Iterable[UserShape]) -> list[User]:
    """Return users."""
    return [_user(one) for one in shapes]


def _user(one: UserShape) -> User:
    rights = one.rights if isinstance(one.rights, Rights) else Rights()
    return User(
        one.id,
        one.name or "",
        rights.is_active is not False,
        bool(rights.is_admin),
        rights.group_id,
    )


def pipelines(shapes: Iterable[PipelineShape]) -> list[Pipeline | Stage]:
    """Return each pipeline, followed by its stages."""
    rows: list[Pipeline | Stage] = []
    for one in shapes:
        rows.append(
            Pipeline(
                one.id,
                one.name or "",
                one.sort or 0,
                bool(one.is_main),
                bool(one.is_archive),
            )
        )
        held = one.embedded.statuses if isinstance(one.embedded, OfPipeline) else None
        rows += [
            Stage(one.id, stage.id, stage.name or "", stage.sort or 0, stage.type or 0)
            for stage in held or ()
        ]
    return rows


def fields_of(entity_type: str) -> Callable[[Iterable[FieldShape]], list[CustomField]]:
    """Return what makes the custom fields of leads, contacts or companies."""

    def fields(shapes: Iterable[FieldShape]) -> list[CustomField]:
        return [
            CustomField(
                entity_type,
                one.id,
                one.name or "",
                one.type or "",
                one.code or None,
                one.sort or 0,
                list_text(one.enums),
            )
            for one in shapes
        ]

    return fields


def loss_reasons(shapes: Iterable[LossReasonShape]) -> list[LossReason]:
    """Return loss reasons."""
    return [LossReason(one.id, one.name or "", one.sort or 0) for one in shapes]


def account(one: AccountShape) -> Account:
    """Return the account."""
    held = one.embedded if isinstance(one.embedded, OfAccount) else OfAccount()
    dating = held.datetime_settings
    zone = dating.timezone if isinstance(dating, Dating) else None
    return Account(
        one.id,
        one.name or "",
        one.subdomain or "",
        one.currency or "",
        one.country or "",
        one.language or "",
        zone or one.timezone or None,
        one.current_user_id or 0,
        list_text(held.task_types),
        one.updated_at or 0,
    )
