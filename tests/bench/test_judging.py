"""The replay knows the past only, and its figures are those one gets by hand."""

import json
import math
import runpy

import numpy as np
import pytest

from bench.judging import metrics, rules
from bench.judging.__main__ import main
from bench.judging.judge import Task, judge, replay
from bench.judging.logs import Log, Unreadable, read_log
from bench.judging.replay import RULES, Moment, accounts, cutoffs, moment, until_middle
from bench.judging.training import lessons, train
from kommo_sync.model.arrays import BoolArray, FloatArray
from kommo_sync.model.histories import Deals, History
from kommo_sync.model.risk import SHIPPED, cut_by_expected_f1, learn, p0

HEADER = "client,date,amount\n"
METHODS = {"ours", "ours_x_value", "p0", *rules.HAND_MADE}


def scores(*values: float) -> FloatArray:
    return np.array(values, np.float64)


def left(pattern: str) -> BoolArray:
    """Return who left: x; who stayed: anything else."""
    return np.array([letter == "x" for letter in pattern])


def log_of(*deals: tuple[int, int, int]) -> Log:
    client, day, amount = np.ascontiguousarray(np.array(deals, np.int64).T)
    history = History.of(Deals(client, day, amount))
    return Log("made", history, int(day.min()), int(day.max()))


def business(clients: int = 60, gap: float = 12.0, seed: int = 0) -> Log:
    """Return 300 days of clients that buy by chance and leave, now and then."""
    chance = np.random.default_rng(seed)
    deals = []
    for client in range(clients):
        day = chance.uniform(0, 200)
        while day < 300:
            deals.append((client, int(day), int(chance.gamma(4, 500)) + 1))
            day += 1 + chance.exponential(gap)
            day += 300 * (chance.random() < 0.1)
    return log_of(*deals)


def test_pairs_put_right_are_counted_and_ties_by_half():
    # The leavers 3 and 1 against the stayers 2 and 1: right, right, wrong, tie.
    assert metrics.auc(scores(3, 2, 1, 1), left("x.x.")) == 2.5 / 4


@pytest.mark.parametrize("pattern", ["", "xx", ".."])
def test_without_pairs_there_is_no_ranking(pattern):
    assert math.isnan(metrics.auc(np.ones(len(pattern)), left(pattern)))


def test_ties_at_the_boundary_share_the_places_left():
    assert metrics.top_weights(scores(5, 1, 3, 3, 3), 2).tolist() == pytest.approx(
        [1, 0, 1 / 3, 1 / 3, 1 / 3]
    )


def test_precision_is_of_the_expected_list():
    # A tenth of 20 is two: the 9 who left, and one of three fives, two of whom left.
    score = scores(9, 5, 5, 5, *[1] * 16)
    assert metrics.precision_at(score, left("xx.x" + "." * 16), 0.1) == pytest.approx(
        (1 + 2 / 3) / 2
    )


def test_a_tenth_of_few_is_a_part_of_a_client():
    assert metrics.precision_at(scores(2, 1, 1), left("x.."), 0.1) == pytest.approx(1)


def test_revenue_captured_is_of_the_leavers_only():
    value = scores(100, 900, 50, *[10] * 7)
    found = metrics.captured_at(
        scores(*range(10, 0, -1)), left("x.x......x"), value, 0.1
    )
    assert found == 100 / 160


def test_without_anything_lost_nothing_can_be_captured():
    assert math.isnan(metrics.captured_at(scores(1), left("x"), scores(0), 0.1))


def test_calibration_compares_ten_bins():
    said = scores(*[0.1] * 10, *[0.6] * 10)
    seen = left("x" + "." * 9 + "xxxx......")
    assert metrics.calibration_error(said, seen) == pytest.approx(0.5 * 0 + 0.5 * 0.2)


def test_calibration_errors_of_different_bins_do_not_cancel():
    said = np.arange(10) / 10
    seen = left("..........")
    assert metrics.calibration_error(said, seen) == pytest.approx(0.45)
    assert metrics.calibration_error(said, ~seen) == pytest.approx(0.55)


def test_f1_is_two_right_by_flags_and_leavers():
    assert metrics.f1(left("xx.."), left("x.x.")) == 2 * 1 / (2 + 2)
    assert metrics.f1(left(".."), left("..")) == 0


def test_the_best_threshold_flags_equals_together():
    # 4 alone: 2/4; 4 and both threes: 4/6; all: 6/7.
    assert metrics.best_f1(scores(4, 3, 3, 1), left("xx.x")) == 6 / 7
    assert metrics.best_f1(scores(4, 3, 3, 1), left("x...")) == 1


def test_early_flags_are_as_many_as_early_leavers():
    silence = np.array([30, 30, 10, 31, 90])
    young = metrics.early(silence, 90)
    assert young.tolist() == [True, True, True, False, False]
    score = scores(3, 2, 1, 9, 9)
    assert metrics.early_precision(score, left("x.xxx"), young) == 0.5
    assert math.isnan(metrics.early_precision(score, left("...xx"), young))


