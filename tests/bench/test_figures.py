"""A figure says whether its goal is met; `--only` chooses by name."""

import json

import pytest

from bench.__main__ import main
from bench.figures import Bound, Figure, Goal


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [
        (Bound.AT_MOST, 2.0, True),
        (Bound.AT_MOST, 2.1, False),
        (Bound.AT_LEAST, 2.0, True),
        (Bound.AT_LEAST, 1.9, False),
    ],
)
def test_a_goal_includes_its_limit(bound, value, met):
    assert Goal(bound, 2).is_met_by(value) is met


def test_a_figure_is_one_line_of_json():
    figure = Figure("sandbox-page", 1.23456, "x", Goal(Bound.AT_MOST, 2))
    assert json.loads(figure.line()) == {
        "bench": "sandbox-page",
        "value": 1.235,
        "unit": "x",
        "goal": "<= 2",
        "met": True,
    }


def test_an_unknown_name_is_answered_with_the_known_ones(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "sandbox-pages"])
    assert "sandbox-start-100k-leads" in capsys.readouterr().err
