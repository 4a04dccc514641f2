"""Brings up to date which deals count, for whom, when and how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from kommo_sync.model.arrays import BoolArray, IntArray
from kommo_sync.model.clients import (
    ContactBook,
    Joins,
    Link,
    Parties,
    Point,
    PointKind,
    assign,
    join_contacts,
    points,
)
from kommo_sync.model.histories import Deals
from kommo_sync.model.judged import ClientMember, ContactPoint
from kommo_sync.scoring.days import days_of
from kommo_sync.scoring.settings import Counting, StageOf
from kommo_sync.store.changes import LeadColumns, Seen
from kommo_sync.store.judging import Judging
from kommo_sync.store.leases import Lease


@dataclass(frozen=True, slots=True)
class Counter:
    """What counts an account's deals.

    Args:
        judging: where it is remembered.
        rules: which leads count, and for whom.
        lease: the right to write.
    """

    judging: Judging
    rules: Counting
    lease: Lease

    def catch_up(self, since: Seen) -> Seen:
        """Count what has changed since the last time; return up to when it is known.

        Clients whose deals differ are noted in the store. Who is joined with whom is
        kept last: after a crash the same cards are found to have moved.

        Args:
            since: what the last time returned; of nothing, everything is counted.
        """
        upto = self.judging.newest_seen()
        changed = self._contacts(since.contacts)
        links = self._links()
        book = ContactBook.of(*self.judging.contact_companies(), Joins(links))
        for found in self._leads(since.leads):
            self._count(found, book)
        if since.leads is not None:
            moved = self._moved(changed, links)
            self._count(self.judging.leads_of_contacts(moved), book)
        self._forget(self.judging.gone_leads(since.leads))
        self.judging.put_members([ClientMember(*one) for one in links], self.lease)
        return upto

    def _contacts(self, since: int | None) -> IntArray:
        """Note what contacts can be known by; return whose cards have changed."""
        changed, after = [self.judging.gone_contacts(since)], 0
        self.judging.put_points(changed[0], (), self.lease)
        while len(found := self.judging.changed_contacts(since, after)):
            known_by = [
                ContactPoint(*point)
                for contact_id, texts in zip(
                    found.id.tolist(), found.field_values, strict=True
                )
                for point in points(contact_id, texts, self.rules.country)
            ]
            self.judging.put_points(found.id, known_by, self.lease)
            changed.append(found.id)
            after = int(found.id[-1])
        return np.unique(np.concatenate(changed))

    def _links(self) -> tuple[Link, ...]:
        """Return which cards are one person's."""
        if not self.rules.join_duplicates:
            return ()
        shared = self.judging.shared_points()
        return join_contacts(
            Point(p.contact_id, PointKind(p.kind), p.value) for p in shared
        ).links

    def _moved(self, changed: IntArray, links: tuple[Link, ...]) -> IntArray:
        """Return the cards whose leads may count for others now.

        Besides the changed ones: who is joined otherwise than before, and all cards
        of the people that these are, or were; one card's company is also theirs.
        """
        before = {
            (one.contact_id, one.representative) for one in self.judging.members()
        }
        now = {(one.contact_id, one.representative) for one in links}
        moved = {*changed.tolist(), *(contact_id for contact_id, _ in before ^ now)}
        people = {lowest for contact_id, lowest in before | now if contact_id in moved}
        people |= moved
        theirs = {one[0] for one in before | now if one[1] in people}
        return np.array(sorted(people | theirs), np.int64)

    def _leads(self, since: int | None) -> Iterator[LeadColumns]:
        after = 0
        while len(found := self.judging.changed_leads(since, after)):
            yield found
            after = int(found.id[-1])

    def _count(self, found: LeadColumns, book: ContactBook) -> None:
        deals, counts = count_deals(found, book, self.rules)
        self.judging.put_counted(found.id[counts], deals, found.id[~counts], self.lease)

    def _forget(self, gone: IntArray) -> None:
        none = np.empty(0, np.int64)
        self.judging.put_counted(none, Deals(none, none, none), gone, self.lease)


def count_deals(
    leads: LeadColumns, book: ContactBook, rules: Counting
) -> tuple[Deals, BoolArray]:
    """Return the leads that count as deals of clients, and which of them do: (n,).

    A lead is dated by its closing; in a stage where leads stay open, by its creation.
    """
    client = assign(Parties(leads.company_id, leads.main_contact_id), book, rules.unit)
    refund = _in_stages(leads, rules.refunds)
    counts = (refund | _in_stages(leads, rules.won)) & (client != 0)
    moment = np.where(leads.closed_at > 0, leads.closed_at, leads.created_at)
    amount = np.where(refund, -np.abs(leads.price), leads.price)
    # A refund of nothing is nothing, and no purchase at nothing either.
    counts &= ~refund | (amount != 0)
    day = days_of(moment[counts], ZoneInfo(rules.time_zone))
    return Deals(client[counts], day, amount[counts]), counts


def _in_stages(leads: LeadColumns, wanted: tuple[StageOf, ...]) -> BoolArray:
    found = np.zeros(len(leads), np.bool_)
    for one in wanted:
        here = leads.status_id == one.stage
        found |= here & (leads.pipeline_id == one.pipeline) if one.pipeline else here
    return found
