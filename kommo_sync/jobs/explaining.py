"""Explain one client: every number behind its scores, and what would change them."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import numpy as np

from kommo_sync.errors import ConfigError
from kommo_sync.jobs.scoring import account_settings, scoring_for, today
from kommo_sync.model.clients import company_key, contact_key, name_of
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.model.explain import Fact, explain
from kommo_sync.model.histories import History, unpack
from kommo_sync.model.judged import GONE, ClientMember, CountedDeal
from kommo_sync.model.lifecycle import Stage
from kommo_sync.runtime import Runtime
from kommo_sync.scoring.days import EPOCH
from kommo_sync.scoring.judging import scoring_of
from kommo_sync.scoring.people import advocates
from kommo_sync.scoring.recalling import recompute
from kommo_sync.scoring.settings import decoded_settings
from kommo_sync.store.judging import Judging

KINDS = {"contact": Part.CONTACTS, "company": Part.COMPANIES, "lead": Part.LEADS}
_CLIENT = re.compile(
    r"(?:https?://\S+/)?(contact|compan(?:y|ies)|lead)s?(?:/detail/|[:/ ])(\d{1,15})/?"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a client is judged so.

    Args:
        kind: contacts or companies.
        card_id: the id of the card that stands for the client.
        as_of: the day that is spoken of, since 1970-01-01.
        learned_as_of: the day that the account was learned from.
        facts: in the order in which they are told.
        deals: that count, by day.
        members: other cards of the same person, and what says so.
        is_same: of a past judgement, whether it comes out the same again, bit by bit;
            None where it is made now.
    """

    kind: Part
    card_id: int
    as_of: int
    learned_as_of: int
    facts: tuple[Fact, ...]
    deals: tuple[CountedDeal, ...]
    members: tuple[ClientMember, ...]
    is_same: bool | None


def explain_client(
    rt: Runtime, account_id: AccountId, client: str, on: date | None = None
) -> Explanation:
    """Explain how a client is judged today, or was judged on a day.

    Args:
        rt: the parts.
        account_id: whose client.
        client: contact:12, company:34, lead:56, or the address of such a card.
        on: a past day.

    Raises:
        ConfigError: nobody of that name is known, or nothing was judged by that day.
    """
    judging = rt.store.account(account_id).judging()
    key = client_of(judging, client)
    if on is not None:
        return _explain_past(judging, key, client, (on - EPOCH).days)
    settings = account_settings(rt, account_id)
    row = judging.newest_scoring()
    if row is None:
        raise _not_judged(client)
    store = rt.store.account(account_id)
    known, as_of = judging.history_of(key), today(rt, settings)
    facts = explain(
        known.history,
        as_of,
        scoring_for(store, row, known.history, as_of),
        decoded_settings(row.settings).rules,
        advocate=bool(np.isin(key, advocates(store, settings))),
    )
    kind, card_id = name_of(key)
    return Explanation(
        kind,
        card_id,
        as_of,
        row.as_of,
        facts,
        judging.deals_of(key),
        _members(judging, key),
        None,
    )


def _explain_past(judging: Judging, key: int, client: str, day: int) -> Explanation:
    """Explain the last turn that the log holds up to a day."""
    turns = [one for one in judging.log_of(key) if one.row.as_of <= day]
    if not turns or turns[-1].row.stage == GONE:
        raise _not_judged(client)
    logged = turns[-1]
    row = judging.scoring(logged.row.scoring_id)
    history = unpack(np.array([key], np.int64), [logged.entries])
    facts = explain(
        history,
        logged.row.as_of,
        scoring_of(row),
        decoded_settings(row.settings).rules,
        advocate=logged.row.stage == Stage.ADVOCATE,
    )
    kind, card_id = name_of(key)
    return Explanation(
        kind,
        card_id,
        logged.row.as_of,
        row.as_of,
        facts,
        _deals_then(judging, key, history.until(logged.row.as_of)),
        _members(judging, key),
        recompute(logged, row) == logged.row,
    )


def _deals_then(
    judging: Judging, key: int, history: History
) -> tuple[CountedDeal, ...]:
    """Return the deals of a past day; a lead that is another now has the id 0."""
    known: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for deal in judging.deals_of(key)[::-1]:
        known[deal.day, deal.amount].append(deal.lead_id)
    pairs = zip(history.day.tolist(), history.amount.tolist(), strict=True)
    return tuple(
        CountedDeal(known[pair].pop() if known[pair] else 0, key, *pair)
        for pair in pairs
    )


def client_of(judging: Judging, text: str) -> int:
    """Return the key of the client that a card belongs to.

    Raises:
        ConfigError: it is no card's name, or no deal of that card counts.
    """
    found = _CLIENT.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            "{client} names no card: write contact:12, company:34 or lead:56, or the "
            "card's address in the CRM.",
            client=text,
        )
    kind = "company" if found[1].startswith("compan") else found[1]
    candidates = _candidates(judging, KINDS[kind], int(found[2]))
    for known in (judging.deals_of, judging.log_of):  # else: who has bought once
        for key in candidates:
            if known(key):
                return key
    raise ConfigError(
        "No deal of {client} counts as a purchase: `kommo-sync score` judges those "
        "that have bought.",
        client=text,
    )


def _candidates(judging: Judging, kind: Part, card_id: int) -> list[int]:
    """Return the clients that a card may belong to, the likeliest first."""
    if kind is Part.COMPANIES:
        return [company_key(card_id)]
    if kind is Part.LEADS:
        return [key] if (key := judging.client_of_lead(card_id)) is not None else []
    stands_for = {one.contact_id: one.representative for one in judging.members()}
    person = stands_for.get(card_id, card_id)
    contact, company = judging.contact_companies()
    firms = company[np.isin(contact, [card_id, person])]
    return [contact_key(person), *(company_key(one) for one in firms.tolist() if one)]


def _members(judging: Judging, key: int) -> tuple[ClientMember, ...]:
    kind, card_id = name_of(key)
    if kind is not Part.CONTACTS:
        return ()
    return tuple(one for one in judging.members() if one.representative == card_id)


def _not_judged(client: str) -> ConfigError:
    return ConfigError(
        "{client} was not judged by then: `kommo-sync score` does it.", client=client
    )
