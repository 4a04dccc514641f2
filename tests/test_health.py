"""What the doctor finds, state by state."""

import random
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from kommo_sync import health
from kommo_sync.config import Config
from kommo_sync.health import STALE_SECONDS, Check, account_status, examine
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.jobs.syncing import sync_account
from kommo_sync.model.entities import RECORDS, WON, AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.oauth.tokens import administrator, issue_access, ours
from kommo_sync.sandbox.traffic.faults import parse_faults
from kommo_sync.store import checking
from kommo_sync.store.store import Store
from tests.sync.world import Silent, careless, new_store

ADDRESS = "https://demo.kommo.com"
DAY = 86_400
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""What new_store seals with."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    return Sandbox.generated(clients=10, seed=4, clock=clock)


@pytest.fixture
def rt(tmp_path: Path, sandbox: Sandbox, clock: ManualClock) -> Iterator[Runtime]:
    config = Config(folder=tmp_path, key_text=KEY)
    with careless(new_store(tmp_path)) as store:
        yield Runtime(config, store, clock, random.Random(1), sandbox.transport())


@pytest.fixture
def account_id(rt: Runtime, sandbox: Sandbox) -> AccountId:
    """The account, connected and synced."""
    found = connect_account(rt, ADDRESS, sandbox.token).account.id
    sync_account(rt, AccountId(found), progress=Silent())
    return AccountId(found)


def check(rt: Runtime, name: str, *accounts: AccountId) -> Check:
    [found] = [one for one in examine(rt, accounts) if one.name == f"check.{name}"]
    return found


def names(rt: Runtime, *accounts: AccountId) -> set[str]:
    return {one.name.removeprefix("check.") for one in examine(rt, accounts)}


def test_an_account_in_order_has_nothing_but_ok(rt, account_id):
    found = examine(rt, (account_id,))
    assert [one for one in found if one.state != "OK" or one.fix] == []
    assert names(rt, account_id) == set(
        "database disk key token sync crm clock rights".split()
    )


def test_what_is_about_an_account_says_which(rt, account_id):
    about = {one.name: one.account_id for one in examine(rt, (account_id,))}
    assert about["check.database"] is about["check.key"] is None
    assert {about[f"check.{name}"] for name in ("token", "sync", "crm", "clock")} == {
        account_id
    }


def test_an_installation_without_accounts_is_told_to_connect(rt):
    found = check(rt, "account")
    assert (found.state, found.fix) == ("WARN", "fix.connect")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, "OK"), (30, "OK"), (31, "WARN"), (300, "WARN"), (301, "FAIL")],
)
def test_a_clock_is_judged_by_how_wrong_it_goes(rt, account_id, seconds, sign, state):
    wrong = replace(rt, clock=ManualClock(rt.clock.now() + sign * seconds))
    found = check(wrong, "clock", account_id)
    assert (found.state, found.values) == (state, {"seconds": seconds})
    assert (found.fix is None) == (state == "OK")


def test_without_a_key_it_fails(rt, account_id):
    keyless = replace(rt, config=Config(folder=rt.config.folder))
    assert check(keyless, "key").state == "FAIL"


def token_left(rt: Runtime, sandbox: Sandbox, seconds: int) -> AccountId:
    state = sandbox.state
    token = issue_access(state, ours(state), administrator(state), seconds=seconds)
    return AccountId(connect_account(rt, ADDRESS, token).account.id)


@pytest.mark.parametrize(
    ("days", "state"), [(31, "OK"), (30, "OK"), (29, "WARN"), (1, "WARN"), (0, "WARN")]
)
def test_a_token_warns_in_its_last_thirty_days(rt, sandbox, days, state):
    account_id = token_left(rt, sandbox, days * DAY + 60)
    found = check(rt, "token", account_id)
    assert (found.state, found.values) == (state, {"days": days})


def test_a_token_that_has_ended_fails(rt, sandbox, clock):
    account_id = token_left(rt, sandbox, DAY)
    clock.advance(DAY)
    found = check(rt, "token", account_id)
    assert (found.state, found.text) == ("FAIL", "found.token_ended")
    assert check(rt, "crm", account_id).state == "FAIL"


def test_a_token_without_an_end_is_in_order(rt, account_id, sandbox):
    rt.store.account(account_id).connect(
        ADDRESS, "Demo", "demo", sandbox.token, None, rt.now()
    )
    assert check(rt, "token", account_id).text == "found.token"


def test_what_was_never_synced_warns(rt, sandbox):
    account_id = AccountId(connect_account(rt, ADDRESS, sandbox.token).account.id)
    assert check(rt, "sync", account_id).text == "found.never_synced"
    sync_account(rt, account_id, streams=("leads",), progress=Silent())
    assert check(rt, "sync", account_id).text == "found.never_synced"


