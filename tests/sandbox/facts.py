"""What the tests of single facts share: switches, events, fields, refusals."""

from typing import Any

from tests.sandbox.kit import Api


def choose(api: Api, **switches: Any) -> None:
    """Set switches for what no source confirms."""
    answer = api.call("PATCH", "/_sandbox/choices", switches)
    assert answer.status_code == 200, answer.text


def ids(rows: list[Any]) -> list[Any]:
    """Return the ids of rows, in order."""
    return [row["id"] for row in rows]


def found(api: Api, path: str, **params: Any) -> list[int]:
    """Return the ids that a list shows for these parameters, in order."""
    return ids(api.rows(path, params=params))


def told(api: Api, kind: str) -> list[Any]:
    """Return the events of one type, the oldest first."""
    return list(reversed(api.rows("events", params={"filter[type]": kind})))


def shape(api: Api, kind: str) -> tuple[Any, Any]:
    """Return (value_before, value_after) of the one event of a type."""
    [event] = told(api, kind)
    return event["value_before"], event["value_after"]


def field(api: Api, kind: str, type_: str, **item: Any) -> int:
    """Make a custom field and return its id."""
    sent = {"name": f"My {type_}", "type": type_, **item}
    body = api.post(f"{kind}/custom_fields", [sent])
    number: int = body["_embedded"]["custom_fields"][0]["id"]
    return number


def values(card: Any, field_id: int) -> Any:
    """Return the values of one field of a card; None where it has none."""
    for entry in card["custom_fields_values"] or []:
        if entry["field_id"] == field_id:
            return entry["values"]
    return None


def user_ids(api: Api) -> list[int]:
    """Return the ids of the account's users; the first is the administrator."""
    return ids(api.rows("users"))


def deactivate(api: Api, user_id: int) -> None:
    """Let a user be deactivated."""
    api.post("users/deactivate", [{"id": user_id}], 204)
