"""A folder to run commands in, beside a sandbox that answers in process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from kommo_sync.cli import main
from kommo_sync.cli.world import CliWorld
from kommo_sync.config import Config
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.oauth.tokens import administrator, issue_access, ours
from kommo_sync.sandbox.traffic.faults import parse_faults
from kommo_sync.store.store import Store
from tests.sandbox.kit import Api

ADDRESS = "https://demo.kommo.com"


@dataclass
class Place:
    """Commands run here; their clock is the sandbox's and stands still."""

    folder: Path
    sandbox: Sandbox
    clock: ManualClock
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path, clients: int = 0) -> "Place":
        clock = ManualClock()
        return cls(folder, Sandbox.generated(clients=clients, clock=clock), clock)

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def account_id(self) -> int:
        return self.sandbox.state.data.account.id

    def run(self, *args: str, **more: Any) -> Result:
        world = CliWorld(
            environ=self.environ, transport=self.sandbox.transport(), clock=self.clock
        )
        whole = ["--config", str(self.config), *args]
        return CliRunner().invoke(main, whole, obj=world, **more)

    def done(self, *args: str, **more: Any) -> str:
        """Return what was said on standard output; anything but 0 fails the test."""
        result = self.run(*args, **more)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def json(self, *args: str) -> Any:
        return json.loads(self.done(*args, "--json"))

    def init(self) -> "Place":
        self.done("init", "--yes")
        return self

    def connect(self, **environ: str) -> "Place":
        self.environ["KOMMO_SYNC_TOKEN"] = self.sandbox.token
        self.done("connect", "--base-url", ADDRESS)
        return self

    def token(self, seconds: int) -> str:
        """Return a token that lives that long from now on; negative: that has ended."""
        state = self.sandbox.state
        return issue_access(state, ours(state), administrator(state), seconds=seconds)

    def listed_leads(self) -> list[Any]:
        """Return the leads as the API lists them; at most one page."""
        found = Api(self.sandbox).rows("leads?limit=250")
        assert len(found) < 250
        return found

    def break_with(self, rules: str) -> None:
        self.sandbox.engine.break_with(parse_faults(rules))

    def connections(self) -> int:
        """Return how many accounts the database holds."""
        loaded = Config.load(self.config, self.environ)
        store = Store.open(loaded.database_url(), key=loaded.key())
        try:
            return len(store.connections())
        finally:
            store.close()


def contents(folder: Path) -> Mapping[str, bytes]:
    """Return every file below the folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files}
