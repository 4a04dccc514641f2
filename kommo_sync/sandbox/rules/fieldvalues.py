"""Values of custom fields: what may be written, how it is kept, how it reads back."""

from datetime import datetime
from typing import Any

from kommo_sync.sandbox.account.records import Card, Enum, Field, Value
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.wire.problems import Flaw, missing, not_supported, wrong_type

CHOICE_TYPES = ("select", "multiselect", "radiobutton", "category")
NUMBER_TYPES = ("numeric", "monetary", "price")
DATE_TYPES = ("date", "date_time", "birthday")
TEXT_TYPES = ("text", "textarea", "url", "streetaddress", "tracking_data")
# https://developers.kommo.com/docs/custom-fields: parts of a smart_address
ADDRESS_PARTS = {
    1: "address_line_1",
    2: "address_line_2",
    3: "city",
    4: "state",
    5: "zip",
    6: "country",
}
DEFAULT_CODE = "WORK"

Written = list[tuple[Field, list[Value]]]


class _Bad(Exception):
    """A value that cannot be kept."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw


def read_values(state: State, kind: str, sent: Any) -> tuple[Written, list[Flaw]]:
    """Return what a `custom_fields_values` body means, and its flaws.

    An empty list of values clears the field. `null` for the whole body means nothing.
    """
    written: Written = []
    flaws: list[Flaw] = []
    for index, entry in enumerate(sent or []):
        path = f"custom_fields_values.{index}"
        try:
            field = _field(state, kind, entry, path)
            written.append((field, _values(field, entry.get("values"), path)))
        except _Bad as bad:
            flaws.append(bad.flaw)
    return written, flaws


def _field(state: State, kind: str, entry: Any, path: str) -> Field:
    if not isinstance(entry, dict):
        raise _Bad(wrong_type(path, "array"))
    field_id, code = entry.get("field_id"), entry.get("field_code")
    field: Field | None = None
    if field_id is not None:
        try:
            field = state.data.fields.get(int(field_id))
        except (TypeError, ValueError):
            raise _Bad(wrong_type(f"{path}.field_id", "int")) from None
        if field is not None and field.entity_type == kind:
            return field
    if code is not None:
        field = state.field_by_code(kind, str(code))
        if field is not None:
            return field
    if field_id is None and code is None:
        raise _Bad(missing(f"{path}.field_id"))
    raise _Bad(not_supported(f"{path}.{'field_id' if field_id else 'field_code'}"))


def _values(field: Field, sent: Any, path: str) -> list[Value]:
    if sent is None:
        return []
    if not isinstance(sent, list):
        raise _Bad(wrong_type(f"{path}.values", "array"))
    values = []
    for index, item in enumerate(sent):
        where = f"{path}.values.{index}"
        if not isinstance(item, dict):
            raise _Bad(wrong_type(where, "array"))
        values.append(_value(field, item, where))
    return values


def _value(field: Field, item: dict[str, Any], path: str) -> Value:
    if field.type in CHOICE_TYPES:
        return _choice(field, item, path)
    if field.type == "multitext":
        return _multitext(field, item, path)
    if field.type == "smart_address":
        return _address_part(item, path)
    if field.type == "chained_list":
        return Value(item)
    if item.get("value") is None:
        raise _Bad(missing(f"{path}.value"))
    return Value(_scalar(field.type, item["value"], f"{path}.value"))


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind in NUMBER_TYPES:
        return _decimal_text(value, path)
    if kind in DATE_TYPES:
        return _seconds(value, path)
    if kind == "checkbox":
        return value not in (False, 0, "0", "false", "")
    if kind in TEXT_TYPES:
        if isinstance(value, dict | list):
            raise _Bad(wrong_type(path, "string"))
        return value if isinstance(value, str) else str(value)
    return value


def _decimal_text(value: Any, path: str) -> str:
    try:
        float(value)
    except (TypeError, ValueError):
        raise _Bad(wrong_type(path, "numeric")) from None
    return str(value)


def _seconds(value: Any, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if str(value).removeprefix("-").isdecimal():
        return int(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise _Bad(wrong_type(path, "int")) from None
    if moment.tzinfo is None:
        raise _Bad(wrong_type(path, "int"))
    return int(moment.timestamp())


def _choice(field: Field, item: dict[str, Any], path: str) -> Value:
    for key, attribute in (
        ("enum_id", "id"),
        ("value", "value"),
        ("enum_code", "code"),
    ):
        wanted = item.get(key)
        if wanted is None:
            continue
        for enum in field.enums or []:
            if str(getattr(enum, attribute)) == str(wanted):
                return Value(enum.value, enum.id, enum.code)
        raise _Bad(not_supported(f"{path}.{key}"))
    raise _Bad(missing(f"{path}.value"))


def _multitext(field: Field, item: dict[str, Any], path: str) -> Value:
    if item.get("value") is None:
        raise _Bad(missing(f"{path}.value"))
    text = str(item["value"])
    enum = _multitext_enum(field, item, path)
    return Value(text, enum.id, enum.code)


def _multitext_enum(field: Field, item: dict[str, Any], path: str) -> Enum:
    enums = field.enums or []
    for key, attribute in (("enum_id", "id"), ("enum_code", "code")):
        wanted = item.get(key)
        if wanted is None:
            continue
        for enum in enums:
            if str(getattr(enum, attribute)) == str(wanted):
                return enum
        raise _Bad(not_supported(f"{path}.{key}"))
    return next((e for e in enums if e.code == DEFAULT_CODE), enums[0])


def _address_part(item: dict[str, Any], path: str) -> Value:
    number, code = item.get("enum_id"), item.get("enum_code")
    for part, name in ADDRESS_PARTS.items():
        if number == part or (number is None and code == name):
            return Value(str(item.get("value") or ""), part, name)
    raise _Bad(not_supported(f"{path}.{'enum_id' if number else 'enum_code'}"))


def set_values(writer: Writer, card: Card, written: Written, *, new: bool) -> bool:
    """Replace all values of the fields named; others stay. Tells if any differs."""
    changed = False
    for field, values in written:
        before = card.fields.get(field.id, [])
        if before == values:
            continue
        changed = True
        if values:
            card.fields[field.id] = values
        else:
            card.fields.pop(field.id, None)
        _witness(writer, card, field, before, values, new=new)
    return changed


def _witness(
    writer: Writer,
    card: Card,
    field: Field,
    before: list[Value],
    after: list[Value],
    *,
    new: bool,
) -> None:
    writer.mark(card.kind, card.id, f"field:{field.id}")
    if new:
        return
    old = [value.value for value in before]
    writer.log(
        card.kind, card.id, f"field:{field.id}", old, [value.value for value in after]
    )
    writer.event(
        f"custom_field_{field.id}_value_changed",
        card.kind,
        card.id,
        _event_side(field, before),
        _event_side(field, after),
    )


def _event_side(field: Field, values: list[Value]) -> tuple[Any, ...]:
    if not values:
        return ()
    first = values[0]
    return "custom_field_value", field.id, field.type, first.enum_id, str(first.value)


def render_values(state: State, card: Card) -> list[dict[str, Any]] | None:
    """Return `custom_fields_values` as the API gives it; null (or []) when empty."""
    if not card.fields:
        return None if state.choices.empty_fields == "null" else []
    definitions = state.data.fields
    computed = {"is_computed": False} if card.kind == "leads" else {}
    return [
        {
            "field_id": field.id,
            "field_name": field.name,
            "field_code": field.code,
            "field_type": field.type,
            "values": [_render_value(field.type, value) for value in values],
            **computed,
        }
        for field_id, values in card.fields.items()
        if (field := definitions.get(field_id))
    ]


def _render_value(kind: str, value: Value) -> Any:
    if value.enum_id is not None:
        return {
            "value": value.value,
            "enum_id": value.enum_id,
            "enum_code": value.enum_code,
        }
    return value.value if kind == "chained_list" else {"value": value.value}
