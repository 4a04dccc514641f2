"""The judgement remembered: what a scoring reads of an account, and what it keeps."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.entities import AccountId
from kommo_sync.model.histories import Deals
from kommo_sync.model.judged import (
    BacktestRow,
    ClientMember,
    ContactPoint,
    CountedDeal,
    JudgementRow,
    LoggedJudgement,
    ScoringRow,
)
from kommo_sync.model.purchases import PurchaseRules
from kommo_sync.store import (
    changes,
    counted,
    judgements,
    leases,
    members,
    scorings,
    summaries,
    tallies,
)
from kommo_sync.store.changes import ContactColumns, LeadColumns, Seen, Since
from kommo_sync.store.columns import PORTION
from kommo_sync.store.engines import Database
from kommo_sync.store.judgements import Standings
from kommo_sync.store.leases import Lease
from kommo_sync.store.summaries import Known
from kommo_sync.store.tallies import Picture

NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Judging:
    """What is kept of judging one account's clients; each method is one transaction.

    Clients are keys, ids are columns of whole numbers. Whatever writes takes a lease,
    checked in the same transaction, and raises Busy if it was lost.
    """

    database: Database
    account_id: AccountId

    def newest_seen(self) -> Seen:
        """Return the moments of the youngest answers that are kept."""
        with self._reading() as connection:
            return changes.newest(connection, self.account_id)

    def seen(self) -> Seen:
        """Return up to when the judgements know what is kept."""
        with self._reading() as connection:
            return changes.seen(connection, self.account_id)

    def save_seen(self, upto: Seen, lease: Lease | None = None) -> None:
        """Remember that: what `newest_seen` said before the first question."""
        with self._writing(lease) as connection:
            changes.save_seen(connection, self.account_id, upto)

    def changed_leads(
        self, since: int | None, after_id: int = 0, limit: int = PORTION
    ) -> LeadColumns:
        """Return the next leads that were seen, or re-pointed by a merge, since.

        Args:
            since: a moment of the CRM's clock, looked back behind; None: all leads.
            after_id: the last one that is known.
            limit: how many at most.
        """
        asked = Since(since, after_id, limit)
        with self._reading() as connection:
            return changes.changed_leads(connection, self.account_id, asked)

    def leads_of_contacts(self, contact_ids: IntArray) -> LeadColumns:
        """Return the leads whose main contact is one of these."""
        with self._reading() as connection:
            return changes.leads_of_contacts(connection, self.account_id, contact_ids)

    def gone_leads(self, since: int | None) -> IntArray:
        """Return counted leads that were found dead since; None: that are not kept."""
        with self._reading() as connection:
            return changes.gone_leads(connection, self.account_id, since)

    def changed_contacts(
        self, since: int | None, after_id: int = 0, limit: int = PORTION
    ) -> ContactColumns:
        """Return the next contacts, as `changed_leads` does leads."""
        asked = Since(since, after_id, limit)
        with self._reading() as connection:
            return changes.changed_contacts(connection, self.account_id, asked)

    def gone_contacts(self, since: int | None) -> IntArray:
        """Return dead contacts that have points, as `gone_leads` does leads."""
        with self._reading() as connection:
            return changes.gone_contacts(connection, self.account_id, since)

    def contact_companies(self) -> tuple[IntArray, IntArray]:
        """Return all contacts, ascending, and the company of each: 0 if it has none."""
        with self._reading() as connection:
            return changes.contact_companies(connection, self.account_id)

    def put_points(
        self,
        contact_ids: IntArray,
        points: Collection[ContactPoint],
        lease: Lease | None = None,
    ) -> IntArray:
        """Let contacts have exactly these points; return whose have changed."""
        with self._writing(lease) as connection:
            return members.put_points(connection, self.account_id, contact_ids, points)

    def shared_points(self) -> tuple[ContactPoint, ...]:
        """Return the points that two contacts or more have."""
        with self._reading() as connection:
            return members.shared_points(connection, self.account_id)

    def put_members(
        self, joins: Collection[ClientMember], lease: Lease | None = None
    ) -> IntArray:
        """Let these be all joins; return who stands for somebody else now."""
        with self._writing(lease) as connection:
            return members.put_members(connection, self.account_id, joins)

    def members(self) -> tuple[ClientMember, ...]:
        """Return the joins in force, by contact."""
        with self._reading() as connection:
            return members.all_members(connection, self.account_id)

    def put_counted(
        self,
        lead_id: IntArray,
        deals: Deals,
        gone: IntArray = NOBODY,
        lease: Lease | None = None,
    ) -> IntArray:
        """Let leads count as these deals, and `gone` not at all; return who is touched.

        The touched, who had or have a deal that differs, stay noted until they are
        judged or gone.
        """
        with self._writing(lease) as connection:
            return counted.put(connection, self.account_id, lead_id, deals, gone)

    def deals_of(self, client: int) -> tuple[CountedDeal, ...]:
        """Return a client's counted deals, by day, then by lead."""
        with self._reading() as connection:
            return counted.deals_of(connection, self.account_id, client)

    def client_of_lead(self, lead_id: int) -> int | None:
        """Return the client for whom a lead counts; None if it does not."""
        with self._reading() as connection:
            return counted.client_of(connection, self.account_id, lead_id)

    def touched(self, after: int = -1, limit: int = PORTION) -> IntArray:
        """Return the next clients that are to be judged, ascending."""
        with self._reading() as connection:
            return counted.touched(connection, self.account_id, after, limit)

    def touch_all(self, lease: Lease | None = None) -> None:
        """Note that everybody is to be judged: the rules are others now."""
        with self._writing(lease) as connection:
            counted.touch_all(connection, self.account_id)

    def rebuild(
        self, clients: IntArray, rules: PurchaseRules, lease: Lease | None = None
    ) -> Known:
        """Write clients' summaries anew from their counted deals; return who has any.

        `rules` make the plain numbers; a judgement applies its own to the deals.
        """
        with self._writing(lease) as connection:
            return summaries.rebuild(connection, self.account_id, clients, rules)

    def histories(self, portion: int = PORTION) -> Iterator[Known]:
        """Yield all clients, ascending, so many at a time.

        Each portion is read by itself, so that a slow reader holds nobody up: a client
        is as it was when its portion came.
        """
        after = -1
        while True:
            with self._reading() as connection:
                known = summaries.after(connection, self.account_id, after, portion)
            if not len(known):
                return
            yield known
            after = int(known.history.client[-1])

    def histories_of(self, clients: IntArray) -> Known:
        """Return those of some clients that have deals, ascending."""
        with self._reading() as connection:
            return summaries.of(connection, self.account_id, clients)

    def history_of(self, client: int) -> Known:
        """Return one client; nobody if it has no deals."""
        return self.histories_of(np.array([client], np.int64))

    def put_standings(
        self, client: IntArray, standing: list[bytes], lease: Lease | None = None
    ) -> None:
        """Keep what the last purchases of clients settled, until their deals change."""
        with self._writing(lease) as connection:
            summaries.put_standings(connection, self.account_id, client, standing)

    def forget_standings(self, lease: Lease | None = None) -> None:
        """Forget what was settled of all clients: the rules are others now."""
        with self._writing(lease) as connection:
            summaries.forget_standings(connection, self.account_id)

    def add_scoring(
        self, scoring: ScoringRow, lease: Lease | None = None
    ) -> ScoringRow:
        """Keep a scoring under the next id, whatever its own; return it with that."""
        with self._writing(lease) as connection:
            return scorings.add(connection, self.account_id, scoring)

    def newest_scoring(self) -> ScoringRow | None:
        """Return the scoring that was added last."""
        with self._reading() as connection:
            return scorings.newest(connection, self.account_id)

    def scoring(self, scoring_id: int) -> ScoringRow:
        """Return a scoring; a ValueError if there is none of that id."""
        with self._reading() as connection:
            return scorings.by_id(connection, self.account_id, scoring_id)

    def put_terms(
        self,
        given: Mapping[int, str],
        *,
        force: bool = False,
        lease: Lease | None = None,
    ) -> dict[int, str]:
        """Keep the terms of quarters that have none, of all if forced; return all."""
        with self._writing(lease) as connection:
            return scorings.put_terms(connection, self.account_id, given, force)

    def terms(self) -> dict[int, str]:
        """Return the terms (JSON) by the first day of the quarter, ascending."""
        with self._reading() as connection:
            return scorings.all_terms(connection, self.account_id)

    def digests(self) -> tuple[IntArray, IntArray]:
        """Return who is judged, ascending, and the digest of each: shape (n,)."""
        with self._reading() as connection:
            return judgements.digests(connection, self.account_id)

    def judgements_of(self, clients: IntArray) -> tuple[JudgementRow, ...]:
        """Return the judgements of those of some clients that have one, ascending."""
        with self._reading() as connection:
            return judgements.of(connection, self.account_id, clients)

    def write_judgements(
        self,
        rows: Sequence[JudgementRow],
        log_rows: Sequence[LoggedJudgement] = (),
        judged: IntArray = NOBODY,
        lease: Lease | None = None,
    ) -> None:
        """Keep judgements, append turns to the log, and strike out who was touched.

        Args:
            rows: the judgements that differ, in the place of earlier ones.
            log_rows: those at which a stage or segment changed, or the first ones.
            judged: everybody who was judged, whether or not it made a difference.
            lease: the right to do so.

        Raises:
            Busy: the lease was lost.
            ValueError: the values are not Python's own.
        """
        with self._writing(lease) as connection:
            judgements.write(connection, self.account_id, rows, log_rows)
            judgements.settle(connection, self.account_id, judged)

    def drop_gone(
        self,
        clients: IntArray,
        as_of: int,
        scoring_id: int,
        lease: Lease | None = None,
    ) -> IntArray:
        """Forget those of some clients who have no deals left; return these.

        Their summaries and judgements go, and the log says so; the living stay.
        """
        with self._writing(lease) as connection:
            return judgements.drop_gone(
                connection, self.account_id, clients, as_of, scoring_id
            )

    def drop_judgements(
        self,
        clients: IntArray,
        as_of: int,
        scoring_id: int,
        lease: Lease | None = None,
    ) -> None:
        """Forget the judgements of clients whose deals are no purchases any more."""
        with self._writing(lease) as connection:
            by = (as_of, scoring_id)
            judgements.drop(connection, self.account_id, clients, by)

    def picture(self) -> Picture:
        """Return where all judged clients stand, counted."""
        with self._reading() as connection:
            return tallies.picture(connection, self.account_id)

    def add_backtest(self, row: BacktestRow, lease: Lease | None = None) -> None:
        """Keep a back-test under the next id, whatever its own."""
        with self._writing(lease) as connection:
            scorings.add_backtest(connection, self.account_id, row)

    def newest_backtest(self) -> BacktestRow | None:
        """Return the back-test that was kept last."""
        with self._reading() as connection:
            return scorings.newest_backtest(connection, self.account_id)

    def log_of(self, client: int) -> tuple[LoggedJudgement, ...]:
        """Return a client's turns in their order."""
        with self._reading() as connection:
            return judgements.log_of(connection, self.account_id, client)

    def standings(self, day: int) -> Standings:
        """Return where everybody stood at the end of a day, but for those then gone."""
        with self._reading() as connection:
            return judgements.standings(connection, self.account_id, day)

    @contextmanager
    def _writing(self, lease: Lease | None) -> Iterator[Connection]:
        with self.database.writing(self.account_id) as connection:
            if lease is not None:
                leases.hold(connection, lease, None)
            yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        return self.database.reading()
