"""What the parts of a generated past share: who acts, when, on whose cards."""

import random
from dataclasses import dataclass, field

from kommo_sync.sandbox.account.history import Author
from kommo_sync.sandbox.account.records import Company, Contact, Lead, User
from kommo_sync.sandbox.seeding.clientele import Client
from kommo_sync.sandbox.seeding.names import Person
from kommo_sync.sandbox.seeding.planting import Planter, Stamp
from kommo_sync.sandbox.seeding.workdays import DAY, Workdays


@dataclass(slots=True)
class Holder:
    """One client's cards, or a prospect's, or the second card of a known person.

    Attributes:
        manager: place among the account's managers.
        source: a choice of the field Source.
        client: who is behind the cards; None for a prospect.
        leads: the lead of each purchase on these cards, by the purchase's place.
        refunds: facts of each refund, as the truth tells them.
    """

    serial: int
    manager: int
    source: str
    people: list[Person]
    company_name: str = ""
    client: Client | None = None
    is_twin: bool = False
    opened_at: int = 0
    contacts: list[Contact] = field(default_factory=list)
    company: Company | None = None
    leads: dict[int, Lead] = field(default_factory=dict)
    open_lead: Lead | None = None
    refunds: list[dict[str, int | str]] = field(default_factory=list)


@dataclass(slots=True)
class Past:
    """The years before the account is handed over, up to the second `now`."""

    planter: Planter
    chance: random.Random
    now: int
    workdays: Workdays
    users: list[User]
    managers: list[Author]
    robot: Author
    newsletter: Author
    messenger: Author

    def by(self, author: Author, at: int) -> Stamp:
        """Return that author's hand at that moment."""
        return self.planter.stamp(author, at)

    def manager(self, holder: Holder, at: int) -> Stamp:
        """Return the hand of the manager who looks after these cards."""
        return self.planter.stamp(self.managers[holder.manager], at)

    def user_id(self, holder: Holder) -> int:
        """Return the id of the manager who looks after these cards."""
        return self.users[holder.manager].id

    def later(self, at: int, days: float) -> int:
        """Return a working moment up to `days` after `at`, never after now."""
        span = min(days * DAY, self.now - at)
        return max(at, self._working(at + self.chance.random() * span))

    def earlier(self, at: int, days: float) -> int:
        """Return a working moment up to `days` before `at`, ten minutes at least."""
        return min(at - 600, self._working(at - self.chance.random() * days * DAY))

    def _working(self, at: float) -> int:
        return self.workdays.before(at, self.now, self.chance)
