"""/{entity}/custom_fields and their groups."""

from typing import Any

import msgspec

from kommo_sync.sandbox.account.records import Enum, Field
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    boolean,
    check_item,
    objects,
    repeated,
    string,
    string_or_null,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.rules.fieldvalues import CHOICE_TYPES
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.listing import (
    Collection,
    answer_page,
    by_id,
    one_of,
    word_of,
)
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_found,
    not_supported,
)

TYPES = frozenset(
    """
text numeric textarea checkbox select multiselect radiobutton multitext date
date_time birthday url streetaddress smart_address legal_entity org_legal_name items
category price tracking_data linked_entity monetary chained_list file payer supplier
""".split()
)
STAGE_LISTS = ("required_statuses", "hidden_statuses")


def _stages(value: Any, path: str) -> list[Flaw]:
    """Accept an array of objects of integers, or null for an empty one."""
    flaws = [] if value is None else objects(value, path)
    return flaws or [
        one
        for index, entry in enumerate(value or [])
        for name, number in entry.items()
        for one in whole(number, f"{path}.{index}.{name}")
    ]


RULES: dict[str, Check] = {
    "id": whole,
    "name": string,
    "type": string,
    "code": string_or_null,
    "sort": whole,
    "group_id": string_or_null,
    "is_api_only": boolean,
    "is_visible": boolean,
    "is_required": boolean,
    "enums": lambda sent, path: [] if sent is None else objects(sent, path),
    "required_statuses": _stages,
    "hidden_statuses": _stages,
    "currency": string_or_null,
    "remind": string_or_null,
    "settings": anything,
    "request_id": anything,
}
ENUM_RULES: dict[str, Check] = {
    "id": whole_or_null,
    "value": anything,
    "sort": whole_or_null,
    "code": string_or_null,
}
PLAIN = (
    "name",
    "code",
    "sort",
    "group_id",
    "is_api_only",
    "is_visible",
    "is_required",
    "required_statuses",
    "hidden_statuses",
    "currency",
    "remind",
    "settings",
)


def _collection(kind: str) -> Collection:
    return Collection(
        name="custom_fields",
        rows=lambda state: [
            field for field in state.data.fields.values() if field.entity_type == kind
        ],
        filters={"id": one_of("id"), "type": word_of("type")},
        orders={"id": by_id, "sort": lambda field: (field.sort, field.id)},
        default=(lambda field: (field.sort, field.id), False),
        totals=True,
    )


def render_field(call: Call, field: Field) -> Item:
    """Return a field's definition."""
    enums = None if field.enums is None else [_render_enum(e) for e in field.enums]
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": call.state.data.account.id,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "is_predefined": field.is_predefined,
        "is_deletable": not field.is_predefined,
        "is_visible": field.is_visible,
        "is_required": field.is_required,
        "is_computed": False,
        "enums": enums,
        "group_id": field.group_id,
        "required_statuses": field.required_statuses,
        "hidden_statuses": field.hidden_statuses,
        "chained_lists": None,
        "settings": field.settings,
        "remind": field.remind,
        "triggers": [],
        "currency": field.currency,
        "tracking_callback": None,
        "search_in": None,
        "nested": None,
        "entity_type": field.entity_type,
        "_links": call.self_link(f"{field.entity_type}/custom_fields/{field.id}"),
    }


def _render_enum(enum: Enum) -> Item:
    return {"id": enum.id, "value": enum.value, "sort": enum.sort, "code": enum.code}


def list_fields(call: Call, kind: str) -> Item:
    """GET /{entity}/custom_fields."""
    return answer_page(call, _collection(kind), render_field)


def _find(call: Call, kind: str, field_id: int) -> Field:
    field = call.state.data.fields.get(field_id)
    if field is None or field.entity_type != kind:
        raise EmptyAnswer
    return field


def get_field(call: Call, kind: str, field_id: int) -> Item:
    """GET /{entity}/custom_fields/{id}."""
    return render_field(call, _find(call, kind, field_id))


def create_fields(call: Call, kind: str) -> tuple[Item, int]:
    """POST /{entity}/custom_fields."""
    call.need_admin()
    items = call.items()
    twins = repeated(items, "code")
    refuse_flaws(
        items,
        [_flaws(call, kind, i, None) + t for i, t in zip(items, twins, strict=True)],
    )
    made = [_create(call, kind, item) for item in items]
    answered = [
        {**render_field(call, field), "request_id": request_id}
        for field, request_id in zip(made, request_ids(items), strict=True)
    ]
    body = {
        "_total_items": len(answered),
        "_links": call.self_link(),
        "_embedded": {"custom_fields": answered},
    }
    return body, call.state.choices.created_status_fields


def _create(call: Call, kind: str, item: Item) -> Field:
    state = call.state
    known = [f.sort for f in state.data.fields.values() if f.entity_type == kind]
    field = Field(
        id=state.next_id("fields"),
        entity_type=kind,
        name=item["name"],
        type=item["type"],
        sort=max(known, default=500) + 1,
    )
    for name in PLAIN:
        if item.get(name) is not None:
            setattr(field, name, item[name])
    if field.type in CHOICE_TYPES:
        field.enums = _enums(call, item.get("enums") or [], [])
    elif field.type == "multitext":
        field.enums = _enums(call, [{"value": "WORK", "code": "WORK"}], [])
    state.data.fields[field.id] = field
    call.writer.created("custom_fields", field)
    return field


