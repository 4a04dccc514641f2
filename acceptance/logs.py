"""What a transaction log holds, by the rules of the import, in whole cents.

Written from the rules alone, so that it can contradict the sandbox.
"""

import csv
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

CLASSES = ("won", "zero", "cancelled", "refund", "other")


@dataclass
class Classes:
    """Rows of a log, or leads of an account, by what became of them.

    Attributes:
        counts: how many, by class.
        cents: their sum without sign, by class.
        clients: whose they are.
        days: cents won by ISO date.
    """

    counts: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    clients: set[str] = field(default_factory=set)
    days: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, cents: int, times: int = 1) -> None:
        """Count rows of one class and amount; `times` -1 takes one away."""
        self.counts[name] += times
        self.cents[name] += cents * times


def read_log(path: Path) -> Classes:
    """Return what the account made of that log must hold.

    In order of the dates a negative row takes back one standing order of its client
    and amount; if there is none, it is a refund.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["date"])
    classes = Classes()
    standing: Counter[tuple[str, int]] = Counter()
    for row in rows:
        client, cents = row["client"], _cents(row["amount"])
        classes.clients.add(client)
        if cents >= 0:
            classes.add("won" if cents else "zero", cents)
            classes.days[row["date"]] += cents
            standing[client, cents] += 1
        elif standing[client, -cents]:
            standing[client, -cents] -= 1
            classes.add("won", -cents, times=-1)
            classes.add("cancelled", -cents)
        else:
            classes.add("refund", -cents)
    return classes


def _cents(amount: str) -> int:
    return int((Decimal(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP))
