"""Leads, contacts and companies: from Kommo's shapes to rows."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Raw, json

from kommo_sync.kommo.shapes import (
    CompanyShape,
    ContactShape,
    LeadShape,
    Linked,
    OfCard,
    OfLead,
)
from kommo_sync.model.entities import Company, Contact, Lead

_EXACT = 1e13
"""Below it the hundredths of a float are surely right: its step there is 0.002."""
_MOST = 2**63 - 1
_NOTHING = ("[]", "null", "{}")
_NO_LEAD = OfLead()
_NO_CARD = OfCard()


def leads(shapes: Iterable[LeadShape]) -> list[Lead]:
    """Return the leads that are not in the trash."""
    return [_lead(one) for one in shapes if not one.is_deleted]


def contacts(shapes: Iterable[ContactShape]) -> list[Contact]:
    """Return the contacts that are not in the trash."""
    return [_contact(one) for one in shapes if not one.is_deleted]


def companies(shapes: Iterable[CompanyShape]) -> list[Company]:
    """Return the companies that are not in the trash."""
    return [_company(one) for one in shapes if not one.is_deleted]


def _lead(one: LeadShape) -> Lead:
    held = one.embedded if isinstance(one.embedded, OfLead) else _NO_LEAD
    main, ids = _contact_ids(held.contacts) if held.contacts else (None, "[]")
    # The official SDK prefers it to `price`, which has lost its fraction (peers 2).
    price = one.price_with_minor_units
    reason = one.loss_reason_id
    created_at = one.created_at or 0
    return Lead(
        one.id,
        one.name or "",
        hundredths(one.price if price is None else price),
        one.status_id or 0,
        one.pipeline_id or 0,
        one.responsible_user_id or 0,
        # The SDK reads 0 and less as none (kommo-rest-api 4.1).
        reason if reason and reason > 0 else None,
        main,
        held.companies[0].id if held.companies else None,
        ids,
        one.created_by or 0,
        created_at,
        one.updated_at or created_at,
        one.closed_at or None,
        list_text(held.tags),
        list_text(one.custom_fields_values),
    )


def _contact_ids(linked: list[Linked]) -> tuple[int, str]:
    """Return the main contact, and all of them as JSON, it first."""
    if len(linked) == 1:
        number = linked[0].id
        return number, f"[{number}]"
    ids = [one.id for one in sorted(linked, key=_is_not_main)]
    return ids[0], f"[{','.join(map(str, ids))}]"


def _is_not_main(one: Linked) -> bool:
    return not one.is_main


def _contact(one: ContactShape) -> Contact:
    held = one.embedded if isinstance(one.embedded, OfCard) else _NO_CARD
    created_at = one.created_at or 0
    return Contact(
        one.id,
        one.name or "",
        one.responsible_user_id or 0,
        held.companies[0].id if held.companies else None,
        bool(one.is_unsorted),
        created_at,
        one.updated_at or created_at,
        list_text(held.tags),
        list_text(one.custom_fields_values),
    )


def _company(one: CompanyShape) -> Company:
    held = one.embedded if isinstance(one.embedded, OfCard) else _NO_CARD
    created_at = one.created_at or 0
    return Company(
        one.id,
        one.name or "",
        one.responsible_user_id or 0,
        created_at,
        one.updated_at or created_at,
        list_text(held.tags),
        list_text(one.custom_fields_values),
    )


def hundredths(amount: float | None) -> int:
    """Return an amount in hundredths, to the cent; nothing is 0.

    Raises:
        ValueError: it is not finite, or more than a database holds.
    """
    if not amount:
        return 0
    if isinstance(amount, int):
        cents = amount * 100
    elif -_EXACT < amount < _EXACT:
        return round(amount * 100)
    else:
        # The digits as they were sent: multiplying would move the last one.
        digits = Decimal(repr(amount))
        cents = round(digits * 100) if digits.is_finite() else _MOST + 1
    if abs(cents) > _MOST:
        raise ValueError("an amount is out of range")
    return cents


def list_text(raw: Raw) -> str:
    """Return a JSON list as it was sent; `[]` for what PHP sends for an empty one.

    Raises:
        ValueError: it is no list.
    """
    text = str(raw, "utf-8")
    return text if text[0] == "[" else _mended(text)


def _mended(text: str) -> str:
    if text in _NOTHING:
        return "[]"
    # PHP sends a list with a gap as an object.
    found: Any = json.decode(text)
    if isinstance(found, dict):
        return json.encode(list(found.values())).decode()
    raise ValueError("Expected `array` of tags, values or choices")
