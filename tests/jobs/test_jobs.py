"""Connecting saves nothing that fails; a sync leaves a trace, whatever happens."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from kommo_sync.errors import (
    Busy,
    ConfigError,
    Forbidden,
    KommoSyncError,
    RetryLater,
    Unauthorized,
    Unpaid,
    WrongAddress,
)
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.jobs.running import run
from kommo_sync.jobs.syncing import recount, sync_account
from kommo_sync.model.entities import RECORDS, WON, AccountId, Part
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.oauth.tokens import administrator, issue_access, ours
from kommo_sync.sandbox.traffic.faults import parse_faults
from kommo_sync.store.runs import Run
from kommo_sync.store.sealing import Sealer
from tests.jobs.conftest import ADDRESS
from tests.sync.world import Meddling, Silent, differences

DAY = 86_400


def token_of(sandbox: Sandbox, seconds: int) -> str:
    state = sandbox.state
    return issue_access(state, ours(state), administrator(state), seconds=seconds)


def claiming(**claims: object) -> str:
    """Return a token of nobody's that says so of itself."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"e30.{body.rstrip('=')}.c2ln"


def let_in(rt: Runtime, sandbox: Sandbox) -> Runtime:
    """Have the CRM take any token for a good one."""

    def swap(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {sandbox.token}"

    return replace(rt, transport=Meddling(sandbox.transport(), swap))


def broken(rules: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.engine.break_with(parse_faults(rules))


def without_the_scope(sandbox: Sandbox) -> None:
    sandbox.state.data.grants[sandbox.token].scopes = ["notifications"]


@pytest.mark.parametrize(
    ("happens", "address", "error", "told"),
    [
        (broken("revoked"), ADDRESS, Unauthorized, "refuses the token"),
        (broken("revoked:after=3"), ADDRESS, Unauthorized, "refuses the token"),
        (broken("unpaid"), ADDRESS, Unpaid, "wants to be paid"),
        (broken("unpaid:path=/tasks"), ADDRESS, Unpaid, "wants to be paid"),
        (broken("error_before"), ADDRESS, RetryLater, "try later"),
        (broken("drop_before"), ADDRESS, RetryLater, "demo.kommo.com"),
        (broken("cut"), ADDRESS, RetryLater, "demo.kommo.com"),
        (broken("blocked"), ADDRESS, Forbidden, "demo.kommo.com"),
        (without_the_scope, ADDRESS, Forbidden, "scope crm"),
        (bool, "https://other.kommo.com", WrongAddress, "as the account demo"),
        (bool, "https://demo.kommo.com.evil.com", WrongAddress, "no address"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_fails_nothing_is_saved(rt, sandbox, happens, address, error, told):
    happens(sandbox)
    with pytest.raises(error, match=told) as caught:
        connect_account(rt, address, sandbox.token)
    assert sandbox.token not in str(caught.value)
    assert rt.store.connections() == ()


def test_a_token_that_has_ended_is_not_sent(rt, sandbox):
    with pytest.raises(Unauthorized, match="ended on 2026-09-20"):
        connect_account(rt, ADDRESS, token_of(sandbox, -DAY))
    assert not sandbox.state.data.requests
    assert rt.store.connections() == ()


def test_the_token_of_another_account_is_refused_with_both_ids(rt, sandbox):
    token = claiming(account_id=999, exp=rt.now() + DAY)
    with pytest.raises(Unauthorized, match=r"account 999, but .* is account 31000001"):
        connect_account(let_in(rt, sandbox), ADDRESS, token)
    assert rt.store.connections() == ()


@pytest.mark.parametrize("token", [claiming(exp=None), claiming(), "opaque"])
def test_a_token_that_says_nothing_of_itself_is_taken_by_what_it_opens(
    rt, sandbox, token
):
    found = connect_account(let_in(rt, sandbox), ADDRESS, token)
    assert (found.token_expires_at, found.warnings) == (None, ())
    assert rt.store.connections()[0].token_expires_at is None


def test_without_a_key_no_token_is_saved(rt, sandbox):
    keyless = replace(rt, store=replace(rt.store, sealer=Sealer(None)))
    with pytest.raises(ConfigError, match="key"):
        connect_account(keyless, ADDRESS, sandbox.token)
    assert rt.store.connections() == ()


def test_a_failure_leaves_the_token_that_there_was(rt, sandbox, account_id):
    before = rt.store.connections()
    with pytest.raises(Unauthorized):
        connect_account(rt, ADDRESS, "nonsense")
    assert rt.store.connections() == before
    assert rt.store.account(account_id).tokens().load() == sandbox.token


def test_connecting_saves_what_the_token_opens(rt, sandbox, account_id):
    account = sandbox.state.data.account
    [kept] = rt.store.connections()
    assert (kept.account_id, kept.base_url) == (account.id, ADDRESS)
    assert (kept.name, kept.subdomain) == (account.name, account.subdomain)
    assert (kept.state, kept.connected_at) == ("active", rt.now())


def test_an_account_is_new_once(rt, sandbox):
    known = [connect_account(rt, ADDRESS, sandbox.token).is_new for _ in range(2)]
    assert known == [True, False]


@pytest.mark.parametrize(
    ("days", "warned"), [(29, ("connect.token_ends_soon",)), (31, ())]
)
def test_a_token_that_ends_soon_is_warned_of(rt, sandbox, days, warned):
    token = token_of(sandbox, days * DAY)
    assert connect_account(rt, ADDRESS, token).warnings == warned


def test_users_that_are_hidden_are_warned_of_and_no_obstacle(rt, sandbox):
    token = sandbox.token
    for user in sandbox.state.data.users.values():
        user.is_admin = False
    found = connect_account(rt, ADDRESS, token)
    assert found.warnings == ("connect.users_hidden",)
    assert len(rt.store.connections()) == 1


OWNER = """
from kommo_sync.runtime import own_name
print(own_name(), flush=True)
input()
"""


@pytest.fixture
def other_copy() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A second process, and its name."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.kill()


def occupied(rt: Runtime, account_id: AccountId, owner: str) -> None:
    rt.store.account(account_id).take_lease(
        "sync", owner, rt.clock.now(), seconds=900, is_dead=lambda _owner: False
    )


def test_a_second_copy_is_told_who_is_at_work(rt, sandbox, account_id, other_copy):
    occupied(rt, account_id, other_copy[1])
    before = len(sandbox.state.data.requests)
    with pytest.raises(Busy, match=f"by {other_copy[1]} since .*: wait until it ends"):
        sync_account(rt, account_id, progress=Silent())
    assert len(sandbox.state.data.requests) == before
    assert rt.store.account(account_id).runs(5) == ()


def test_a_copy_that_was_killed_is_replaced_at_once(
    rt, sandbox, account_id, other_copy
):
    process, owner = other_copy
    occupied(rt, account_id, owner)
    process.kill()
    process.wait()
    sync_account(rt, account_id, progress=Silent())
    assert differences(sandbox, rt.store) == []


def test_a_copy_that_is_silent_for_too_long_is_replaced(
    rt, account_id, clock, other_copy
):
    occupied(rt, account_id, other_copy[1])
    clock.advance(901)
    sync_account(rt, account_id, progress=Silent())
    assert last_run(rt, account_id).outcome == "done"


def last_run(rt: Runtime, account_id: AccountId) -> Run:
    return rt.store.account(account_id).runs(1)[0]


def holder(rt: Runtime, account_id: AccountId) -> str | None:
    return rt.store.account(account_id).facts().lease_holder("sync", rt.clock.now())


def test_a_sync_stands_in_the_log_with_what_it_did(rt, account_id):
    began = rt.now()
    report = sync_account(rt, account_id, progress=Silent())
    found = last_run(rt, account_id)
    assert (found.job, found.outcome, found.message) == ("sync", "done", "")
    assert (found.started_at, found.ended_at) == (began, rt.now())
    assert found.requests == report.requests > 10
    assert found.rows == sum(part.rows for part in report.parts)
    assert holder(rt, account_id) is None


def test_a_failed_sync_stands_in_the_log_with_its_sentence(rt, sandbox, account_id):
    sandbox.engine.break_with(parse_faults("unpaid:after=5"))
    with pytest.raises(Unpaid) as caught:
        sync_account(rt, account_id, progress=Silent())
    found = last_run(rt, account_id)
    assert (found.outcome, found.message) == ("failed", str(caught.value))
    assert (found.rows, found.ended_at) == (0, rt.now())
    assert holder(rt, account_id) is None


def test_an_interrupted_sync_stands_in_the_log_and_lets_go(rt, sandbox, account_id):
    def stop(request: httpx.Request) -> None:
        if request.url.path == "/api/v4/contacts":
            raise KeyboardInterrupt

    stopped = replace(rt, transport=Meddling(sandbox.transport(), stop))
    with pytest.raises(KeyboardInterrupt):
        sync_account(stopped, account_id, progress=Silent())
    assert last_run(rt, account_id).outcome == "interrupted"
    assert holder(rt, account_id) is None


def test_a_sync_that_falls_silent_keeps_the_account_for_a_quarter_of_an_hour(
    rt, sandbox, account_id
):
    held: list[bool] = []

    def look(_request: httpx.Request) -> None:
        facts, now = rt.store.account(account_id).facts(), rt.clock.now()
        held[:] = [bool(facts.lease_holder("sync", now + s)) for s in (800, 901)]

    watched = replace(rt, transport=Meddling(sandbox.transport(), look))
    sync_account(watched, account_id, progress=Silent())
    assert held == [True, False]


def test_a_sync_that_cannot_end_its_entry_lets_go_of_the_account(
    rt, sandbox, account_id
):
    def meanwhile(request: httpx.Request) -> None:
        if request.url.path == "/api/v4/contacts":
            with rt.store.database.writer.begin() as connection:
                connection.exec_driver_sql("DROP TABLE IF EXISTS runs")

    bad = replace(rt, transport=Meddling(sandbox.transport(), meanwhile))
    with pytest.raises(Exception, match="no such table: runs"):
        sync_account(bad, account_id, progress=Silent())
    assert holder(rt, account_id) is None


def test_an_account_that_is_not_connected_is_not_synced(rt):
    with pytest.raises(KommoSyncError, match="5"):
        sync_account(rt, AccountId(5), progress=Silent())


def test_one_failure_does_not_stop_the_next_account():
    def work(account_id: AccountId) -> str:
        if account_id == 2:
            raise Unpaid("The CRM wants to be paid.")
        if account_id == 3:
            raise ZeroDivisionError("division by zero")
        return f"done {account_id}"

    first, unpaid, odd, last = run([AccountId(one) for one in (1, 2, 3, 4)], work)
    assert [first.result, last.result] == ["done 1", "done 4"]
    assert [first.error, last.error] == [None, None]
    assert isinstance(unpaid.error, Unpaid)
    assert "did not foresee (ZeroDivisionError)" in str(odd.error)
    assert [unpaid.result, odd.result] == [None, None]


def test_what_nobody_foresaw_is_in_the_log_and_names_the_account(caplog):
    def work(_account_id: AccountId) -> None:
        raise ZeroDivisionError

    run([AccountId(7)], work)
    [record] = caplog.records
    assert record.exc_info is not None
    assert vars(record)["account"] == 7


def test_a_person_who_stops_it_stops_all_accounts():
    begun: list[AccountId] = []

    def work(account_id: AccountId) -> None:
        begun.append(account_id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([AccountId(1), AccountId(2)], work)
    assert begun == [1]


def test_counts_of_the_crm_stand_beside_ours(rt, sandbox, account_id):
    sync_account(rt, account_id, progress=Silent())
    store = rt.store.account(account_id)
    counts, told = store.counts(), store.crm_counts()
    assert {part: told[part][0] for part in RECORDS} == {
        part: counts[part] for part in RECORDS
    }
    leads = sandbox.state.data.leads.values()
    prices = [lead.price for lead in leads if lead.status_id == WON]
    assert store.crm_won() == (len(prices), sum(prices), rt.now())


def test_many_won_leads_are_counted_but_not_summed(rt, account_id, monkeypatch):
    sync_account(rt, account_id, progress=Silent())
    monkeypatch.setattr("kommo_sync.jobs.syncing.SUMMED_LEADS", 10)
    client = rt.client(account_id)
    recount(rt, account_id, client)
    client.close()
    store = rt.store.account(account_id)
    assert (store.crm_won() or ())[:2] == (store.won().count, None)


def test_of_an_account_whose_pipelines_were_not_read_nothing_is_said_of_won_leads(
    rt, account_id
):
    sync_account(rt, account_id, streams=("companies",), progress=Silent())
    assert rt.store.account(account_id).crm_won() is None


@pytest.mark.parametrize("how", [{"full": True}, {"streams": ("leads",)}, {}])
def test_after_any_sync_the_next_one_is_free_to_begin(rt, account_id, how):
    for _time in range(2):
        report = sync_account(rt, account_id, progress=Silent(), **how)
        assert Part.LEADS in {part.part for part in report.parts}
