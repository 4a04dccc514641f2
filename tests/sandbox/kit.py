"""A bare client for tests: what goes over the wire, nothing hidden."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from kommo_sync.sandbox.app import Sandbox

ORIGIN = "https://acme.kommo.com"


@dataclass
class Api:
    """Calls one sandbox in process with our integration's token."""

    sandbox: Sandbox
    origin: str = ORIGIN
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, json: Any = None, **more: Any
    ) -> httpx.Response:
        token = self.token or self.sandbox.token
        client = httpx.Client(transport=self.sandbox.transport(), base_url=self.origin)
        url = path if path.startswith(("/api", "/oauth", "/v3", "/_")) else ""
        url = self.origin + path if path.startswith("//") else url
        if json is not None:
            more["json"] = json
        headers = {"Authorization": f"Bearer {token}", **self.headers}
        headers.update(more.pop("headers", {}))
        return client.request(method, url or f"/api/v4/{path}", headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """Return the body of a 200; None for a 204; anything else fails the test."""
        answer = self.call("GET", path, **more)
        if answer.status_code == 204:
            assert answer.content == b""
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, path: str, **more: Any) -> list[Any]:
        """Return the rows of one page; none for a 204."""
        body = self.get(path, **more)
        if body is None:
            return []
        [rows] = body["_embedded"].values()
        return list(rows)

    def post(self, path: str, json: Any, status: int = 200) -> Any:
        return self._written("POST", path, json, status)

    def patch(self, path: str, json: Any, status: int = 200) -> Any:
        return self._written("PATCH", path, json, status)

    def delete(self, path: str, json: Any = None, status: int = 204) -> Any:
        return self._written("DELETE", path, json, status)

    def _written(self, method: str, path: str, json: Any, status: int) -> Any:
        answer = self.call(method, path, json)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def make(self, kind: str, *items: dict[str, Any]) -> list[int]:
        """Create cards, tasks or fields and return their ids."""
        body = self.post(kind, list(items) or [{}])
        [rows] = body["_embedded"].values()
        return [row["id"] for row in rows]

    def lead(self, **item: Any) -> int:
        return self.make("leads", item)[0]

    def contact(self, **item: Any) -> int:
        return self.make("contacts", {"name": "Ann Lee", **item})[0]

    def company(self, **item: Any) -> int:
        return self.make("companies", {"name": "Acme", **item})[0]

    def act(self, do: str, **sent: Any) -> Any:
        """Let a human do something in the interface."""
        answer = self.call("POST", "/_sandbox/actions", {"do": do, **sent})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pipeline(self) -> Any:
        """Return the main pipeline."""
        return next(p for p in self.rows("leads/pipelines") if p["is_main"])

    def stages(self) -> list[int]:
        """Return the ids of the main pipeline's ordinary stages, in order."""
        statuses = self.pipeline()["_embedded"]["statuses"]
        return [
            s["id"] for s in statuses if s["type"] == 0 and s["id"] not in (142, 143)
        ]


def flaws(body: Any) -> list[tuple[str, str, str]]:
    """Return (request_id, code, path) of every validation error."""
    return [
        (item.get("request_id"), error["code"], error["path"])
        for item in body["validation-errors"]
        for error in item["errors"]
    ]
