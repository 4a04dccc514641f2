"""How much the CRM holds, told by as few requests as can be."""

from collections.abc import Callable

from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import Page, won_request
from kommo_sync.model.entities import WON, Lead, Part

PAGE_SIZE = 250

Ask = Callable[[int], Page]


def count_records(
    crm: KommoClient, part: Part, expected: int, priority: Priority
) -> int:
    """Return how many records of a kind the CRM lists.

    The API tells no totals: the last page tells. One request where `expected` is right.
    """

    def ask(page: int) -> Page:
        return crm.page(
            part,
            page,
            limit=PAGE_SIZE,
            since=None,
            until=None,
            kinds=(),
            priority=priority,
        )

    return _count(ask, expected)


def count_won(
    crm: KommoClient, pipelines: tuple[int, ...], expected: int, priority: Priority
) -> int:
    """Return how many won leads the CRM lists."""
    return _count(_won_pages(crm, pipelines, priority), expected)


def sum_won(
    crm: KommoClient,
    pipelines: tuple[int, ...],
    priority: Priority,
    tell: Callable[[int], None] = lambda _read: None,
) -> tuple[int, int]:
    """Return count and sum (hundredths) of all won leads, read page by page.

    Args:
        crm: whom to ask.
        pipelines: ids of the account's pipelines.
        priority: whose turn this is.
        tell: is told the number of leads read so far.
    """
    ask = _won_pages(crm, pipelines, priority)
    prices: dict[int, int] = {}
    page, more = 1, bool(pipelines)
    while more:
        found = ask(page)
        prices |= {row.id: row.price for row in found.rows if isinstance(row, Lead)}
        tell(len(prices))
        page, more = page + 1, found.has_next
    return len(prices), sum(prices.values())


def _won_pages(crm: KommoClient, pipelines: tuple[int, ...], priority: Priority) -> Ask:
    stages = tuple((pipeline, WON) for pipeline in pipelines)

    def ask(page: int) -> Page:
        return crm.ask(Part.LEADS, won_request(stages, page, PAGE_SIZE), priority)

    return ask


def _count(ask: Ask, expected: int) -> int:
    """Find the last page, beginning where it should be."""
    page, step = max(1, -(-expected // PAGE_SIZE)), 1
    last, empty = 0, None
    while empty is None or empty - last > 1:
        found = ask(page)
        if found.rows and not found.has_next:
            return (page - 1) * PAGE_SIZE + len(found.rows)
        if found.rows:
            last = page
        else:
            empty = page
        page, step = _next_guess(last, empty, step), step * 2
    return last * PAGE_SIZE


def _next_guess(last: int, empty: int | None, step: int) -> int:
    """Go on from a wrong guess in growing steps, then halve what remains."""
    if empty is None:
        return last + step
    if last == 0:
        return max(1, empty - step)
    return (last + empty) // 2
