"""Judgements as they are kept: one row like all, once a day, and only what differs."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kommo_sync.model.entities import Part
from kommo_sync.model.judged import GONE, JudgementRow
from kommo_sync.model.judgement import judge, learn_scoring
from kommo_sync.model.limits import Terms
from kommo_sync.model.purchases import settle
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.scoring.judging import Counts, decoded, scoring_of
from kommo_sync.scoring.rows import digests_of, rows_of
from kommo_sync.store.tables import judgement_log, judgements, scorings, summaries
from tests.scoring.firm import DAY, Firm, opened, trade


def rejudged(firm: Firm) -> dict[int, JudgementRow]:
    """Judge everybody at once by the newest scoring, past all that is kept."""
    row = firm.judging.newest_scoring()
    assert row
    scoring = scoring_of(row)
    [known] = list(firm.judging.histories())
    rules = firm.settings.rules
    purchases = settle(known.history.until(row.as_of), rules.purchases)
    found = judge(purchases, row.as_of, scoring, rules)
    at = np.searchsorted(known.history.client, purchases.client)
    hashes = known.data_hash[at]
    both = np.stack((hashes, digests_of(found, hashes)), axis=1)
    everybody = np.arange(len(found))
    return {one.client: one for one in rows_of(found, scoring, row.id, both, everybody)}


def test_all_clients_are_judged_as_the_model_judges_them(firm):
    trade(firm, 20)
    report = firm.score()
    assert report.counts == Counts(20, 20, 0)
    assert firm.judged() == rejudged(firm)
    assert {row.as_of for row in firm.judged().values()} == {firm.today}


def test_a_second_run_of_the_day_judges_nobody_and_changes_nothing(firm):
    trade(firm, 12)
    first = firm.score()
    kept = firm.rows(scorings, judgements, judgement_log, summaries)
    firm.pass_days(0.1)
    again = firm.score()
    assert (again.counts, again.learned) == (Counts(), False)
    assert again.scoring == first.scoring
    assert firm.rows(scorings, judgements, judgement_log, summaries) == kept


def test_one_changed_deal_has_its_one_client_judged_as_all_would_be(firm):
    """By the parameters of the morning, field by field and bit by bit."""
    ann, bob, *_others = trade(firm, 20)
    scoring = firm.score().scoring
    before = firm.judged()
    for price in (700, 1_900_000, 12_345):
        firm.sell(ann, firm.today - 3, price)
        report = firm.score()
        assert (report.counts.judged, report.learned) == (1, False)
        assert report.scoring == scoring
        now = firm.judged()
        assert now[ann * 2] == rejudged(firm)[ann * 2] != before[ann * 2]
        assert now[bob * 2] == before[bob * 2]
    assert now == rejudged(firm)


def test_a_new_client_is_judged_by_what_was_learned_before(firm):
    trade(firm, 12)
    firm.score()
    person = firm.meet()
    firm.sell(person, firm.today)
    assert firm.score().counts == Counts(1, 1, 0)
    assert firm.judged()[person * 2].stage == "new"
    assert firm.judged() == rejudged(firm)


def test_a_deal_in_a_quarter_that_had_none_has_everybody_learned_from_again(firm):
    ann, *_others = trade(firm, 12)
    firm.score()
    firm.sell(ann, firm.today - 2_000)
    report = firm.score()
    assert report.learned
    assert firm.judged().keys() == rejudged(firm).keys()
    assert firm.judged()[ann * 2] == rejudged(firm)[ann * 2]


def test_who_has_no_deal_left_is_gone_and_the_log_says_so(firm):
    trade(firm, 12)
    person = firm.meet()
    sold = firm.sell(person, firm.today - 5)
    firm.score()
    was = firm.judged()[person * 2]
    firm.trash(Part.LEADS, sold)
    assert firm.score().counts == Counts(0, 0, 1)
    assert person * 2 not in firm.judged()
    last = firm.judging.log_of(person * 2)[-1]
    assert (last.row.stage, last.row.as_of, last.entries) == (GONE, firm.today, b"")
    assert last.row.digest == was.digest


@pytest.mark.parametrize("full", [False, True])
def test_whose_deals_are_no_purchases_any_more_is_gone_too(firm, full):
    trade(firm, 12)
    person = firm.meet()
    sold = firm.sell(person, firm.today - 5, 500)
    firm.score()
    firm.sell(person, firm.today - 5, 0, id=sold)
    assert firm.score(full=full).counts.gone == 1
    assert person * 2 not in firm.judged()
    assert firm.score().counts == Counts()
    firm.sell(person, firm.today - 5, 300, id=sold)
    firm.score()
    assert firm.judged()[person * 2] == rejudged(firm)[person * 2]


def test_a_day_that_passes_rewrites_only_what_looks_different(firm):
    trade(firm, 20)
    firm.score()
    before = firm.judged()
    firm.pass_days(1)
    report = firm.score()
    now, anew = firm.judged(), rejudged(firm)
    assert report.counts.judged == 20
    assert report.counts.changed == sum(before[key] != now[key] for key in now)
    for client, row in now.items():
        assert row.digest == anew[client].digest
        assert row == (anew if row.as_of == firm.today else before)[client]


def test_the_log_tells_each_turn_of_stage_or_segment_and_no_more(firm):
    trade(firm, 20)
    firm.score()
    seen = {client: [(row.stage, row.segment)] for client, row in firm.judged().items()}
    for _ in range(6):
        firm.pass_days(9)
        firm.score()
        for client, row in firm.judged().items():
            if seen[client][-1] != (row.stage, row.segment):
                seen[client].append((row.stage, row.segment))
    log = {
        client: [
            (one.row.stage, one.row.segment) for one in firm.judging.log_of(client)
        ]
        for client in seen
    }
    assert log == seen
    assert any(len(turns) > 1 for turns in log.values())


SILENT = ("new", "repeat", "loyal", "won_back", "due", "slipping", "dormant", "lost")


def test_missed_nights_change_nothing_and_silence_leads_towards_lost_only(tmp_path):
    """Scored on each of many days, or on the first and the last."""
    found, stages = [], []
    for step in (12, 120):
        (tmp_path / str(step)).mkdir()
        with opened(tmp_path / str(step)) as firm:
            trade(firm, 15)
            for _day in range(0, 121, step):
                firm.score()
                stages.append({c: row.stage for c, row in firm.judged().items()})
                firm.pass_days(step)
            found.append(
                {c: (row.stage, row.stage_since) for c, row in firm.judged().items()}
            )
    assert found[0] == found[1]
    for before, after in pairwise(stages[:11]):
        for client, stage in before.items():
            was, now = SILENT.index(stage), SILENT.index(after[client])
            assert now == was or (now > was and now >= SILENT.index("due"))


def test_terms_of_past_quarters_stand_until_all_is_judged_anew(firm):
    ann, *_others = trade(firm, 12)
    firm.score()
    kept = firm.judging.terms()
    for day in range(firm.today - 400, firm.today - 200, 3):
        firm.sell(ann, day)
    firm.pass_days(1)
    firm.score()
    assert {day: firm.judging.terms()[day] for day in kept} == kept
    report = firm.score(full=True)
    assert report.learned
    assert {day: firm.judging.terms()[day] for day in kept} != kept


def test_what_was_learned_is_what_the_model_learns(firm):
    trade(firm, 12)
    row = firm.score().scoring
    [known] = list(firm.judging.histories())
    terms = [decoded(text, Terms) for text in firm.judging.terms().values()]
    rules = firm.settings.rules
    assert scoring_of(row) == learn_scoring(known.history, firm.today, rules)
    assert scoring_of(row).terms == tuple(terms)
    assert (row.clients, row.made_at) == (12, firm.rt.now())


def test_the_same_deals_have_the_same_hash_and_others_another(firm):
    ann, *_others = trade(firm, 5)
    first = firm.score(full=True).scoring
    again = firm.score(full=True).scoring
    firm.sell(ann, firm.today)
    other = firm.score(full=True).scoring
    assert first.data_hash == again.data_hash != other.data_hash
    assert first.parameters == again.parameters != other.parameters
    assert first.id < again.id < other.id


def test_small_portions_judge_as_one_does(tmp_path: Path, monkeypatch):
    found = []
    for portion in (100_000, 7):
        folder = tmp_path / str(portion)
        folder.mkdir()
        histories = "kommo_sync.store.judging.Judging.histories.__defaults__"
        touched = "kommo_sync.store.judging.Judging.touched.__defaults__"
        monkeypatch.setattr(histories, (portion,))
        monkeypatch.setattr(touched, (-1, portion))
        with opened(folder) as firm:
            trade(firm, 20)
            counts = [firm.score().counts]
            firm.pass_days(20)
            counts.append(firm.score().counts)
            firm.account.bury(Part.LEADS, list(firm.deals())[:40], at=firm.rt.now())
            counts.append(firm.score().counts)
            found.append((counts, firm.judged(), firm.rows(judgement_log)))
    assert found[0] == found[1]


def test_a_refund_that_is_dated_ahead_takes_back_its_deal_when_the_day_comes(firm):
    firm = firm.under(refund_stages=("77",))
    trade(firm, 12)
    person = firm.meet()
    for days_ago, price in ((200, 300), (130, 500), (60, 700)):
        firm.sell(person, firm.today - days_ago, price)
    firm.sell(person, firm.today + 5, 500, status_id=77)
    for days in (0, 2, 2, 2):
        firm.pass_days(days)
        firm.score()
    firm.sell(firm.meet(), firm.today)
    anew = rejudged(firm)[person * 2]
    assert (anew.f, anew.stage_since) == (
        firm.judged()[person * 2].f,
        firm.judged()[person * 2].stage_since,
    )
    assert firm.judged()[person * 2].digest == anew.digest


def test_a_clock_that_was_set_back_judges_as_if_nothing_later_were_known(firm):
    firm = firm.under(refund_stages=("77",))
    trade(firm, 12)
    person = firm.meet()
    for days_ago, price in ((200, 500), (130, 500), (60, 700)):
        firm.sell(person, firm.today - days_ago, price)
    firm.sell(person, firm.today - 2, 500, status_id=77)
    firm.score()
    earlier = ManualClock(firm.rt.clock.now() - 9 * DAY)
    back = firm.sharing(replace(firm.rt, clock=earlier))
    back.score()
    assert back.judged()[person * 2] == rejudged(back)[person * 2]
    assert back.judged()[person * 2].as_of == firm.today - 9
