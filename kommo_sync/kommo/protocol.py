"""What is asked of Kommo and how its pages are read: bytes in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from itertools import pairwise

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo import links, wire
from kommo_sync.model.entities import Lead, Part, Row

MAX_LIMIT = 250
"""Kommo clips what is more (kommo-rest-api 1.4)."""
MAX_IDS = 100
NO_CONTENT = 204
_BASE = "/api/v4"
_BY_ID = ("order[id]", "asc")
_PATHS = {
    Part.ACCOUNT: "account",
    Part.USERS: "users",
    Part.PIPELINES: "leads/pipelines",
    Part.LEAD_FIELDS: "leads/custom_fields",
    Part.CONTACT_FIELDS: "contacts/custom_fields",
    Part.COMPANY_FIELDS: "companies/custom_fields",
    Part.LOSS_REASONS: "leads/loss_reasons",
    Part.LEADS: "leads",
    Part.CONTACTS: "contacts",
    Part.COMPANIES: "companies",
    Part.TASKS: "tasks",
    Part.LEAD_NOTES: "leads/notes",
    Part.CONTACT_NOTES: "contacts/notes",
    Part.COMPANY_NOTES: "companies/notes",
    Part.EVENTS: "events",
}
_WITH = {
    Part.ACCOUNT: ("with", "task_types,datetime_settings"),
    Part.LEADS: ("with", "contacts"),
}
_UNPAGED = frozenset({Part.ACCOUNT, Part.PIPELINES})
"""The whole at once; pipelines ignore `page` (measured, kommo-rest-api 1.4)."""
_ORDERED = frozenset(
    {
        Part.LEADS,
        Part.CONTACTS,
        Part.COMPANIES,
        Part.TASKS,
        Part.LEAD_NOTES,
        Part.CONTACT_NOTES,
        Part.COMPANY_NOTES,
    }
)
"""Where `order[id]` works (measured, kommo-rest-api 1.5)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What goes to Kommo, without address and token.

    Attributes:
        path: from the root: "/api/v4/leads".
        query: pairs in order, not yet percent-encoded.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def asked(self, name: str) -> str | None:
        """Return the last value that the query gives `name`; None if none."""
        return dict(self.query).get(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        server_time: Unix seconds, from the Date header.
    """

    status: int
    body: bytes
    server_time: int


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page.

    Attributes:
        server_time: Unix seconds by Kommo's clock when it answered.
        total: of all pages, where Kommo tells it.
    """

    rows: tuple[Row, ...]
    has_next: bool
    server_time: int
    total: int | None = None


def page_request(
    part: Part,
    page: int,
    *,
    limit: int = MAX_LIMIT,
    since: int | None = None,
    until: int | None = None,
    kinds: tuple[str, ...] = (),
) -> Request:
    """Return the request for one page of a part, ordered by id where that works.

    Args:
        page: from 1.
        limit: rows a page, 1 to 250.
        since: Unix seconds, inclusive: changed (events: happened) from then on.
        until: Unix seconds, inclusive.
        kinds: note types or event types; all if empty.

    Raises:
        ValueError: page or limit is out of range.
    """
    if page < 1 or not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"page {page}, limit {limit}: from 1, and at most {MAX_LIMIT}")
    query = [_WITH[part]] if part in _WITH else []
    if part not in _UNPAGED:
        query += [("page", str(page)), ("limit", str(limit))]
    query += _kinds(part, kinds) + _span(part, since, until)
    if part in _ORDERED:
        query.append(_BY_ID)
    return Request("GET", f"{_BASE}/{_PATHS[part]}", tuple(query))


def _span(part: Part, since: int | None, until: int | None) -> list[tuple[str, str]]:
    name = "created_at" if part is Part.EVENTS else "updated_at"
    ends = (("from", since), ("to", until))
    return [
        (f"filter[{name}][{end}]", str(seconds))
        for end, seconds in ends
        if seconds is not None
    ]


