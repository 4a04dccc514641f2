"""How far a job is: a bar on a terminal, else a line every ten seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from kommo_sync.cli.world import Call
from kommo_sync.kommo.ports import Clock
from kommo_sync.model.entities import Part
from kommo_sync.sync.walk import HowFar
from kommo_sync.sync.walk import Progress as Listener
from kommo_sync.texts import Texts

LINE_SECONDS = 10


@contextmanager
def show_progress(
    call: Call, title: str, clock: Clock, *, quiet: bool
) -> Iterator[Listener]:
    """Show on standard error how far an account's sync is, until the end."""
    console = call.err()
    if quiet:
        yield Silence()
    elif not console.is_terminal:
        yield Lines(console, call.texts, title, clock)
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
        )
        with Progress(*columns, console=console, transient=True) as bars:
            yield Bars(bars, call.texts, title)


@contextmanager
def show_count(
    call: Call, title: str, key: str, clock: Clock, *, quiet: bool
) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many of how many are done, until the end.

    Args:
        call: the call.
        title: whose they are.
        key: of the sentence that tells the numbers `done` and `of`.
        clock: tells when ten seconds have passed.
        quiet: shows nothing.
    """
    console, texts = call.err(), call.texts
    if quiet:
        yield lambda _done, _of: None
    elif not console.is_terminal:
        yield CountLines(console, texts, title, key, clock, clock.now())
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
        )
        with Progress(*columns, console=console, transient=True) as bars:
            yield CountBar(bars, texts, title, key)


@dataclass(slots=True)
class CountLines:
    """Writes every ten seconds how many are done."""

    console: Console
    texts: Texts
    title: str
    key: str
    clock: Clock
    _told_at: float

    def __call__(self, done: int, of: int) -> None:
        """Write a line if the last one, or the beginning, is ten seconds old."""
        now = self.clock.now()
        if now - self._told_at >= LINE_SECONDS:
            self._told_at = now
            self.console.print(f"{self.title}: {_counted(self, done, of)}")


@dataclass(slots=True)
class CountBar:
    """Draws one bar; before the first number it only shows that something goes on."""

    bars: Progress
    texts: Texts
    title: str
    key: str
    _task: TaskID = field(init=False)

    def __post_init__(self) -> None:
        """Draw it."""
        told = self.texts.say("progress.learning")
        self._task = self.bars.add_task(self.title, total=None, told=told)

    def __call__(self, done: int, of: int) -> None:
        """Let it grow."""
        told = _counted(self, done, of)
        self.bars.update(self._task, completed=done, total=of, told=told)


def _counted(shown: CountLines | CountBar, done: int, of: int) -> str:
    number = shown.texts.number
    return shown.texts.say(shown.key, done=number(done), of=number(of))


class Silence:
    """Shows nothing."""

    def started(self, part: Part, pages: int | None) -> None:
        """Show nothing."""

    def advanced(self, part: Part, far: HowFar) -> None:
        """Show nothing."""

    def finished(self, part: Part, rows: int) -> None:
        """Show nothing."""


@dataclass(slots=True)
class Lines:
    """Writes a line every ten seconds."""

    console: Console
    texts: Texts
    title: str
    clock: Clock
    _told_at: float | None = None

    def started(self, part: Part, pages: int | None) -> None:
        """Let the time run from the first part on."""
        if self._told_at is None:
            self._told_at = self.clock.now()

    def advanced(self, part: Part, far: HowFar) -> None:
        """Write a line if the last one is ten seconds old."""
        now = self.clock.now()
        if self._told_at is not None and now - self._told_at < LINE_SECONDS:
            return
        self._told_at = now
        self.console.print(
            self.texts.say(
                "progress.line",
                account=self.title,
                part=self.texts.say(f"part.{part.value}"),
                told=_told(self.texts, far),
            )
        )

    def finished(self, part: Part, rows: int) -> None:
        """Write nothing: the table at the end tells it."""


@dataclass(slots=True)
class Bars:
    """Draws a bar for each part."""

    bars: Progress
    texts: Texts
    title: str
    _tasks: dict[Part, TaskID] = field(default_factory=dict)

    def started(self, part: Part, pages: int | None) -> None:
        """Draw a new bar, or begin the part's bar again."""
        name = f"{self.title}  {self.texts.say(f'part.{part.value}')}"
        if part in self._tasks:
            self.bars.reset(self._tasks[part], total=pages)
        else:
            self._tasks[part] = self.bars.add_task(name, total=pages, told="")

    def advanced(self, part: Part, far: HowFar) -> None:
        """Let the bar grow."""
        self.bars.update(
            self._tasks[part],
            completed=far.pages,
            total=far.expected,
            told=_told(self.texts, far),
        )

    def finished(self, part: Part, rows: int) -> None:
        """Fill the bar."""
        if part not in self._tasks:
            return
        total = self.bars.tasks[self._tasks[part]].total or 1
        told = self.texts.say_many("count.rows", rows)
        self.bars.update(self._tasks[part], total=total, completed=total, told=told)


def _told(texts: Texts, far: HowFar) -> str:
    counted = texts.say_many("count.rows", far.rows)
    if far.seconds_left is None:
        return counted
    left = texts.duration(far.seconds_left)
    return f"{counted}, {texts.say('progress.left', duration=left)}"