def _enums(call: Call, sent: list[Item], known: list[Enum]) -> list[Enum]:
    by_number = {enum.id: enum for enum in known}
    enums = []
    for index, entry in enumerate(sent):
        old = by_number.get(entry.get("id") or 0)
        enums.append(
            Enum(
                id=old.id if old else call.state.next_id("enums"),
                value=str(entry["value"]),
                sort=entry.get("sort") or (index + 1) * 10,
                code=entry.get("code", old.code if old else None),
            )
        )
    return enums


def _flaws(call: Call, kind: str, item: Item, field: Field | None) -> list[Flaw]:
    flaws = check_item(item, RULES, call.state)
    flaws = flaws or _unmade(item, field)
    if flaws:
        return flaws
    group = item.get("group_id")
    if group not in (None, "default", "statistic", *call.state.data.field_groups):
        flaws.append(not_supported("group_id"))
    code = item.get("code")
    owner = call.state.field_by_code(kind, code) if code else None
    if owner is not None and owner is not field:
        flaws.append(not_supported("code"))
    for index, entry in enumerate(item.get("enums") or []):
        where = f"enums.{index}."
        flaws += [] if entry.get("value") else [missing(f"{where}value")]
        flaws += check_item(entry, ENUM_RULES, call.state, where)
    return flaws


def _unmade(item: Item, field: Field | None) -> list[Flaw]:
    """Return what a field cannot be made without."""
    if field is not None:
        return []
    flaws = [missing(name) for name in ("name", "type") if not item.get(name)]
    if item.get("type") and item["type"] not in TYPES:
        flaws.append(not_supported("type"))
    return flaws


def _change(call: Call, field: Field, item: Item) -> None:
    for name in PLAIN:
        if name in item:
            empty: Any = [] if name in STAGE_LISTS else None
            value = empty if item[name] is None else item[name]
            call.writer.assign("custom_fields", field, name, value)
    if item.get("enums") is not None and field.type in CHOICE_TYPES:
        _change_enums(call, field, item["enums"])
    call.state.touch(field.entity_type)


def _change_enums(call: Call, field: Field, sent: list[Item]) -> None:
    enums = _enums(call, sent, field.enums or [])
    before, after = msgspec.to_builtins((field.enums, enums))
    field.enums = enums
    if before != after:
        call.writer.log("custom_fields", field.id, "enums", before, after)


def patch_fields(call: Call, kind: str) -> Item:
    """PATCH /{entity}/custom_fields."""
    call.need_admin()
    items = call.items()
    refuse_flaws(items, [check_item(item, RULES, call.state) for item in items])
    fields = [_known(call, kind, item.get("id", 0)) for item in items]
    pairs = list(zip(items, fields, strict=True))
    refuse_flaws(items, [_flaws(call, kind, item, field) for item, field in pairs])
    for item, field in pairs:
        _change(call, field, item)
    rendered = [render_field(call, field) for field in fields]
    return {"_links": call.self_link(), "_embedded": {"custom_fields": rendered}}


def _known(call: Call, kind: str, field_id: int) -> Field:
    try:
        return _find(call, kind, field_id)
    except EmptyAnswer:
        raise not_found(f"Custom field {field_id} not found") from None


def patch_field(call: Call, kind: str, field_id: int) -> Item:
    """PATCH /{entity}/custom_fields/{id}: the whole field at the root."""
    call.need_admin()
    item = call.item()
    field = _known(call, kind, field_id)
    refuse_flaws([item], [_flaws(call, kind, item, field)])
    _change(call, field, item)
    return render_field(call, field)


def delete_field(call: Call, kind: str, field_id: int) -> None:
    """DELETE /{entity}/custom_fields/{id}: its values go with it."""
    call.need_admin()
    field = _known(call, kind, field_id)
    if field.is_predefined:
        raise Problem(400, f"Field {field_id} is predefined and cannot be deleted.")
    del call.state.data.fields[field_id]
    call.writer.log("custom_fields", field_id, "deleted", _facts(field), None)
    for card in call.state.cards(kind).values():
        card.fields.pop(field_id, None)
    call.state.touch(kind)
    raise EmptyAnswer


def _facts(field: Field) -> dict[str, Any]:
    return {"name": field.name, "type": field.type, "entity_type": field.entity_type}


_KIND = "/<any(leads,contacts,companies):kind>/custom_fields"
ROUTES = [
    ("GET", _KIND, list_fields),
    ("POST", _KIND, create_fields),
    ("PATCH", _KIND, patch_fields),
    ("GET", f"{_KIND}/<int:field_id>", get_field),
    ("PATCH", f"{_KIND}/<int:field_id>", patch_field),
    ("DELETE", f"{_KIND}/<int:field_id>", delete_field),
]
