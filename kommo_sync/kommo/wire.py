"""Pages of JSON become rows: typed, in hundredths, ready to be kept."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import json

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo import cards, lists, shapes
from kommo_sync.model.entities import Part, Row

# Postgres refuses a text with a NUL; after an odd number of strokes it is no escape.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it was read.

    Attributes:
        rows: what is kept of it.
        ids: of everything on the page in its order; none for events.
        page: the page it says it is.
        next: the address of the next page.
        total: rows of all pages.
    """

    rows: tuple[Row, ...]
    ids: tuple[int, ...]
    page: int | None = None
    next: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads the pages of one part.

    Attributes:
        decoder: JSON to a `shapes.Sheet`.
        rows: what is kept of the shapes that the sheet embeds.
    """

    decoder: json.Decoder[Any]
    rows: Callable[[Sequence[Any]], Iterable[Row]]

    def read(self, body: bytes) -> Sheet:
        """Return what a page holds.

        Raises:
            ValueError: it is not such a page.
        """
        sheet = self.decoder.decode(body)
        found = [] if isinstance(sheet.embedded, list) else sheet.embedded.rows
        ids = [one.id for one in found if not isinstance(one, shapes.EventShape)]
        links = sheet.links
        there = links.next if isinstance(links, shapes.Links) else None
        return Sheet(
            tuple(self.rows(found)),
            tuple(ids),
            sheet.page,
            there.href if isinstance(there, shapes.Href) else None,
            sheet.total,
        )


def _decoder(embedded: object) -> json.Decoder[Any]:
    sheet: Any = shapes.Sheet
    return json.Decoder(sheet[embedded], strict=False)


# Half of a pair, as a text cut in the middle of an emoji leaves it: no database and no
# decoder takes it, and one such name must not stop an account.
_HALF_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_ACCOUNT = json.Decoder(shapes.AccountShape, strict=False)
_NOTES = _decoder(shapes.Notes)
_FIELDS = _decoder(shapes.CustomFields)
_READERS = {
    Part.USERS: Reader(_decoder(shapes.Users), lists.users),
    Part.PIPELINES: Reader(_decoder(shapes.Pipelines), lists.pipelines),
    Part.LEAD_FIELDS: Reader(_FIELDS, lists.fields_of("leads")),
    Part.CONTACT_FIELDS: Reader(_FIELDS, lists.fields_of("contacts")),
    Part.COMPANY_FIELDS: Reader(_FIELDS, lists.fields_of("companies")),
    Part.LOSS_REASONS: Reader(_decoder(shapes.LossReasons), lists.loss_reasons),
    Part.LEADS: Reader(_decoder(shapes.Leads), cards.leads),
    Part.CONTACTS: Reader(_decoder(shapes.Contacts), cards.contacts),
    Part.COMPANIES: Reader(_decoder(shapes.Companies), cards.companies),
    Part.TASKS: Reader(_decoder(shapes.Tasks), lists.tasks),
    Part.LEAD_NOTES: Reader(_NOTES, lists.notes_of("leads")),
    Part.CONTACT_NOTES: Reader(_NOTES, lists.notes_of("contacts")),
    Part.COMPANY_NOTES: Reader(_NOTES, lists.notes_of("companies")),
    Part.EVENTS: Reader(_decoder(shapes.Events), lists.events),
}


def read_sheet(part: Part, body: bytes) -> Sheet:
    """Return what one page of a part holds.

    Raises:
        BadAnswer: the body is not what Kommo answers there; it names the place.
    """
    # Backwards it is found, or not, in a third of the time.
    if body.rfind(b"\\u0000") >= 0:
        body = _NUL.sub(rb"\1", body)
    try:
        return _read(part, body)
    except (ValueError, RecursionError) as error:
        mended = _HALF_PAIR.sub(rb"\\ufffd", body)
        if mended == body:
            raise _bad(part, error) from None
    try:
        return _read(part, mended)
    except (ValueError, RecursionError) as error:
        raise _bad(part, error) from None


def _read(part: Part, body: bytes) -> Sheet:
    if part is Part.ACCOUNT:
        account = lists.account(_ACCOUNT.decode(body))
        return Sheet((account,), (account.id,))
    return _READERS[part].read(body)


def _bad(part: Part, error: Exception) -> BadAnswer:
    # The error itself is left behind: one about bad UTF-8 holds the whole text.
    return BadAnswer(
        "Kommo's answer for {part} cannot be understood: {reason}.",
        part=part,
        reason=str(error).rstrip("."),
    )
