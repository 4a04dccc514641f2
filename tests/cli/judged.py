"""Places whose clients are judged, and what the store then holds of them."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from kommo_sync.config import Config
from kommo_sync.model.entities import WON, AccountId
from kommo_sync.model.judged import JudgementRow
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.store.account import AccountStore
from kommo_sync.store.store import Store
from tests.cli.place import Place
from tests.sandbox.kit import Api

DAY = 86_400
OTHER = AccountId(5)
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


def synced_place(folder: Path, clients: int) -> Place:
    """Return a place whose account has been read."""
    place = Place.made(folder, clients=clients).init().connect()
    place.done("sync", "--quiet")
    return place


def copied(place: Place, folder: Path) -> Place:
    """Return a copy of a place for a test that changes it, beside the same sandbox."""
    shutil.copytree(place.folder, folder, dirs_exist_ok=True)
    clock = ManualClock()
    clock.advance(place.clock.now() - clock.now())
    return replace(place, folder=folder, clock=clock, environ=dict(place.environ))


def speaking(place: Place, language: str) -> Place:
    """Return the same place, where another language is spoken."""
    return replace(place, environ={**place.environ, "LANG": f"{language}.UTF-8"})


@contextmanager
def opened(place: Place) -> Iterator[Store]:
    """Open the place's database."""
    loaded = Config.load(place.config, place.environ)
    store = Store.open(loaded.database_url(), key=loaded.key())
    try:
        yield store
    finally:
        store.close()


def judgements(place: Place) -> dict[str, JudgementRow]:
    """Return all judgements, by the names that `explain` takes."""
    with opened(place) as store:
        judging = store.account(AccountId(place.account_id)).judging()
        rows = judging.judgements_of(judging.digests()[0])
    kinds = ("contact", "company")
    return {f"{kinds[row.client % 2]}:{row.client // 2}": row for row in rows}


def connect_other(place: Place) -> None:
    """Connect a second account, of which nothing has been read."""
    with opened(place) as store:
        account: AccountStore = store.account(OTHER)
        account.connect("https://other.kommo.com", "Other", "other", "t", None, 0)


def double(place: Place) -> None:
    """Let a second account hold the same as the first."""
    with closing(sqlite3.connect(place.folder / "kommo-sync.sqlite3")) as database:
        tables = [name for (name,) in database.execute(TABLES)]
        for name in tables:
            about = database.execute(f"PRAGMA table_info({name})").fetchall()
            columns = [f'"{column[1]}"' for column in about]
            if '"account_id"' in columns:
                given = ", ".join(columns)
                taken = given.replace('"account_id"', str(OTHER), 1)
                database.execute(
                    f"INSERT INTO {name} ({given}) SELECT {taken} FROM {name}"  # noqa: S608
                    " WHERE account_id = ?",
                    [place.account_id],
                )
        database.commit()


def regular(folder: Path, purchases: int = 4, days: int = 30) -> tuple[Place, int, int]:
    """Return a place where one person bought every so many days, for 100.00 each.

    The person has two cards with one e-mail, the first of which made all purchases
    but the last. Nothing has been judged yet.

    Returns:
        The place, and the ids of both cards.
    """
    place = Place.made(folder).init().connect()
    api = Api(place.sandbox)
    first, second = (api.contact(**_mail("ann@shop.com")) for _ in range(2))
    for number in range(purchases):
        if number:
            place.clock.advance(days * DAY)
        _lead(place, second if number == purchases - 1 else first)
    place.done("sync", "--quiet")
    return place, first, second


def buy(place: Place, contact: int) -> None:
    """Let a person buy once more, and read it."""
    _lead(place, contact)
    place.done("sync", "--quiet")


def _lead(place: Place, contact: int) -> None:
    embedded = {"contacts": [{"id": contact}]}
    Api(place.sandbox).lead(status_id=WON, price=100, _embedded=embedded)


def _mail(address: str) -> dict[str, object]:
    field = {"field_code": "EMAIL", "values": [{"value": address, "enum_code": "WORK"}]}
    return {"custom_fields_values": [field]}
