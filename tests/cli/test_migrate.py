"""`kommo-sync migrate`."""

from kommo_sync.config import Config
from kommo_sync.store import schema


def test_a_new_database_needs_nothing(ready):
    assert ready.done("migrate") == (
        f"The database is at {schema.head()}: nothing to do.\n"
    )
    assert ready.done("migrate", "--check") == ready.done("migrate")


def test_a_database_that_waits_is_told_and_then_migrated(ready):
    url = Config.load(ready.config, {}).database_url()
    schema.downgrade(url, "base")
    checked = ready.run("migrate", "--check")
    assert checked.exit_code == 1
    assert "run `kommo-sync migrate`" in checked.stderr
    assert schema.current(url) is None
    assert f"to {schema.head()}.\n" in ready.done("migrate")
    assert schema.current(url) == schema.head()


def test_other_commands_refuse_a_database_that_waits(ready):
    schema.downgrade(Config.load(ready.config, {}).database_url(), "base")
    result = ready.run("status")
    assert result.exit_code == 1
    assert "run `kommo-sync migrate`" in result.stderr
