"""An account from a log of orders: CSV rows `client,date,amount[,order_id,country]`.

A positive row is a won lead, a zero row a won lead at 0. A negative row that takes back
exactly one earlier order of its client moves that lead out of won; any other one is a
lead in the stage Refund.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from kommo_sync.sandbox.account.history import Author
from kommo_sync.sandbox.account.records import LOST, WON, Contact, Lead, Status
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.seeding.fresh import (
    cancelled_reason,
    human,
    managers,
    refund_stage,
)
from kommo_sync.sandbox.seeding.planting import Planter, Stamp
from kommo_sync.sandbox.seeding.workdays import local_time

REQUIRED = ("client", "date", "amount")
OPTIONAL = ("order_id", "country")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
AMOUNT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
YEARS = range(1970, 9_999)
MOST = 10**15
"""Hundredths; JSON numbers are exact that far."""


class BadTransactions(ValueError):
    """The log cannot be read; the sentence names the row, the column and the remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One order or money given back; `amount` in hundredths, signed."""

    client: str
    day: date
    amount: int
    order_id: str = ""
    country: str = ""


@dataclass(slots=True)
class Tally:
    """How many rows there are of a class, and their sum in hundredths, unsigned."""

    count: int = 0
    total: int = 0

    def add(self, amount: int) -> None:
        """Count one more."""
        self.count += 1
        self.total += abs(amount)


@dataclass(slots=True)
class Classes:
    """The rows of a log by what became of them.

    `won` counts every positive row. As many of these as `cancelled` counts stand in 143
    by the end, the others in 142, where the `zero` ones stand, too.
    """

    won: Tally = field(default_factory=Tally)
    zero: Tally = field(default_factory=Tally)
    cancelled: Tally = field(default_factory=Tally)
    refund: Tally = field(default_factory=Tally)


def read_transactions(path: Path) -> list[Row]:
    """Return the rows of the log as they stand in the file.

    Raises:
        BadTransactions: no such file, or something in it cannot be read.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadTransactions(
            f"{path}, row {line}: the text is not UTF-8; save the file as UTF-8."
        ) from error
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise BadTransactions(
            f"{path}: {reason}; name a CSV file that can be read."
        ) from error
    rows = list(_rows(str(path), text))
    if not rows:
        raise BadTransactions(
            f"{path}: the file holds no rows; give a header client,date,amount "
            "and one row per order."
        )
    return rows


def _rows(name: str, text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text), strict=True)
    places: dict[str, int] | None = None
    line = 1
    try:
        for cells in lines:
            where = f"{name}, row {line}"
            line = lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _places(where, cells)
            else:
                yield _row(where, places, cells)
    except csv.Error as error:
        raise BadTransactions(
            f"{name}, row {line}: {error}; mend the quotes of that row."
        ) from error


def _places(where: str, cells: list[str]) -> dict[str, int]:
    names = [cell.strip().lower() for cell in cells]
    for column in REQUIRED:
        if column not in names:
            raise BadTransactions(
                f"{where}: there is no column {column}; the header must name "
                "client,date,amount, separated by commas."
            )
    return {name: names.index(name) for name in (*REQUIRED, *OPTIONAL) if name in names}


def _row(where: str, places: dict[str, int], cells: list[str]) -> Row:
    values: dict[str, str] = {}
    for column, place in places.items():
        if place >= len(cells):
            raise BadTransactions(
                f"{where}, column {column}: the row ends after {len(cells)} cells; "
                "give every row a cell for each column of the header."
            )
        values[column] = cells[place].strip()
    if not values["client"]:
        raise BadTransactions(
            f"{where}, column client: '' names no client; fill it in or drop the row."
        )
    return Row(
        client=values["client"],
        day=_day(where, values["date"]),
        amount=_hundredths(where, values["amount"]),
        order_id=values.get("order_id", ""),
        country=values.get("country", ""),
    )


def _day(where: str, text: str) -> date:
    if DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if day.year in YEARS:
            return day
    raise BadTransactions(
        f"{where}, column date: {text!r} is no date from 1970 on; write YYYY-MM-DD."
    )


def _hundredths(where: str, text: str) -> int:
    if AMOUNT.fullmatch(text):
        try:
            exact = Decimal(text) * 100
            amount = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        except InvalidOperation:
            amount = MOST + 1
        if abs(amount) <= MOST:
            return amount
    raise BadTransactions(
        f"{where}, column amount: {text!r} is no amount up to {MOST // 100}; "
        "write a plain number such as 1234.56."
    )


