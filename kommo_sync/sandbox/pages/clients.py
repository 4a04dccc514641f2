"""The list of contacts and companies, with a search that finds deals too."""

from dataclasses import dataclass

from kommo_sync.sandbox.account.records import WON, Card, Company, Contact, Lead
from kommo_sync.sandbox.pages.board import Chip, DealCard, deal_card, tag_chips
from kommo_sync.sandbox.pages.paging import Kept, Slice, slice_of
from kommo_sync.sandbox.pages.presenting import Link, Presenter, card_link
from kommo_sync.sandbox.rules.cards import search_cards

ROWS_A_PAGE = 50
DEALS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A contact or company in the list."""

    link: Link
    kind: str
    company: Link | None
    reach: tuple[str, ...]
    deals: int
    won: str
    chips: tuple[Chip, ...]
    responsible: str


@dataclass(frozen=True, slots=True)
class ClientList:
    """A page of the list."""

    query: str
    clients: Slice[ClientRow]
    deals: tuple[DealCard, ...]
    deal_count: int
    is_empty: bool


def client_list(
    presenter: Presenter, kept: Kept, query: str, page: int | None
) -> ClientList:
    """Return a page of the clients that the text is found in, latest change first."""
    cards = _cards(presenter, kept)
    query = query.strip()
    deals: list[Lead] = []
    if query:
        found = search_cards(presenter.state, query)
        cards = [card for card in cards if found(card)]
        deals = [lead for lead in presenter.state.data.leads.values() if found(lead)]
    rows = slice_of(cards, page, ROWS_A_PAGE, "/clients", query=query)
    newest = sorted(deals, key=lambda lead: (lead.created_at, lead.id), reverse=True)
    data = presenter.state.data
    return ClientList(
        query=query,
        clients=Slice([_row(presenter, card) for card in rows.rows], rows.pager),
        deals=tuple(deal_card(presenter, lead) for lead in newest[:DEALS_SHOWN]),
        deal_count=len(deals),
        is_empty=not data.contacts and not data.companies,
    )


def _cards(presenter: Presenter, kept: Kept) -> list[Contact | Company]:
    data = presenter.state.data

    def order() -> list[Contact | Company]:
        cards: list[Contact | Company] = [*data.contacts.values()]
        cards += data.companies.values()
        return sorted(cards, key=lambda card: (card.updated_at, card.id), reverse=True)

    return kept.get(presenter.state, "clients", ("contacts", "companies"), order)


def _row(presenter: Presenter, card: Contact | Company) -> ClientRow:
    data = presenter.state.data
    leads = [data.leads[i] for i in card.lead_ids if i in data.leads]
    won = sum(lead.price for lead in leads if lead.status_id == WON)
    company = None
    if isinstance(card, Contact) and card.company_id is not None:
        company = presenter.link("companies", card.company_id)
    return ClientRow(
        link=card_link(card),
        kind="Contact" if isinstance(card, Contact) else "Company",
        company=company,
        reach=_reach(presenter, card),
        deals=len(leads),
        won=presenter.money(won) if won else "",
        chips=tag_chips(presenter, card),
        responsible=presenter.user_name(card.responsible_user_id),
    )


def _reach(presenter: Presenter, card: Card) -> tuple[str, ...]:
    """Return the first telephone number and the first e-mail address."""
    found = []
    for code in ("PHONE", "EMAIL"):
        field = presenter.state.field_by_code(card.kind, code)
        values = card.fields.get(field.id, []) if field else []
        found += [str(value.value) for value in values[:1]]
    return tuple(found)
