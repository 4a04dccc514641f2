"""Who buys, when and how much, before any of it stands in the account."""

import random
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from kommo_sync.sandbox.seeding.names import Person, draw_company, draw_person, respell
from kommo_sync.sandbox.seeding.rhythm import (
    Buyer,
    Model,
    draw_ages,
    draw_amount,
    draw_buyer,
)
from kommo_sync.sandbox.seeding.workdays import DAY, Workdays

HISTORY_DAYS = 730
FUTURE_DAYS = 365
COMPANY_EVERY = 6
TWIN_SHARE = 0.06
PROSPECT_SHARE = 0.2


@dataclass(slots=True)
class Client:
    """One buyer: a person, or a company with several people.

    Attributes:
        manager: place among the account's managers.
        company: the firm's name; empty for a person who buys alone.
        times: Unix seconds of the purchases, ascending; `amounts` in hundredths.
        future: Unix seconds of the purchases of the year to come.
        left_at: when the client left for good; None while it has not.
        twin: a second card of the same person, on which the purchases at the places
            `twin_takes` stand.
    """

    number: int
    manager: int
    company: str
    people: list[Person]
    buyer: Buyer
    times: list[int]
    amounts: list[int]
    future: list[int]
    left_at: int | None
    twin: Person | None = None
    twin_takes: set[int] = field(default_factory=set)


class Clientele:
    """Draws the clients of one account, one after the other."""

    def __init__(self, zone: ZoneInfo, now: int, chance: random.Random) -> None:
        self.now = now
        self.chance = chance
        self.model = Model()
        self.workdays = Workdays(zone, now - (HISTORY_DAYS + 40) * DAY, now)
        self._people = 0

    def person(self) -> Person:
        """Return somebody whom no card describes yet."""
        self._people += 1
        return draw_person(self._people - 1, self.chance)

    def client(self, number: int, managers: int) -> Client:
        """Return a client with its whole past and the year to come."""
        chance = self.chance
        is_company = number % COMPANY_EVERY == 1
        start = self.now - (1 + chance.random() * (HISTORY_DAYS - 1)) * DAY
        buyer = draw_buyer(self.model, chance)
        days = (self.now - start) / DAY
        ages, left = draw_ages(buyer, self.model.k, days + FUTURE_DAYS, chance)
        times = [self._moment(start + age * DAY) for age in ages if age <= days]
        future = [int(start + age * DAY) for age in ages if age > days]
        times.sort()
        client = Client(
            number=number,
            manager=chance.randrange(managers),
            company=draw_company(number, chance) if is_company else "",
            people=[self.person() for _ in range(2 + number % 3 if is_company else 1)],
            buyer=buyer,
            times=times,
            amounts=[draw_amount(self.model, buyer, chance) for _ in times],
            future=future,
            left_at=times[-1] if left and not future else None,
        )
        self._maybe_twin(client)
        return client

    def _moment(self, at: float) -> int:
        return self.workdays.before(at, self.now, self.chance)

    def _maybe_twin(self, client: Client) -> None:
        """Let some of a person's later purchases stand on a second card."""
        repeats = range(1, len(client.times))
        wanted = client.number % 20 == 3 or self.chance.random() < TWIN_SHARE
        if client.company or not repeats or not wanted:
            return
        client.twin = respell(client.people[0], self.chance)
        first = self.chance.choice(repeats)
        more = {i for i in repeats if i > first and self.chance.random() < 0.5}
        client.twin_takes = {first, *more}
