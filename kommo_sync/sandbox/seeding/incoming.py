"""Incoming leads of the last two days that nobody has accepted yet."""

from typing import Any

from kommo_sync.sandbox.account.records import Contact, Lead, Unsorted
from kommo_sync.sandbox.seeding.clientele import Clientele
from kommo_sync.sandbox.seeding.names import Person
from kommo_sync.sandbox.seeding.openings import fill_person
from kommo_sync.sandbox.seeding.past import Past
from kommo_sync.sandbox.seeding.planting import Stamp
from kommo_sync.sandbox.seeding.workdays import DAY

CATEGORIES = ("forms", "chats", "mail", "sip")
SOURCE_IDS = {category: 17_001 + i for i, category in enumerate(CATEGORIES)}


def plant_incoming(past: Past, clientele: Clientele, *, count: int) -> list[int]:
    """Plant that many incoming leads; returns the ids of their contacts."""
    moments = sorted(
        int(past.now - past.chance.random() * 2 * DAY) for _ in range(count)
    )
    return [
        _plant(past, clientele.person(), CATEGORIES[i % len(CATEGORIES)], at)
        for i, at in enumerate(moments)
    ]


def _plant(past: Past, person: Person, category: str, at: int) -> int:
    planter, stamp = past.planter, past.by(past.robot, at)
    pipeline = planter.state.main_pipeline()
    contact = _contact(past, person, stamp)
    lead = planter.lead(
        Lead(
            id=0,
            name=f"Request: {contact.name}",
            responsible_user_id=contact.responsible_user_id,
            pipeline_id=pipeline.id,
            status_id=pipeline.incoming().id,
            contact_ids=[contact.id],
            source_id=SOURCE_IDS[category],
        ),
        stamp,
    )
    planter.fill(lead, "Source", "Website", stamp)
    uid = f"{past.chance.getrandbits(240):060x}"
    planter.data.unsorted[uid] = Unsorted(
        uid=uid,
        source_uid=f"{category}-1",
        source_name=f"Shop {category}",
        category=category,
        pipeline_id=pipeline.id,
        created_at=at,
        metadata=METADATA[category](person, at),
        lead_id=lead.id,
        contact_ids=[contact.id],
    )
    return contact.id


def _contact(past: Past, person: Person, stamp: Stamp) -> Contact:
    contact = Contact(
        id=0,
        name=f"{person.first} {person.last}",
        first_name=person.first,
        last_name=person.last,
        responsible_user_id=past.chance.choice(past.users).id,
        is_unsorted=True,
    )
    past.planter.contact(contact, stamp)
    fill_person(past, contact, person, stamp)
    return contact


def _call(person: Person, at: int) -> dict[str, Any]:
    return {
        "from": person.phone,
        "phone": "+1 202 555 0100",
        "called_at": at,
        "duration": 42,
        "link": "",
        "service_code": "telephony",
        "is_call_event_needed": True,
        "uniq": f"call-{at}",
    }


def _mail(person: Person, at: int) -> dict[str, Any]:
    return {
        "from": {"email": person.email, "name": f"{person.first} {person.last}"},
        "received_at": at,
        "subject": "Question about an order",
        "thread_id": at,
        "message_id": at,
        "content_summary": "Do you deliver on Saturdays?",
    }


def _chat(person: Person, at: int) -> dict[str, Any]:
    name = f"{person.first} {person.last}"
    return {
        "from": name,
        "to": "Shop",
        "received_at": at,
        "service": "waba",
        "client": {"name": name, "avatar": ""},
        "origin": {"chat_id": f"incoming-{at}", "ref": "", "visitor_uid": None},
        "last_message_text": "Is the blue one still there?",
        "source_name": "Shop chats",
    }


def _form(_person: Person, at: int) -> dict[str, Any]:
    return {
        "form_id": "7",
        "form_name": "Callback",
        "form_page": "https://shop.example.com",
        "ip": "203.0.113.5",
        "form_sent_at": at,
        "referer": "",
        "visitor_uid": None,
    }


# What Kommo tells about the origin; the keys differ by category.
METADATA = {"forms": _form, "chats": _chat, "mail": _mail, "sip": _call}
