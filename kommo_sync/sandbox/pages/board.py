"""The pipeline board: one column a stage, newest deals on top."""

from collections.abc import Sequence
from dataclasses import dataclass

from kommo_sync.sandbox.account.records import Card, Lead, Pipeline, Status
from kommo_sync.sandbox.pages.authorship import Authorship
from kommo_sync.sandbox.pages.paging import Kept, Slice, slice_of
from kommo_sync.sandbox.pages.presenting import (
    Link,
    Presenter,
    card_link,
    colour,
    initials,
    outcome,
)

CARDS_A_COLUMN = 30
CHIPS_A_CARD = 4
ROWS_A_PAGE = 50
Stages = dict[tuple[int, int], list[Lead]]


@dataclass(frozen=True, slots=True)
class Chip:
    """A tag as the board shows it; `look` is the kind of its author's badge."""

    name: str
    look: str
    colour: str


@dataclass(frozen=True, slots=True)
class Dot:
    """How a card stands with its tasks."""

    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class DealCard:
    """A deal on the board or in a stage's list."""

    link: Link
    price: str
    clients: tuple[Link, ...]
    chips: tuple[Chip, ...]
    hidden_chips: int
    responsible: str
    initials: str
    dot: Dot | None
    created: str


@dataclass(frozen=True, slots=True)
class Column:
    """One stage: what stands in it, and the first cards."""

    name: str
    colour: str
    outcome: str
    count: int
    total: str
    href: str
    cards: tuple[DealCard, ...]

    @property
    def hidden(self) -> int:
        """How many more deals the stage's list has."""
        return self.count - len(self.cards)


@dataclass(frozen=True, slots=True)
class Tab:
    """One pipeline, to be chosen."""

    name: str
    href: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Board:
    """A pipeline as the page shows it."""

    name: str
    tabs: tuple[Tab, ...]
    columns: tuple[Column, ...]
    open_count: int
    open_total: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class StageList:
    """A page of a stage's deals."""

    stage: str
    pipeline: Link
    colour: str
    count: int
    total: str
    deals: Slice[DealCard]


def leads_by_stage(presenter: Presenter, kept: Kept) -> Stages:
    """Return the live leads by (pipeline, stage), newest first; made once a change."""

    def group() -> Stages:
        leads = presenter.state.data.leads.values()
        stages: Stages = {}
        for lead in sorted(leads, key=lambda x: (x.created_at, x.id), reverse=True):
            stages.setdefault((lead.pipeline_id, lead.status_id), []).append(lead)
        return stages

    return kept.get(presenter.state, "stages", ("leads",), group)


def totals_by_stage(
    presenter: Presenter, kept: Kept, stages: Stages
) -> dict[tuple[int, int], int]:
    """Return the sum of prices by (pipeline, stage), in hundredths."""

    def add() -> dict[tuple[int, int], int]:
        return {key: sum(lead.price for lead in leads) for key, leads in stages.items()}

    return kept.get(presenter.state, "totals", ("leads",), add)


def pipelines_in_order(presenter: Presenter) -> list[Pipeline]:
    """Return the pipelines as their tabs stand."""
    pipelines = presenter.state.data.pipelines.values()
    return sorted(pipelines, key=lambda p: (p.is_archive, p.sort, p.id))


def board(presenter: Presenter, kept: Kept, pipeline_id: int | None) -> Board:
    """Return the board of that pipeline, of the main one if there is none such."""
    pipelines = pipelines_in_order(presenter)
    main = next((p for p in pipelines if p.is_main), pipelines[0])
    chosen = next((p for p in pipelines if p.id == pipeline_id), main)
    stages = leads_by_stage(presenter, kept)
    totals = totals_by_stage(presenter, kept, stages)
    columns = tuple(
        _column(
            presenter, chosen, status, stages.get((chosen.id, status.id), []), total
        )
        for status in shown_stages(chosen, stages)
        for total in [totals.get((chosen.id, status.id), 0)]
    )
    still_open = [
        (len(leads), totals[key])
        for key, leads in stages.items()
        if key[0] == chosen.id and outcome(key[1]) == "open"
    ]
    return Board(
        name=chosen.name,
        tabs=tuple(_tab(p, stages, p is chosen) for p in pipelines),
        columns=columns,
        open_count=sum(count for count, _ in still_open),
        open_total=presenter.money(sum(total for _, total in still_open)),
        is_empty=not presenter.state.data.leads,
    )


