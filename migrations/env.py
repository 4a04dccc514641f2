"""Alembic's entrance: runs the migrations in the transaction that it is given.

`kommo-sync migrate` gives one. To write a new migration against a scratch database:
`alembic -x url=sqlite:////tmp/scratch.db revision --autogenerate --rev-id 0002 -m what`
"""

from alembic import context
from sqlalchemy import Connection

from kommo_sync.store.engines import open_database
from kommo_sync.store.tables import metadata


def run(connection: Connection) -> None:
    """Run what was asked for; the caller's transaction holds it together."""
    context.configure(
        connection=connection, target_metadata=metadata, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = open_database(context.get_x_argument(as_dictionary=True)["url"])
    with database.writing() as own:
        run(own)
    database.close()
