"""Records for the store's tests, and a look at what is kept."""

from typing import Any

from sqlalchemy import Table, select

from kommo_sync.model.entities import (
    AccountId,
    Contact,
    Event,
    Lead,
    Note,
    Part,
    Row,
    Task,
)
from kommo_sync.store.account import AccountStore
from kommo_sync.store.tables import ENTITIES_OF, TABLE_OF

KEY = bytes(range(32))
ACCOUNT = AccountId(31_000_001)
OTHER = AccountId(31_000_002)


def lead(id: int, updated_at: int = 100, **changes: Any) -> Lead:
    """A won lead of 10.00."""
    made = Lead(
        id=id,
        name=f"Lead {id}",
        price=1000,
        status_id=142,
        pipeline_id=7,
        responsible_user_id=5,
        loss_reason_id=None,
        main_contact_id=None,
        company_id=None,
        contact_ids="[]",
        created_by=5,
        created_at=50,
        updated_at=updated_at,
        closed_at=None,
        tags="[]",
        field_values="[]",
    )
    return made._replace(**changes)


def contact(id: int, updated_at: int = 100, **changes: Any) -> Contact:
    made = Contact(id, f"Contact {id}", 5, None, False, 50, updated_at, "[]", "[]")
    return made._replace(**changes)


def task(id: int, entity_type: str | None, entity_id: int | None, **more: Any) -> Task:
    made = Task(id, entity_type, entity_id, 5, 1, "Call", None, False, 900, 5, 50, 100)
    return made._replace(**more)


def note(id: int, entity_type: str, entity_id: int, **more: Any) -> Note:
    made = Note(entity_type, id, entity_id, "call_in", 5, 60, 100)
    return made._replace(**more)


def event(id: str, type: str, entity_id: int, at: int) -> Event:
    return Event(id, type, "contacts", entity_id, None, 5, at)


def kept(account: AccountStore, part: Part) -> dict[Any, Any]:
    """Return what is kept of a part, by id, as it came in."""
    [kind] = ENTITIES_OF[part]
    return {row.id: row for row in kept_rows(account, kind)}


def kept_rows(account: AccountStore, kind: type[Row]) -> list[Any]:
    table = TABLE_OF[kind]
    columns = [table.c[name] for name in kind._fields]
    wanted = select(*columns).where(table.c.account_id == account.account_id)
    with account.database.reading() as connection:
        found = connection.execute(wanted.order_by(*table.primary_key)).all()
    return [kind(*row) for row in found]


def all_rows(account: AccountStore, table: Table) -> list[tuple[Any, ...]]:
    """Return every row of a table, of whichever account."""
    with account.database.reading() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key))
        return [tuple(row) for row in found]


def own_rows(account: AccountStore, table: Table) -> list[tuple[Any, ...]]:
    """Return the account's rows of a table, without its id."""
    found = all_rows(account, table)
    return [row[1:] for row in found if row[0] == account.account_id]
