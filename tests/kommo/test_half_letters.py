"""Texts that were cut in the middle of a letter do not stop an account."""

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo import wire
from kommo_sync.model.entities import Contact, Part


def name_read(escaped: str) -> str:
    body = f'{{"_page":1,"_embedded":{{"contacts":[{{"id":1,"name":"{escaped}"}}]}}}}'
    [row] = wire.read_sheet(Part.CONTACTS, body.encode()).rows
    assert isinstance(row, Contact)
    return row.name


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (r"cut \ud83d", "cut \N{REPLACEMENT CHARACTER}"),
        (r"\uDE00 half", "\N{REPLACEMENT CHARACTER} half"),
        (r"\ud83d\ud83d\ude00", "\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}"),
        (r"whole \ud83d\ude00", "whole \N{GRINNING FACE}"),
    ],
)
def test_half_an_emoji_becomes_a_replacement(escaped: str, read: str) -> None:
    assert name_read(escaped) == read


def test_what_is_broken_otherwise_is_still_refused() -> None:
    with pytest.raises(BadAnswer):
        name_read(r"\ud83d \u12")
