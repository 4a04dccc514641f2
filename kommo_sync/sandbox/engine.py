"""An account in motion: its data, its webhooks, its faults, and the people in it."""

from kommo_sync.sandbox.account.history import Author
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.hooks.outbox import Hooks
from kommo_sync.sandbox.traffic.faults import FaultPlan


class Engine:
    """What the application, the front and the control routes share."""

    def __init__(self, state: State, hooks: Hooks) -> None:
        self.state = state
        self.hooks = hooks
        self.plan = FaultPlan()

    def break_with(self, plan: FaultPlan) -> None:
        """Put a fault plan in force instead of the one before."""
        lag = plan.standing("lag")
        with self.state.lock:
            self.plan = plan
            self.state.lag_seconds = lag.seconds if lag else 0.0
            self.hooks.obey(plan)

    def writer(self, author: Author) -> Writer:
        """Return a writer for what happens outside the API, by a human for example."""
        return Writer(self.state, author)

    def human(self, user_id: int) -> Author:
        """Return a user of the account as an author in Kommo's interface."""
        user = self.state.data.users[user_id]
        return Author(kind="human", name=user.name, user_id=user.id)

    def finish(self, writer: Writer) -> None:
        """Tell webhook subscribers what a writer has done."""
        with self.state.lock:
            self.hooks.enqueue(writer)
