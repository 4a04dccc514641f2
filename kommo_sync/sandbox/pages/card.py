"""A card's page: properties, fields, tags, deals, tasks, each with its author."""

from collections.abc import Iterator
from dataclasses import dataclass

from kommo_sync.sandbox.account.records import (
    SINGULAR,
    Card,
    Company,
    Contact,
    Field,
    Lead,
)
from kommo_sync.sandbox.pages.authorship import Authorship, Badge
from kommo_sync.sandbox.pages.presenting import (
    Link,
    Presenter,
    card_link,
    card_name,
    colour,
    outcome,
)
from kommo_sync.sandbox.pages.tasks import TaskRow, task_row
from kommo_sync.sandbox.pages.values import Shown, shown_values

DEFAULT_TAB = "default"


@dataclass(frozen=True, slots=True)
class Property:
    """A property or a filled field, and who wrote it."""

    name: str
    values: tuple[Shown, ...]
    badge: Badge


@dataclass(frozen=True, slots=True)
class Group:
    """A tab of fields: the filled ones, and the names of the others."""

    name: str
    rows: tuple[Property, ...]
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagShown:
    """A tag of the card, and who put it there."""

    name: str
    colour: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal in a client's list."""

    link: Link
    stage: str
    colour: str
    outcome: str
    price: str
    when: str


@dataclass(frozen=True, slots=True)
class Deals:
    """A client's deals and what they amount to."""

    rows: tuple[Deal, ...]
    won: str
    won_count: int
    open: str
    open_count: int


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on a deal's way."""

    name: str
    colour: str
    state: str


@dataclass(frozen=True, slots=True)
class CardPage:
    """Everything a card's page shows but its history."""

    kind: str
    id: int
    name: str
    name_badge: Badge
    is_trashed: bool
    steps: tuple[Step, ...]
    properties: tuple[Property, ...]
    groups: tuple[Group, ...]
    tags: tuple[TagShown, ...]
    people: tuple[Link, ...]
    company: Link | None
    deals: Deals | None
    open_tasks: tuple[TaskRow, ...]
    done_tasks: tuple[TaskRow, ...]


def card_page(presenter: Presenter, card: Card) -> CardPage:
    """Return the card as its page shows it."""
    state = presenter.state
    authors = Authorship(presenter)
    open_tasks, done_tasks = _tasks(presenter, card)
    company_id = getattr(card, "company_id", None)
    return CardPage(
        kind=SINGULAR[card.kind].capitalize(),
        id=card.id,
        name=card_name(card),
        name_badge=authors.of_slot(card, "name"),
        is_trashed=state.card(card.kind, card.id) is None,
        steps=tuple(_steps(presenter, card)) if isinstance(card, Lead) else (),
        properties=tuple(_properties(presenter, authors, card)),
        groups=_groups(presenter, authors, card),
        tags=_tags(presenter, authors, card),
        people=_people(presenter, card),
        company=presenter.link("companies", company_id) if company_id else None,
        deals=None if isinstance(card, Lead) else _deals(presenter, card),
        open_tasks=open_tasks,
        done_tasks=done_tasks,
    )


def _steps(presenter: Presenter, lead: Lead) -> Iterator[Step]:
    pipeline = presenter.state.data.pipelines.get(lead.pipeline_id)
    stages = sorted(pipeline.statuses, key=lambda s: s.sort) if pipeline else []
    has_passed = any(stage.id == lead.status_id for stage in stages)
    for stage in stages:
        is_here = stage.id == lead.status_id
        has_passed = has_passed and not is_here
        is_apart = stage.type == 1 or outcome(stage.id) != "open"
        if is_here or not is_apart:
            state = "here" if is_here else "passed" if has_passed else "ahead"
            yield Step(stage.name, colour(stage.color), state)


def _properties(
    presenter: Presenter, authors: Authorship, card: Card
) -> Iterator[Property]:
    if isinstance(card, Lead):
        yield from _of_lead(presenter, authors, card)
    responsible = presenter.user_name(card.responsible_user_id)
    by = authors.of_slot(card, "responsible_user_id")
    yield Property("Responsible", (Shown(responsible),), by)
    made = presenter.moment(card.created_at)
    yield Property("Created", (Shown(made),), authors.of_making(card.kind, card))


