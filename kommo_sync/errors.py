"""The one tree of errors, by what the caller should do.

    KommoSyncError
    ├── RetryLater         wait, then try the same again
    │   ├── Throttled          the CRM wants fewer requests
    │   ├── CrmUnavailable     no answer, or one that says "later"
    │   │   ├── BadAnswer          an answer that cannot be understood
    │   │   └── TooMuchAsked       504: ask for less at once
    │   └── Busy               another process does this very thing
    ├── SkipRecord         this record only; go on with the next
    │   ├── Rejected           the CRM refuses what was sent
    │   └── Gone               it is no longer there
    └── NeedsOperator      stop this account (or the command) and tell a person
        ├── Unauthorized       the token is refused: connect again
        ├── Forbidden          the token lacks a right
        ├── Unpaid             the CRM's subscription has ended
        ├── WrongAddress       a host that is not Kommo's, or nobody's
        ├── ConfigError        a setting or an argument
        ├── NewerSchema        the database was made by a later version
        ├── OlderSchema        the database waits for `kommo-sync migrate`
        └── StoreUnusable      the database cannot be opened or written

A message is an English template with named places; `values` fills them. So the same
error can be told in the reader's language, and a log stays English.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command answers to the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    RECONNECT = 4
    BRAKE = 5
    TEMPORARY = 75


class KommoSyncError(Exception):
    """Any failure that this program foresees.

    Args:
        message: one English sentence; `{name}` marks the place of a value.
        values: what stands in those places. Never a secret, never a client's data.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values


class RetryLater(KommoSyncError):
    """Wait, then try the same again."""

    exit_code = ExitCode.TEMPORARY


class Throttled(RetryLater):
    """The CRM wants fewer requests."""


class CrmUnavailable(RetryLater):
    """No answer, or one that says "later"."""


class BadAnswer(CrmUnavailable):
    """An answer that cannot be understood: HTML, cut JSON, a page that is not next."""


class TooMuchAsked(CrmUnavailable):
    """The CRM ran out of time (504): ask for less at once."""


class Busy(RetryLater):
    """Another process does this very thing."""


class SkipRecord(KommoSyncError):
    """This record only; go on with the next."""


class Rejected(SkipRecord):
    """The CRM refuses what was sent."""


class Gone(SkipRecord):
    """The record is no longer there."""


class NeedsOperator(KommoSyncError):
    """Stop this account (or the command) and tell a person."""


class Unauthorized(NeedsOperator):
    """The token is refused: connect again."""

    exit_code = ExitCode.RECONNECT


class Forbidden(NeedsOperator):
    """The token lacks a right, or the CRM has blocked us."""

    exit_code = ExitCode.RECONNECT


class Unpaid(NeedsOperator):
    """The CRM's subscription has ended, or its plan lacks the feature."""


class WrongAddress(NeedsOperator):
    """A host that is not Kommo's, or one where no such account answers."""

    exit_code = ExitCode.USAGE


class ConfigError(NeedsOperator):
    """A setting or an argument that cannot be used."""

    exit_code = ExitCode.USAGE


class NewerSchema(NeedsOperator):
    """The database was made by a later version of this program."""


class OlderSchema(NeedsOperator):
    """The database waits for `kommo-sync migrate`."""


class StoreUnusable(NeedsOperator):
    """The database cannot be opened, or cannot be written."""
