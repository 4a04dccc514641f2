"""Scoring as a job: what people do is judged after a sync, each day by its clock."""

import json
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kommo_sync.config import Config
from kommo_sync.config.settings import Judging as Wanted
from kommo_sync.errors import Busy
from kommo_sync.jobs.connecting import connect_account
from kommo_sync.jobs.scoring import (
    account_settings,
    backtest_account,
    score_account,
    today,
    whole_history,
)
from kommo_sync.jobs.syncing import sync_account
from kommo_sync.model.backtest import Backtest, Rule
from kommo_sync.model.entities import AccountId
from kommo_sync.model.judgement import judge_at
from kommo_sync.runtime import Runtime
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.records import Company, Value
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.rules.linking import link, unlink
from kommo_sync.sandbox.rules.merging import merge_cards
from kommo_sync.scoring.days import EPOCH
from kommo_sync.scoring.judging import Counts
from kommo_sync.store.tables import counted_deals, judgements, scorings
from tests.jobs.conftest import ADDRESS
from tests.scoring.conftest import firm
from tests.scoring.firm import COUNTED, Firm, forget_judging, quiet
from tests.scoring.test_judging import rejudged
from tests.sync.world import People, Silent, careless, new_store

__all__ = ["firm"]
CLIENTS = 60


def synced(folder: Path, sandbox: Sandbox, clock: ManualClock) -> Firm:
    """Return an account that was connected and read, in a store of its own."""
    store = careless(new_store(folder))
    rt = Runtime(Config(), store, clock, random.Random(1), sandbox.transport())
    account_id = AccountId(connect_account(rt, ADDRESS, sandbox.token).account.id)
    sync_account(rt, account_id, progress=Silent())
    return Firm(rt, account_id)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm of the sandbox, read and scored; it is only looked at."""
    clock = ManualClock()
    sandbox = Sandbox.generated(clients=CLIENTS, seed=4, clock=clock)
    firm = synced(tmp_path_factory.mktemp("shop"), sandbox, clock)
    firm.score()
    yield firm
    firm.rt.store.close()


def day_of(moment: float, zone: str) -> int:
    there = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    return (there.date() - EPOCH).days


def test_a_synced_account_is_judged_and_nothing_is_asked_of_the_crm(shop):
    judged = shop.judged()
    assert len(judged) > CLIENTS / 2
    assert {client for client, *_ in shop.deals().values()} == judged.keys()
    assert judged == rejudged(shop)
    deaf = Firm(replace(shop.rt, transport=None), shop.account_id)
    assert deaf.score().counts == Counts()


def test_the_day_is_the_accounts_own_and_not_that_of_utc(shop, tmp_path):
    account = shop.account.facts().account()
    assert account
    assert account.time_zone
    settings = account_settings(shop.rt, shop.account_id)
    for hour in range(0, 24, 3):
        moment = shop.rt.clock.now() + hour * 3_600
        rt = replace(shop.rt, clock=ManualClock(moment))
        assert today(rt, settings) == day_of(moment, account.time_zone)


def live(shop: Firm, folder: Path, last: date) -> Firm:
    """Return the account as a run late on that day would have known it."""
    account = shop.account.facts().account()
    assert account
    zone = ZoneInfo(account.time_zone or "UTC")
    evening = datetime.combine(last, time(23), zone).timestamp()
    ends = evening + 3_600
    sandbox = Sandbox.generated(clients=CLIENTS, seed=4, clock=ManualClock())
    leads = sandbox.state.cards("leads")
    for lead in list(leads.values()):
        if lead.closed_at is not None and lead.closed_at >= ends:
            del leads[lead.id]
    sandbox.state.touch("leads")
    return synced(folder, sandbox, ManualClock(evening))


def test_the_replays_list_of_a_day_is_that_of_a_run_on_that_day(shop, tmp_path):
    found = backtest_account(shop.rt, shop.account_id, tell=quiet)
    assert len(found.months) > 3
    for number, month in ((1, found.months[1]), (2, found.months[-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        then = live(shop, folder, month.as_of)
        report = then.score()
        assert report.as_of == (month.as_of - EPOCH).days
        flagged = {client for client, row in then.judged().items() if row.flagged}
        rules = account_settings(shop.rt, shop.account_id).rules
        judged = judge_at(whole_history(shop.account), report.as_of, rules)
        assert flagged == set(judged.summary.client[judged.flagged].tolist())
        assert len(flagged) == month.flags[Rule.OURS].flagged > 0
        then.rt.store.close()


def test_a_replay_is_kept_as_it_was_found(shop):
    found = backtest_account(shop.rt, shop.account_id, tell=quiet)
    kept = shop.judging.newest_backtest()
    assert kept
    assert msgspec.json.decode(kept.result, type=Backtest) == found
    assert json.loads(kept.result)["best_silence_days"] == found.best_silence_days
    assert (kept.as_of, kept.made_at) == (shop.today, shop.rt.now())
    assert kept.settings_hash == account_settings(shop.rt, shop.account_id).hash


def test_a_replay_counts_each_manager_with_clients_at_stake(shop):
    found = backtest_account(shop.rt, shop.account_id, tell=quiet)
    assert all(1 <= month.managers <= month.at_stake for month in found.months)
    assert max(month.managers for month in found.months) > 1


class Team(People):
    """People who also move deals, phones and companies."""

    def one_deed(self) -> None:
        deeds = (
            super().one_deed,
            self.move,
            self.call,
            self.lead_of_other,
            self.employ,
            self.merge_firms,
        )
        self.chance.choices(deeds, (6, 3, 3, 3, 2, 1))[0]()

    def writer(self) -> Any:
        user = next(iter(self.sandbox.state.data.users))
        return self.sandbox.engine.writer(self.sandbox.engine.human(user))

    def any(self, kind: str) -> Any:
        return self.chance.choice(list(self.sandbox.state.cards(kind).values()))

    def move(self) -> None:
        lead, writer = self.any("leads"), self.writer()
        stages = [142, 142, 143, *(s.id for s in self.pipeline().ordinary()[:2])]
        writer.assign("leads", lead, "status_id", self.chance.choice(stages))
        writer.touch_card("leads", lead)

    def pipeline(self) -> Any:
        return self.sandbox.state.main_pipeline()

    def call(self) -> None:
        person, writer = self.any("contacts"), self.writer()
        field = self.sandbox.state.field_by_code("contacts", "PHONE")
        assert field
        phone = f"+1202555014{self.chance.randrange(5)}"
        person.fields[field.id] = [Value(value=phone)]
        writer.touch_card("contacts", person)

    def lead_of_other(self) -> None:
        lead, person, writer = self.any("leads"), self.any("contacts"), self.writer()
        link(writer, lead, person, is_main=True)
        writer.touch_card("leads", lead)

    def employ(self) -> None:
        kind, writer = self.chance.choice(("contacts", "leads")), self.writer()
        card, company = self.any(kind), self.any("companies")
        if card.company_id == company.id:
            unlink(writer, card, company)
        else:
            link(writer, card, company)
        writer.touch_card(kind, card)

    def merge_firms(self) -> None:
        winner, loser = self.any("companies"), self.any("companies")
        if winner.id != loser.id and len(self.sandbox.state.cards("companies")) > 2:
            merge_cards(self.writer(), "companies", winner.id, loser.id)


def with_companies(sandbox: Sandbox) -> None:
    state = sandbox.state
    for _ in range(4):
        made = Company(
            id=state.next_id("companies"),
            name="Acme",
            created_at=state.now(),
            updated_at=state.now(),
        )
        state.cards("companies")[made.id] = made
    state.touch("companies")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do_after_a_sync_what_is_judged_is_as_if_judged_anew(
    seed: int, tmp_path: Path
) -> None:
    clock, chance = ManualClock(), random.Random(seed)
    sandbox = Sandbox.generated(clients=25, seed=seed, clock=clock)
    with_companies(sandbox)
    stage = sandbox.state.main_pipeline().ordinary()[0].id
    firm = synced(tmp_path, sandbox, clock).under(refund_stages=(str(stage),))
    team = Team(sandbox, chance, deeds=1.0)
    for _round in range(5):
        firm.score()
        clock.advance(chance.choice((60, 4_000, 90_000)))
        for _deed in range(8):
            team.one_deed()
        clock.advance(60)
        sync_account(firm.rt, firm.account_id, progress=Silent())
        firm.score()
        kept, judged, anew = firm.rows(*COUNTED), firm.judged(), rejudged(firm)
        assert {c: row.digest for c, row in judged.items()} == {
            c: row.digest for c, row in anew.items()
        }
        summaries = [row | {"standing": b""} for row in firm.rows_of("summaries")]
    forget_judging(firm)
    firm.score()
    assert firm.rows(*COUNTED) == kept
    assert [row | {"standing": b""} for row in firm.rows_of("summaries")] == summaries
    assert firm.judged().keys() == judged.keys()
    firm.rt.store.close()


def test_a_run_stands_in_the_log_of_runs_and_lets_go(firm):
    firm.sell(7, firm.today)
    report = firm.score()
    [run] = firm.account.runs(5)
    assert (run.job, run.outcome, run.message) == ("score", "done", "")
    assert run.requests == 0
    assert firm.account.facts().lease_holder("score", firm.rt.clock.now()) is None
    assert (report.account_id, report.as_of) == (firm.account_id, firm.today)


def test_progress_is_told_while_everybody_is_judged(firm):
    firm.sell(7, firm.today)
    told: list[tuple[int, int]] = []
    firm.score(tell=lambda done, of: told.append((done, of)))
    assert told == [(0, 1), (1, 1)]


def test_a_replay_and_a_scoring_are_not_done_at_once(firm):
    firm.sell(7, firm.today)
    firm.account.take_lease(
        "score", "other:1:1", firm.rt.clock.now(), seconds=900, is_dead=lambda _: False
    )
    with pytest.raises(Busy, match="other:1:1"):
        backtest_account(firm.rt, firm.account_id, tell=quiet)
    assert firm.judging.newest_backtest() is None


def test_a_replay_of_an_account_that_was_never_judged_counts_its_deals(firm):
    sold = firm.sell(7, firm.today)
    backtest_account(firm.rt, firm.account_id, tell=quiet)
    assert list(firm.deals()) == [sold]
    assert firm.judged() == {}
    assert firm.score().counts == Counts(1, 1, 0)


def test_a_replay_under_new_rules_counts_anew_and_so_does_the_next_scoring(firm):
    """Also the deals of which no sync has said anything for days."""
    firm.sell(7, firm.today)
    firm.sell(8, firm.today, status_id=77)
    firm.pass_days(2)
    firm.sell(9, firm.today, status_id=143)
    firm.score()
    firm.pass_days(2)
    other = firm.under(won_stages=("77",))
    backtest_account(other.rt, other.account_id, tell=quiet)
    assert [client for client, *_ in firm.deals().values()] == [16]
    firm.score()
    assert list(firm.judged()) == [14]
    assert [client for client, *_ in firm.deals().values()] == [14]


def test_a_replay_between_two_scorings_changes_no_judgement(firm):
    for days in range(0, 300, 20):
        firm.sell(7, firm.today - days)
    firm.score()
    kept = firm.rows(judgements, scorings, counted_deals)
    backtest_account(firm.rt, firm.account_id, tell=quiet)
    assert firm.score().counts == Counts()
    assert firm.rows(judgements, scorings, counted_deals) == kept


def test_the_clock_of_the_report_is_the_runtimes(firm):
    firm.sell(7, firm.today)
    clock = firm.rt.clock
    report = firm.score(tell=lambda _done, _of: clock.sleep(90))
    assert report.seconds == 180  # told before and after the one client


def test_no_name_phone_or_address_is_in_any_log_line(tmp_path, caplog):
    clock = ManualClock()
    sandbox = Sandbox.generated(clients=20, seed=4, clock=clock)
    firm = synced(tmp_path, sandbox, clock)
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        score_account(firm.rt, firm.account_id, tell=quiet)
        backtest_account(firm.rt, firm.account_id, tell=quiet)
    lines = "\n".join(json.dumps(vars(one), default=str) for one in caplog.records)
    people = sandbox.state.cards("contacts").values()
    secrets = {person.name for person in people} | {
        str(one.value)
        for person in people
        for values in person.fields.values()
        for one in values
        if len(str(one.value)) > 5
    }
    assert len(secrets) > 20
    assert not [secret for secret in secrets if secret in lines]
    firm.rt.store.close()


def test_an_account_that_has_settings_of_its_own_is_judged_by_them(firm):
    firm.sell(7, firm.today)
    own = {firm.account_id: Wanted(horizon_days=13)}
    row = firm.governed(Wanted(horizon_days=99), own).score().scoring
    assert json.loads(row.parameters)["horizon"] == 13