@dataclass(slots=True)
class _Entry:
    """A row that becomes a lead, and the day on which another row took it back."""

    row: Row
    cancelled_on: date | None = None


def import_transactions(state: State, rows: list[Row]) -> Classes:
    """Fill a fresh account from the rows; returns them counted by class.

    Orders are won at noon of their day in the account's time zone, taken back an hour
    later. Dates stay as they are, wherever the clock stands.
    """
    classes = Classes()
    importer = _Importer(state)
    for entry in _entries(rows, classes):
        importer.plant(entry)
    importer.planter.finish()
    return classes


def _entries(rows: list[Row], classes: Classes) -> list[_Entry]:
    """Pair what was taken back with the latest order that it can mean."""
    entries: list[_Entry] = []
    standing: dict[tuple[str, int], list[_Entry]] = {}
    for row in sorted(rows, key=lambda row: row.day):
        orders = standing.setdefault((row.client, abs(row.amount)), [])
        if row.amount < 0 and orders:
            orders.pop().cancelled_on = row.day
            classes.cancelled.add(row.amount)
            continue
        entry = _Entry(row)
        entries.append(entry)
        if row.amount > 0:
            orders.append(entry)
        _class_of(row, classes).add(row.amount)
    return entries


def _class_of(row: Row, classes: Classes) -> Tally:
    if row.amount == 0:
        return classes.zero
    return classes.won if row.amount > 0 else classes.refund


class _Importer:
    """Plants rows in order of their days."""

    def __init__(self, state: State) -> None:
        self.planter = Planter(state)
        self.zone = ZoneInfo(state.data.account.timezone)
        self.authors = [human(user) for user in managers(state.data)]
        self.first = state.main_pipeline().ordinary()[0]
        self.refund = refund_stage(state.data)
        self.cancelled = cancelled_reason(state.data)
        self.contacts: dict[str, Contact] = {}
        self._leads = 0

    def plant(self, entry: _Entry) -> None:
        """Plant the lead of one row, and its client's card before the first one."""
        row = entry.row
        contact = self._contact(row)
        author = self._author(contact)
        if row.amount < 0:
            self._lead(row, contact, self.refund, self._at(author, row.day, 12))
            return
        lead = self._lead(row, contact, self.first, self._at(author, row.day, 10))
        self._close(lead, WON, self._at(author, row.day, 12))
        if entry.cancelled_on is not None:
            self._close(lead, LOST, self._at(author, entry.cancelled_on, 13))
            lead.loss_reason_id = self.cancelled.id

    def _at(self, author: Author, day: date, hour: int) -> Stamp:
        return self.planter.stamp(author, local_time(day, hour, self.zone))

    def _author(self, contact: Contact) -> Author:
        user_id = contact.responsible_user_id
        return next(author for author in self.authors if author.user_id == user_id)

    def _contact(self, row: Row) -> Contact:
        contact = self.contacts.get(row.client)
        if contact is not None:
            return contact
        author = self.authors[len(self.contacts) % len(self.authors)]
        stamp = self._at(author, row.day, 9)
        contact = Contact(
            id=0,
            name=f"Client {row.client}",
            first_name="Client",
            last_name=row.client,
            responsible_user_id=author.user_id,
        )
        self.contacts[row.client] = self.planter.contact(contact, stamp)
        self.planter.fill(contact, "CLIENT_NUMBER", row.client, stamp)
        if row.country:
            self.planter.fill(contact, "COUNTRY", row.country, stamp)
        return contact

    def _lead(self, row: Row, contact: Contact, stage: Status, stamp: Stamp) -> Lead:
        self._leads += 1
        word = "Order" if row.amount >= 0 else "Refund"
        lead = Lead(
            id=0,
            name=f"{word} {row.order_id or self._leads}",
            responsible_user_id=contact.responsible_user_id,
            price=abs(row.amount),
            pipeline_id=stage.pipeline_id,
            status_id=stage.id,
            contact_ids=[contact.id],
        )
        self.planter.lead(lead, stamp)
        if row.order_id:
            self.planter.fill(lead, "ORDER_ID", row.order_id, stamp)
        return lead

    def _close(self, lead: Lead, status_id: int, stamp: Stamp) -> None:
        self.planter.move(lead, lead.pipeline_id, status_id, stamp)
