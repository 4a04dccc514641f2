"""How things stand: what is kept beside what the CRM holds, and what a doctor sees."""

from collections.abc import Callable
from dataclasses import dataclass

from kommo_sync.errors import Forbidden, KommoSyncError
from kommo_sync.jobs.syncing import recount
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import page_request
from kommo_sync.model.entities import RECORDS, AccountId, Part
from kommo_sync.runtime import Runtime, is_dead
from kommo_sync.store.connecting import Connection
from kommo_sync.store.reading import Won
from kommo_sync.store.runs import Run
from kommo_sync.sync.recount import sum_won

RUNS_SHOWN = 5
SKEW_WARN_SECONDS = 30
"""Beyond that the times a manager reads are wrong; tokens and webhooks bear minutes."""
SKEW_FAIL_SECONDS = 300
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
STALE_SECONDS = 2 * HOUR_SECONDS
LOW_DISK_MB = 1_000
TOKEN_WARN_DAYS = 30


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How a part stands.

    Args:
        part: which.
        synced_at: end of its last good walk, Unix seconds; None before the first.
        age_seconds: how long ago that was.
        rows: how many are kept.
        crm_rows: how many the CRM listed, where that is counted.
        crm_at: when it was counted.
    """

    part: Part
    synced_at: int | None
    age_seconds: int | None
    rows: int
    crm_rows: int | None
    crm_at: int | None


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How an account stands; `won` is what is kept, `crm_won` what the CRM said.

    Args:
        connection: the account.
        currency: of the amounts, which are in hundredths.
        parts: one a part, in order.
        won: won leads that are kept.
        crm_won: won leads of the CRM; `total` is None where only the count was asked.
        crm_won_at: when that was.
        runs: the last runs, newest first.
    """

    connection: Connection
    currency: str
    parts: tuple[PartStatus, ...]
    won: Won
    crm_won: tuple[int, int | None] | None
    crm_won_at: int | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What the doctor found.

    Args:
        name: key of the check's name.
        state: OK, WARN or FAIL.
        text: key of what was found.
        values: what stands in the places of that text and of the remedy.
        fix: key of the remedy; None where there is nothing to do.
        account_id: the account it is about, if it is about one.
    """

    name: str
    state: str
    text: str
    values: dict[str, object]
    fix: str | None = None
    account_id: AccountId | None = None


def account_status(
    rt: Runtime,
    account_id: AccountId,
    *,
    live: bool = False,
    tell: Callable[[int], None] = lambda _read: None,
) -> AccountStatus:
    """Return how an account stands.

    Args:
        rt: the parts.
        account_id: whose.
        live: ask the CRM now, and read all its won leads for their sum.
        tell: is told how many won leads have been read so far.

    Raises:
        RetryLater, NeedsOperator: with `live`, as the CRM answers.
    """
    store = rt.store.account(account_id)
    if live:
        _count_now(rt, account_id, tell)
    rows, told = store.counts(), store.crm_counts()
    parts = []
    for part in Part:
        synced_at = store.cursor(part).synced_at
        crm_rows, crm_at = told.get(part, (None, None))
        age = None if synced_at is None else max(0, rt.now() - synced_at)
        parts.append(
            PartStatus(part, synced_at, age, rows.get(part, 0), crm_rows, crm_at)
        )
    account, crm_won = store.facts().account(), store.crm_won()
    return AccountStatus(
        store.facts().connection(),
        account.currency if account else "",
        tuple(parts),
        store.won(),
        crm_won[:2] if crm_won else None,
        crm_won[2] if crm_won else None,
        store.runs(RUNS_SHOWN),
    )


def _count_now(rt: Runtime, account_id: AccountId, tell: Callable[[int], None]) -> None:
    store, client = rt.store.account(account_id), rt.client(account_id)
    try:
        recount(rt, account_id, client)
        if pipelines := store.facts().pipeline_ids():
            count, total = sum_won(client, pipelines, Priority.CLICKS, tell)
            store.save_crm_won(count, total, client.server_time)
    finally:
        client.close()


def examine(rt: Runtime, account_ids: tuple[AccountId, ...]) -> tuple[Check, ...]:
    """Look at the database, the key and each account; return what was found."""
    checks = [*_database(rt), _key(rt)]
    for account_id in account_ids:
        checks += _account_checks(rt, account_id)
    if not account_ids:
        checks.append(
            Check("check.account", "WARN", "found.no_account", {}, "fix.connect")
        )
    return tuple(checks)


def _database(rt: Runtime) -> list[Check]:
    health = rt.store.health()
    free = health.get("free_bytes")
    free_mb = free // 1_000_000 if isinstance(free, int) else None
    values = {**health, "free_mb": free_mb}
    whole = Check("check.database", "OK", "found.database", values)
    if health.get("quick_check", "ok") != "ok":
        whole = Check(
            "check.database", "FAIL", "found.damaged", values, "fix.restore_backup"
        )
    checks = [whole]
    if health.get("is_network_file_system"):
        checks.append(
            Check("check.place", "FAIL", "found.network_disk", values, "fix.local_disk")
        )
    if free_mb is not None:
        low = free_mb < LOW_DISK_MB
        checks.append(
            Check(
                "check.disk",
                "WARN" if low else "OK",
                "found.free_space",
                values,
                "fix.free_space" if low else None,
            )
        )
    return checks


def _key(rt: Runtime) -> Check:
    if rt.config.key() is None:
        return Check("check.key", "FAIL", "found.no_key", {}, "fix.key")
    return Check("check.key", "OK", "found.key", {})


def _account_checks(rt: Runtime, account_id: AccountId) -> list[Check]:
    values: dict[str, object] = {"account": account_id}
    checks = [_token_age(rt, account_id), _freshness(rt, account_id)]
    holder = rt.store.account(account_id).facts().lease_holder("sync", rt.now())
    if holder and not is_dead(holder):
        checks.append(
            Check("check.copies", "OK", "found.syncing", {"owner": holder}, None)
        )
    try:
        client = rt.client(account_id)
        try:
            checks += _reach(rt, client)
        finally:
            client.close()
    except KommoSyncError as error:
        found = {**values, "error": error}
        checks.append(
            Check("check.crm", "FAIL", "found.error", found, "fix.see_sentence")
        )
    return [Check(c.name, c.state, c.text, c.values, c.fix, account_id) for c in checks]


def _reach(rt: Runtime, client: KommoClient) -> list[Check]:
    """Ask the account for one of everything; compare the clocks."""
    client.get(page_request(Part.ACCOUNT, 1), Priority.CLICKS)
    skew = abs(rt.now() - client.server_time)
    state = "OK"
    if skew > SKEW_WARN_SECONDS:
        state = "FAIL" if skew > SKEW_FAIL_SECONDS else "WARN"
    clock = Check(
        "check.clock",
        state,
        "found.clock",
        {"seconds": skew},
        None if state == "OK" else "fix.clock",
    )
    hidden = [part.value for part in (*RECORDS, Part.USERS) if _hidden(client, part)]
    rights = Check("check.rights", "OK", "found.rights", {})
    if hidden:
        rights = Check(
            "check.rights",
            "WARN" if hidden == [Part.USERS.value] else "FAIL",
            "found.hidden",
            {"parts": ", ".join(hidden)},
            "fix.rights",
        )
    return [Check("check.crm", "OK", "found.answers", {}), clock, rights]


def _hidden(client: KommoClient, part: Part) -> bool:
    try:
        client.get(page_request(part, 1, limit=1), Priority.CLICKS)
    except Forbidden:
        return True
    return False


def _token_age(rt: Runtime, account_id: AccountId) -> Check:
    ends = rt.store.account(account_id).facts().connection().token_expires_at
    if ends is None:
        return Check("check.token", "OK", "found.token", {})
    days = (ends - rt.now()) // DAY_SECONDS
    values: dict[str, object] = {"days": days}
    if ends <= rt.now():
        return Check("check.token", "FAIL", "found.token_ended", values, "fix.connect")
    if days < TOKEN_WARN_DAYS:
        return Check("check.token", "WARN", "found.token_days", values, "fix.connect")
    return Check("check.token", "OK", "found.token_days", values)


def _freshness(rt: Runtime, account_id: AccountId) -> Check:
    store = rt.store.account(account_id)
    ages = [store.cursor(part).synced_at for part in RECORDS]
    oldest = min((at for at in ages if at is not None), default=None)
    if oldest is None or None in ages:
        return Check("check.sync", "WARN", "found.never_synced", {}, "fix.sync")
    age = rt.now() - oldest
    values: dict[str, object] = {"minutes": age // 60}
    if age > STALE_SECONDS:
        return Check("check.sync", "WARN", "found.synced", values, "fix.sync")
    return Check("check.sync", "OK", "found.synced", values)
