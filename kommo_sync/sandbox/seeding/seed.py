"""A generated account: a shop's two years, with the truth written beside it."""

import random
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from kommo_sync.sandbox.account.history import ROBOT
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.seeding.attention import attend, color_tags
from kommo_sync.sandbox.seeding.clientele import PROSPECT_SHARE, Client, Clientele
from kommo_sync.sandbox.seeding.dealings import Deal, Dealer, plan_deals
from kommo_sync.sandbox.seeding.fresh import human, integration_author, managers
from kommo_sync.sandbox.seeding.fresh_fields import SOURCES
from kommo_sync.sandbox.seeding.incoming import plant_incoming
from kommo_sync.sandbox.seeding.openings import open_cards
from kommo_sync.sandbox.seeding.past import Holder, Past
from kommo_sync.sandbox.seeding.planting import Planter
from kommo_sync.sandbox.seeding.rhythm import Model

Truth = dict[str, Any]
UNITS = {
    "time": "Unix seconds, UTC",
    "alpha": "days",
    "lambda": "phases a day; a wait is k phases",
    "p": "probability to leave right after a purchase, the first included",
    "nu": "rate of the Gamma of one amount in whole units of the currency",
    "amounts": "hundredths of the currency",
}


def generate(state: State, *, clients: int, seed: int) -> None:
    """Fill a fresh account with the past of that many buyers, and prospects besides.

    The same seed, number and clock give the same account. `state.data.truth` tells what
    a model could find out at best: each client's own parameters and future purchases.
    """
    chance = random.Random(seed)  # noqa: S311, repeatable on purpose
    clientele = Clientele(ZoneInfo(state.data.account.timezone), state.now(), chance)
    past = _past(state, clientele)
    holders: list[Holder] = []
    deals: list[Deal] = []
    for number in range(clients):
        client = clientele.client(number, len(past.managers))
        main = _holder(past, len(holders), client)
        twin = _twin(main, len(holders) + 1)
        holders += [main] if twin is None else [main, twin]
        deals += plan_deals(past, main, twin)
    for _ in range(-(-int(clients * PROSPECT_SHARE * 100) // 100)):
        prospect = _prospect(past, len(holders), clientele)
        holders.append(prospect)
        deals += plan_deals(past, prospect, None)
    open_cards(past, holders)
    _trade(past, holders, deals)
    newcomers = plant_incoming(past, clientele, count=min(12, (clients + 19) // 20))
    past.planter.finish()
    state.data.truth = _truth(clientele.model, holders, newcomers)


def _past(state: State, clientele: Clientele) -> Past:
    users = managers(state.data)
    return Past(
        planter=Planter(state),
        chance=clientele.chance,
        now=clientele.now,
        workdays=clientele.workdays,
        users=users,
        managers=[human(user) for user in users],
        robot=ROBOT,
        newsletter=integration_author(state.data, "Newsletter"),
        messenger=integration_author(state.data, "Messenger"),
    )


def _holder(past: Past, serial: int, client: Client) -> Holder:
    return Holder(
        serial=serial,
        manager=client.manager,
        source=past.chance.choice(SOURCES),
        people=client.people,
        company_name=client.company,
        client=client,
    )


def _twin(main: Holder, serial: int) -> Holder | None:
    client = main.client
    if client is None or client.twin is None:
        return None
    return Holder(
        serial=serial,
        manager=client.manager,
        source=main.source,
        people=[client.twin],
        client=client,
        is_twin=True,
    )


def _prospect(past: Past, serial: int, clientele: Clientele) -> Holder:
    return Holder(
        serial=serial,
        manager=past.chance.randrange(len(past.managers)),
        source=past.chance.choice(SOURCES),
        people=[clientele.person()],
    )


def _trade(past: Past, holders: list[Holder], deals: list[Deal]) -> None:
    dealer = Dealer(past)
    for deal in sorted(deals, key=lambda deal: deal.created_at):
        dealer.plant(deal)
    for holder in holders:
        attend(past, holder)
    if holders:
        color_tags(past)


def _truth(model: Model, holders: list[Holder], newcomers: list[int]) -> Truth:
    facts: list[Truth] = []
    main_contact_id = 0
    for holder in holders:
        if holder.client is None:
            continue
        twin_of = main_contact_id if holder.is_twin else None
        facts.append(_facts(holder, holder.client, twin_of))
        main_contact_id = holder.contacts[0].id
    prospects = [h.contacts[0].id for h in holders if h.client is None]
    return {
        "model": {"name": "MBG/CNBD-k, Gamma-Gamma", **asdict(model), "units": UNITS},
        "clients": facts,
        "prospects": prospects + newcomers,
    }


def _facts(holder: Holder, client: Client, twin_of: int | None) -> Truth:
    """Tell one client's cards; a second card repeats the parameters of its person."""
    company = holder.company
    places = sorted(holder.leads)
    return {
        "contact_id": None if company else holder.contacts[0].id,
        "company_id": company.id if company else None,
        "contact_ids": [contact.id for contact in holder.contacts],
        "duplicate_of": twin_of,
        "manager": holder.contacts[0].responsible_user_id,
        "lambda": client.buyer.rate,
        "p": client.buyer.dropout,
        "nu": client.buyer.nu,
        "dropped_at": client.left_at,
        "times": [client.times[place] for place in places],
        "amounts": [client.amounts[place] for place in places],
        "lead_ids": [holder.leads[place].id for place in places],
        "refunds": [
            {**refund, "purchase": places.index(int(refund["purchase"]))}
            for refund in holder.refunds
        ],
        "future_times": [] if holder.is_twin else client.future,
    }
