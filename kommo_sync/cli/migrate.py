"""`kommo-sync migrate`: bring the database to this version."""

import click

from kommo_sync.cli.world import Call
from kommo_sync.store import schema


@click.command(help="help.migrate")
@click.option("--check", is_flag=True, help="help.migrate.check")
@click.pass_obj
def migrate(call: Call, *, check: bool) -> None:
    """Migrate, or only tell whether it is needed."""
    url = call.config().database_url()
    before, head = schema.current(url), schema.head()
    if check:
        with call.runtime():
            call.tell("migrate.nothing", revision=head)
        return
    after = schema.migrate(url)
    if before == after:
        call.tell("migrate.nothing", revision=after)
    else:
        call.tell("migrate.done", before=before or "-", after=after)
