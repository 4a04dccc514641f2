"""A firm whose leads and contacts are put into the store as a sync would put them."""

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Table, select

from kommo_sync.config import Config
from kommo_sync.config.settings import Judging as Wanted
from kommo_sync.jobs.scoring import ScoreReport, account_settings, score_account
from kommo_sync.model.entities import Account, AccountId, Company, Part
from kommo_sync.model.histories import History
from kommo_sync.model.judged import JudgementRow
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.scoring.judging import Tell
from kommo_sync.scoring.settings import Settings
from kommo_sync.store.account import AccountStore
from kommo_sync.store.cursors import Cursor
from kommo_sync.store.judging import Judging
from kommo_sync.store.store import Store
from kommo_sync.store.tables import (
    backtests,
    client_members,
    contact_points,
    counted_deals,
    judgement_log,
    judgements,
    scorings,
    scorings_state,
    summaries,
    terms,
    touched_clients,
)
from tests.store.rows import contact, lead, own_rows
from tests.sync.world import careless, new_store

FIRM = AccountId(31_000_001)
OTHER = AccountId(31_000_002)
DAY = 86_400
TODAY = 20_717
COUNTED: tuple[Table, ...] = (
    client_members,
    contact_points,
    counted_deals,
)
"""What is counted of the records, whichever way it came to be."""
JUDGED: tuple[Table, ...] = (
    *COUNTED,
    summaries,
    scorings,
    scorings_state,
    terms,
    judgements,
    judgement_log,
    touched_clients,
    backtests,
)