def _of_lead(
    presenter: Presenter, authors: Authorship, lead: Lead
) -> Iterator[Property]:
    pipeline = presenter.state.data.pipelines.get(lead.pipeline_id)
    stage = presenter.stage_name(lead.pipeline_id, lead.status_id)
    reason = presenter.state.data.loss_reasons.get(lead.loss_reason_id or 0)
    closed = "" if lead.closed_at is None else presenter.moment(lead.closed_at)
    rows = (
        ("Price", presenter.money(lead.price), "price"),
        ("Stage", stage, "status_id"),
        ("Pipeline", pipeline.name if pipeline else "", "pipeline_id"),
        ("Closed", closed, "closed_at"),
        ("Loss reason", reason.name if reason else "", "loss_reason_id"),
    )
    for name, text, slot in rows:
        if text:
            yield Property(name, (Shown(text),), authors.of_slot(lead, slot))


def _groups(presenter: Presenter, authors: Authorship, card: Card) -> tuple[Group, ...]:
    """Return the tabs of fields in order; fields of no known tab stand in Main."""
    data = presenter.state.data
    tabs = [tab for tab in data.field_groups.values() if tab.entity_type == card.kind]
    tabs.sort(key=lambda tab: (tab.sort, tab.id))
    names = {DEFAULT_TAB: "Main", **{tab.id: tab.name for tab in tabs}}
    fields = [field for field in data.fields.values() if field.entity_type == card.kind]
    fields.sort(key=lambda field: (field.sort, field.id))
    by_tab: dict[str, list[Field]] = {}
    for field in fields:
        tab_id = field.group_id if field.group_id in names else DEFAULT_TAB
        by_tab.setdefault(tab_id or DEFAULT_TAB, []).append(field)
    return tuple(
        _group(presenter, authors, card, name, by_tab[tab_id])
        for tab_id, name in names.items()
        if tab_id in by_tab
    )


def _group(
    presenter: Presenter,
    authors: Authorship,
    card: Card,
    name: str,
    fields: list[Field],
) -> Group:
    filled = [field for field in fields if card.fields.get(field.id)]
    return Group(
        name=name,
        rows=tuple(
            Property(
                field.name,
                shown_values(presenter, field, card.fields[field.id]),
                authors.of_slot(card, f"field:{field.id}"),
            )
            for field in filled
        ),
        unfilled=tuple(f.name for f in fields if not card.fields.get(f.id)),
    )


def _tags(
    presenter: Presenter, authors: Authorship, card: Card
) -> tuple[TagShown, ...]:
    tags = presenter.state.data.tags
    return tuple(
        TagShown(
            name=tag.name,
            colour=colour(tag.color) if tag.color else "",
            badge=authors.of_slot(card, f"tag:{tag.name}"),
        )
        for tag_id in card.tags
        if (tag := tags.get(tag_id))
    )


def _people(presenter: Presenter, card: Card) -> tuple[Link, ...]:
    if isinstance(card, Contact):
        return ()
    contacts = presenter.state.data.contacts
    ids: list[int] = getattr(card, "contact_ids", [])
    return tuple(card_link(contacts[i]) for i in ids if i in contacts)


def _deals(presenter: Presenter, card: Card) -> Deals:
    data = presenter.state.data
    ids = card.lead_ids if isinstance(card, Contact | Company) else []
    leads = [data.leads[i] for i in ids if i in data.leads]
    leads.sort(key=lambda x: (x.closed_at or x.created_at, x.id), reverse=True)
    won = [lead.price for lead in leads if outcome(lead.status_id) == "won"]
    still_open = [lead.price for lead in leads if outcome(lead.status_id) == "open"]
    return Deals(
        rows=tuple(_deal(presenter, lead) for lead in leads),
        won=presenter.money(sum(won)),
        won_count=len(won),
        open=presenter.money(sum(still_open)),
        open_count=len(still_open),
    )


def _deal(presenter: Presenter, lead: Lead) -> Deal:
    stage = presenter.stage(lead.pipeline_id, lead.status_id)
    is_closed = lead.closed_at is not None
    at = lead.created_at if lead.closed_at is None else lead.closed_at
    return Deal(
        link=card_link(lead),
        stage=stage.name if stage else f"stage {lead.status_id}",
        colour=colour(stage.color if stage else None),
        outcome=outcome(lead.status_id),
        price=presenter.money(lead.price),
        when=f"{'closed' if is_closed else 'created'} {presenter.day(at)}",
    )


def _tasks(
    presenter: Presenter, card: Card
) -> tuple[tuple[TaskRow, ...], tuple[TaskRow, ...]]:
    """Return the open tasks by deadline and the finished ones, the last first."""
    tasks = presenter.state.data.tasks
    ids = presenter.state.tasks_of.get((card.kind, card.id), set())
    mine = sorted(
        (tasks[i] for i in ids if i in tasks), key=lambda t: (t.complete_till, t.id)
    )
    still_open = [task_row(presenter, task) for task in mine if not task.is_completed]
    done = [task_row(presenter, task) for task in reversed(mine) if task.is_completed]
    return tuple(still_open), tuple(done)
