"""How amounts, times, people and stages read on the pages."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kommo_sync.sandbox.account.records import LOST, SINGULAR, WON, Card, Status, User
from kommo_sync.sandbox.account.state import State

BEFORE_THE_AMOUNT = frozenset("$€£¥₹₩₪₱₦฿") | {"R$", "S/", "US$", "C$", "A$"}
NO_BREAK = "\N{NO-BREAK SPACE}"
_COLOUR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_NEUTRAL = "#c3c8cf"


@dataclass(frozen=True, slots=True)
class Link:
    """A name that leads to a page; without `href` only the name."""

    text: str
    href: str = ""


class Presenter:
    """Says things of one account, at one moment, in its currency and time zone."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.now = state.now()
        self.zone = zone_named(state.data.account.timezone)
        today = datetime.fromtimestamp(self.now, self.zone).date()
        midnight = datetime(today.year, today.month, today.day, tzinfo=self.zone)
        self.day_start = int(midnight.timestamp())
        tomorrow = today + timedelta(days=1)
        next_midnight = midnight.replace(
            year=tomorrow.year, month=tomorrow.month, day=tomorrow.day
        )
        self.day_end = int(next_midnight.timestamp())

    def money(self, hundredths: int) -> str:
        """Return an amount as the account writes it: `$1,250`, `990.50 kr`."""
        whole, cents = divmod(abs(hundredths), 100)
        digits = f"{whole:,}.{cents:02d}" if cents else f"{whole:,}"
        sign = "\N{MINUS SIGN}" if hundredths < 0 else ""
        account = self.state.data.account
        symbol = account.currency_symbol or account.currency
        if symbol in BEFORE_THE_AMOUNT:
            return f"{sign}{symbol}{digits}"
        return f"{sign}{digits}{NO_BREAK}{symbol}"

    def moment(self, seconds: float) -> str:
        """Return a time as `3 Oct 2026, 14:05`; the bare number if it is no date."""
        moment = self._local(seconds)
        if moment is None:
            return str(seconds)
        return f"{moment.day} {moment:%b %Y, %H:%M}"

    def day(self, seconds: float) -> str:
        """Return a date as `3 Oct 2026`; the bare number if it is no date."""
        moment = self._local(seconds)
        return str(seconds) if moment is None else f"{moment.day} {moment:%b %Y}"

    def deadline(self, seconds: int) -> str:
        """Return a time, only the day if it is its last minute, the hour if today."""
        moment = self._local(seconds)
        is_today = self.day_start <= seconds < self.day_end
        if moment is not None and (moment.hour, moment.minute) == (23, 59):
            return "today" if is_today else self.day(seconds)
        if moment is not None and is_today:
            return f"today, {moment:%H:%M}"
        return self.moment(seconds)

    def clock(self) -> str:
        """Return what the sandbox's clock shows, with weekday and zone."""
        moment = datetime.fromtimestamp(self.now, self.zone)
        return f"{moment:%a} {self.moment(self.now)} ({self.zone})"

    def _local(self, seconds: float) -> datetime | None:
        try:
            return datetime.fromtimestamp(seconds, self.zone)
        except (OverflowError, OSError, ValueError):
            return None

    def user_name(self, user_id: int | None) -> str:
        """Return a user's name; `robot` for 0."""
        if not user_id:
            return "robot"
        user = self.state.data.users.get(user_id)
        return user.name if user else f"user {user_id}"

    def stage(self, pipeline_id: int | None, status_id: int) -> Status | None:
        """Return a stage, looked for in all pipelines if its own does not have it."""
        pipelines = self.state.data.pipelines
        own = pipelines.get(pipeline_id or 0)
        found = own.status(status_id) if own else None
        if found is not None:
            return found
        stages = (pipeline.status(status_id) for pipeline in pipelines.values())
        return next((stage for stage in stages if stage is not None), None)

    def stage_name(self, pipeline_id: int | None, status_id: int) -> str:
        """Return a stage's name."""
        stage = self.stage(pipeline_id, status_id)
        return stage.name if stage else f"stage {status_id}"

    def link(self, kind: str | None, record_id: int | str | None) -> Link | None:
        """Return a link to a lead, contact or company; None for anything else."""
        if kind not in ("leads", "contacts", "companies"):
            return None
        if not isinstance(record_id, int):
            return None
        state = self.state
        card = state.card(kind, record_id) or state.trash(kind).get(record_id)
        if card is None:
            return Link(f"{SINGULAR[kind].capitalize()} #{record_id}")
        return card_link(card)

    def active_users(self) -> list[User]:
        """Return the people who work in the account, by name."""
        users = self.state.data.users.values()
        active = [user for user in users if user.is_active]
        return sorted(active, key=lambda user: (user.name.casefold(), user.id))


def zone_named(name: str) -> tzinfo:
    """Return that time zone, UTC if the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def card_name(card: Card) -> str:
    """Return a card's name, or what Kommo calls a card without one."""
    return card.name.strip() or f"{SINGULAR[card.kind].capitalize()} #{card.id}"


def card_link(card: Card) -> Link:
    """Return a link to a card's page."""
    return Link(card_name(card), f"/{card.kind}/{card.id}")


def initials(name: str) -> str:
    """Return the first letters of the first two words, `?` if there are none."""
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]).upper() or "?"


def colour(text: str | None) -> str:
    """Return a colour that an SVG may carry; grey for anything that is none."""
    match = _COLOUR.match(text or "")
    return f"#{match[1]}" if match else _NEUTRAL


def outcome(status_id: int) -> str:
    """Return `won`, `lost` or `open`."""
    return {WON: "won", LOST: "lost"}.get(status_id, "open")


def shortened(text: str, longest: int = 300) -> str:
    """Return the text, cut with an ellipsis beyond so many characters."""
    if len(text) <= longest:
        return text
    return text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
