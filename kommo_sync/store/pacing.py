"""The arithmetic of request slots: evenly spaced, shared fairly, slower after a 429.

Pure: a row in, a row out. All times are Unix seconds by the callers' clocks, which
must agree to within a second where several machines share a database.
"""

from dataclasses import dataclass, replace

PACE = 6.0
"""Requests a second. Kommo permits 7 in any second at its own door
(https://developers.kommo.com/docs/limitations); evenly spaced 6 stay within that with
150 ms of scatter on the way (reliability-security §1.7)."""
SLOWED_SHARE = 5 / 6
"""What is left of the pace after a refusal: 5 a second bear 400 ms of scatter."""
CREEP = 0.1
"""Requests a second that come back …"""
CREEP_SECONDS = 120.0
"""… for each so long without a refusal: the whole pace again after 20 minutes."""
AHEAD_INTERVALS = 1.5
"""A slot is given this much before its time, so that a late waker loses nothing, and a
more urgent request never waits for longer than that."""
LOWEST_TURN = 5
"""Every so many slots the least urgent class goes first: 20 % are kept for it."""
ROUND_TURN = 25
"""Every so many slots a class by turns goes first: none in the middle starves."""
FIRST_BLOCK_SECONDS = 1.0
LONGEST_BLOCK_SECONDS = 60.0
"""A block doubles with refusals in a row, but not beyond this on our own account."""
IN_A_ROW_SECONDS = 60.0
"""A refusal so soon after a block belongs to the one before."""
CLOCK_JUMP_SECONDS = 5.0
"""Clocks of processes differ by less; more is a clock that was set back."""
CLASSES = 5
_ROUNDING_SECONDS = 1e-4
"""Unix seconds as floats are good to less than a microsecond."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What is remembered of an account's or an egress's slots."""

    next_at: float = 0.0
    """The next free slot."""
    blocked_from: float = 0.0
    blocked_until: float = 0.0
    refusals: int = 0
    """In a row."""
    clean_since: float = 0.0
    """The last refusal; 0: never."""
    turn: int = 0
    """How many slots were given."""
    wanted: tuple[float, ...] = (0.0,) * CLASSES
    """Until when somebody of each class may be thought to wait."""


def healed(row: SlotRow, pace: float, now: float) -> SlotRow:
    """Return the row as a clock that was set back must read it.

    A block then lasts as long as it was to last, counted from now; a slot that lies
    further ahead than any that is given is free at once.
    """
    if now < row.blocked_from - CLOCK_JUMP_SECONDS:
        length = row.blocked_until - row.blocked_from
        row = replace(row, blocked_from=now, blocked_until=now + length)
    if now < row.clean_since - CLOCK_JUMP_SECONDS:
        row = replace(row, clean_since=now)
    furthest = (AHEAD_INTERVALS + 1) / current_pace(row, pace, now)
    if row.next_at > now + furthest + CLOCK_JUMP_SECONDS:
        row = replace(row, next_at=now)
    hold = now + furthest + CLOCK_JUMP_SECONDS
    if max(row.wanted) > hold:
        row = replace(row, wanted=tuple(min(until, hold) for until in row.wanted))
    return row


def current_pace(row: SlotRow, pace: float, now: float) -> float:
    """Return the requests a second that are permitted now, `pace` at most."""
    if row.clean_since == 0:
        return pace
    steps = max(0, int((now - row.clean_since) / CREEP_SECONDS))
    return min(pace, pace * SLOWED_SHARE + CREEP * steps)


def free_at(row: SlotRow, now: float) -> float:
    """Return the next moment that a request could leave at."""
    return max(row.next_at, row.blocked_until, now)


def ask(
    row: SlotRow, priority: int, pace: float, now: float
) -> tuple[SlotRow, bool, float]:
    """Ask one row for a slot.

    Returns:
        The row, and (True, when to send) or (False, when to ask again). A row that was
        not changed need not be written.
    """
    at = free_at(row, now)
    interval = 1 / current_pace(row, pace, now)
    again = at - AHEAD_INTERVALS * interval
    if again <= now + _ROUNDING_SECONDS:
        if goes_first(row, priority, now):
            return taken(row, priority, pace, (at, now)), True, at
        again = now + interval / 4
    return _waits(row, priority, again, interval), False, again


def goes_first(row: SlotRow, priority: int, now: float) -> bool:
    """Return whether, of those who wait, this class takes the next slot."""
    waiting = {one for one, until in enumerate(row.wanted) if until > now} | {priority}
    by_turns = row.turn // ROUND_TURN % CLASSES
    if row.turn % ROUND_TURN == ROUND_TURN - 1 and by_turns in waiting:
        return priority == by_turns
    if row.turn % LOWEST_TURN == LOWEST_TURN - 1:
        return priority == max(waiting)
    return priority == min(waiting)


def taken(
    row: SlotRow, priority: int, pace: float, moments: tuple[float, float]
) -> SlotRow:
    """Return the row after the slot `at` was given `now`."""
    at, now = moments
    wanted = list(row.wanted)
    wanted[priority] = 0.0
    next_at = at + 1 / current_pace(row, pace, now)
    return replace(row, next_at=next_at, turn=row.turn + 1, wanted=tuple(wanted))


def refused(row: SlotRow, seconds: float | None, now: float) -> SlotRow:
    """Return the row after a 429: all wait, and go slower.

    Args:
        row: as kept.
        seconds: what the CRM asked for; None if it did not say.
        now: when the refusal came.
    """
    if now < row.blocked_until and row.refusals:
        # Requests that were under way together are refused together: one refusal.
        times = row.refusals
    elif now < row.blocked_until + IN_A_ROW_SECONDS:
        times = row.refusals + 1
    else:
        times = 1
    doubled = (seconds or FIRST_BLOCK_SECONDS) * 2 ** min(times - 1, 10)
    wait = max(seconds or 0.0, min(doubled, LONGEST_BLOCK_SECONDS))
    row = replace(row, refusals=times, clean_since=now)
    if now + wait <= row.blocked_until:
        return row
    return replace(row, blocked_from=now, blocked_until=now + wait)


def _waits(row: SlotRow, priority: int, again: float, interval: float) -> SlotRow:
    # A mark that outlives the next question is left alone: a write costs an fsync.
    if row.wanted[priority] >= again + interval / 2:
        return row
    wanted = list(row.wanted)
    wanted[priority] = again + interval
    return replace(row, wanted=tuple(wanted))