def _kinds(part: Part, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    # Events take a comma list, notes a list in brackets (peers 2).
    if part is Part.EVENTS:
        return [("filter[type]", ",".join(kinds))] if kinds else []
    return [("filter[note_type][]", kind) for kind in kinds]


def ids_request(part: Part, ids: Sequence[int]) -> Request:
    """Return the request for records by their ids.

    Raises:
        ValueError: no ids (Kommo would answer everything), or more than 100.
    """
    if not 1 <= len(ids) <= MAX_IDS:
        raise ValueError(f"{len(ids)} ids: from 1 to {MAX_IDS}")
    query = [_WITH[part]] if part in _WITH else []
    query += [(links.ID_FILTER, str(number)) for number in ids]
    query += [("limit", str(MAX_LIMIT)), _BY_ID]
    return Request("GET", f"{_BASE}/{_PATHS[part]}", tuple(query))


def won_request(
    stages: Sequence[tuple[int, int]], page: int, limit: int = MAX_LIMIT
) -> Request:
    """Return the request for one page of the leads that stand in given stages.

    Args:
        stages: (pipeline id, stage id) pairs; a stage alone is not enough for Kommo.

    Raises:
        ValueError: no stages, or page or limit is out of range.
    """
    if not stages:
        raise ValueError("no stages: Kommo would answer every lead")
    base = page_request(Part.LEADS, page, limit=limit)
    pairs = [
        (f"{links.STAGE_FILTER}[{index}][{name}]", str(number))
        for index, stage in enumerate(stages)
        for name, number in zip(("pipeline_id", "status_id"), stage, strict=True)
    ]
    return Request("GET", base.path, (*base.query, *pairs))


def read_page(part: Part, answer: Answer, request: Request, origin: str) -> Page:
    """Return what a 200 or 204 holds of a part.

    Args:
        request: what was asked; the answer must be its answer.
        origin: of the account; a next link must stay there.

    Raises:
        BadAnswer: it cannot be understood, or answers another question.
    """
    if answer.status == NO_CONTENT:
        return Page((), False, answer.server_time)
    sheet = wire.read_sheet(part, answer.body)
    if part in _UNPAGED:
        return Page(sheet.rows, False, answer.server_time, sheet.total)
    page = int(request.asked("page") or 1)
    if sheet.page not in (None, page):
        raise BadAnswer(
            "Kommo answered page {got} of {part} where page {page} was asked.",
            got=sheet.page,
            part=part,
            page=page,
        )
    if _BY_ID in request.query:
        _check_order(part, sheet.ids)
    _check_asked(part, request, sheet)
    if sheet.next is not None:
        links.check_next(sheet.next, request.path, request.query, page, origin)
    return Page(sheet.rows, sheet.next is not None, answer.server_time, sheet.total)


def moment(date: str) -> int | None:
    """Return the Unix seconds of a Date header; None if it is none."""
    parts = parsedate_tz(date)
    try:
        return mktime_tz(parts) if parts else None
    except (ValueError, OverflowError):
        return None


def _check_order(part: Part, ids: Sequence[int]) -> None:
    for place, (one, other) in enumerate(pairwise(ids)):
        if one >= other:
            raise BadAnswer(
                "Kommo answered {part} out of order: {other} at place {place}, "
                "after {one}.",
                part=part,
                other=other,
                place=place + 1,
                one=one,
            )


def _check_asked(part: Part, request: Request, sheet: wire.Sheet) -> None:
    """Refuse rows that were not asked for: Kommo ignores filters it does not know."""
    ids = {int(value) for name, value in request.query if name == links.ID_FILTER}
    strangers = [number for number in sheet.ids if ids and number not in ids]
    stages = links.stages(request.query)
    strangers += [
        row.id
        for row in sheet.rows
        if stages and isinstance(row, Lead)
        if (row.pipeline_id, row.status_id) not in stages
    ]
    if strangers:
        raise BadAnswer(
            "Kommo answered {count} of {part} that were not asked for, {first} first: "
            "it ignored a filter.",
            count=len(strangers),
            part=part,
            first=strangers[0],
        )
