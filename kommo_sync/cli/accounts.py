"""Which accounts a command is about, and what it answers when some have failed."""

from collections.abc import Sequence

from kommo_sync.cli.world import Call, printable
from kommo_sync.errors import ConfigError, ExitCode, KommoSyncError
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import Runtime

WORST_FIRST = (
    ExitCode.RECONNECT,
    ExitCode.FAILED,
    ExitCode.USAGE,
    ExitCode.BRAKE,
    ExitCode.TEMPORARY,
)
"""What needs a person stands before what passes by itself."""


def chosen_accounts(rt: Runtime, asked: Sequence[int]) -> tuple[AccountId, ...]:
    """Return the accounts that were asked for; all that are connected if none was.

    Raises:
        ConfigError: one of them is not connected.
    """
    connected = tuple(c.account_id for c in rt.store.connections())
    for account_id in asked:
        if account_id not in connected:
            raise ConfigError(
                "Account {account} is not connected: `kommo-sync status` shows those "
                "that are.",
                account=account_id,
            )
    return tuple(AccountId(a) for a in dict.fromkeys(asked)) or connected


def account_name(rt: Runtime, account_id: AccountId) -> str:
    """Return how the account is called, safe to print."""
    names = {c.account_id: c.name for c in rt.store.connections()}
    return f"{printable(names[account_id])} ({account_id})"


def tell_failures(
    call: Call, failures: Sequence[tuple[str, KommoSyncError]], of: int
) -> ExitCode:
    """Tell what went wrong for which account; return what to answer to the shell.

    Args:
        call: the call.
        failures: the accounts' names and what went wrong.
        of: how many accounts there were in all.
    """
    for name, error in failures:
        call.warn("account.failed", account=name, sentence=call.texts.error(error))
    if not failures:
        return ExitCode.DONE
    if len(failures) < of:
        return ExitCode.PARTLY
    codes = {error.exit_code for _, error in failures}
    return next(code for code in WORST_FIRST if code in codes)
