"""Tables, days and currencies as the commands about clients show them."""

from datetime import date, timedelta

from rich import box
from rich.table import Table

from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime
from kommo_sync.texts import Texts

EPOCH = date(1970, 1, 1)
UNKNOWN = "-"
"""What stands where there is nothing to tell."""


def table(texts: Texts, title: str, *columns: str, **values: object) -> Table:
    """Return an empty table: the first column of words, the others of numbers.

    Args:
        texts: the words.
        title: what stands above it.
        columns: keys of the headings.
        values: what fills the places in the headings.
    """
    found = Table(title=title, title_justify="left")
    for at, key in enumerate(columns):
        found.add_column(texts.say(key, **values), justify="right" if at else "left")
    return found


def wide_table(title: str, caption: str, *columns: str) -> Table:
    """Return an empty table of many narrow columns, without lines between them.

    Args:
        title: what stands above it.
        caption: what stands below it.
        columns: headings as they are.
    """
    found = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for at, heading in enumerate(columns):
        found.add_column(heading, justify="right" if at else "left", no_wrap=True)
    return found


def currency_of(rt: Runtime, account_id: AccountId) -> str:
    """Return an account's currency; nothing before the first sync."""
    account = rt.store.account(account_id).facts().account()
    return account.currency if account else ""


def iso(day: int) -> str:
    """Return the ISO date of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(day)).isoformat()
