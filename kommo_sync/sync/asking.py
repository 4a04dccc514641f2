"""What is asked for: which notes, which events, from when on."""

from dataclasses import dataclass

from kommo_sync.model.entities import CONTACT_EVENTS, CONTACT_NOTES, RECORDS, Part

DAY_SECONDS = 86_400
NOTES = (Part.LEAD_NOTES, Part.CONTACT_NOTES, Part.COMPANY_NOTES)
WALKED = (*RECORDS, *NOTES)
"""What is read by walks ordered by id; events come after them."""

DELETED = {
    "lead_deleted": Part.LEADS,
    "contact_deleted": Part.CONTACTS,
    "company_deleted": Part.COMPANIES,
    "task_deleted": Part.TASKS,
}
RESTORED = ("lead_restored", "contact_restored", "company_restored")
LINKED = (
    *(f"{kind}_{what}" for kind in ("lead", "contact", "company", "entity")
      for what in ("linked", "unlinked")),
)  # fmt: skip
MERGED = "entity_merged"
NOTE_DELETED = "common_note_deleted"
MOVING = (*DELETED, *RESTORED, MERGED, NOTE_DELETED)
"""Events after which a list has a record less or more, so that places move."""
STRUCTURAL = (*MOVING, *LINKED)
"""Events that tell of a change which `updated_at` may not show."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How an account is read.

    Args:
        overlap_seconds: how much of the last cycle is read again.
        history_days: how far back notes and events are read at first.
        sweep_days: how often everything is read whole again.
        in_flight: requests on their way at once, at most.
        page_size: records a page, at most 250.
        pace: requests a second that the limiter grants; for the time left.
    """

    overlap_seconds: int = 300
    history_days: int = 365
    sweep_days: int = 7
    in_flight: int = 6
    page_size: int = 250
    pace: float = 6.0


def kinds_of(part: Part) -> tuple[str, ...]:
    """Return the note or event types that are asked for; () asks for all."""
    if part in NOTES:
        return CONTACT_NOTES
    if part is Part.EVENTS:
        return (*STRUCTURAL, *CONTACT_EVENTS)
    return ()


def first_since(part: Part, server_now: int, reading: Reading) -> int | None:
    """Return from when on a part is read that never was; None is everything."""
    if part in RECORDS:
        return None
    return server_now - reading.history_days * DAY_SECONDS
