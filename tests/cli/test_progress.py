"""How far a sync is, on a terminal and elsewhere."""

from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from kommo_sync.cli.progress import Bars, Lines
from kommo_sync.model.entities import Part
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sync.walk import HowFar
from kommo_sync.texts import Texts


@pytest.fixture
def written() -> StringIO:
    return StringIO()


def told(bars: Progress) -> list[tuple[str, float, float | None, str]]:
    return [
        (task.description, task.completed, task.total, task.fields["told"])
        for task in bars.tasks
    ]


def test_without_a_terminal_a_line_comes_every_ten_seconds(written):
    clock = ManualClock()
    lines = Lines(Console(file=written, width=200), Texts("en"), "Acme (5)", clock)
    lines.started(Part.LEADS, 100)
    for page in range(1, 26):
        clock.advance(1)
        lines.advanced(Part.LEADS, HowFar(page, 100, page * 250, 75.0))
    lines.finished(Part.LEADS, 6250)
    assert written.getvalue().splitlines() == [
        "Acme (5): Leads: 2,500 records, 1 min 15 s left",
        "Acme (5): Leads: 5,000 records, 1 min 15 s left",
    ]


def test_the_ten_seconds_run_across_parts(written):
    clock = ManualClock()
    lines = Lines(Console(file=written, width=200), Texts("ru"), "Acme (5)", clock)
    for part in (Part.ACCOUNT, Part.USERS, Part.PIPELINES):
        lines.started(part, None)
        clock.advance(6)
        lines.advanced(part, HowFar(1, None, 3, None))
    assert written.getvalue() == "Acme (5): Пользователи: 3 записи\n"


def test_a_bar_grows_with_the_pages_and_tells_what_is_left():
    progress = Progress(TextColumn("{task.description}"))
    bars = Bars(progress, Texts("en"), "Acme (5)")
    bars.started(Part.LEADS, None)
    assert told(progress) == [("Acme (5)  Leads", 0, None, "")]
    bars.advanced(Part.LEADS, HowFar(3, 10, 750, 61.0))
    line = "750 records, 1 min 1 s left"
    assert told(progress) == [("Acme (5)  Leads", 3, 10, line)]


def test_a_part_that_is_walked_again_keeps_its_bar():
    progress = Progress(TextColumn("{task.description}"))
    bars = Bars(progress, Texts("en"), "Acme (5)")
    bars.started(Part.LEADS, 4)
    bars.finished(Part.LEADS, 750)
    assert told(progress) == [("Acme (5)  Leads", 4, 4, "750 records")]
    bars.started(Part.LEADS, 2)
    [(_, completed, total, _)] = told(progress)
    assert (completed, total) == (0, 2)


def test_a_part_without_pages_is_full_at_its_end():
    progress = Progress(TextColumn("{task.description}"))
    bars = Bars(progress, Texts("en"), "Acme (5)")
    bars.started(Part.USERS, None)
    bars.finished(Part.USERS, 1)
    assert told(progress) == [("Acme (5)  Users", 1, 1, "1 record")]
