"""Everything the API refuses, as exceptions that know their own answer."""

from typing import Any

# Real bodies, in Russian on every host that was seen.
OAUTH_TITLE = "Некорректный запрос"
OAUTH_DETAIL = "В запросе отсутствует ряд параметров или параметры невалидны"  # noqa: RUF001
STATUS_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Time-out",
}


class Problem(Exception):
    """An answer of type application/problem+json."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the answer."""
        envelope = {
            "title": STATUS_TITLES[self.status],
            "type": f"https://httpstatus.es/{self.status}",
            "status": self.status,
            "detail": self.detail,
        }
        return {**self.more, **envelope}


class OAuthProblem(Problem):
    """A refusal of the token endpoint: it carries `hint` and its own `type`."""

    def __init__(self, status: int, hint: str) -> None:
        super().__init__(status, OAUTH_DETAIL)
        self.hint = hint

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the answer, worded as real answers are."""
        return {
            "hint": self.hint,
            "title": OAUTH_TITLE,
            "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
            "status": self.status,
            "detail": self.detail,
        }


class EmptyAnswer(Exception):
    """An answer without a body: 204 where nothing was found, 405 for a method."""

    def __init__(self, status: int = 204) -> None:
        super().__init__(str(status))
        self.status = status


Flaw = dict[str, str]


def flaw(code: str, path: str, detail: str) -> Flaw:
    """Return one entry of `validation-errors[].errors`."""
    return {"code": code, "path": path, "detail": detail}


def not_supported(path: str) -> Flaw:
    """Return the flaw of a value that is no valid choice."""
    return flaw(
        "NotSupportedChoice", path, "The value you selected is not a valid choice."
    )


def missing(path: str) -> Flaw:
    """Return the flaw of a required property that was not sent."""
    return flaw("FieldMissing", path, "This field is missing.")


def wrong_type(path: str, kind: str) -> Flaw:
    """Return the flaw of a value of the wrong JSON type."""
    return flaw("InvalidType", path, f"This value should be of type {kind}.")


def validation_failed(flaws: list[tuple[str | None, list[Flaw]]]) -> Problem:
    """Return the 400 whose `validation-errors` holds one element per bad item.

    Args:
        flaws: (request_id, errors) pairs; request_id is None outside batches.
    """
    items: list[dict[str, Any]] = []
    for request_id, errors in flaws:
        item: dict[str, Any] = {} if request_id is None else {"request_id": request_id}
        items.append({**item, "errors": errors})
    return Problem(400, "Request validation failed", **{"validation-errors": items})


def rule_broken(errors: dict[str, str]) -> Problem:
    """Return the second 400 shape: `errors` keyed by entity id."""
    return Problem(400, "Invalid request body", errors=errors)


def not_found(what: str = "Not found") -> Problem:
    """Return a 404 in JSON."""
    return Problem(404, what)


def forbidden(detail: str) -> Problem:
    """Return a 403 in JSON."""
    return Problem(403, detail)