def _tab(pipeline: Pipeline, stages: Stages, is_current: bool) -> Tab:
    count = sum(
        len(leads)
        for (pipeline_id, status_id), leads in stages.items()
        if pipeline_id == pipeline.id and outcome(status_id) == "open"
    )
    name = f"{pipeline.name} (archive)" if pipeline.is_archive else pipeline.name
    return Tab(name, f"/?pipeline={pipeline.id}", count, is_current)


def shown_stages(pipeline: Pipeline, stages: Stages) -> list[Status]:
    """Return the stages in order, then those that are gone but still hold leads."""
    shown = [
        status
        for status in sorted(pipeline.statuses, key=lambda s: s.sort)
        if status.type != 1
        or pipeline.is_unsorted_on
        or (pipeline.id, status.id) in stages
    ]
    known = {status.id for status in pipeline.statuses}
    gone = sorted(s for p, s in stages if p == pipeline.id and s not in known)
    return shown + [
        Status(id=s, pipeline_id=pipeline.id, name=f"Stage {s}", sort=0, color="")
        for s in gone
    ]


def _column(
    presenter: Presenter,
    pipeline: Pipeline,
    status: Status,
    leads: Sequence[Lead],
    total: int,
) -> Column:
    return Column(
        name=status.name,
        colour=colour(status.color),
        outcome=outcome(status.id),
        count=len(leads),
        total=presenter.money(total),
        href=f"/stages/{pipeline.id}/{status.id}",
        cards=tuple(deal_card(presenter, lead) for lead in leads[:CARDS_A_COLUMN]),
    )


def stage_list(
    presenter: Presenter, kept: Kept, pipeline_id: int, status_id: int, page: int | None
) -> StageList | None:
    """Return a page of a stage's deals; None if there is no such stage."""
    stages = leads_by_stage(presenter, kept)
    pipeline = presenter.state.data.pipelines.get(pipeline_id)
    if pipeline is None:
        return None
    known = shown_stages(pipeline, stages)
    status = next((s for s in known if s.id == status_id), None)
    if status is None:
        return None
    leads = stages.get((pipeline_id, status_id), [])
    path = f"/stages/{pipeline_id}/{status_id}"
    found = slice_of(leads, page, ROWS_A_PAGE, path)
    cards = [deal_card(presenter, lead, every_chip=True) for lead in found.rows]
    totals = totals_by_stage(presenter, kept, stages)
    return StageList(
        stage=status.name,
        pipeline=Link(pipeline.name, f"/?pipeline={pipeline.id}"),
        colour=colour(status.color),
        count=len(leads),
        total=presenter.money(totals.get((pipeline_id, status_id), 0)),
        deals=Slice(cards, found.pager),
    )


def deal_card(
    presenter: Presenter, lead: Lead, *, every_chip: bool = False
) -> DealCard:
    """Return a deal as the board shows it."""
    responsible = presenter.user_name(lead.responsible_user_id)
    chips = tag_chips(presenter, lead)
    shown = chips if every_chip else chips[:CHIPS_A_CARD]
    return DealCard(
        link=card_link(lead),
        price=presenter.money(lead.price) if lead.price else "",
        clients=clients_of(presenter, lead),
        chips=shown,
        hidden_chips=len(chips) - len(shown),
        responsible=responsible,
        initials=initials(responsible),
        dot=task_dot(presenter, lead),
        created=presenter.day(lead.created_at),
    )


def clients_of(presenter: Presenter, lead: Lead) -> tuple[Link, ...]:
    """Return the main contact and the company, as far as there are any."""
    data = presenter.state.data
    contact = data.contacts.get(lead.contact_ids[0]) if lead.contact_ids else None
    company = data.companies.get(lead.company_id or 0)
    return tuple(card_link(card) for card in (contact, company) if card is not None)


def tag_chips(presenter: Presenter, card: Card) -> tuple[Chip, ...]:
    """Return the card's tags, each with the look of its author."""
    authors = Authorship(presenter)
    tags = presenter.state.data.tags
    return tuple(
        Chip(
            name=tag.name,
            look=authors.of_slot(card, f"tag:{tag.name}").kind,
            colour=colour(tag.color) if tag.color else "",
        )
        for tag_id in card.tags
        if (tag := tags.get(tag_id))
    )


def task_dot(presenter: Presenter, card: Card) -> Dot | None:
    """Return how the card stands with its tasks; None for a closed deal without one."""
    due = card.closest_task_at
    if due is None:
        if isinstance(card, Lead) and outcome(card.status_id) != "open":
            return None
        return Dot("none", "No task")
    when = presenter.deadline(due)
    if due < presenter.now:
        return Dot("overdue", f"Task overdue since {when}")
    if due < presenter.day_end:
        return Dot("today", f"Task {when}")
    return Dot("later", f"Next task {when}")
