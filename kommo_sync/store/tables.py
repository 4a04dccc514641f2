"""The tables: one an entity, as the CRM says it, and what a sync must remember.

`account_id` leads every primary key. Times are Unix seconds in UTC, amounts hundredths.
`seen_at` is the CRM's time of the answer that a row came in; events never change, so
they have none.
"""

from types import NoneType
from typing import Any, get_args, get_type_hints

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from kommo_sync.model.entities import (
    Account,
    Company,
    Contact,
    CustomField,
    Event,
    Lead,
    LossReason,
    Note,
    Part,
    Pipeline,
    Row,
    Stage,
    Task,
    User,
)
from kommo_sync.model.judged import (
    BacktestRow,
    ClientMember,
    ContactPoint,
    CountedDeal,
    JudgementRow,
    ScoringRow,
    Summary,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_TYPES: dict[type, type[TypeEngine[Any]]] = {
    int: BigInteger,
    str: Text,
    bool: Boolean,
    float: Double,
    bytes: LargeBinary,
}


def _column(name: str, hint: object) -> Column[Any]:
    kinds = get_args(hint) or (hint,)
    [kind] = [one for one in kinds if one is not NoneType]
    return Column(name, _TYPES[kind], nullable=NoneType in kinds)


def _account_column() -> Column[int]:
    return Column("account_id", BigInteger, autoincrement=False)


def _kept(name: str, entity: type[Row], *own_key: str, narrow: bool = True) -> Table:
    """Return an entity's table.

    Args:
        name: the table.
        entity: its columns stand between `account_id` and `seen_at`.
        own_key: the primary key after `account_id`.
        narrow: its rows are short, so that SQLite keeps them in the key's own tree.
    """
    hints = get_type_hints(entity)
    columns = [_column(field, hints[field]) for field in entity._fields]
    if entity is not Event:
        columns.append(_column("seen_at", int))
    return Table(
        name,
        metadata,
        _account_column(),
        *columns,
        PrimaryKeyConstraint("account_id", *own_key),
        sqlite_with_rowid=not narrow,
    )


def _own(name: str, key: tuple[str, ...], /, **columns: object) -> Table:
    """Return a table of ours; `columns` are annotations, by name."""
    made = [_column(field, hint) for field, hint in columns.items()]
    return Table(
        name,
        metadata,
        _account_column(),
        *made,
        PrimaryKeyConstraint("account_id", *key),
        sqlite_with_rowid=False,
    )


accounts = _kept("accounts", Account, "id")
users = _kept("users", User, "id")
pipelines = _kept("pipelines", Pipeline, "id")
stages = _kept("stages", Stage, "pipeline_id", "id")
custom_fields = _kept("custom_fields", CustomField, "entity_type", "id")
loss_reasons = _kept("loss_reasons", LossReason, "id")
# Field values make these rows long: in a key's tree they would spill over.
leads = _kept("leads", Lead, "id", narrow=False)
contacts = _kept("contacts", Contact, "id", narrow=False)
companies = _kept("companies", Company, "id", narrow=False)
tasks = _kept("tasks", Task, "id", narrow=False)
notes = _kept("notes", Note, "entity_type", "id")
events = _kept("events", Event, "id")

Index(None, leads.c.account_id, leads.c.main_contact_id)
Index(None, leads.c.account_id, leads.c.company_id)
Index(None, contacts.c.account_id, contacts.c.company_id)
for _table in (tasks, notes, events):
    Index(None, _table.c.account_id, _table.c.entity_type, _table.c.entity_id)

# Few events of the many are asked for by type, some of those from the first one on.
Index(None, events.c.account_id, events.c.type, events.c.created_at)

connections = _own(
    "connections",
    (),
    base_url=str,
    name=str,
    subdomain=str,
    state=str,
    token_expires_at=int | None,
    connected_at=int,
    access=str,
    refresh=str | None,
    previous_refresh=str | None,
)
cursors = _own(
    "cursors",
    ("part",),
    part=str,
    watermark=int | None,
    walk_kind=str | None,
    walk_since=int | None,
    walk_until=int | None,
    walk_started=int | None,
    page=int,
    ahead=str,
    limit=int,
    rows=int,
    full_at=int | None,
    synced_at=int | None,
    doubts=int,
)
lead_contacts = _own(
    "lead_contacts", ("lead_id", "contact_id"), lead_id=int, contact_id=int
)
tombstones = _own("tombstones", ("part", "id"), part=str, id=int, at=int)
merges = _own("merges", ("part", "loser"), part=str, loser=int, winner=int, at=int)
Index(None, lead_contacts.c.account_id, lead_contacts.c.contact_id)
crm_counts = _own(
    "crm_counts", ("name",), name=str, count=int, total=int | None, at=int
)
leases = _own(
    "leases", ("job",), job=str, owner=str, since=float, until=float, epoch=int
)
runs = _own(
    "runs",
    ("id",),
    id=int,
    job=str,
    started_at=int,
    ended_at=int | None,
    outcome=str | None,
    requests=int,
    rows=int,
    message=str | None,
)
request_slots = _own(
    "request_slots",
    ("egress",),
    egress=str,
    next_at=float,
    blocked_from=float,
    blocked_until=float,
    refusals=int,
    clean_since=float,
    turn=int,
    wanted_0=float,
    wanted_1=float,
    wanted_2=float,
    wanted_3=float,
    wanted_4=float,
)

contact_points = _own(
    "contact_points", ContactPoint._fields, **get_type_hints(ContactPoint)
)
client_members = _own("client_members", ("contact_id",), **get_type_hints(ClientMember))
counted_deals = _own("counted_deals", ("lead_id",), **get_type_hints(CountedDeal))
touched_clients = _own("touched_clients", ("client",), client=int)
"""Clients whose deals have changed since they were judged."""
summaries = _own("summaries", ("client",), **get_type_hints(Summary))
scorings = _own("scorings", ("id",), **get_type_hints(ScoringRow))
scorings_state = _own("scorings_state", (), leads=int | None, contacts=int | None)
"""By the CRM's clock: up to when the judgements know what is kept."""
terms = _own("terms", ("day",), day=int, parameters=str)
judgements = _own("judgements", ("client",), **get_type_hints(JudgementRow))
backtests = _own("backtests", ("id",), **get_type_hints(BacktestRow))
judgement_log = _own(
    "judgement_log",
    ("client", "as_of", "scoring_id"),
    **get_type_hints(JudgementRow),
    entries=bytes,
)

# The judgement asks what was seen since; which one it was stands in the index, too.
Index(None, leads.c.account_id, leads.c.seen_at, leads.c.id)
Index(None, contacts.c.account_id, contacts.c.seen_at, contacts.c.id)
Index(None, contact_points.c.account_id, contact_points.c.kind, contact_points.c.value)
# All of a deal that a client's summary needs: the table itself is not asked.
Index(
    None,
    counted_deals.c.account_id,
    counted_deals.c.client,
    counted_deals.c.day,
    counted_deals.c.amount,
)

TABLE_OF: dict[type[Row], Table] = {
    Account: accounts,
    User: users,
    Pipeline: pipelines,
    Stage: stages,
    CustomField: custom_fields,
    LossReason: loss_reasons,
    Lead: leads,
    Contact: contacts,
    Company: companies,
    Task: tasks,
    Note: notes,
    Event: events,
}

_STREAM_ENTITIES: dict[str, tuple[type[Row], ...]] = {
    "account": (Account,),
    "users": (User,),
    "pipelines": (Pipeline, Stage),
    "fields": (CustomField,),
    "loss_reasons": (LossReason,),
    "leads": (Lead,),
    "contacts": (Contact,),
    "companies": (Company,),
    "tasks": (Task,),
    "notes": (Note,),
    "events": (Event,),
}
ENTITIES_OF: dict[Part, tuple[type[Row], ...]] = {
    part: _STREAM_ENTITIES[part.stream] for part in Part
}
"""The kinds of rows that a part brings; the first is the one that is counted."""
