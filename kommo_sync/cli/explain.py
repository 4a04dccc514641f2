"""`kommo-sync explain CLIENT`: every number behind a judgement, in sentences."""

import json
from dataclasses import dataclass
from datetime import date, datetime

import click

from kommo_sync.cli.accounts import chosen_accounts
from kommo_sync.cli.tables import EPOCH, currency_of, iso, table
from kommo_sync.cli.world import Call
from kommo_sync.errors import ConfigError
from kommo_sync.jobs.explaining import Explanation, explain_client
from kommo_sync.jobs.scoring import account_settings, today
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.model.explain import (
    Chance,
    Day,
    Days,
    Fact,
    Money,
    Number,
    Value,
    Word,
)
from kommo_sync.runtime import Runtime
from kommo_sync.texts import Texts

GROUPS = {
    "explain.group_bought": ("no_purchase", "bought", "refunded"),
    "explain.group_rhythm": ("silent_once", "rhythm", "silent"),
    "explain.group_scores": ("r", "f", "m", "r_next", "f_next", "m_next", "segment"),
    "explain.group_stage": ("stage", "limits"),
    "explain.group_next": (
        "source_blend",
        "source_prior",
        "next",
        "p_alive",
        "p_no_purchase",
        "expected_loss",
        "ltv",
        "clv",
    ),
    "explain.group_flag": (
        "flagged_chance",
        "flagged_loss",
        "not_flagged_once",
        "not_flagged_silent",
        "not_flagged_gone",
        "not_flagged_chance",
        "not_flagged_loss",
    ),
    "explain.group_change": ("if_silent", "if_silent_flagged", "if_bought"),
}
"""Headings, and the facts told under each."""
HEADINGS = {name: heading for heading, names in GROUPS.items() for name in names}

COUNTED = {"purchases": "count.purchases", "repeats": "count.repeats"}
"""Numbers of things that have a plural in the sentence."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who the facts are written for."""

    texts: Texts
    currency: str

    def sentence(self, fact: Fact) -> str:
        """Return what a fact says."""
        values = {name: self._said(name, value) for name, value in fact.params.items()}
        return self.texts.say(fact.key, **values)

    def _said(self, name: str, value: Value) -> str:
        texts = self.texts
        match value:
            case Days(days):
                return texts.say_many("duration.days", days)
            case Day(day):
                return texts.date(day)
            case Money(hundredths):
                return texts.money(hundredths, self.currency)
            case Chance(share):
                return texts.percent(share)
            case Word(key):
                return texts.say(key)
            case Number(number) if name in COUNTED:
                return texts.say_many(COUNTED[name], number)
            case Number(number):
                return texts.number(number)


@click.command(help="help.explain")
@click.argument("client")
@click.option("--account", type=int, help="help.explain.account")
@click.option("--on", metavar="YYYY-MM-DD", help="help.explain.on")
@click.option("--json", "as_json", is_flag=True, help="help.option.json")
@click.pass_obj
def explain(
    call: Call, *, client: str, account: int | None, on: str | None, as_json: bool
) -> None:
    """Tell why one client is judged so, today or on a past day."""
    with call.runtime() as rt:
        account_id = the_account(rt, account)
        now = _judged_day(rt, account_id)
        day = None if on is None else _past_day(on, now)
        found = explain_client(rt, account_id, client, day)
        if as_json:
            reader = _Reader(call.texts, currency_of(rt, account_id))
            click.echo(json.dumps(as_object(account_id, found, reader), indent=2))
        else:
            tell_explanation(call, rt, account_id, found)
            if day is not None and iso(found.as_of) != day.isoformat():
                asked = (day - EPOCH).days
                call.tell("explain.turn", day=call.texts.date(asked))


