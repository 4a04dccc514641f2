"""/{entity}/custom_fields/groups."""

from kommo_sync.sandbox.account.records import FieldGroup
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    numbers,
    string_or_null,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.listing import answer_all
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_found,
)

RULES: dict[str, Check] = {
    "name": string_or_null,
    "sort": whole_or_null,
    "fields": numbers,
    "request_id": anything,
}


def _render(call: Call, group: FieldGroup) -> Item:
    kind = group.entity_type
    fields = [
        field.id
        for field in call.state.data.fields.values()
        if field.entity_type == kind and (field.group_id or "default") == group.id
    ]
    return {
        "id": group.id,
        "name": group.name,
        "sort": group.sort,
        "is_predefined": group.is_predefined,
        "entity_type": kind,
        "fields": fields,
        "type": kind,
        "_links": call.self_link(f"{kind}/custom_fields/groups/{group.id}"),
    }


def _of(call: Call, kind: str) -> list[FieldGroup]:
    default = FieldGroup(
        id="default", entity_type=kind, name="Main", sort=0, is_predefined=True
    )
    groups = call.state.data.field_groups.values()
    own = [g for g in groups if g.entity_type == kind and g.id != "default"]
    return [default, *sorted(own, key=lambda group: group.sort)]


def list_groups(call: Call, kind: str) -> Item:
    """GET groups: the default one is always there."""
    rows = [_render(call, group) for group in _of(call, kind)]
    return answer_all(call, "custom_field_groups", rows)


def _find(call: Call, kind: str, group_id: str) -> FieldGroup:
    found = next((g for g in _of(call, kind) if g.id == group_id), None)
    if found is None:
        raise not_found(f"Group {group_id} not found")
    return found


def get_group(call: Call, kind: str, group_id: str) -> Item:
    """GET a group by id."""
    return _render(call, _find(call, kind, group_id))


def create_groups(call: Call, kind: str) -> Item:
    """POST groups: `fields` moves these fields into the new group."""
    call.need_admin()
    items = call.items()
    refuse_flaws(items, [_flaws(call, item) for item in items])
    answered = [
        {**_render(call, _create(call, kind, item)), "request_id": request_id}
        for item, request_id in zip(items, request_ids(items), strict=True)
    ]
    return {
        "_total_items": len(answered),
        "_links": call.self_link(),
        "_embedded": {"custom_field_groups": answered},
    }


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = [] if item.get("name") else [missing("name")]
    return flaws or check_item(item, RULES, call.state)


def _create(call: Call, kind: str, item: Item) -> FieldGroup:
    state = call.state
    group = FieldGroup(
        id=f"{kind}_{state.next_id('groups')}",
        entity_type=kind,
        name=item["name"],
        sort=item.get("sort") or len(state.data.field_groups) + 1,
    )
    state.data.field_groups[group.id] = group
    call.writer.created("custom_field_groups", group)
    _move_fields(call, group, item)
    return group


def _move_fields(call: Call, group: FieldGroup, item: Item) -> None:
    for field_id in item.get("fields") or []:
        field = call.state.data.fields.get(field_id)
        if field is not None and field.entity_type == group.entity_type:
            call.writer.assign("custom_fields", field, "group_id", group.id)


def patch_group(call: Call, kind: str, group_id: str) -> Item:
    """PATCH a group by id."""
    call.need_admin()
    group, item = _find(call, kind, group_id), call.item()
    refuse_flaws([item], [check_item(item, RULES, call.state)])
    for name in ("name", "sort"):
        if item.get(name) is not None:
            call.writer.assign("custom_field_groups", group, name, item[name])
    _move_fields(call, group, item)
    return _render(call, group)


def delete_group(call: Call, kind: str, group_id: str) -> None:
    """DELETE a group by id; its fields fall back into the default group."""
    call.need_admin()
    group = _find(call, kind, group_id)
    if group.is_predefined:
        raise Problem(400, f"Group {group_id} is predefined and cannot be deleted.")
    for field in call.state.data.fields.values():
        if field.group_id == group_id:
            call.writer.assign("custom_fields", field, "group_id", None)
    del call.state.data.field_groups[group_id]
    call.writer.log("custom_field_groups", group_id, "deleted", group.name, None)
    raise EmptyAnswer


_KIND = "/<any(leads,contacts,companies):kind>/custom_fields/groups"
ROUTES = [
    ("GET", _KIND, list_groups),
    ("POST", _KIND, create_groups),
    ("GET", f"{_KIND}/<group_id>", get_group),
    ("PATCH", f"{_KIND}/<group_id>", patch_group),
    ("DELETE", f"{_KIND}/<group_id>", delete_group),
]
