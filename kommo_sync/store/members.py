"""Which contacts are one person's: what could join them, and the joins in force."""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.judged import ClientMember, ContactPoint
from kommo_sync.store import columns, upserts
from kommo_sync.store.tables import client_members, contact_points

_POINTS = tuple(contact_points.c[name] for name in ContactPoint._fields)
_MEMBERS = tuple(client_members.c[name] for name in ClientMember._fields)
_THE_POINT = delete(contact_points).where(
    *(column == bindparam(f"its_{column.name}") for column in contact_points.columns)
)


def put_points(
    connection: Connection,
    account_id: int,
    contact_ids: IntArray,
    points: Collection[ContactPoint],
) -> IntArray:
    """Let contacts have exactly these points; return whose have changed, ascending.

    Raises:
        ValueError: a point of another contact.
    """
    now = {ContactPoint(*one) for one in points}
    if not {point.contact_id for point in now} <= set(contact_ids.tolist()):
        raise ValueError("points: of a contact that is not among those named")
    theirs = columns.among(connection, contact_points.c.contact_id, contact_ids)
    wanted = select(*_POINTS).where(contact_points.c.account_id == account_id, theirs)
    kept = {ContactPoint(*row) for row in connection.execute(wanted)}
    gone = [(account_id, *point) for point in kept - now]
    if gone:
        names = [f"its_{column.name}" for column in contact_points.columns]
        connection.execute(
            _THE_POINT, [dict(zip(names, one, strict=True)) for one in gone]
        )
    new = [(account_id, *point) for point in now - kept]
    upserts.write(connection, contact_points, new)
    return columns.ascending({point.contact_id for point in now ^ kept})


def shared_points(connection: Connection, account_id: int) -> tuple[ContactPoint, ...]:
    """Return the points that two contacts or more have, by kind, value and contact."""
    kind, value = contact_points.c.kind, contact_points.c.value
    ours = contact_points.c.account_id == account_id
    several = (
        select(kind, value).where(ours).group_by(kind, value).having(func.count() > 1)
    )
    wanted = select(*_POINTS).where(ours, tuple_(kind, value).in_(several))
    ordered = wanted.order_by(kind, value, contact_points.c.contact_id)
    return tuple(ContactPoint(*row) for row in connection.execute(ordered))


def put_members(
    connection: Connection, account_id: int, members: Collection[ClientMember]
) -> IntArray:
    """Let these be all joins in force.

    Returns:
        The contacts, ascending, that stand for somebody else now than before: other
        evidence alone is written, but moves nobody.

    Raises:
        ValueError: a contact is there twice.
    """
    now = {ClientMember(*one) for one in members}
    if len({member.contact_id for member in now}) < len(members):
        raise ValueError("joins: a contact is there twice, name each once")
    kept = set(all_members(connection, account_id))
    new = [(account_id, *member) for member in now - kept]
    left = {one.contact_id for one in kept} - {one.contact_id for one in now}
    contact_id = client_members.c.contact_id
    columns.strike(connection, account_id, contact_id, columns.ascending(left))
    upserts.write(connection, client_members, new)
    moved = {one[:2] for one in now} ^ {one[:2] for one in kept}
    return columns.ascending({contact_id for contact_id, _ in moved})


def all_members(connection: Connection, account_id: int) -> tuple[ClientMember, ...]:
    """Return the joins in force, by contact."""
    wanted = select(*_MEMBERS).where(client_members.c.account_id == account_id)
    found = connection.execute(wanted.order_by(client_members.c.contact_id))
    return tuple(ClientMember(*row) for row in found)
