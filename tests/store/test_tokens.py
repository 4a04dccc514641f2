"""Tokens at rest: sealed, bound to their account and column, saved before used."""

from typing import Any

import pytest
from sqlalchemy import text, update

from kommo_sync.errors import ConfigError, Unauthorized
from kommo_sync.store.account import AccountStore
from kommo_sync.store.sealing import Sealer
from kommo_sync.store.store import Store
from kommo_sync.store.tables import connections
from tests.store.rows import ACCOUNT, KEY, OTHER, all_rows

URL = "https://acme.kommo.com"
FIRST = "first-token"


def connect(account: AccountStore, token: str, now: int = 100) -> None:
    account.connect(URL, "Acme", "acme", token, 900, now)


def columns(account: AccountStore) -> dict[str, Any]:
    [row] = all_rows(account, connections)
    return dict(zip(connections.columns.keys(), row, strict=True))


def test_a_connected_account_is_listed_and_gives_its_token(store: Store):
    connect(store.account(OTHER), FIRST)
    connect(store.account(ACCOUNT), FIRST)
    assert store.account(ACCOUNT).tokens().load() == "first-token"
    one, two = store.connections()
    assert (one.account_id, two.account_id) == (ACCOUNT, OTHER)
    assert (one.base_url, one.name, one.subdomain) == (URL, "Acme", "acme")
    assert (one.state, one.token_expires_at, one.connected_at) == ("active", 900, 100)


def test_no_token_is_kept_as_it_is(account: AccountStore):
    connect(account, FIRST)
    account.tokens().save("second-token", "refresh-token", 1000)
    assert "token" not in str(all_rows(account, connections))


def test_the_same_token_is_sealed_differently_each_time():
    sealer = Sealer(KEY)
    assert sealer.seal(1, "access", "t") != sealer.seal(1, "access", "t")


def test_a_saved_token_replaces_the_old_and_the_old_refresh_is_kept(
    account: AccountStore,
):
    connect(account, FIRST)
    account.tokens().save("access-2", "refresh-2", 1000)
    account.tokens().save("access-3", "refresh-3", 2000)
    found = columns(account)
    sealer = Sealer(KEY)
    assert account.tokens().load() == "access-3"
    assert found["token_expires_at"] == 2000
    assert sealer.open(ACCOUNT, "refresh", found["refresh"]) == "refresh-3"
    previous = sealer.open(ACCOUNT, "previous_refresh", found["previous_refresh"])
    assert previous == "refresh-2"


def test_a_token_copied_to_another_account_does_not_open(store: Store):
    connect(store.account(ACCOUNT), FIRST)
    connect(store.account(OTHER), FIRST)
    with store.database.writing() as connection:
        connection.execute(
            text(
                "UPDATE connections SET access = (SELECT access FROM connections "
                "WHERE account_id = 31000001)"
            )
        )
    assert store.account(ACCOUNT).tokens().load() == "first-token"
    with pytest.raises(Unauthorized, match=r"31000002 was changed, or copied.*again"):
        store.account(OTHER).tokens().load()


def test_a_token_moved_to_another_column_does_not_open():
    sealed = Sealer(KEY).seal(1, "refresh", "t")
    with pytest.raises(Unauthorized):
        Sealer(KEY).open(1, "access", sealed)


@pytest.mark.parametrize("damage", ["", "AAAA", "no base64!"])
def test_a_damaged_token_does_not_open(account: AccountStore, damage: str):
    connect(account, FIRST)
    key_id = columns(account)["access"].partition(".")[0]
    with account.database.writing() as connection:
        connection.execute(update(connections).values(access=f"{key_id}.{damage}"))
    with pytest.raises(Unauthorized, match="connect again"):
        account.tokens().load()


def test_without_a_key_the_setting_is_named(url: str):
    with Store.open(url, key=KEY) as store:
        connect(store.account(ACCOUNT), FIRST)
    with Store.open(url) as store:
        assert len(store.connections()) == 1
        with pytest.raises(ConfigError, match="set key_file"):
            store.account(ACCOUNT).tokens().load()
        with pytest.raises(ConfigError, match="set key_file"):
            connect(store.account(OTHER), FIRST)
        assert len(store.connections()) == 1


def test_another_key_is_told_from_the_right_one(url: str):
    with Store.open(url, key=KEY) as store:
        connect(store.account(ACCOUNT), FIRST)
    with (
        Store.open(url, key=KEY[::-1]) as store,
        pytest.raises(ConfigError, match="name the right key_file"),
    ):
        store.account(ACCOUNT).tokens().load()


def test_a_short_key_is_refused_without_being_told(url: str):
    with pytest.raises(
        ConfigError, match="must have 32 bytes, this one has 7"
    ) as caught:
        Store.open(url, key=b"hunter2")
    assert "hunter2" not in str(caught.value)
    assert repr(KEY) not in repr(Sealer(KEY))


@pytest.mark.parametrize("state", ["reconnect", "disconnected"])
def test_a_dead_connection_gives_no_token_until_connected_again(
    account: AccountStore, state: str
):
    connect(account, FIRST)
    account.set_state("reconnect" if state == "reconnect" else "disconnected")
    with pytest.raises(Unauthorized, match="run `kommo-sync connect`"):
        account.tokens().load()
    connect(account, "another-token", 200)
    assert account.tokens().load() == "another-token"


def test_an_account_that_was_never_connected_has_no_token(account: AccountStore):
    with pytest.raises(Unauthorized, match="31000001 is not connected"):
        account.tokens().load()
    with pytest.raises(Unauthorized, match="31000001 is not connected"):
        account.tokens().save("a", "r", None)
