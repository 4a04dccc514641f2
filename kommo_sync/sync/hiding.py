"""Where a record can hide: pages that moved while they were read, and are read again.

Pages are cut out of a list ordered by id. When a record goes away, all later ones move
up a place, and the first of each page goes to the end of the page before; when one
comes back, the last of each page goes to the start of the next. A record is missed only
if the page that it went to had been read already, and the page that it left had not. So
what happens at a moment t can hide a record only between two neighbouring pages of
which one was read before t and the other after. Only those are read again, with a page
on either side; what moves meanwhile is looked at in the same way: docs/decisions/0007.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from kommo_sync.kommo.protocol import Page

TICK_SECONDS = 1
"""Dates of answers and events are whole seconds."""


@dataclass(slots=True)
class Marks:
    """When each page of a walk was read; whole if no page is unaccounted for.

    Args:
        read: by page: a moment before it was asked, and the moment of its answer, both
            by the CRM's clock.
        whole: whether every page of the walk is in it: not so if another process read
            the first ones.
    """

    read: dict[int, tuple[int, int]] = field(default_factory=dict)
    whole: bool = True

    def note(self, page: int, asked: int, found: Page) -> None:
        """Remember when a page was read."""
        self.read[page] = (asked, found.server_time)


def suspects(
    read: Mapping[int, tuple[int, int]],
    moved_at: Iterable[int],
    limit: int,
    moves: int = 0,
) -> frozenset[int]:
    """Return the pages that may hide a record.

    Args:
        read: when each page was read, see `Marks`.
        moved_at: when records went away or came back, by the CRM's clock.
        limit: records a page.
        moves: how many there were in all, if more than `moved_at` tells.
    """
    moments = sorted(moved_at)
    margin = 1 + max(moves, len(moments)) // limit
    found: set[int] = set()
    for page, following in pairwise(sorted(read)):
        asked = min(read[page][0], read[following][0])
        answered = max(read[page][1], read[following][1])
        if following == page + 1 and _any_between(moments, asked, answered):
            found.update(range(max(1, page - margin), following + margin + 1))
    return frozenset(found)


def _any_between(moments: list[int], start: int, end: int) -> bool:
    first = bisect_left(moments, start - TICK_SECONDS)
    return first < len(moments) and moments[first] <= end + TICK_SECONDS
