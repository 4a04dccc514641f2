"""`kommo-sync backtest`: what past flags were worth, beside other rules."""

import csv
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from kommo_sync.cli.accounts import account_name
from kommo_sync.cli.each import Doing, do_each
from kommo_sync.cli.progress import show_count
from kommo_sync.cli.tables import UNKNOWN, currency_of, table
from kommo_sync.cli.world import Call
from kommo_sync.errors import ConfigError
from kommo_sync.jobs.scoring import backtest_account, whole_history
from kommo_sync.model.backtest import EPOCH, FEWEST_CLIENTS, Backtest, Month, Rule
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime
from kommo_sync.texts import Texts

WEEK = 7
COLUMNS = (
    "account_id",
    "as_of",
    "horizon_days",
    "managers",
    "at_stake",
    "left",
    "lost",
    "rule",
    "flagged",
    "fresh",
    "right",
    "warning_days",
    "caught",
)
"""Of the CSV: a row a month and rule, amounts in hundredths."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A back-test of an account.

    Args:
        found: what came out.
        currency: of the account.
        clients: that have bought twice or more.
        days: of history.
    """

    found: Backtest
    currency: str
    clients: int
    days: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a rule's flags of all months were worth; None where nothing says it.

    Args:
        flagged: flags.
        fresh: those on clients not flagged the month before in the same silence.
        right: those whose client then bought nothing for a horizon.
        fresh_a_week: fresh flags a manager and week.
        precision: right ones as a share of the flags.
        recall: right ones as a share of those that left.
        warning_days: mean over the right ones.
        caught: hundredths of a horizon's revenue of the right ones.
        caught_share: the same as a share of the revenue of all that left.
        f1: harmonic mean of precision and recall.
    """

    flagged: int
    fresh: int
    right: int
    fresh_a_week: float | None
    precision: float | None
    recall: float | None
    warning_days: float | None
    caught: int
    caught_share: float | None
    f1: float | None


@click.command(help="help.backtest")
@click.option(
    "--account", "accounts", type=int, multiple=True, help="help.option.account"
)
@click.option(
    "--save",
    metavar="FILE.csv",
    type=click.Path(path_type=Path, dir_okay=False),
    help="help.backtest.save",
)
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_context
def backtest(
    ctx: click.Context,
    *,
    accounts: tuple[int, ...],
    save: Path | None,
    as_json: bool,
) -> None:
    """Replay one account after the other; a failure of one does not stop the next."""
    call: Call = ctx.obj
    rows: list[dict[str, object]] = []

    def work(rt: Runtime, account_id: AccountId) -> Replayed:
        replayed = replay(call, rt, account_id)
        if save is not None:
            rows.extend(_rows(account_id, replayed.found))
            _write(save, rows)
        return replayed

    doing = Doing(
        work,
        lambda rt, account_id, found: tell_backtest(call, rt, account_id, found),
        as_object,
    )
    do_each(ctx, accounts, doing, as_json=as_json)


def replay(call: Call, rt: Runtime, account_id: AccountId) -> Replayed:
    """Replay the flags of an account's past, and show how far it is."""
    name = account_name(rt, account_id)
    with show_count(call, name, "progress.months", rt.clock, quiet=False) as tell:
        found = backtest_account(rt, account_id, tell=tell)
    history = whole_history(rt.store.account(account_id))
    days = int(np.ptp(history.day)) + 1 if len(history.day) else 0
    clients = int(np.count_nonzero(np.diff(history.start) >= 2))
    return Replayed(found, currency_of(rt, account_id), clients, days)


def totals(months: Sequence[Month], rule: Rule) -> Totals:
    """Return what a rule's flags of some months were worth together."""
    flags = [month.flags[rule] for month in months]
    flagged, right = sum(f.flagged for f in flags), sum(f.right for f in flags)
    fresh, caught = sum(f.fresh for f in flags), sum(f.caught for f in flags)
    left, lost = sum(m.left for m in months), sum(m.lost for m in months)
    weeks = sum(m.managers * _days(m) / WEEK for m in months)
    return Totals(
        flagged,
        fresh,
        right,
        _part(fresh, weeks),
        _part(right, flagged),
        _part(right, left),
        _part(sum(f.warning_days for f in flags), right),
        caught,
        _part(caught, lost),
        _part(2 * right, flagged + left),
    )


def _days(month: Month) -> int:
    return monthrange(month.as_of.year, month.as_of.month)[1]


def _part(amount: float, of: float) -> float | None:
    return amount / of if of else None