def test_a_rule_that_flags_nobody_scores_the_base_rate():
    young = np.ones(5, np.bool_)
    assert metrics.early_precision(np.zeros(5), left("x.x.."), young) == 0.4


def test_a_log_is_read_whatever_else_it_holds(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    file = folder / "transactions.csv"
    rows = "b,2024-01-02 10:00,1.5,7\na,2024-01-05,-2,8\nb,2024-01-01,0.1,9\n"
    file.write_text("client,date,amount,order_id\n" + rows, "utf-8")
    log = read_log(file)
    assert (log.name, log.last_day - log.first_day) == ("shop", 4)
    assert log.history.amount.tolist() == [-200, 10, 150]
    assert log.first_day == 19723


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("client,date\na,2024-01-01\n", "no column amount"),
        (HEADER, "no deal"),
        (HEADER + "a,2024-01-01,1\na,2024-13-01,1\n", "row 3"),
        (HEADER + "a,2024-01-01,nan\n", "row 2"),
        (HEADER + "a,2024-01-01\n", "row 2"),
    ],
)
def test_what_is_no_log_is_said_with_the_place(tmp_path, text, complaint):
    file = tmp_path / "a.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(Unreadable, match=complaint):
        read_log(file)


@pytest.mark.parametrize(
    ("last", "horizon", "expected"),
    [(99, 20, [50, 70]), (99, 25, [50, 75]), (100, 25, [50, 75]), (99, 51, [])],
)
def test_days_to_judge_go_from_the_middle_while_the_horizon_is_complete(
    last, horizon, expected
):
    assert cutoffs(log_of((0, 0, 1), (0, last, 1)), horizon) == expected


def test_before_the_first_cut_off_half_the_log_is_known():
    log = log_of((0, 0, 1), (0, 49, 1), (0, 50, 1), (0, 99, 1))
    assert until_middle(log).day.tolist() == [0, 49]


def at_forty() -> Moment:
    """Return six clients on the eve of day 40, judged 20 days ahead."""
    return moment(
        log_of(
            *[(0, day, 100) for day in (0, 10, 20, 60)],
            *[(1, day, 400) for day in (5, 39, 59)],
            *[(2, day, 100) for day in (0, 19, 40)],
            (3, 39, 100),
            *[(4, day, 800) for day in (15, 30, 30)],
            *[(4, 50, -5)],
            (5, 40, 100),
        ).history,
        40,
        20,
    )


def test_at_a_cut_off_the_past_is_known_and_the_horizon_tells_who_left():
    now = at_forty()
    assert now.summary.client.tolist() == [0, 1, 2, 3, 4]
    assert now.known.day.max() == 39
    assert now.silence.tolist() == [20, 1, 21, 1, 10]
    assert now.eligible.tolist() == [True, True, False, False, True]
    assert now.left.tolist() == [True, False, False, True, True]
    assert now.value.tolist() == [150, 400, 100, 50, 1200]


def test_rules_of_thumb_are_as_computed_by_hand():
    found = {name: rule(at_forty()).tolist() for name, rule in rules.HAND_MADE.items()}
    assert found == {
        "recency": [20, 1, 10],
        "at_risk": [1, 0, 0],
        "own_median": [20 / 10, 1 / 34, 10 / 15],
        "low_rfm": [15 - 1 - 5 - 1, 15 - 5 - 2 - 3, 15 - 3 - 2 - 5],
        "recency_x_value": [20 * 150, 400, 10 * 1200],
        "low_rfm_x_value": [9 * 150, 6 * 400, 6 * 1200],
    }


def test_at_risk_is_who_bought_often_and_is_among_the_most_silent_two_fifths():
    counts = (2, 3, 6, 5, 4)
    deals = [(i, 39 - i - 2 * n, 9) for i in range(5) for n in range(counts[i])]
    now = moment(log_of(*deals).history, 40, 20)
    assert rules.at_risk(now).tolist() == [0, 0, 0, 1, 1]


def test_the_automatic_cut_knows_nothing_in_hindsight():
    log = business()
    [told] = replay(Task(log.history, (200,), 30, SHIPPED))
    now = moment(log.history, 200, 30)
    model = learn(now.known, RULES, 199, 30)
    chance = p0(now.summary, model.fit, model)[now.eligible]
    who_left = now.left[now.eligible]
    assert told["ours"]["f1"] == metrics.f1(cut_by_expected_f1(chance), who_left)
    assert told["ours"]["f1"] < metrics.best_f1(chance, who_left)
    assert told["recency"]["f1"] == metrics.best_f1(rules.recency(now), who_left)


def test_small_accounts_are_drawn_from_buyers_and_stay_the_same():
    log = log_of(*[(i, i, 100) for i in range(50)], (50, 9, -100))
    first, second = (h.client.tolist() for h in accounts(log, 20, seeds=2))
    assert len(set(first)) == 20
    assert first != second
    assert 50 not in first + second
    assert [h.client.tolist() for h in accounts(log, 20, seeds=1)] == [first]


