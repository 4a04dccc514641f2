"""Which cards hang on others: read where a card's return changed what others name."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct, field

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.protocol import NO_CONTENT, Answer, Request, ids_request
from kommo_sync.kommo.shapes import EmptyList, Linked
from kommo_sync.model.entities import Part

_WITH = {Part.CONTACTS: "leads", Part.COMPANIES: "leads,contacts"}


class _Hanging(Struct):
    leads: list[Linked] | None = None
    contacts: list[Linked] | None = None


class _Card(Struct):
    embedded: _Hanging | EmptyList | None = field(default=None, name="_embedded")


class _Cards(Struct):
    contacts: list[_Card] = []
    companies: list[_Card] = []


class _Body(Struct):
    embedded: _Cards | EmptyList = field(name="_embedded")


_BODY = msgspec.json.Decoder(_Body, strict=False)


def neighbours_request(part: Part, ids: Sequence[int]) -> Request:
    """Return the request for contacts or companies with the cards that hang on them.

    Raises:
        ValueError: no ids, more than 100, or another part.
    """
    if part not in _WITH:
        raise ValueError(f"{part}: only contacts and companies are asked so")
    plain = ids_request(part, ids)
    return Request("GET", plain.path, (("with", _WITH[part]), *plain.query))


def read_neighbours(answer: Answer) -> dict[Part, frozenset[int]]:
    """Return the ids of leads and contacts that hang on the cards of an answer.

    Raises:
        BadAnswer: it cannot be understood.
    """
    cards: list[_Card] = []
    if answer.status != NO_CONTENT:
        try:
            body = _BODY.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadAnswer(
                "Kommo answered linked cards in a form that is not known."
            ) from error
        if isinstance(body.embedded, _Cards):
            cards = [*body.embedded.contacts, *body.embedded.companies]
    hanging = [card.embedded for card in cards if isinstance(card.embedded, _Hanging)]
    return {
        Part.LEADS: frozenset(one.id for h in hanging for one in h.leads or ()),
        Part.CONTACTS: frozenset(one.id for h in hanging for one in h.contacts or ()),
    }