def the_account(rt: Runtime, asked: int | None) -> AccountId:
    """Return the one account that is meant.

    Raises:
        ConfigError: it is not connected, or it is not clear which one is meant.
    """
    chosen = chosen_accounts(rt, () if asked is None else (asked,))
    if not chosen:
        raise ConfigError("No account is connected: run `kommo-sync connect` first.")
    if len(chosen) > 1:
        raise ConfigError(
            "Several accounts are connected: name one of {accounts} by --account.",
            accounts=", ".join(map(str, chosen)),
        )
    return chosen[0]


def _judged_day(rt: Runtime, account_id: AccountId) -> str:
    """Return the day that it is where the account is; an error before any scoring."""
    settings = account_settings(rt, account_id)
    if rt.store.account(account_id).judging().newest_scoring() is None:
        raise ConfigError(
            "Account {account} has not been judged: run `kommo-sync score` first.",
            account=account_id,
        )
    return iso(today(rt, settings))


def _past_day(text: str, now: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise ConfigError(
            "--on: {day} is no day; write it as in 2026-09-21.", day=text
        ) from None
    if day.isoformat() > now:
        raise ConfigError(
            "--on: {day} lies ahead; today is {today}.", day=day, today=now
        )
    return day


def tell_explanation(
    call: Call, rt: Runtime, account_id: AccountId, found: Explanation
) -> None:
    """Say the facts in groups, then the deals that count and the joined cards."""
    texts, say = call.texts, call.out().print
    reader = _Reader(texts, currency_of(rt, account_id))
    facts = rt.store.account(account_id).facts()
    address = f"{facts.connection().base_url}/{found.kind.value}/detail/{found.card_id}"
    card = texts.say(f"explain.card.{found.kind.value}", id=found.card_id)
    say(f"{card}  {address}")
    call.tell(
        "explain.as_of",
        day=texts.date(found.as_of),
        learned=texts.date(found.learned_as_of),
    )
    heading = ""
    for fact in found.facts:
        if heading != (heading := HEADINGS[fact.key.partition(".")[2]]):
            say(f"\n{texts.say(heading)}")
        say(f"  {reader.sentence(fact)}")
    say("")
    _tell_deals(call, reader, found)
    for member in found.members:
        call.tell(
            f"explain.member.{member.kind}",
            contact=member.contact_id,
            other=member.joined_with,
        )
    if found.is_same is not None:
        call.tell("explain.same" if found.is_same else "explain.not_same")


def _tell_deals(call: Call, reader: _Reader, found: Explanation) -> None:
    texts = call.texts
    title = texts.say("explain.deals")
    deals = table(texts, title, "column.day", "column.lead", "column.amount")
    for deal in found.deals:
        amount = texts.money(deal.amount, reader.currency)
        deals.add_row(texts.date(deal.day), str(deal.lead_id), amount)
    call.out().print(deals)


def as_object(
    account_id: AccountId, found: Explanation, reader: _Reader
) -> dict[str, object]:
    """Return what stands in JSON: days as dates, amounts in hundredths, shares raw."""
    kind = "company" if found.kind is Part.COMPANIES else "contact"
    return {
        "account_id": account_id,
        "client": f"{kind}:{found.card_id}",
        "as_of": iso(found.as_of),
        "learned_as_of": iso(found.learned_as_of),
        "currency": reader.currency,
        "facts": [
            {
                "fact": fact.key.partition(".")[2],
                "values": {name: _raw(value) for name, value in fact.params.items()},
                "sentence": reader.sentence(fact),
            }
            for fact in found.facts
        ],
        "deals": [
            {"lead_id": deal.lead_id, "day": iso(deal.day), "amount": deal.amount}
            for deal in found.deals
        ],
        "joined": [
            {
                "contact_id": member.contact_id,
                "joined_with": member.joined_with,
                "kind": member.kind,
            }
            for member in found.members
        ],
        "same": found.is_same,
    }


def _raw(value: Value) -> object:
    match value:
        case Day(day):
            return iso(day)
        case Word(key):
            return key.partition(".")[2]
        case _:
            return value.value
