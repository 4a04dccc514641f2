"""Checks of write bodies: each returns the flaws of one value at one path."""

from collections.abc import Callable
from typing import Any

from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.wire.problems import (
    Flaw,
    Problem,
    missing,
    not_supported,
    wrong_type,
)

Check = Callable[[Any, str], list[Flaw]]


def whole(value: Any, path: str) -> list[Flaw]:
    """Accept an integer."""
    ok = isinstance(value, int) and not isinstance(value, bool)
    return [] if ok else [wrong_type(path, "int")]


def whole_or_null(value: Any, path: str) -> list[Flaw]:
    """Accept an integer or null."""
    return [] if value is None else whole(value, path)


def number(value: Any, path: str) -> list[Flaw]:
    """Accept an integer or a float (the official SDK sends a float price)."""
    ok = isinstance(value, int | float) and not isinstance(value, bool)
    return [] if ok else [wrong_type(path, "int")]


def number_or_null(value: Any, path: str) -> list[Flaw]:
    """Accept a number or null."""
    return [] if value is None else number(value, path)


def string(value: Any, path: str) -> list[Flaw]:
    """Accept a string."""
    return [] if isinstance(value, str) else [wrong_type(path, "string")]


def string_or_null(value: Any, path: str) -> list[Flaw]:
    """Accept a string or null."""
    return [] if value is None else string(value, path)


def boolean(value: Any, path: str) -> list[Flaw]:
    """Accept true or false."""
    return [] if isinstance(value, bool) else [wrong_type(path, "bool")]


def mapping(value: Any, path: str) -> list[Flaw]:
    """Accept an object; PHP clients send [] for an empty one."""
    ok = isinstance(value, dict) or value == []
    return [] if ok else [wrong_type(path, "array")]


def array(value: Any, path: str) -> list[Flaw]:
    """Accept an array."""
    return [] if isinstance(value, list) else [wrong_type(path, "array")]


def array_or_null(value: Any, path: str) -> list[Flaw]:
    """Accept an array or null."""
    return [] if value is None else array(value, path)


def objects(value: Any, path: str) -> list[Flaw]:
    """Accept an array of objects."""
    return array(value, path) or [
        wrong_type(f"{path}.{index}", "array")
        for index, entry in enumerate(value)
        if not isinstance(entry, dict)
    ]


def numbers(value: Any, path: str) -> list[Flaw]:
    """Accept an array of integers, or null."""
    return array_or_null(value, path) or [
        flaw
        for index, entry in enumerate(value or [])
        for flaw in whole(entry, f"{path}.{index}")
    ]


def anything(_value: Any, _path: str) -> list[Flaw]:
    """Accept whatever was sent; the key is known but has no effect."""
    return []


def check_item(
    item: dict[str, Any], rules: dict[str, Check], state: State, prefix: str = ""
) -> list[Flaw]:
    """Return the flaws of one write item against its table of checks."""
    flaws: list[Flaw] = []
    for key, value in item.items():
        check = rules.get(key)
        if check is not None:
            flaws += check(value, f"{prefix}{key}")
        elif state.choices.unknown_body_keys == "refuse" and key != "request_id":
            flaws.append(not_supported(f"{prefix}{key}"))
    return flaws


def required(item: dict[str, Any], names: tuple[str, ...]) -> list[Flaw]:
    """Return a flaw for each required property that is absent or null."""
    return [missing(name) for name in names if item.get(name) is None]


def repeated(items: list[dict[str, Any]], name: str) -> list[list[Flaw]]:
    """Return a flaw for each item whose `name` an earlier item of the batch has."""
    sent = [item.get(name) for item in items]
    return [
        [not_supported(name)] if value is not None and value in sent[:index] else []
        for index, value in enumerate(sent)
    ]


USER_KEYS = ("responsible_user_id", "created_by", "updated_by")


def check_users(state: State, item: dict[str, Any]) -> list[Flaw]:
    """Return the flaws of user ids: a deactivated user is no valid choice.

    Raises:
        Problem: 400, an id that the account does not know.
    """
    flaws: list[Flaw] = []
    for key in USER_KEYS:
        user_id = item.get(key)
        if not isinstance(user_id, int) or (user_id == 0 and key != USER_KEYS[0]):
            continue
        user = state.data.users.get(user_id)
        if user is None:
            raise Problem(
                400, f"User(s) {user_id} are not associated with provided account."
            )
        if not user.is_active:
            flaws.append(not_supported(key))
    return flaws
