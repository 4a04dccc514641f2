"""Judge an account's clients: store → store; the CRM is not asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kommo_sync.errors import ConfigError, KommoSyncError
from kommo_sync.jobs.running import Ending, leased
from kommo_sync.model.backtest import Backtest, replay
from kommo_sync.model.entities import AccountId
from kommo_sync.model.histories import History, joined
from kommo_sync.model.judged import BacktestRow, ScoringRow
from kommo_sync.model.judgement import Scoring
from kommo_sync.model.limits import complete_terms, needed_terms
from kommo_sync.runtime import Runtime
from kommo_sync.scoring.counting import Counter
from kommo_sync.scoring.days import day_of
from kommo_sync.scoring.judging import Counts, Judge, Tell, scoring_of
from kommo_sync.scoring.people import advocates, managers
from kommo_sync.scoring.settings import Settings, decoded_settings, settings_of
from kommo_sync.store.account import AccountStore
from kommo_sync.store.changes import Seen
from kommo_sync.store.leases import Lease

JUDGING_ALL, JUDGING_ANEW = Seen(0, 0), Seen(0, 1)
"""Stand in the store while everybody is judged: who finds one judges all once more."""


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a scoring did.

    Args:
        account_id: whose.
        as_of: the day that was judged, in days since 1970-01-01.
        scoring: what the judgements were made with.
        learned: whether that is new.
        counts: how many were judged, differ, are gone.
        seconds: how long it took.
    """

    account_id: AccountId
    as_of: int
    scoring: ScoringRow
    learned: bool
    counts: Counts
    seconds: float


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a job about judgements works with."""

    store: AccountStore
    settings: Settings
    lease: Lease
    as_of: int


def score_account(
    rt: Runtime, account_id: AccountId, *, full: bool = False, tell: Tell
) -> ScoreReport:
    """Judge the clients whose deals have changed; once a day, or if asked, everybody.

    Raises:
        Busy: another process judges this account.
        ConfigError: nothing of the account has been read.
    """
    began = rt.clock.now()
    with _at_desk(rt, account_id) as desk:
        judging, newest = desk.store.judging(), desk.store.judging().newest_scoring()
        seen = judging.seen()
        anew = full or _is_anew(desk, seen)
        judge, upto = _caught_up(desk, seen, anew=anew)
        learned = (
            anew
            or newest is None
            or newest.as_of != desk.as_of
            or seen == JUDGING_ALL
            or judge.lacks_terms(newest, desk.as_of)
        )
        if newest is None or learned:
            judging.save_seen(JUDGING_ANEW if anew else JUDGING_ALL, desk.lease)
            scoring = judge.learn(desk.as_of, rt.now(), anew=anew)
            counts = judge.judge_all(scoring, desk.as_of, tell)
        else:
            scoring, counts = newest, judge.judge_touched(newest, desk.as_of)
        judging.save_seen(upto, desk.lease)
    seconds = rt.clock.now() - began
    return ScoreReport(account_id, desk.as_of, scoring, learned, counts, seconds)


def backtest_account(rt: Runtime, account_id: AccountId, *, tell: Tell) -> Backtest:
    """Replay the flags on each month of the account's past, and keep what came out.

    Raises:
        Busy: another process judges this account.
        ConfigError: nothing of the account has been read.
    """
    with _at_desk(rt, account_id) as desk:
        seen = desk.store.judging().seen()
        anew = _is_anew(desk, seen)
        _, upto = _caught_up(desk, seen, anew=anew)
        if not anew and seen != JUDGING_ALL:
            desk.store.judging().save_seen(upto, desk.lease)
        found = replay(
            whole_history(desk.store),
            desk.settings.rules,
            desk.as_of,
            manager=managers(desk.store),
            tell=tell,
        )
        result = msgspec.json.encode(found).decode()
        row = BacktestRow(0, desk.as_of, rt.now(), desk.settings.hash, result)
        desk.store.judging().add_backtest(row, desk.lease)
    return found


def whole_history(store: AccountStore) -> History:
    """Return all counted deals of an account."""
    return joined([known.history for known in store.judging().histories()])


def scoring_for(
    store: AccountStore, row: ScoringRow, history: History, as_of: int
) -> Scoring:
    """Return what was learned, with the terms that some clients need on a day.

    They lack only where a deal has come up since in a quarter that had none.
    """
    scoring, rules = scoring_of(row), decoded_settings(row.settings).rules
    needed = needed_terms(history.until(as_of), as_of)
    if {one.day for one in scoring.terms}.issuperset(needed):
        return scoring
    known = whole_history(store).until(as_of)
    terms = complete_terms(known, as_of, rules.purchases, scoring.terms)
    return replace(scoring, terms=terms)


def account_settings(rt: Runtime, account_id: AccountId) -> Settings:
    """Return how an account is judged.

    Raises:
        ConfigError: nothing of the account has been read, or its time zone is unknown.
    """
    account = rt.store.account(account_id).facts().account()
    if account is None:
        raise ConfigError(
            "Nothing of account {account} has been read: run `kommo-sync sync` first.",
            account=account_id,
        )
    try:
        ZoneInfo(account.time_zone or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ConfigError(
            "The time zone {zone} of account {account} is unknown on this machine: "
            "install a newer tzdata.",
            zone=account.time_zone,
            account=account_id,
        ) from None
    judging = rt.config.judging_of(account_id)
    return settings_of(judging, account.country, account.time_zone)


def today(rt: Runtime, settings: Settings) -> int:
    """Return the day that it is where the account is."""
    return day_of(rt.clock.now(), ZoneInfo(settings.counting.time_zone))


@contextmanager
def _at_desk(rt: Runtime, account_id: AccountId) -> Iterator[_Desk]:
    """Hold the judging of an account while the block runs, and log the run."""
    settings, store = account_settings(rt, account_id), rt.store.account(account_id)
    with leased(rt, store, "score") as lease:
        run_id, ending = store.begin_run("score", rt.now()), Ending()
        try:
            yield _Desk(store, settings, lease, today(rt, settings))
            ending = Ending("done")
        except KommoSyncError as error:
            ending = Ending("failed", 0, str(error))
            raise
        finally:
            store.end_run(run_id, ending.outcome, rt.now(), 0, ending.rows, ending.why)


def _is_anew(desk: _Desk, seen: Seen) -> bool:
    """Tell whether the rules are others than what is kept was made by."""
    newest = desk.store.judging().newest_scoring()
    is_other = newest is None or newest.settings_hash != desk.settings.hash
    return is_other or seen == JUDGING_ANEW


def _caught_up(desk: _Desk, seen: Seen, *, anew: bool) -> tuple[Judge, Seen]:
    """Count what has changed; return who judges it, and up to when it is known."""
    judging, settings, lease = desk.store.judging(), desk.settings, desk.lease
    since = Seen() if anew or seen == JUDGING_ALL else seen
    if anew:
        judging.save_seen(JUDGING_ANEW, lease)
    upto = Counter(judging, settings.counting, lease).catch_up(since)
    if anew:
        judging.touch_all(lease)
    judge = Judge(judging, settings, lease, advocates(desk.store, settings))
    judge.rebuild_touched()
    return judge, upto