def quiet(_done: int, _of: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass
class Firm:
    """One account of a store, written to directly; each id is used once."""

    rt: Runtime
    account_id: AccountId

    def __post_init__(self) -> None:
        self.ids = count(1_000)

    @property
    def account(self) -> AccountStore:
        return self.rt.store.account(self.account_id)

    @property
    def judging(self) -> Judging:
        return self.account.judging()

    @property
    def today(self) -> int:
        return int(self.rt.clock.now()) // DAY

    @property
    def settings(self) -> Settings:
        return account_settings(self.rt, self.account_id)

    def read(self, country: str = "US", time_zone: str | None = "UTC") -> "Firm":
        """Let the account's own record have been read."""
        row = Account(
            self.account_id, "Firm", "firm", "USD", country, "en", time_zone, 5, "[]", 1
        )
        self.account.replace(Part.ACCOUNT, [row], Cursor(), seen_at=self.rt.now())
        return self

    def pass_days(self, days: float) -> None:
        self.rt.clock.sleep(days * DAY)

    def sell(self, client: int, day: int, price: int = 10_000, **more: Any) -> int:
        """Let a contact's lead be won at noon of a day; return the lead's id."""
        made = {
            "id": next(self.ids),
            "main_contact_id": client or None,
            "price": price,
            "created_at": day * DAY,
            "closed_at": day * DAY + DAY // 2,
            "updated_at": self.rt.now(),
            **more,
        }
        self.keep(Part.LEADS, lead(**made))
        return int(made["id"])

    def meet(self, *points: tuple[str, str], **more: Any) -> int:
        """Make a contact with phones and e-mails; return its id."""
        made = {
            "id": next(self.ids),
            "updated_at": self.rt.now(),
            "field_values": fields(*points),
            **more,
        }
        self.keep(Part.CONTACTS, contact(**made))
        return int(made["id"])

    def found(self, **more: Any) -> int:
        """Make a company; return its id."""
        made = Company(next(self.ids), "Firm", 5, 50, self.rt.now(), "[]", "[]")
        self.keep(Part.COMPANIES, made._replace(**more))
        return made.id

    def keep(self, part: Part, *rows: Any) -> None:
        ids = [row.id for row in rows]
        self.account.keep_rows(part, rows, seen_at=self.rt.now(), revive=ids)

    def trash(self, part: Part, *ids: int) -> None:
        self.account.bury(part, ids, at=self.rt.now())

    def score(self, *, full: bool = False, tell: Tell = quiet) -> ScoreReport:
        return score_account(self.rt, self.account_id, full=full, tell=tell)

    def judged(self) -> dict[int, JudgementRow]:
        """Return the judgements in force, by client."""
        clients = self.judging.digests()[0]
        return {row.client: row for row in self.judging.judgements_of(clients)}

    def deals(self) -> dict[int, list[int]]:
        """Return [client, day, amount] of each lead that counts."""
        found = own_rows(self.account, counted_deals)
        return {lead_id: deal for lead_id, *deal in found}

    def rows(self, *tables: Table) -> dict[str, list[tuple[Any, ...]]]:
        return {table.name: own_rows(self.account, table) for table in tables}

    def rows_of(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table of what is judged, by column."""
        [table] = [one for one in JUDGED if one.name == name]
        names = [column.name for column in table.columns][1:]
        return [
            dict(zip(names, row, strict=True)) for row in own_rows(self.account, table)
        ]

    def of(self, account_id: AccountId) -> "Firm":
        """Return another account of the same store."""
        return Firm(self.rt, account_id)

    def governed(self, judging: Wanted, accounts: Mapping[int, Wanted]) -> "Firm":
        """Return the same firm, with settings of [judging] and of some accounts."""
        config = Config(judging=judging, accounts=accounts)
        return self.sharing(replace(self.rt, config=config))

    def under(self, **wanted: Any) -> "Firm":
        """Return the same firm with other settings of [judging]."""
        config = Config(judging=Wanted(**wanted))
        return self.sharing(replace(self.rt, config=config))

    def sharing(self, rt: Runtime) -> "Firm":
        other = Firm(rt, self.account_id)
        other.ids = self.ids
        return other


def fields(*points: tuple[str, str]) -> str:
    """Return a card's custom fields as Kommo has them."""
    return json.dumps(
        [{"field_code": code, "values": [{"value": text}]} for code, text in points]
    )


@contextmanager
def opened(folder: Path, today: int = TODAY) -> Iterator[Firm]:
    """A firm that nothing is known of but its own record; it is noon."""
    clock = ManualClock(today * DAY + DAY / 2)
    with careless(new_store(folder)) as store:
        yield Firm(runtime(store, clock), FIRM).read()


def runtime(store: Store, clock: ManualClock, **wanted: Any) -> Runtime:
    config = Config(judging=Wanted(**wanted))
    return Runtime(config, store, clock, random.Random(1))


def trade(firm: Firm, clients: int, days: int = 500, seed: int = 1) -> list[int]:
    """Let contacts buy, each in a rhythm of its own, some until lately only."""
    chance = np.random.default_rng(seed)
    met, rows = [], []
    for _ in range(clients):
        person = firm.meet()
        met.append(person)
        day = firm.today - int(chance.integers(days // 2, days))
        stops = day + int(chance.exponential(days))
        gap = float(chance.gamma(4, 12))
        while day <= min(stops, firm.today):
            price = int(chance.integers(1, 60)) * 1_000
            rows.append((person, day, price))
            day += 1 + int(chance.exponential(gap))
    made = [
        lead(
            id=next(firm.ids),
            main_contact_id=person,
            price=price,
            created_at=day * DAY,
            closed_at=day * DAY + DAY // 2,
            updated_at=firm.rt.now(),
        )
        for person, day, price in rows
    ]
    firm.keep(Part.LEADS, *made)
    return met


def history(firm: Firm) -> dict[int, list[tuple[int, int]]]:
    """Return each client's deals as the summaries hold them."""
    found: dict[int, list[tuple[int, int]]] = {}
    for known in firm.judging.histories():
        found |= by_client(known.history)
    return found


def by_client(found: History) -> dict[int, list[tuple[int, int]]]:
    bounds = found.start.tolist()
    pairs = list(zip(found.day.tolist(), found.amount.tolist(), strict=True))
    return {
        client: pairs[low:high]
        for client, low, high in zip(
            found.client.tolist(), bounds, bounds[1:], strict=False
        )
    }


def forget_judging(firm: Firm) -> None:
    """Let the account never have been judged."""
    with firm.rt.store.database.writer.begin() as connection:
        for table in JUDGED:
            connection.execute(table.delete())


def log_clients(firm: Firm) -> list[int]:
    wanted = select(judgement_log.c.client).distinct()
    with firm.rt.store.database.reading() as connection:
        return sorted(connection.execute(wanted).scalars())
