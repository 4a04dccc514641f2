"""The cards of people and companies as they were opened and filled in."""

from datetime import date
from zoneinfo import ZoneInfo

from kommo_sync.sandbox.account.records import Company, Contact
from kommo_sync.sandbox.seeding.names import POSITIONS, Person
from kommo_sync.sandbox.seeding.past import Holder, Past
from kommo_sync.sandbox.seeding.planting import Stamp
from kommo_sync.sandbox.seeding.workdays import DAY, local_time

BIRTHDAY_SHARE = 0.6


def open_cards(past: Past, holders: list[Holder]) -> None:
    """Plant everybody's cards in the order in which they were opened."""
    openings: list[tuple[int, int, int, Holder]] = []
    for holder in holders:
        for index, _ in enumerate(holder.people):
            delay = 0 if index == 0 else int(past.chance.random() * 90 * DAY)
            at = min(holder.opened_at + delay, past.now)
            openings.append((at, holder.serial, index, holder))
    zone = ZoneInfo(past.planter.data.account.timezone)
    for at, _, index, holder in sorted(openings, key=lambda opening: opening[:3]):
        is_robot = holder.source == "Website" and index == 0
        stamp = past.by(past.robot, at) if is_robot else past.manager(holder, at)
        if holder.company_name and holder.company is None:
            _open_company(past, holder, stamp)
        _open_contact(past, holder, holder.people[index], stamp)
        if not holder.company_name:
            _fill_personal(past, holder, stamp, zone)


def _open_company(past: Past, holder: Holder, stamp: Stamp) -> None:
    planter = past.planter
    user_id = past.user_id(holder)
    company = Company(id=0, name=holder.company_name, responsible_user_id=user_id)
    holder.company = planter.company(company, stamp)
    person = holder.people[0]
    host = person.email.rpartition("@")[2]
    planter.fill(company, "PHONE", f"+1 000 {5_000_000 + holder.serial}", stamp)
    planter.fill(company, "EMAIL", f"office.{holder.serial}@{host}", stamp)
    planter.fill(company, "WEB", f"https://firm{holder.serial}.{host}", stamp)
    planter.fill(company, "ADDRESS", f"{person.city}\n{holder.serial} Main St", stamp)
    planter.fill(company, "City", person.city, stamp)


def _open_contact(past: Past, holder: Holder, person: Person, stamp: Stamp) -> None:
    contact = Contact(
        id=0,
        name=" ".join(part for part in (person.first, person.last) if part),
        first_name=person.first,
        last_name=person.last,
        responsible_user_id=past.user_id(holder),
        company_id=holder.company.id if holder.company is not None else None,
    )
    holder.contacts.append(past.planter.contact(contact, stamp))
    fill_person(past, contact, person, stamp)
    if holder.company is not None:
        position = past.chance.choice(POSITIONS)
        past.planter.fill(contact, "POSITION", position, stamp)


def fill_person(past: Past, contact: Contact, person: Person, stamp: Stamp) -> None:
    """Fill in how the person is reached."""
    if person.phone:
        past.planter.fill(contact, "PHONE", person.phone, stamp)
    if person.email:
        past.planter.fill(contact, "EMAIL", person.email, stamp)
    past.planter.fill(contact, "City", person.city, stamp)


def _fill_personal(past: Past, holder: Holder, stamp: Stamp, zone: ZoneInfo) -> None:
    chance, [contact] = past.chance, holder.contacts
    past.planter.fill(contact, "Source", holder.source, stamp)
    if chance.random() < BIRTHDAY_SHARE:
        born = date.fromordinal(date(1950, 1, 1).toordinal() + chance.randrange(20_000))
        past.planter.fill(contact, "Birthday", local_time(born, 0, zone), stamp)
