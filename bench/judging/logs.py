"""A log of purchases, read from a file."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from kommo_sync.model.histories import Deals, History

EPOCH = date(1970, 1, 1).toordinal()
COLUMNS = ("client", "date", "amount")


class Unreadable(ValueError):
    """A log is not what a log has to be; the sentence says where."""


@dataclass(frozen=True, slots=True)
class Log:
    """What a file held.

    Args:
        name: of the file, or of its folder if the file is called `transactions`.
        history: all deals; clients are numbered in the order of their names.
        first_day: of the first deal, in days since 1970-01-01.
        last_day: of the last deal.
    """

    name: str
    history: History
    first_day: int
    last_day: int

    @property
    def middle(self) -> int:
        """The first day of its second half."""
        return self.first_day + (self.last_day - self.first_day + 1) // 2


def read_log(path: Path) -> Log:
    """Return the log of a CSV file with the columns client, date and amount.

    Args:
        path: the file; other columns are passed over. Amounts below 0 are refunds, what
            comes after the first ten characters of a date is its time.

    Raises:
        Unreadable: a column is missing, a row is not a deal, or there is none.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise Unreadable(f"{path}: no column {missing[0]}")
        deals = [_deal(row, f"{path}, row {at}") for at, row in enumerate(rows, 2)]
    if not deals:
        raise Unreadable(f"{path}: no deal in it")
    name = path.parent.name if path.stem == "transactions" else path.stem
    return _log(name, deals)


def _log(name: str, deals: list[tuple[str, int, int]]) -> Log:
    names = sorted({client for client, _, _ in deals})
    key = {client: at for at, client in enumerate(names)}
    table = np.array([(key[name], day, cents) for name, day, cents in deals], np.int64)
    client, day, amount = np.ascontiguousarray(table.T)
    history = History.of(Deals(client, day, amount))
    return Log(name, history, int(day.min()), int(day.max()))


def _deal(row: Mapping[str, str], where: str) -> tuple[str, int, int]:
    try:
        day = date.fromisoformat(row["date"][:10]).toordinal() - EPOCH
        return row["client"], day, round(float(row["amount"]) * 100)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{where}: {error}") from error
