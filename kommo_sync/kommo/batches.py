"""What became of each item of a batch that was written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import json

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.protocol import Answer

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item was refused, in Kommo's words.

    Attributes:
        code: "NotSupportedChoice", or a number; empty where Kommo gives none.
        path: where in the item as it was sent: "custom_fields_values.0.field_id".
        detail: a sentence; it may quote what was sent, so it belongs in no log.
    """

    code: str
    path: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Each item that was sent stands in exactly one of the first three.

    Attributes:
        done: request id → id of what was written.
        refused: request id → why.
        unanswered: request ids of which the answer says nothing; after a 400 they
            were not executed, as a batch is refused whole.
        unnamed: refusals that name no item.
    """

    done: Mapping[str, int]
    refused: Mapping[str, tuple[Refusal, ...]]
    unanswered: tuple[str, ...]
    unnamed: tuple[Refusal, ...] = ()


def read_batch(
    answer: Answer, sent: Sequence[str], ids: Mapping[str, str] | None = None
) -> Batch:
    """Return what became of the items of a POST or PATCH.

    Args:
        answer: of status 2xx or 400.
        sent: the request ids that were sent, each once.
        ids: for a PATCH: entity id → request id; some refusals name only the entity.

    Raises:
        BadAnswer: a body that is no such answer. What was sent may be executed.
    """
    said = _decoded(answer)
    owners = {**(ids or {}), **{name: name for name in sent}}
    only = sent[0] if len(sent) == 1 else None
    done = dict(_written(said, owners, only)) if answer.status < 300 else {}
    refused: dict[str, tuple[Refusal, ...]] = {}
    unnamed: list[Refusal] = []
    for name, why in _refusals(said):
        owner = owners.get(name or "", only if name is None else None)
        if owner in sent and owner not in done:
            refused[str(owner)] = (*refused.get(str(owner), ()), *why)
        else:
            unnamed += why
    told = done.keys() | refused.keys()
    left = tuple(name for name in sent if name not in told)
    return Batch(done, refused, left, tuple(unnamed))


def _decoded(answer: Answer) -> object:
    if not answer.body and answer.status < 300:
        return {}
    try:
        said = json.decode(answer.body)
    except (ValueError, RecursionError) as error:
        raise _bad(answer) from error
    if isinstance(said, dict | list):
        return said
    raise _bad(answer)


def _bad(answer: Answer) -> BadAnswer:
    return BadAnswer(
        "What was written got an answer (status {status}) that cannot be understood: "
        "it may be executed.",
        status=answer.status,
    )


def _written(
    said: object, owners: Mapping[str, str], only: str | None
) -> Iterator[tuple[str, int]]:
    for item in _items(said):
        number = _number(item.get("id"))
        # leads/complex answers a list of request ids (kommo-rest-api 4.1).
        names = _texts(item.get("request_id"))
        # A sample of PATCH and the answer about a single card leave them out.
        if not names:
            names = [only] if only is not None else _texts(item.get("id"))
        for name in names:
            if name in owners and number is not None:
                yield owners[name], number


def _items(said: object) -> list[Item]:
    if isinstance(said, list):
        return _dicts(said)
    if not isinstance(said, dict):
        return []
    embedded = said.get("_embedded")
    if isinstance(embedded, dict):
        return [item for rows in embedded.values() for item in _dicts(rows)]
    return [said] if "id" in said else []


def _refusals(said: object) -> Iterator[tuple[str | None, list[Refusal]]]:
    """Yield (request or entity id, why) in every shape of kommo-rest-api 5.2, 5.3."""
    if not isinstance(said, dict):
        return
    for item in _dicts(said.get("validation-errors")):
        why = [_refusal(one) for one in _dicts(item.get("errors"))]
        yield _owner(item), why or [_refusal({})]
    errors = said.get("errors")
    if isinstance(errors, dict):
        for name, text in errors.items():
            yield name, [Refusal("", "", str(text))]
    for item in _dicts(errors):
        yield _owner(item), [_refusal(item)]


def _owner(item: Item) -> str | None:
    return next(iter(_texts(item.get("request_id"))), None)


def _refusal(item: Item) -> Refusal:
    code, path, detail = (
        str(item.get(name) or "") for name in ("code", "path", "detail")
    )
    return Refusal(code or str(item.get("status") or ""), path, detail)


def _dicts(value: object) -> list[Item]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def _texts(value: object) -> list[str]:
    """Return ids as texts, whether one or several, texts or numbers."""
    values = value if isinstance(value, list) else [value]
    return [
        str(one)
        for one in values
        if isinstance(one, str | int) and not isinstance(one, bool)
    ]


def _number(value: object) -> int | None:
    text = next(iter(_texts(value)), "")
    return int(text) if text.isascii() and text.isdecimal() else None
