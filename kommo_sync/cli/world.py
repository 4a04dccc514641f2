"""What a command works with: the settings, the words, the way out to the world."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from kommo_sync.config import Config
from kommo_sync.errors import ConfigError
from kommo_sync.kommo.ports import Clock
from kommo_sync.runtime import Runtime
from kommo_sync.texts import Texts, choose_language

if TYPE_CHECKING:
    import httpx

LOG_COLUMNS = 120
"""How wide tables are where no terminal says it."""


@dataclass(frozen=True, slots=True)
class CliWorld:
    """What stands around the commands; tests hand in another.

    Args:
        environ: the environment's variables.
        transport: how requests travel; None is the network.
        clock: time and waiting; None is this machine's.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    transport: "httpx.BaseTransport | None" = None
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command line."""

    world: CliWorld
    path: Path
    """Of config.toml."""
    texts: Texts

    @classmethod
    def begin(cls, world: CliWorld, path: Path) -> "Call":
        """Return the call, its language chosen, whatever else the settings hold."""
        environ = world.environ
        try:
            configured: str = Config.load(path, environ).language
        except ConfigError:
            configured = environ.get("KOMMO_SYNC__LANGUAGE", "")
        return cls(world, path, Texts(choose_language(configured, environ)))

    def config(self) -> Config:
        """Return the settings.

        Raises:
            ConfigError: in one sentence, what cannot be used.
        """
        return Config.load(self.path, self.world.environ)

    @contextmanager
    def runtime(self) -> Iterator[Runtime]:
        """Open the parts, and let go of them at the end.

        Raises:
            NeedsOperator: the settings or the database cannot be used.
        """
        rt = Runtime.open(
            self.config(), transport=self.world.transport, clock=self.world.clock
        )
        try:
            yield rt
        finally:
            rt.close()

    def tell(self, key: str, /, **values: object) -> None:
        """Say a sentence on standard output."""
        self.out().print(self.texts.say(key, **values))

    def warn(self, key: str, /, **values: object) -> None:
        """Say a sentence on standard error."""
        self.err().print(self.texts.say(key, **values))

    def out(self) -> Console:
        """Return the terminal, or the file, for what was asked for."""
        return _console(sys.stdout)

    def err(self) -> Console:
        """Return the terminal, or the file, for what is said on the way."""
        return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    """Return a console that takes names as they are: no markup, no emoji codes.

    NO_COLOR is honoured by rich.
    """
    return Console(
        file=file,
        width=None if file.isatty() else LOG_COLUMNS,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )


def printable(text: str) -> str:
    """Return a name from the CRM without what could steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
