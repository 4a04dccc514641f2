"""Starting a sandbox from the command line, and stopping it cleanly."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import PortTaken, Server


def listen(sandbox: Sandbox, host: str, port: int) -> Server:
    """Return a server that already answers.

    Raises:
        click.ClickException: the port cannot be used.
    """
    try:
        server = Server(sandbox, host, port)
    except PortTaken as error:
        raise click.ClickException(str(error)) from error
    server.start()
    return server


class Stop:
    """Ctrl-C, or the word to end from outside; heard from `with` on."""

    def __init__(self) -> None:
        self._told = threading.Event()

    def __enter__(self) -> "Stop":
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {n: signal.signal(n, self._tell) for n in numbers}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _tell(self, _number: int, _frame: FrameType | None) -> None:
        self._told.set()

    def wait(self, each_second: Callable[[], None] = lambda: None) -> None:
        """Come back when it is time to end."""
        while not self._told.wait(1.0):
            each_second()


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Tell on standard error what is being done, and on a terminal for how long."""
    done = threading.Event()
    began = time.perf_counter()

    def tell() -> None:
        while not done.wait(0.5):
            seconds = time.perf_counter() - began
            click.echo(f"\r{doing} … {seconds:.0f} s", err=True, nl=False)

    if sys.stderr.isatty():
        threading.Thread(target=tell, daemon=True).start()
    else:
        click.echo(f"{doing} …", err=True)
    try:
        yield
    finally:
        done.set()
        if sys.stderr.isatty():
            click.echo(f"\r{doing}: {time.perf_counter() - began:.1f} s", err=True)
