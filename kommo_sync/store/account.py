"""The only door to what is kept of one account."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from kommo_sync.model.entities import AccountId, Part, Row
from kommo_sync.store import cursors, leases, reading, records, runs, upserts
from kommo_sync.store.connecting import State, StoredTokens
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.engines import Database
from kommo_sync.store.facts import Facts
from kommo_sync.store.judging import Judging
from kommo_sync.store.leases import Lease
from kommo_sync.store.reading import Won
from kommo_sync.store.runs import Run
from kommo_sync.store.sealing import Sealer
from kommo_sync.store.tables import connections, crm_counts

MERGEABLE = (Part.LEADS, Part.CONTACTS, Part.COMPANIES)
_WON = "won"


@dataclass(frozen=True, slots=True)
class AccountStore:
    """What is kept of one account; each method is one transaction.

    Any of them raises Busy (locked for too long) or StoreUnusable (disk full,
    read-only, out of reach); then nothing of it is kept.
    """

    database: Database
    sealer: Sealer
    account_id: AccountId

    def connect(
        self,
        base_url: str,
        name: str,
        subdomain: str,
        token: str,
        token_expires_at: int | None,
        now: int,
    ) -> None:
        """Remember the account and its token, also if it was connected before.

        Raises:
            ConfigError: there is no key to seal the token with.
        """
        with self._writing() as connection:
            upserts.put(
                connection,
                connections,
                {
                    "account_id": self.account_id,
                    "base_url": base_url,
                    "name": name,
                    "subdomain": subdomain,
                    "state": "active",
                    "token_expires_at": token_expires_at,
                    "connected_at": now,
                    "access": self.sealer.seal(self.account_id, "access", token),
                    "refresh": None,
                    "previous_refresh": None,
                },
            )

    def set_state(self, state: State) -> None:
        """Note whether the account may be asked."""
        with self._writing() as connection:
            connection.execute(
                update(connections)
                .where(connections.c.account_id == self.account_id)
                .values(state=state)
            )

    def facts(self) -> Facts:
        """Return who answers questions to the kept records."""
        return Facts(self.database, self.account_id)

    def judging(self) -> Judging:
        """Return who remembers the judgements."""
        return Judging(self.database, self.account_id)

    def tokens(self) -> StoredTokens:
        """Return where the client finds its token."""
        return StoredTokens(self.database, self.sealer, self.account_id)

    def cursor(self, part: Part) -> Cursor:
        """Return how far a part has been read; a fresh cursor if it never was."""
        with self._reading() as connection:
            return cursors.load(connection, self.account_id, part)

    def keep_page(
        self,
        part: Part,
        rows: Sequence[Row],
        cursor: Cursor,
        *,
        seen_at: int,
        lease: Lease | None = None,
    ) -> int:
        """Keep a page and where the walk then stands; return how many rows it wrote.

        Older and buried rows are passed over. The lease is checked in the same
        transaction.

        Raises:
            Busy: the lease was lost.
        """
        with self._writing(lease) as connection:
            written = records.keep(connection, self.account_id, part, rows, seen_at)
            cursors.save(connection, self.account_id, part, cursor)
        return written

    def keep_rows(
        self,
        part: Part,
        rows: Sequence[Row],
        *,
        seen_at: int,
        revive: Collection[int] = (),
        lease: Lease | None = None,
    ) -> int:
        """Keep rows that were asked for by id; return how many it wrote.

        Args:
            part: theirs.
            rows: what the CRM answered.
            seen_at: the CRM's time of the answer.
            revive: ids that live, unless they died after `seen_at`.
            lease: the right to do so, checked in the same transaction.

        Raises:
            Busy: the lease was lost.
        """
        with self._writing(lease) as connection:
            records.revive(connection, self.account_id, part, revive, seen_at)
            return records.keep(connection, self.account_id, part, rows, seen_at)

    def save_cursor(
        self, part: Part, cursor: Cursor, lease: Lease | None = None
    ) -> None:
        """Remember how far a part has been read.

        Raises:
            Busy: the lease was lost.
        """
        with self._writing(lease) as connection:
            cursors.save(connection, self.account_id, part, cursor)

    def replace(
        self,
        part: Part,
        rows: Sequence[Row],
        cursor: Cursor,
        *,
        seen_at: int,
        lease: Lease | None = None,
    ) -> int:
        """Let a part that is read whole be exactly these rows; count them.

        Raises:
            Busy: the lease was lost.
            ValueError: not a part of SNAPSHOTS.
        """
        with self._writing(lease) as connection:
            written = records.replace(connection, self.account_id, part, rows, seen_at)
            cursors.save(connection, self.account_id, part, cursor)
        return written

    def bury(
        self,
        part: Part,
        ids: Collection[int],
        *,
        at: int,
        lease: Lease | None = None,
    ) -> int:
        """Put up tombstones and remove the rows under them; count the removed.

        A row that was seen after `at` lives on, without a tombstone.

        Raises:
            Busy: the lease was lost.
        """
        with self._writing(lease) as connection:
            return records.bury(connection, self.account_id, part, ids, at)

    def merge(
        self,
        part: Part,
        loser: int,
        winner: int,
        *,
        at: int,
        lease: Lease | None = None,
    ) -> None:
        """Bury the loser of a merge; what points at it, now or later, finds the winner.

        A loser that was seen after `at` lives on, and is no loser.

        Raises:
            Busy: the lease was lost.
            ValueError: a part whose cards cannot be merged, or a card with itself.
        """
        if part not in MERGEABLE or loser == winner:
            raise ValueError(f"{part}: {loser} cannot be merged into {winner}")
        with self._writing(lease) as connection:
            records.merge(connection, self.account_id, part, (loser, winner), at)

    def unseen(
        self, part: Part, before: int, limit: int, after_id: int = 0
    ) -> tuple[int, ...]:
        """Return ids, ascending from `after_id`, that were last seen before then."""
        with self._reading() as connection:
            return reading.unseen(
                connection, self.account_id, part, before, limit, after_id
            )

    def counts(self) -> dict[Part, int]:
        """Return how many rows of each part are kept."""
        with self._reading() as connection:
            return reading.counts(connection, self.account_id)

    def won(self) -> Won:
        """Return count and sum (hundredths) of the won leads."""
        with self._reading() as connection:
            return reading.won(connection, self.account_id)

    def last_contacts(self) -> Iterator[tuple[str, int, int]]:
        """Yield (entity type, id, when): the last contact with each card."""
        with self._reading() as connection:
            yield from reading.last_contacts(connection, self.account_id)

    def save_count(self, part: Part, crm_count: int, at: int) -> None:
        """Remember how many rows of a part the CRM says it has."""
        self._save_count(part.value, crm_count, None, at)

    def save_crm_won(self, count: int, total: int | None, at: int) -> None:
        """Remember count and, if it was asked, sum of won leads as the CRM has them."""
        self._save_count(_WON, count, total, at)

    def crm_counts(self) -> dict[Part, tuple[int, int]]:
        """Return (count, when) of each part that the CRM was asked for."""
        with self._reading() as connection:
            found = connection.execute(
                select(crm_counts.c.name, crm_counts.c.count, crm_counts.c.at).where(
                    crm_counts.c.account_id == self.account_id,
                    crm_counts.c.name != _WON,
                )
            ).all()
        return {Part(name): (count, at) for name, count, at in found}

    def crm_won(self) -> tuple[int, int | None, int] | None:
        """Return count, sum and when of won leads by the CRM; None: never asked."""
        with self._reading() as connection:
            found = connection.execute(
                select(crm_counts.c.count, crm_counts.c.total, crm_counts.c.at).where(
                    crm_counts.c.account_id == self.account_id,
                    crm_counts.c.name == _WON,
                )
            ).first()
        return (found[0], found[1], found[2]) if found else None

    def take_lease(
        self,
        job: str,
        owner: str,
        now: float,
        *,
        seconds: float,
        is_dead: Callable[[str], bool],
    ) -> Lease:
        """Return the right to do a job, if nobody alive has it.

        Args:
            job: its name.
            owner: who asks: another name in each process.
            now: Unix seconds.
            seconds: how long it holds without renewal.
            is_dead: whether an owner is known to have ended; then it is replaced.

        Raises:
            Busy: another owner has it.
        """
        wanted = Lease(self.account_id, job, owner, 0, seconds)
        with self._writing() as connection:
            return leases.take(connection, wanted, now, is_dead)

    def renew(self, lease: Lease, now: float) -> None:
        """Hold the lease for another while.

        Raises:
            Busy: it was lost.
        """
        with self._writing() as connection:
            leases.hold(connection, lease, now)

    def release(self, lease: Lease) -> None:
        """Give a lease up."""
        with self._writing() as connection:
            leases.release(connection, lease)

    def begin_run(self, job: str, now: int) -> int:
        """Note that a job starts; return the run's id."""
        with self._writing() as connection:
            return runs.begin(connection, self.account_id, job, now)

    def end_run(
        self,
        run_id: int,
        outcome: str,
        now: int,
        requests: int,
        rows: int,
        message: str | None,
    ) -> None:
        """Note how a run ended."""
        run = Run(run_id, "", 0, now, outcome, requests, rows, message)
        with self._writing() as connection:
            runs.end(connection, self.account_id, run)

    def runs(self, limit: int) -> tuple[Run, ...]:
        """Return the last runs, the newest first."""
        with self._reading() as connection:
            return runs.newest(connection, self.account_id, limit)

    @contextmanager
    def _writing(self, lease: Lease | None = None) -> Iterator[Connection]:
        with self.database.writing(self.account_id) as connection:
            if lease is not None:
                leases.hold(connection, lease, None)
            yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        return self.database.reading()

    def _save_count(self, name: str, count: int, total: int | None, at: int) -> None:
        row = (self.account_id, name, count, total, at)
        with self._writing() as connection:
            upserts.write(connection, crm_counts, [row])