def test_a_whole_log_is_one_account():
    log = log_of((0, 0, 1), (1, 9, 1))
    assert [*accounts(log, None, seeds=5)] == [log.history]


def test_each_method_is_told_with_its_error():
    rows = list(judge(business(), 30, SHIPPED, seeds=1, workers=1))
    ours = rows[0]
    assert {row["method"] for row in rows} == METHODS
    assert (ours["log"], ours["clients"], ours["H"]) == ("made", 60, 30)
    assert (ours["cutoffs"], ours["accounts"]) == (5, 1)
    for figure in ("auc", "p10", "revenue10", "ece", "f1", "early_precision"):
        assert 0 <= float(ours[figure] or 0) <= 1
        assert float(ours[f"{figure}_se"] or 0) > 0
    assert [row["method"] for row in rows if row["ece"] is not None] == ["ours", "p0"]


def test_large_logs_are_judged_in_small_accounts_too():
    log = business(clients=330)
    rows = list(judge(log, 75, SHIPPED, seeds=2, workers=1))
    assert {(row["clients"], row["accounts"]) for row in rows} == {(330, 1), (300, 2)}


def test_two_processes_say_the_same_as_one():
    log = business(clients=330)
    one, two = (list(judge(log, 75, SHIPPED, seeds=2, workers=n)) for n in (1, 2))
    assert one == two


def test_a_log_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="made: 299 days are too few to judge 200"):
        list(judge(business(), 200, SHIPPED, seeds=1, workers=1))


def tiny(seed: int) -> Log:
    """Return a business of so few repeat purchases that nothing has to be fitted."""
    return business(clients=7, gap=60.0, seed=seed)


def test_a_log_counts_the_same_whatever_its_size():
    small, large = lessons(tiny(1)), lessons(tiny(2))
    told_twice = [one for one in large for _ in range(2)]
    once, twice = train([small, large]), train([small, told_twice])
    assert once.centre == pytest.approx(twice.centre)
    assert once.weights == pytest.approx(twice.weights)
    assert once.centre != pytest.approx(train([large]).centre)


def test_a_log_teaches_at_several_horizons():
    """The rule says 75 days, a quarter of them all: 19, 38, 56, 75 and 112."""
    taught = lessons(tiny(1))
    assert len(taught) == 5
    assert sum(len(one.left) for one in taught) > 50
    assert taught[0].left.mean() > taught[-1].left.mean()


def written(tmp_path, name: str, log: Log) -> str:
    dates = np.datetime64("1970-01-01") + log.history.day
    clients = np.repeat(log.history.client, np.diff(log.history.start))
    rows = zip(clients, dates, log.history.amount / 100, strict=True)
    file = tmp_path / name
    file.write_text(HEADER + "".join(f"{c},{d},{a}\n" for c, d, a in rows), "utf-8")
    return str(file)


def test_training_writes_a_module_that_says_where_it_comes_from(tmp_path, capsys):
    logs = [written(tmp_path, f"{n}.csv", tiny(n)) for n in (1, 2)]
    target = tmp_path / "coefficients.py"
    assert main(["train", *logs, "--target", str(target)]) == 0
    found = runpy.run_path(str(target))
    expected = train([lessons(tiny(n)) for n in (1, 2)])
    for name in ("centre", "scale", "weights"):
        assert found[name.upper()] == pytest.approx(getattr(expected, name), rel=1e-5)
    assert found["__doc__"].count("sha256") == 2
    assert "licence not known" in found["__doc__"]
    assert "16 weights of 2 logs" in capsys.readouterr().out


def test_lines_are_json_and_the_horizon_is_the_rule_s_unless_given(tmp_path, capsys):
    even = [(i, day, 100) for i in range(9) for day in range(i, 300, 20)]
    log = written(tmp_path, "a.csv", log_of(*even, (9, 150, 1), (9, 299, 1)))
    assert main(["judge", f"{log}:30", log, "--workers", "1"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["H"] for row in rows] == [30] * 9 + [20] * 9
    assert {row["log"] for row in rows} == {"a"}


def test_leaving_one_out_needs_another(tmp_path, capsys):
    log = written(tmp_path, "a.csv", business())
    assert main(["judge", "--leave-one-out", log]) == 2
    assert "at least two logs" in capsys.readouterr().err


def test_left_out_logs_are_judged_by_the_others(tmp_path, capsys):
    logs = [written(tmp_path, f"{n}.csv", tiny(n)) for n in (1, 2)]
    command = ["judge", "--workers", "1", *[f"{log}:30" for log in logs]]
    assert main(["judge", "--leave-one-out", *command[1:]]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    other = train([lessons(tiny(2))])
    alone = next(judge(tiny(1), 30, other, seeds=1, workers=1))
    assert rows[0] == alone | {"log": "1"}


def test_a_file_that_is_not_there_is_said(tmp_path, capsys):
    assert main(["judge", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
