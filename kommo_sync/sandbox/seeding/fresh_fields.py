"""The custom fields of a young account, each on its tab."""

from kommo_sync.sandbox.account.records import Enum, Field, FieldGroup
from kommo_sync.sandbox.account.state import FIRST_IDS, Data

PHONE_CODES = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAIL_CODES = ("WORK", "PRIV", "OTHER")
SOURCES = ("Website", "Google Ads", "Instagram", "Newsletter", "Referral", "Walk-in")
PREDEFINED = ("PHONE", "EMAIL", "POSITION", "WEB", "ADDRESS")
Row = tuple[str, str, str | None]
"""Name, type, code."""

FIELDS: dict[str, tuple[Row, ...]] = {
    "contacts": (
        ("Position", "text", "POSITION"),
        ("Phone", "multitext", "PHONE"),
        ("Email", "multitext", "EMAIL"),
        ("Birthday", "birthday", None),
        ("City", "text", None),
        ("Source", "select", None),
        ("Country", "text", "COUNTRY"),
        ("Client number", "text", "CLIENT_NUMBER"),
    ),
    "companies": (
        ("Phone", "multitext", "PHONE"),
        ("Email", "multitext", "EMAIL"),
        ("Web", "url", "WEB"),
        ("Address", "textarea", "ADDRESS"),
        ("City", "text", None),
    ),
    "leads": (
        ("utm_source", "tracking_data", "UTM_SOURCE"),
        ("utm_medium", "tracking_data", "UTM_MEDIUM"),
        ("utm_campaign", "tracking_data", "UTM_CAMPAIGN"),
        ("Source", "select", None),
        ("Order number", "text", "ORDER_ID"),
    ),
}


def take_id(data: Data, kind: str) -> int:
    """Return a fresh id of that kind, before there is a State to ask."""
    value = data.counters.get(kind, FIRST_IDS[kind])
    data.counters[kind] = value + 1
    return value


def add_fields(data: Data) -> None:
    """Put the fields and their groups into the account."""
    for kind, rows in FIELDS.items():
        main = FieldGroup(
            id="default", entity_type=kind, name="Main", sort=0, is_predefined=True
        )
        # The id is the same for every kind, so it cannot be the key.
        data.field_groups[f"{kind}_default"] = main
        for index, row in enumerate(rows):
            field = _field(data, kind, row, sort=500 + index)
            data.fields[field.id] = field
    data.field_groups["statistic"] = FieldGroup(
        id="statistic",
        entity_type="leads",
        name="Statistics",
        sort=1,
        is_predefined=True,
    )


def _field(data: Data, kind: str, row: Row, sort: int) -> Field:
    name, type_, code = row
    is_tracking = type_ == "tracking_data"
    return Field(
        id=take_id(data, "fields"),
        entity_type=kind,
        name=name,
        type=type_,
        code=code,
        sort=sort,
        group_id="statistic" if is_tracking else None,
        is_predefined=is_tracking or code in PREDEFINED,
        enums=_enums(data, type_, code),
        remind="never" if type_ == "birthday" else None,
    )


def _enums(data: Data, type_: str, code: str | None) -> list[Enum] | None:
    if type_ == "multitext":
        codes = PHONE_CODES if code == "PHONE" else EMAIL_CODES
        return [
            Enum(id=take_id(data, "enums"), value=text, sort=(i + 1) * 2, code=text)
            for i, text in enumerate(codes)
        ]
    if type_ == "select":
        return [
            Enum(id=take_id(data, "enums"), value=text, sort=(i + 1) * 10)
            for i, text in enumerate(SOURCES)
        ]
    return None
