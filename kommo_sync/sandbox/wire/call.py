"""One API request as its handler sees it: who asks, what for, where answers point."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from kommo_sync.sandbox.account.grants import Grant
from kommo_sync.sandbox.account.records import User
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.wire.brackets import Node, parse, scalars
from kommo_sync.sandbox.wire.problems import Flaw, Problem, forbidden, validation_failed

MAX_BATCH = 250


@dataclass(slots=False)
class Call:
    """A request with a valid token; handlers take it and return JSON values.

    Attributes:
        origin: scheme and host as the client asked for them, no slash at the end.
        path: from `/api/v4` on, slashes folded.
        pairs: the query as (key, value) pairs in order.
    """

    state: State
    writer: Writer
    user: User
    grant: Grant
    origin: str
    path: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    raw_body: bytes = b""
    modified_since: int | None = None
    """If-Modified-Since in Unix seconds, where the switch has it heeded."""

    @cached_property
    def query(self) -> dict[str, Node]:
        """The query as nested dicts."""
        return parse(self.pairs)

    @cached_property
    def filters(self) -> dict[str, Node]:
        """What stands under `filter[...]`; nothing if it is spelled otherwise."""
        node = self.query.get("filter")
        return node if isinstance(node, dict) else {}

    @cached_property
    def withs(self) -> frozenset[str]:
        """The values of `with`, in any spelling."""
        return frozenset(scalars(self.query.get("with")))

    @cached_property
    def base(self) -> str:
        """The address under which the API's resources stand."""
        return f"{self.origin}/api/v4"

    def self_link(self, path: str = "") -> dict[str, Any]:
        """Return `{"self": {"href": …}}` of a path below the API's base."""
        href = f"{self.base}/{path}" if path else f"{self.origin}{self.path}"
        return {"self": {"href": href}}

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            Problem: 400, the body is no JSON.
        """
        try:
            return msgspec.json.decode(self.raw_body)
        except (ValueError, RecursionError) as error:
            raise Problem(400, "Invalid request body: it is no JSON.") from error

    def items(self) -> list[dict[str, Any]]:
        """Return the objects of a batch.

        Raises:
            Problem: 400, the body is no JSON array of 1 to 250 objects.
        """
        body = self.json()
        if not isinstance(body, list) or not all(isinstance(i, dict) for i in body):
            raise Problem(400, "Invalid request body: an array of objects is expected.")
        if not body:
            raise Problem(400, "Invalid request body: the array is empty.")
        if len(body) > MAX_BATCH:
            raise Problem(
                400, f"Too many entities: {len(body)}, at most {MAX_BATCH} a request."
            )
        return body

    def item(self) -> dict[str, Any]:
        """Return the one object of the body.

        Raises:
            Problem: 400, the body is no JSON object.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise Problem(400, "Invalid request body: an object is expected.")
        return body

    def need_admin(self) -> None:
        """Refuse users without administrator rights.

        Raises:
            Problem: 403.
        """
        if not self.user.is_admin:
            raise forbidden("Not enough rights: only an administrator may do this.")

    def need_scope(self, scope: str) -> None:
        """Refuse tokens that were not granted a scope.

        Raises:
            Problem: 403.
        """
        if scope not in self.grant.scopes:
            raise forbidden("Client doesn't have the required scope")


def request_ids(items: list[dict[str, Any]]) -> list[str]:
    """Return each item's `request_id`, or its index as a string."""
    return [
        str(item["request_id"]) if item.get("request_id") is not None else str(index)
        for index, item in enumerate(items)
    ]


def refuse_flaws(items: list[dict[str, Any]], flaws: list[list[Flaw]]) -> None:
    """Refuse a whole batch if any of its items has a flaw.

    Raises:
        Problem: 400 with one `validation-errors` element per bad item.
    """
    bad: list[tuple[str | None, list[Flaw]]] = [
        (request_id, errors)
        for request_id, errors in zip(request_ids(items), flaws, strict=True)
        if errors
    ]
    if bad:
        raise validation_failed(bad)
