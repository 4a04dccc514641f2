"""Laws that hold whatever is done: about links, and about walks over pages."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from tests.sandbox.kit import Api

KINDS = ("leads", "contacts", "companies")
EACH = 3
law = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def fresh() -> Api:
    return Api(Sandbox.empty(clock=ManualClock()))


PLACES = st.tuples(st.sampled_from(KINDS), st.integers(0, EACH - 1))
STEPS = st.tuples(
    st.sampled_from(("link", "link", "main", "unlink", "trash", "restore", "merge")),
    PLACES,
    PLACES,
)


def take(api: Api, cards: dict[str, list[int]], step: tuple[str, Any, Any]) -> None:
    """Do one step; many are refused, which is as well."""
    do, (kind, place), (other, other_place) = step
    one, two = cards[kind][place], cards[other][other_place]
    if do in ("link", "main", "unlink"):
        item = {"to_entity_id": two, "to_entity_type": other}
        item |= {"metadata": {"is_main": True}} if do == "main" else {}
        path = f"{kind}/{one}/{'unlink' if do == 'unlink' else 'link'}"
        status = api.call("POST", path, [item]).status_code
        assert status in (200, 204, 400)
        return
    sent: dict[str, Any] = {"do": do, "entity": kind, "id": one}
    sent |= {"loser_id": cards[kind][other_place]} if do == "merge" else {}
    assert api.call("POST", "/_sandbox/actions", sent).status_code in (200, 400)


def seen(api: Api, cards: dict[str, list[int]]) -> set[tuple[str, int, str, int]]:
    """Return every link as it is seen from either end."""
    return {
        (kind, card, row["to_entity_type"], row["to_entity_id"])
        for kind in KINDS
        for card in cards[kind]
        for row in api.rows(f"{kind}/{card}/links")
    }


@law
@given(st.lists(STEPS, max_size=25))
def test_links_are_the_same_from_both_ends_whatever_was_done(steps):
    api = fresh()
    cards = {kind: api.make(kind, *[{"name": "A"}] * EACH) for kind in KINDS}
    for step in steps:
        take(api, cards, step)
    links = seen(api, cards)
    assert links == {(other, two, kind, one) for kind, one, other, two in links}
    live = {(kind, row["id"]) for kind in KINDS for row in api.rows(kind)}
    assert {(kind, one) for kind, one, *_ in links} <= live


@law
@given(st.lists(STEPS, max_size=25))
def test_a_lead_has_one_main_contact_and_one_company_whatever_was_done(steps):
    api = fresh()
    cards = {kind: api.make(kind, *[{"name": "A"}] * EACH) for kind in KINDS}
    for step in steps:
        take(api, cards, step)
    for lead in api.rows("leads?with=contacts"):
        contacts = lead["_embedded"]["contacts"]
        assert [c["is_main"] for c in contacts] == [True, False, False][: len(contacts)]
        assert len({c["id"] for c in contacts}) == len(contacts)
    for kind in ("leads", "contacts"):
        assert all(len(c["_embedded"]["companies"]) <= 1 for c in api.rows(kind))


T = 1_790_000_000
FORM = {"source_name": "s", "source_uid": "u", "metadata": {"form_id": 1}}
WALKED = (*KINDS, "tasks", "leads/notes", "leads/tags", "leads/unsorted", "events")
NAMES = "id updated_at created_at name complete_till nonsense".split()
ORDERS = [f"&order[{name}]={way}" for name in NAMES for way in ("asc", "desc", "up")]


def plant(api: Api, path: str, moments: list[int]) -> int:
    """Plant a row per moment, moments being equal at times; returns how many."""
    times = [{"created_at": T + at, "updated_at": T - at} for at in moments]
    if not moments:
        return 0
    if path == "leads/notes":
        note = {"note_type": "common", "params": {"text": "x"}, "entity_id": api.lead()}
        api.make(path, *[{**note, **at} for at in times])
    elif path == "tasks":
        api.make(path, *[{"text": "x", "complete_till": T, **at} for at in times])
    elif path == "leads/tags":
        api.make(path, *[{"name": f"{place}"} for place, _ in enumerate(moments)])
    elif path == "leads/unsorted":
        sent = [{**FORM, "created_at": T + at} for at in moments]
        api.post("leads/unsorted/forms", sent)
    else:
        kind = "leads" if path == "events" else path
        api.make(
            kind,
            *[{"name": f"{at}", **at_} for at, at_ in zip(moments, times, strict=True)],
        )
    return len(moments)


def walk(api: Api, path: str) -> list[list[Any]]:
    """Follow `next` from page to page; returns the rows of each."""
    pages, body = [], api.get(path)
    while body is not None:
        [rows] = body["_embedded"].values()
        pages.append(rows)
        link = body["_links"].get("next")
        body = api.get(link["href"].removeprefix(api.origin)) if link else None
        assert (body is None) == (link is None)
    return pages


MOMENTS = st.lists(st.integers(0, 3), max_size=25)
LIMITS = st.integers(1, 8) | st.integers(20, 300)


@law
@given(st.sampled_from(WALKED), MOMENTS, LIMITS, st.sampled_from(["", *ORDERS]))
def test_a_walk_over_pages_shows_each_row_exactly_once(path, moments, limit, order):
    api = fresh()
    count = plant(api, path, moments)
    pages = walk(api, f"{path}?limit={limit}{order}")
    shown = [row.get("id") or row["uid"] for rows in pages for row in rows]
    assert len(shown) == len(set(shown)) == count
    assert all(len(rows) == min(limit, 250) for rows in pages[:-1])


@law
@given(st.sampled_from(WALKED), MOMENTS, LIMITS, st.sampled_from(["", *ORDERS]))
def test_pages_by_number_are_the_pages_of_a_walk(path, moments, limit, order):
    api = fresh()
    plant(api, path, moments)
    pages = walk(api, f"{path}?limit={limit}{order}")
    for place, rows in enumerate([*pages, []]):
        asked = f"{path}?page={place + 1}&limit={limit}{order}"
        assert api.rows(asked) == rows
