"""Clients: the phones and e-mails that a card is known by."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.clients import normal_email, normal_phone, points

law = settings(deadline=None)
COUNTRIES = ("", "US", "RU", "IT", "BR", "AR", "MX", "XX")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["field_code", "values", "value", "enum_code"]), inner
        )
    ),
    max_leaves=12,
)


def field(code: str | None, *values: object) -> dict[str, object]:
    listed = [{"value": value, "enum_id": 1, "enum_code": "WORK"} for value in values]
    return {"field_id": 9, "field_name": "Any", "field_code": code, "values": listed}


def points_of(*fields: object, country: str = "US") -> list[tuple[str, str]]:
    found = points(7, json.dumps(fields), country)
    assert {point.contact_id for point in found} <= {7}
    return [(point.kind, point.value) for point in found]


@pytest.mark.parametrize(
    ("typed", "country", "phone"),
    [
        ("8 (999) 123-45-67", "RU", "+79991234567"),
        ("7 999 123 45 67", "RU", "+79991234567"),
        ("+7 999 1234567", "", "+79991234567"),
        ("(212) 555-0147", "us", "+12125550147"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("00 34 612 34 56 78", "DE", "+34612345678"),
        ("+39 06 1234 5678", "", "+390612345678"),
        ("Tel.: +1 212 555 0147", "", "+12125550147"),
        ("\uff0b\uff11 \uff12\uff11\uff12 555 0147", "", "+12125550147"),
        ("+1 212 555 0147 ext. 12", "", "+12125550147;ext=12"),
        ("+55 11 91234-5678", "BR", "+5511912345678"),
        ("212 212 3131", "US", "+12122123131"),
    ],
)
def test_a_phone_is_spelled_one_way(typed, country, phone):
    assert normal_phone(typed, country) == phone


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("8 999 123 45 67", ""),
        ("8 999 123 45 67", "XX"),
        ("8 999 123 45 67", "Russia"),
        ("0000000", "RU"),
        ("+1 555 0100", "US"),
        ("555-0147", "US"),
        ("+7 900 000 00 00", "RU"),
        ("111 111 1111", "US"),
        ("1234567890", "US"),
        ("9876543210", "IN"),
        ("+1 212 555 0147 0148", "US"),
        ("none", "US"),
        ("", "US"),
        ("ann@example.com", "US"),
        ("+1" + "2" * 400, "US"),
        ("\x00\ud800", "US"),
    ],
)
def test_what_is_no_whole_number_or_filler_is_no_phone(typed, country):
    assert normal_phone(typed, country) is None


def test_a_number_of_a_range_not_listed_yet_is_a_phone():
    assert normal_phone("+1 555 123 4789", "") == "+15551234789"


@law
@given(st.text("0123456789+-() x", max_size=16), st.sampled_from(COUNTRIES))
def test_a_normal_phone_stays_as_it_is(typed, country):
    phone = normal_phone(typed, country)
    assert phone is None or normal_phone(phone, "") == phone


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("  Ann.Lee@Example.COM \n", "ann.lee@example.com"),
        ("a.n.n+shop@gmail.com", "a.n.n+shop@gmail.com"),
        ("ИВАН@ПОЧТА.РФ", "иван@почта.рф"),
        ("a_b-c'd@sub.example-1.co.uk", "a_b-c'd@sub.example-1.co.uk"),
        ("testing@example.com", "testing@example.com"),
    ],
)
def test_an_email_is_trimmed_and_case_folded_only(typed, email):
    assert normal_email(typed) == email


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "ann",
        "ann@example",
        "@example.com",
        "ann@@example.com",
        "ann@example..com",
        "ann@-example.com",
        "ann@example-.com",
        "ann@example.c",
        "ann@10.0.0.1",
        "ann lee@example.com",
        "ann@example.com, bob@example.com",
        "<ann@example.com>",
        "a\x00nn@example.com",
        "\ud800nn@example.com",
        "x" * 250 + "@example.com",
        "noreply@example.com",
        "No-Reply@example.com",
        "do_not.reply@example.com",
        "none@none.com",
        "test@example.com",
    ],
)
def test_what_nobody_can_have_is_no_email(typed):
    assert normal_email(typed) is None


def test_points_are_the_phones_and_emails_of_a_card():
    assert points_of(
        field("PHONE", "212 555 0199", "+1 212 555 0147", "(212) 555-0147"),
        field("PHONE", "212 555 0188", "212 555 0177"),
        field("EMAIL", "Ann@example.com"),
        field("POSITION", "2125550123"),
        field(None, "bob@example.com"),
    ) == [
        ("email", "ann@example.com"),
        ("phone", "+12125550147"),
        ("phone", "+12125550177"),
        ("phone", "+12125550188"),
        ("phone", "+12125550199"),
    ]


def test_a_phone_kept_as_a_number_is_read_like_one():
    assert points_of(field("PHONE", 2125550147)) == [("phone", "+12125550147")]


def test_phones_and_emails_in_each_others_fields_are_passed_over():
    assert points_of(field("EMAIL", "2125550147"), field("PHONE", "a@b.com")) == []


def test_what_makes_no_sense_is_passed_over_and_the_rest_is_read():
    assert points_of(
        None,
        "PHONE",
        {"field_code": "PHONE"},
        {"field_code": "PHONE", "values": None},
        {"field_code": "PHONE", "values": {"value": "2125550147"}},
        {"field_code": ["PHONE"], "values": [{"value": "2125550147"}]},
        field("PHONE", None, True, {}, [], 1.5, "?"),
        {"field_code": "PHONE", "values": [None, 3, {"value": "2125550199"}]},
    ) == [("phone", "+12125550199")]


@pytest.mark.parametrize("text", ["", "null", "[", "{}", "3", '"x"', "[" * 99_999])
def test_a_card_without_readable_fields_has_no_points(text):
    assert points(7, text, "US") == []


@law
@given(JSON, st.sampled_from(["US", ""]))
def test_any_json_is_read_without_complaint(value, country):
    found = points(7, json.dumps(value), country)
    assert found == sorted(set(found))
