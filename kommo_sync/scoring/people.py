"""Whose client somebody is, and who recommends the firm."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.clients import ClientUnit
from kommo_sync.model.entities import Part
from kommo_sync.model.lifecycle import Potential
from kommo_sync.scoring.days import days_of
from kommo_sync.scoring.settings import Settings
from kommo_sync.store.account import AccountStore

NOBODY = 0


def advocates(store: AccountStore, settings: Settings) -> IntArray:
    """Return the keys of clients that recommend the firm, ascending.

    A card is one's that carries the admin's tag, or has the admin's field filled in;
    with a contact its person and its company recommend the firm.
    """
    facts = store.facts()
    people, firms = (
        np.union1d(
            facts.tagged(part, settings.advocate_tag),
            facts.filled_in(part, settings.advocate_field_id),
        )
        for part in (Part.CONTACTS, Part.COMPANIES)
    )
    contact, company = store.judging().contact_companies()
    theirs = company[np.isin(contact, people)]
    stands_for = {m.contact_id: m.representative for m in store.judging().members()}
    person = [stands_for.get(one, one) for one in people.tolist()]
    firms = np.union1d(firms, theirs[theirs > 0])
    return np.union1d(np.array(person, np.int64) * 2, firms * 2 + 1)


def potential(store: AccountStore, settings: Settings) -> Potential:
    """Return the contacts that are no client yet, nor is the firm they work for."""
    facts, counting = store.facts(), settings.counting
    contact, created_at = facts.created(Part.CONTACTS)
    card, company = store.judging().contact_companies()
    stands_for = {m.contact_id: m.representative for m in store.judging().members()}
    others = np.array(sorted(stands_for), np.int64)
    alone = ~np.isin(contact, others)
    contact, created_at = contact[alone], created_at[alone]
    if counting.unit is not ClientUnit.CONTACT:
        clients = store.judging().digests()[0]
        firms = clients[clients % 2 == 1] // 2
        theirs = card[np.isin(company, firms)].tolist()
        outside = ~np.isin(contact, [stands_for.get(one, one) for one in theirs])
        contact, created_at = contact[outside], created_at[outside]
    busy = [stands_for.get(one, one) for one in facts.with_open_deal().tolist()]
    return Potential(
        contact * 2,
        days_of(created_at, ZoneInfo(counting.time_zone)),
        np.isin(contact, np.array(busy, np.int64)),
    )


def managers(store: AccountStore) -> Callable[[IntArray], IntArray]:
    """Return who tells the responsible users of clients, by their keys; 0: nobody."""
    facts = store.facts()
    person, of_person = facts.responsible(Part.CONTACTS)
    firm, of_firm = facts.responsible(Part.COMPANIES)
    key = np.concatenate((person * 2, firm * 2 + 1))
    user = np.concatenate((of_person, of_firm))
    order = np.argsort(key)
    key, user = key[order], user[order]

    def of(client: IntArray) -> IntArray:
        if not len(key):
            return np.full(len(client), NOBODY)
        at = np.minimum(np.searchsorted(key, client), len(key) - 1)
        return np.where(key[at] == client, user[at], NOBODY)

    return of
