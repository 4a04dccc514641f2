"""How the value of a custom field reads, by the field's type."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from kommo_sync.sandbox.account.records import Field, Value
from kommo_sync.sandbox.pages.presenting import NO_BREAK, Presenter, shortened

DATES = ("date", "birthday")


@dataclass(frozen=True, slots=True)
class Shown:
    """One value: its text, where it leads, and what kind of value it is."""

    text: str
    href: str = ""
    note: str = ""


def shown_values(
    presenter: Presenter, field: Field, values: list[Value]
) -> tuple[Shown, ...]:
    """Return a field's values as the card shows them."""
    return tuple(_shown(presenter, field, value) for value in values)


def _shown(presenter: Presenter, field: Field, value: Value) -> Shown:
    text = plain_value(presenter, field, value.value)
    if field.type == "url" and text.lower().startswith(("http://", "https://")):
        return Shown(text, href=text)
    if field.type in ("multitext", "smart_address") and value.enum_code:
        return Shown(text, note=value.enum_code.replace("_", " ").lower())
    return Shown(text)


def plain_value(presenter: Presenter, field: Field | None, value: Any) -> str:
    """Return one value as text, by the field's type if the field is known."""
    kind = field.type if field else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind in DATES and isinstance(value, int):
        return presenter.day(value)
    if kind == "date_time" and isinstance(value, int):
        return presenter.moment(value)
    if kind == "monetary" and field is not None:
        return _monetary(presenter, field, value)
    return as_text(value)


def _monetary(presenter: Presenter, field: Field, value: Any) -> str:
    try:
        hundredths = int(Decimal(str(value)) * 100)
    except (InvalidOperation, OverflowError, ValueError):
        return as_text(value)
    currency = presenter.state.data.account.currency
    if field.currency and field.currency != currency:
        return f"{Decimal(hundredths) / 100:,.2f}{NO_BREAK}{field.currency}"
    return presenter.money(hundredths)


def as_text(value: Any) -> str:
    """Return anything as text: objects as JSON, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        return shortened(msgspec.json.encode(value).decode())
    return str(value)