@pytest.mark.parametrize(
    ("seconds", "state"), [(STALE_SECONDS, "OK"), (STALE_SECONDS + 60, "WARN")]
)
def test_a_sync_that_is_old_warns(rt, account_id, clock, seconds, state):
    synced = rt.store.account(account_id).cursor(Part.LEADS).synced_at or 0
    later = replace(rt, clock=ManualClock(synced + seconds))
    found = check(later, "sync", account_id)
    assert (found.state, found.values) == (state, {"minutes": seconds // 60})


def test_a_part_that_lags_behind_counts_not_the_newest(rt, account_id, clock):
    clock.advance(STALE_SECONDS + 3_600)
    sync_account(rt, account_id, streams=("leads",), progress=Silent())
    assert check(rt, "sync", account_id).state == "WARN"


def test_users_that_are_hidden_only_warn(rt, sandbox, account_id):
    for user in sandbox.state.data.users.values():
        user.is_admin = False
    found = check(rt, "rights", account_id)
    assert (found.state, found.values) == ("WARN", {"parts": "users"})


@dataclass
class Hiding(httpx.BaseTransport):
    """Shows no tasks."""

    inner: httpx.BaseTransport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        shown = self.inner.handle_request(request)
        if request.url.path != "/api/v4/tasks":
            return shown
        refusal = {"title": "Forbidden", "status": 403, "detail": "No."}
        return httpx.Response(
            403, json=refusal, headers={"Date": shown.headers["Date"]}
        )


def test_records_that_are_hidden_fail(rt, sandbox, account_id):
    blind = replace(rt, transport=Hiding(sandbox.transport()))
    found = check(blind, "rights", account_id)
    assert (found.state, found.values) == ("FAIL", {"parts": "tasks"})


def test_without_the_scope_it_fails_and_the_rest_is_told(rt, sandbox, account_id):
    sandbox.state.data.grants[sandbox.token].scopes = ["notifications"]
    found = check(rt, "crm", account_id)
    assert (found.state, found.fix) == ("FAIL", "fix.see_sentence")
    assert "scope crm" in str(found.values["error"])
    assert check(rt, "sync", account_id).state == "OK"


@pytest.mark.parametrize("fault", ["unpaid", "error_before", "revoked", "cut"])
def test_a_crm_that_does_not_answer_well_fails_in_its_sentence(
    rt, sandbox, account_id, fault
):
    sandbox.engine.break_with(parse_faults(fault))
    found = check(rt, "crm", account_id)
    assert (found.state, found.text) == ("FAIL", "found.error")
    assert sandbox.token not in str(found.values)
    assert names(rt, account_id) == set("database disk key token sync crm".split())


def test_a_sync_under_way_is_told(rt, account_id):
    rt.store.account(account_id).take_lease(
        "sync", "elsewhere:1:1", rt.clock.now(), seconds=60, is_dead=lambda _: False
    )
    found = check(rt, "copies", account_id)
    assert (found.state, found.values) == ("OK", {"owner": "elsewhere:1:1"})


def test_a_copy_that_was_killed_is_not_said_to_sync(rt, account_id):
    dead = f"{socket.gethostname()}:{2**22 + 1}:1"
    rt.store.account(account_id).take_lease(
        "sync", dead, rt.clock.now(), seconds=60, is_dead=lambda _: False
    )
    assert "copies" not in names(rt, account_id)


def test_a_disk_that_is_nearly_full_warns(rt, monkeypatch):
    assert check(rt, "disk").state == "OK"
    monkeypatch.setattr(health, "LOW_DISK_MB", 10**12)
    found = check(rt, "disk")
    assert (found.state, found.fix) == ("WARN", "fix.free_space")


def test_a_database_on_a_network_disk_fails(rt, tmp_path, monkeypatch):
    assert "place" not in names(rt)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(checking, "_MOUNTS", mounts)
    assert check(rt, "place").state == "FAIL"


def test_a_database_whose_index_does_not_fit_its_table_fails(rt, account_id):
    [path] = [rt.store.database.path]
    rt.store.checkpoint()
    with closing(sqlite3.connect(str(path), isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'name TEXT NOT NULL', "
            "'name TEXT NOT NULL CHECK (name = 1)') WHERE name = 'leads'"
        )
    with Store.open(f"sqlite:///{path}", key=bytes(32)) as damaged:
        found = check(replace(rt, store=damaged), "database")
    assert (found.state, found.fix) == ("FAIL", "fix.restore_backup")


def test_status_tells_what_is_kept_beside_what_the_crm_holds(rt, sandbox, account_id):
    status = account_status(rt, account_id)
    rows = {part.part: part for part in status.parts}
    listed = len(sandbox.state.data.leads)
    assert rows[Part.LEADS].rows == rows[Part.LEADS].crm_rows
    assert 0 < rows[Part.LEADS].rows <= listed
    assert all(rt.now() - (rows[part].crm_at or 0) < 60 for part in RECORDS)
    assert rows[Part.USERS].crm_rows is None
    assert status.currency == sandbox.state.data.account.currency
    assert status.crm_won == (status.won.count, status.won.total)


def test_status_tells_how_old_each_part_is(rt, account_id, clock):
    clock.advance(90)
    parts = account_status(rt, account_id).parts
    ages = [part.age_seconds or 0 for part in parts]
    assert ages == [rt.now() - (part.synced_at or 0) for part in parts]
    assert 90 <= min(ages) <= max(ages) < 150


def test_before_the_first_sync_status_knows_nothing_and_says_so(rt, sandbox):
    account_id = AccountId(connect_account(rt, ADDRESS, sandbox.token).account.id)
    status = account_status(rt, account_id)
    assert {part.synced_at for part in status.parts} == {None}
    assert (status.currency, status.crm_won, status.runs) == ("", None, ())


def test_asked_live_the_crm_says_what_it_holds_now(rt, sandbox, account_id):
    won = [one for one in sandbox.state.data.leads.values() if one.status_id == WON]
    del sandbox.state.data.leads[won[0].id]
    sandbox.state.touch("leads")
    told: list[int] = []
    status = account_status(rt, account_id, live=True, tell=told.append)
    rest = (len(won) - 1, sum(one.price for one in won[1:]))
    assert status.crm_won == rest
    assert (status.won.count, status.won.total) != rest
    assert told[-1] == len(won) - 1


def test_asked_live_before_the_first_sync_it_says_nothing_of_won_leads(rt, sandbox):
    account_id = AccountId(connect_account(rt, ADDRESS, sandbox.token).account.id)
    assert account_status(rt, account_id, live=True).crm_won is None
