"""Deals become judgements: learned from all, kept where they differ."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress
from typing import TypeVar

import msgspec
import numpy as np

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.histories import History, joined, pack
from kommo_sync.model.judged import JudgementRow, LoggedJudgement, ScoringRow
from kommo_sync.model.judgement import Scoring, judge, learn_scoring
from kommo_sync.model.lifecycle import Standing, standing_of
from kommo_sync.model.limits import Terms, terms_days
from kommo_sync.model.purchases import Purchases, settle
from kommo_sync.model.standings import (
    UNKNOWN,
    pack_standing,
    replaced,
    unpack_standing,
)
from kommo_sync.scoring.rows import digests_of, rows_of
from kommo_sync.scoring.settings import Settings
from kommo_sync.store.judging import Judging
from kommo_sync.store.leases import Lease
from kommo_sync.store.summaries import Known

Value = TypeVar("Value", Scoring, Terms)
Tell = Callable[[int, int], None]
"""Called with how many of how many clients are judged."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a pass did.

    Args:
        judged: clients that were judged.
        changed: those whose judgement differs from what was kept.
        gone: clients who have no purchase any more.
    """

    judged: int = 0
    changed: int = 0
    gone: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.judged + other.judged,
            self.changed + other.changed,
            self.gone + other.gone,
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """Digests of the judgements that are kept, by ascending client."""

    client: IntArray
    digest: IntArray

    def differ(self, client: IntArray, digest: IntArray) -> IntArray:
        """Return the positions of clients that are not kept with these digests."""
        if not len(self.client):
            return np.arange(len(client))
        at = np.minimum(np.searchsorted(self.client, client), len(self.client) - 1)
        same = (self.client[at] == client) & (self.digest[at] == digest)
        return np.flatnonzero(~same)

    def among(self, client: IntArray) -> IntArray:
        """Return those of some clients that are kept."""
        at = np.searchsorted(self.client, client)
        known = at < len(self.client)
        known[known] = self.client[at[known]] == client[known]
        return client[known]


@dataclass(frozen=True, slots=True)
class Judge:
    """What judges an account's clients.

    Args:
        judging: where it is remembered.
        settings: how it is done.
        lease: the right to write.
        advocates: keys of clients who recommend the firm.
    """

    judging: Judging
    settings: Settings
    lease: Lease
    advocates: IntArray

    def rebuild_touched(self) -> None:
        """Bring up to date the summaries of clients whose deals have changed."""
        after, rules = -1, self.settings.rules.purchases
        while len(touched := self.judging.touched(after)):
            self.judging.rebuild(touched, rules, self.lease)
            after = int(touched[-1])

    def learn(self, as_of: int, made_at: int, *, anew: bool) -> ScoringRow:
        """Learn from all clients what judgements rest on, and keep it.

        Args:
            as_of: the day.
            made_at: Unix seconds.
            anew: also the terms of past quarters, for the rules are others now.
        """
        settings = self.settings
        parts, digest = [], blake2b(digest_size=8)
        for known in self.judging.histories():
            parts.append(known.history)
            digest.update(known.data_hash.tobytes())
        history = joined(parts)
        texts = () if anew else self.judging.terms().values()
        kept = [decoded(text, Terms) for text in texts]
        scoring = learn_scoring(history, as_of, settings.rules, kept)
        if anew:
            self.judging.forget_standings(self.lease)
        given = {one.day: encoded(one) for one in scoring.terms}
        self.judging.put_terms(given, force=anew, lease=self.lease)
        row = ScoringRow(
            id=0,
            as_of=as_of,
            made_at=made_at,
            settings=settings.to_text(),
            settings_hash=settings.hash,
            parameters=encoded(scoring),
            clients=len(history),
            data_hash=digest.hexdigest(),
        )
        return self.judging.add_scoring(row, self.lease)

    def judge_all(self, row: ScoringRow, as_of: int, tell: Tell) -> Counts:
        """Judge everybody, a portion at a time."""
        scoring, kept = scoring_of(row), Kept(*self.judging.digests())
        touched = self._touched()
        done = self._drop_gone(touched, row, as_of)
        for known in self.judging.histories():
            tell(done.judged, row.clients)
            noted = np.intersect1d(touched, known.history.client, assume_unique=True)
            done += self._judge(known, (row, scoring), as_of, (kept, noted))
        tell(row.clients, row.clients)
        return done

    def _touched(self) -> IntArray:
        parts, after = [np.empty(0, np.int64)], -1
        while len(some := self.judging.touched(after)):
            parts.append(some)
            after = int(some[-1])
        return np.concatenate(parts)

    def lacks_terms(self, row: ScoringRow, as_of: int) -> bool:
        """Tell whether a touched client bought in a quarter that has no terms yet.

        An old deal may come in late; then everything is learned again.
        """
        known = self.judging.histories_of(self._touched())
        needed = terms_days(known.history.until(as_of))
        at_hand = [one.day for one in scoring_of(row).terms]
        return bool(np.setdiff1d(needed, at_hand).size)

    def judge_touched(self, row: ScoringRow, as_of: int) -> Counts:
        """Judge those whose deals have changed, by what was learned before."""
        scoring, done = scoring_of(row), Counts()
        while len(touched := self.judging.touched()):
            done += self._drop_gone(touched, row, as_of)
            known = self.judging.histories_of(touched)
            rows = self.judging.judgements_of(touched)
            client = np.array([one.client for one in rows], np.int64)
            digest = np.array([one.digest for one in rows], np.int64)
            kept = Kept(client, digest)
            done += self._judge(known, (row, scoring), as_of, (kept, touched))
        return done

    def _drop_gone(self, clients: IntArray, row: ScoringRow, as_of: int) -> Counts:
        gone = self.judging.drop_gone(clients, as_of, row.id, self.lease)
        return Counts(gone=len(gone))

    def _judge(
        self,
        known: Known,
        by: tuple[ScoringRow, Scoring],
        as_of: int,
        before: tuple[Kept, IntArray],
    ) -> Counts:
        """Judge some clients, keep what differs, and strike out who was touched."""
        (row, scoring), (kept, touched) = by, before
        rules = self.settings.rules
        history = known.history.until(as_of)
        purchases = settle(history, rules.purchases)
        client = purchases.client
        found = judge(
            purchases,
            as_of,
            scoring,
            rules,
            np.isin(client, self.advocates),
            self._standing(known, history, purchases, scoring),
        )
        hashes = known.data_hash[np.searchsorted(known.history.client, client)]
        digests = digests_of(found, hashes)
        differ = kept.differ(client, digests)
        both = np.stack((hashes, digests), axis=1)
        rows = rows_of(found, scoring, row.id, both, differ)
        turns = self._turns(rows, known.history)
        without = np.setdiff1d(known.history.client, client, assume_unique=True)
        lost = kept.among(without)
        # Before they are struck out of the touched: a crash in between forgets nobody.
        self.judging.drop_judgements(lost, as_of, row.id, self.lease)
        self.judging.write_judgements(rows, turns, touched, self.lease)
        return Counts(len(client), len(rows), len(lost))

    def _standing(
        self, known: Known, history: History, purchases: Purchases, scoring: Scoring
    ) -> Standing:
        """Return what the last purchases settled, as kept; work out what is not."""
        client, last = purchases.client, purchases.day[purchases.start[1:] - 1]
        at = np.searchsorted(known.history.client, client)
        packed = [known.standing[one] or UNKNOWN for one in at.tolist()]
        kept = unpack_standing(client, packed)
        # A deal of a coming day may yet take an earlier one back.
        deals = np.diff(history.start)[np.searchsorted(history.client, client)]
        is_whole = deals == np.diff(known.history.start)[at]
        other = np.flatnonzero((kept.last_day != last) | ~is_whole)
        if not len(other):
            return kept
        rules = self.settings.rules
        theirs = history.take(np.searchsorted(history.client, client[other]))
        found = standing_of(
            settle(theirs, rules.purchases), scoring.terms, rules.lifecycle
        )
        lasting = is_whole[other]
        self.judging.put_standings(
            found.client[lasting],
            list(compress(pack_standing(found), lasting)),
            self.lease,
        )
        return replaced(kept, other, found)

    def _turns(
        self, rows: list[JudgementRow], history: History
    ) -> list[LoggedJudgement]:
        """Return what the log is told: who is in another stage or segment, or new."""
        client = np.array([row.client for row in rows], np.int64)
        before = {
            old.client: (old.stage, old.segment)
            for old in self.judging.judgements_of(client)
        }
        turned = [
            row for row in rows if before.get(row.client) != (row.stage, row.segment)
        ]
        theirs = np.array([row.client for row in turned], np.int64)
        at = np.searchsorted(history.client, theirs)
        entries = pack(history.take(at))
        return [LoggedJudgement(*one) for one in zip(turned, entries, strict=True)]


def scoring_of(row: ScoringRow) -> Scoring:
    """Return what was learned, as it was kept."""
    return decoded(row.parameters, Scoring)


def encoded(value: Scoring | Terms) -> str:
    """Return JSON; numbers come back from it bit by bit."""
    return msgspec.json.encode(value).decode()


def decoded(text: str, kind: type[Value]) -> Value:
    """Return what `encoded` wrote."""
    return msgspec.json.decode(text, type=kind)