def tell_backtest(
    call: Call, rt: Runtime, account_id: AccountId, replayed: Replayed
) -> None:
    """Say what the flags were worth: the rules side by side, then month by month."""
    texts, months = call.texts, replayed.found.months
    call.out().print(account_name(rt, account_id))
    if not months:
        call.tell(
            "backtest.too_little",
            fewest=FEWEST_CLIENTS,
            clients=texts.number(replayed.clients),
            history=texts.say_many("duration.days", replayed.days),
        )
        return
    at_stake, left = sum(m.at_stake for m in months), sum(m.left for m in months)
    shortest = min(month.horizon for month in months)
    longest = max(month.horizon for month in months)
    horizon = texts.say_many("duration.days", longest)
    call.tell(
        "backtest.about",
        months=texts.say_many("count.months", len(months)),
        first=texts.date((months[0].as_of - EPOCH).days),
        last=texts.date((months[-1].as_of - EPOCH).days),
        horizon=horizon if shortest == longest else f"{shortest}-{horizon}",
    )
    call.tell(
        "backtest.base",
        at_stake=texts.number(at_stake),
        left=texts.number(left),
        rate=texts.percent(left / at_stake),
        lost=texts.money(sum(m.lost for m in months), replayed.currency),
    )
    best = texts.say_many("duration.days", replayed.found.best_silence_days or 0)
    call.out().print(_rules(call, replayed, best))
    call.tell("backtest.best", days=best)
    call.out().print(_months(call, replayed))


def _rules(call: Call, replayed: Replayed, best: str) -> Table:
    texts = call.texts
    shown = table(
        texts,
        texts.say("backtest.rules"),
        "column.rule",
        "column.flags",
        "column.a_week",
        "column.right",
        "column.warning",
        "column.caught",
        "column.caught_share",
        "column.f_measure",
        currency=replayed.currency,
    )
    for rule in Rule:
        found = totals(replayed.found.months, rule)
        shown.add_row(
            texts.say(f"rule.{rule}", days=best),
            texts.number(found.flagged),
            _decimal(texts, found.fresh_a_week),
            _percent(texts, found.precision),
            _decimal(texts, found.warning_days, 0),
            texts.units(found.caught),
            _percent(texts, found.caught_share),
            _decimal(texts, found.f1, 2),
        )
    return shown


def _months(call: Call, replayed: Replayed) -> Table:
    texts = call.texts
    shown = table(
        texts,
        texts.say("backtest.months"),
        "column.month",
        "column.horizon",
        "column.clients_at_stake",
        "column.left",
        "column.flags",
        "column.right",
        "column.caught",
        "column.caught_share",
        currency=replayed.currency,
    )
    for month in replayed.found.months:
        found = totals([month], Rule.OURS)
        shown.add_row(
            texts.date((month.as_of - EPOCH).days),
            texts.number(month.horizon),
            texts.number(month.at_stake),
            texts.number(month.left),
            texts.number(found.flagged),
            _percent(texts, found.precision),
            texts.units(found.caught),
            _percent(texts, found.caught_share),
        )
    return shown


def _percent(texts: Texts, share: float | None) -> str:
    return UNKNOWN if share is None else texts.percent(share)


def _decimal(texts: Texts, value: float | None, places: int = 1) -> str:
    return UNKNOWN if value is None else texts.decimal(value, places)


def as_object(replayed: Replayed) -> dict[str, object]:
    """Return what stands in JSON: amounts in hundredths, shares 0 to 1."""
    months = replayed.found.months
    at_stake, left = sum(m.at_stake for m in months), sum(m.left for m in months)
    return {
        "currency": replayed.currency,
        "clients_with_two_purchases": replayed.clients,
        "history_days": replayed.days,
        "at_stake": at_stake,
        "left": left,
        "base_rate": _part(left, at_stake),
        "lost": sum(month.lost for month in months),
        "best_silence_days": replayed.found.best_silence_days,
        "rules": {rule.value: asdict(totals(months, rule)) for rule in Rule if months},
        "months": [
            {
                **_month(month),
                "flags": {rule.value: asdict(month.flags[rule]) for rule in Rule},
            }
            for month in months
        ],
    }


def _month(month: Month) -> dict[str, object]:
    return {
        "as_of": month.as_of.isoformat(),
        "horizon_days": month.horizon,
        "managers": month.managers,
        "at_stake": month.at_stake,
        "left": month.left,
        "lost": month.lost,
    }


def _rows(account_id: AccountId, found: Backtest) -> list[dict[str, object]]:
    """Return a row a month and rule."""
    return [
        {
            "account_id": account_id,
            **_month(month),
            "rule": rule.value,
            **asdict(month.flags[rule]),
        }
        for month in found.months
        for rule in Rule
    ]


def _write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows that there are so far.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise ConfigError(
            "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None
