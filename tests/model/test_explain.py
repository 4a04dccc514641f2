"""Every number of an explanation is the client's own, and what it promises is true."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from kommo_sync.model.btyd_fit import FitSource
from kommo_sync.model.explain import (
    Chance,
    Day,
    Days,
    Fact,
    Money,
    Number,
    Value,
    Word,
    explain,
)
from kommo_sync.model.flagging import NEVER_FLAGGED, FlagBy, Flagging
from kommo_sync.model.histories import History
from kommo_sync.model.judgement import Judged, Rules, Scoring, judge, learn_scoring
from kommo_sync.model.lifecycle import SILENT, Stage
from kommo_sync.model.purchases import settle
from kommo_sync.model.rfm import BEST, SEGMENTS, Cuts, score
from tests.model.deals import Deal, history_of
from tests.model.markets import LAST, market

SEED, CLIENTS = 8, 26
RULES = Rules()


@cache
def deals() -> tuple[Deal, ...]:
    return tuple(market(SEED, CLIENTS))


@cache
def learned(rules: Rules = RULES) -> Scoring:
    return learn_scoring(history_of(deals()), LAST, rules)


def theirs(client: int) -> list[tuple[int, int]]:
    """Return (day, amount) of a client."""
    return [(on, price) for c, on, price in deals() if c == client]


def one(client: int, *more: tuple[int, int]) -> History:
    return history_of([(client, *deal) for deal in (*theirs(client), *more)])


def thought(known: History, as_of: int = LAST, rules: Rules = RULES) -> Judged:
    return judge(settle(known, rules.purchases), as_of, learned(rules), rules)


@cache
def told(
    client: int, rules: Rules = RULES, scoring: Scoring | None = None
) -> dict[str, dict[str, Value]]:
    """Return the values of each fact, by its key."""
    facts = explain(one(client), LAST, scoring or learned(rules), rules, advocate=False)
    assert len({fact.key for fact in facts}) == len(facts)
    return {fact.key.removeprefix("explain."): fact.params for fact in facts}


@cache
def buyers(step: int = 1) -> tuple[int, ...]:
    """Return who has bought; of so many one."""
    found = settle(history_of(deals()), RULES.purchases).client
    return tuple(found.tolist()[::step])


def flags(found: dict[str, dict[str, Value]]) -> bool:
    """Tell whether the client is said to be flagged."""
    return any(key.startswith("flagged_") for key in found)


def number(value: Value) -> float:
    assert not isinstance(value, Word)
    return value.value


def test_what_was_bought_is_what_the_deals_say():
    for client in buyers():
        paid = [(on, price) for on, price in theirs(client) if price > 0]
        back = -sum(price for _, price in theirs(client) if price < 0)
        found = told(client)
        assert found["bought"] == {
            "purchases": Number(len(paid)),
            "first": Day(paid[0][0]),
            "last": Day(paid[-1][0]),
            "total": Money(sum(price for _, price in paid) - back),
        }
        assert found.get("refunded") == ({"refunded": Money(back)} if back else None)


def test_rhythm_and_silence_are_those_between_the_deals():
    for client in buyers():
        days = [on for on, price in theirs(client) if price > 0]
        gaps = [after - before for before, after in pairwise(days)]
        found, silence = told(client), Days(LAST - days[-1])
        if not gaps:
            assert found["silent_once"] == {"silence": silence}
            assert not {"rhythm", "silent"} & found.keys()
            continue
        mean = Days(round(sum(gaps) / len(gaps)))
        assert found["rhythm"] == {"gap": mean, "longest": Days(max(gaps))}
        assert found["silent"]["silence"] == silence
        assert "silent_once" not in found


def test_chances_money_and_stage_are_those_of_the_judgement():
    for client in buyers():
        judged, found = thought(one(client)), told(client)
        assert found["p_alive"] == {"chance": Chance(judged.p_alive[0])}
        assert found["p_no_purchase"]["chance"] == Chance(judged.p_no_purchase[0])
        rate = max(int(judged.summary.recent_total[0]), 0) // 2
        assert bool(rate) == ("expected_loss" in found)
        if rate:
            loss = {
                name: number(value) for name, value in found["expected_loss"].items()
            }
            assert loss["loss"] == judged.expected_loss[0]
            assert loss["revenue"] == rate
            assert loss["chance"] * rate == pytest.approx(loss["loss"], abs=1)
            assert loss["horizon"] == learned().horizon
        assert found["stage"] == {
            "stage": Word(f"stage.{judged.stages.stage(0)}"),
            "since": Day(judged.stages.since_day[0]),
        }


def scored(client: int, cuts: Cuts, **changes: int) -> tuple[int, int, int]:
    """Return R, F, M of a client that is otherwise as it is."""
    summary = thought(one(client)).summary
    columns: dict[str, Any] = {n: np.array([value]) for n, value in changes.items()}
    found = score(replace(summary, **columns), cuts)
    return int(found.r[0]), int(found.f[0]), int(found.m[0])


def thirds() -> Scoring:
    """Return a scoring in which two cuts in a row are equal, as of few clients."""
    cuts = learned().cuts
    low, high = 9, 60
    days = replace(cuts.days, cuts=(low, low, high, high))
    money = replace(cuts.money, cuts=(2_000, 2_000, 9_000, 9_000))
    counts = replace(cuts.counts, cuts=(2, 4, 4, 9))
    return replace(learned(), cuts=Cuts(days, counts, money))


@pytest.mark.parametrize("scoring", [learned(), thirds()], ids=["fifths", "thirds"])
def test_what_the_next_score_takes_is_just_enough(scoring):
    for client in buyers():
        found, r, f, m = told(client, scoring=scoring), 0, 1, 2
        cuts = scoring.cuts
        if step := found.get("r_next"):
            last = LAST - int(number(step["most"]))
            assert scored(client, cuts, last_day=last)[r] == number(step["score"])
            assert scored(client, cuts, last_day=last - 1)[r] < number(step["score"])
        if step := found.get("f_next"):
            least = int(number(step["least"]))
            assert scored(client, cuts, count=least)[f] == number(step["score"])
            assert scored(client, cuts, count=least - 1)[f] < number(step["score"])
        if step := found.get("m_next"):
            least = int(number(step["least"]))
            assert scored(client, cuts, total=least)[m] == number(step["score"])
            assert scored(client, cuts, total=least - 1)[m] < number(step["score"])


def test_the_best_score_has_no_next():
    for client in buyers():
        found = told(client)
        for name in "rfm":
            best = found[name]["score"] == Number(BEST)
            assert best == (f"{name}_next" not in found)


def test_a_score_that_nobody_can_reach_is_not_promised():
    """Where most bought today, no silence is short enough for the best R."""
    cuts = learned().cuts
    days = replace(cuts.days, cuts=(-1, 0, 3, 9))
    scoring = replace(learned(), cuts=replace(cuts, days=days))
    known = history_of([(2, LAST, 100)])
    facts = explain(known, LAST, scoring, Rules(), advocate=False)
    assert "explain.r_next" not in {fact.key for fact in facts}


def test_the_stage_that_silence_leads_to_comes_on_the_very_day():
    reached = set()
    for client in buyers(2):
        step = told(client).get("if_silent")
        now = thought(one(client)).stages.stage(0)
        assert (step is None) == (now is Stage.LOST)
        if step:
            day = int(number(step["day"]))
            before, then = (thought(one(client), on) for on in (day - 1, day))
            assert before.stages.stage(0) is now
            assert step["stage"] == Word(f"stage.{then.stages.stage(0)}")
            assert then.stages.stage(0) in SILENT
            reached.add(then.stages.stage(0))
    assert reached == set(SILENT)


@pytest.mark.parametrize("by", FlagBy)
def test_the_day_that_silence_flags_is_the_first_that_does(by):
    rules, seen = Rules(flagging=Flagging(by, contact_cost=60, capacity=3)), 0
    for client in buyers():
        known, found = one(client), told(client, rules)
        now = thought(known, LAST, rules)
        assert bool(now.flagged[0]) == flags(found)
        step = found.get("if_silent_flagged")
        seen += step is not None
        if now.flagged[0]:
            assert step is None
        elif step or client in buyers(6):
            far = LAST + learned(rules).horizon
            last = int(number(step["day"])) if step else far
            days = range(LAST, last + 1)
            flagged = [thought(known, day, rules).flagged[0] for day in days]
            assert flagged == [False] * (last - LAST) + [step is not None]
    assert seen


def first_flag(client: int, as_of: int, scoring: Scoring) -> int | None:
    """Return the day from which silence alone is told to flag a client."""
    found = explain(one(client), as_of, scoring, RULES, advocate=False)
    days = [
        fact.params["day"] for fact in found if fact.key == "explain.if_silent_flagged"
    ]
    return int(number(days[0])) if days else None


def test_a_flag_that_is_due_tomorrow_is_told_today():
    days = {client: told(client).get("if_silent_flagged") for client in buyers()}
    client, step = next((c, step) for c, step in days.items() if step)
    day = int(number(step["day"]))
    assert first_flag(client, day - 1, learned()) == day


def test_a_flag_on_the_last_day_of_a_horizon_is_told():
    """Of those whose chance to leave is highest then, and who are not gone by then."""
    seen, horizon = 0, learned().horizon
    for client in buyers(2):
        found = thought(one(client))
        last = int(found.summary.last_day[0]) + horizon - 1
        dormant = found.stages.limits[0, SILENT.index(Stage.DORMANT)]
        if found.summary.count[0] < 2 or last <= LAST or dormant < horizon:
            continue
        coming = [
            thought(one(client), on).p_no_purchase[0] for on in (LAST, last - 1, last)
        ]
        if coming[-1] > max(coming[:-1]):
            scoring = replace(learned(), flag_above=float(coming[-1]))
            assert first_flag(client, last - 2, scoring) == last
            seen += 1
    assert seen


def test_a_purchase_today_makes_of_the_client_what_is_told():
    for client in buyers():
        step = told(client)["if_bought"]
        amount = int(number(step["amount"]))
        summary = thought(one(client)).summary
        assert amount == max(summary.total[0] // summary.count[0], 1)
        bought = thought(one(client, (LAST, amount)))
        segment = SEGMENTS[int(bought.scores.segment[0])]
        assert step["stage"] == Word(f"stage.{bought.stages.stage(0)}")
        assert step["segment"] == Word(f"segment.{segment}")


def test_a_purchase_in_a_quarter_that_nothing_was_learned_for_is_told_too():
    months_later = LAST + 100
    facts = explain(one(3), months_later, learned(), Rules(), advocate=False)
    bought = next(fact for fact in facts if fact.key == "explain.if_bought")
    named = ("stage.new", "stage.repeat", "stage.loyal", "stage.won_back")
    assert bought.params["stage"] in [Word(stage) for stage in named]


@pytest.mark.parametrize("by", FlagBy)
def test_who_is_not_flagged_is_told_the_one_reason_that_holds(by):
    rules = Rules(flagging=Flagging(by, contact_cost=60, capacity=3))
    scoring, reasons = learned(rules), set()
    for client in buyers():
        judged, found = thought(one(client), LAST, rules), told(client, rules)
        [reason] = [key for key in found if key.startswith(("flagged", "not_flagged"))]
        reasons.add(reason)
        summary = judged.summary
        holds = {
            "flagged_chance": judged.flagged[0] and by is FlagBy.AUTO,
            "flagged_loss": judged.flagged[0] and by is not FlagBy.AUTO,
            "not_flagged_once": summary.count[0] == 1,
            "not_flagged_silent": summary.days_since_last[0] >= scoring.horizon,
            "not_flagged_gone": judged.stages.stage(0) in NEVER_FLAGGED,
            "not_flagged_chance": judged.p_no_purchase[0] < scoring.flag_above,
            "not_flagged_loss": judged.expected_loss[0] < scoring.flag_above,
        }
        assert holds[reason]
        assert (reason == "not_flagged_loss") <= (by is not FlagBy.AUTO)
        assert (reason == "not_flagged_chance") <= (by is FlagBy.AUTO)
    flagged = "flagged_chance" if by is FlagBy.AUTO else "flagged_loss"
    assert {flagged, "not_flagged_once", "not_flagged_silent"} <= reasons


def test_the_least_that_flags_is_told_as_it_was_learned():
    for by, kind in ((FlagBy.AUTO, "chance"), (FlagBy.PROFIT, "loss")):
        rules = Rules(flagging=Flagging(by, contact_cost=60))
        least = learned(rules).flag_above
        value = Chance(least) if by is FlagBy.AUTO else Money(round(least))
        found = [told(client, rules).get(f"not_flagged_{kind}") for client in buyers()]
        assert {"least": value} in found


def test_an_advocate_is_told_to_be_one():
    [loyal, *_] = [
        client
        for client in buyers()
        if thought(one(client)).stages.stage(0) is Stage.LOYAL
    ]
    facts = explain(one(loyal), LAST, learned(), Rules(), advocate=True)
    values = {fact.key: fact.params for fact in facts}
    assert values["explain.stage"]["stage"] == Word("stage.advocate")
    assert values["explain.if_bought"]["stage"] == Word("stage.advocate")


@pytest.mark.parametrize("source", FitSource)
def test_where_few_purchases_speak_it_is_said_and_no_chance_to_live_is_told(source):
    scoring = replace(learned(), fit=replace(learned().fit, source=source))
    found = told(2, scoring=scoring)
    said = {key: params for key, params in found.items() if key.startswith("source_")}
    repeats = {"repeats": Number(scoring.fit.repeats)}
    own = source is FitSource.ACCOUNT
    assert said == ({} if own else {f"source_{source}": repeats})
    assert ("p_alive" in found) == (source is not FitSource.PRIOR)


def test_limits_are_those_that_the_last_purchase_set():
    for client in buyers():
        stages = thought(one(client)).stages
        limits = dict(zip(SILENT, stages.limits[0].tolist(), strict=True))
        last = Day(thought(one(client)).summary.last_day[0])
        named = {stage.value: Days(days) for stage, days in limits.items()}
        assert told(client)["limits"] == {**named, "last": last}


@pytest.mark.parametrize("entries", [[], [(LAST, -500)], [(LAST + 1, 500)]])
def test_who_bought_nothing_by_then_is_told_so_and_no_more(entries):
    known = history_of([(2, *entry) for entry in entries])
    facts = explain(known, LAST, learned(), Rules(), advocate=False)
    assert facts == (Fact("explain.no_purchase", {}),)


def test_what_lies_after_the_day_is_not_looked_at():
    client = buyers()[0]
    later = one(client, (LAST + 1, 500), (LAST + 9, -300))
    facts = explain(later, LAST, learned(), Rules(), advocate=False)
    assert facts == explain(one(client), LAST, learned(), Rules(), advocate=False)
