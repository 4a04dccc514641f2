"""Every setting: its default, its limits, and what it is for."""

import re
import textwrap
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

CREDENTIAL = "kommo-sync.key"
"""The name under which systemd may hand over the key (LoadCredential=)."""

Language = Literal["", "en", "es", "pt", "ru"]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
CUTS = 4
FEWEST_AGAIN = 2
"""Who bought once has F = 1, always."""


def _check_stages(stages: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"\d{1,18}(:\d{1,18})?", stage) for stage in stages):
        raise PydanticCustomError("stages", "ids of stages")
    return stages


def _check_cuts(cuts: tuple[int, ...]) -> tuple[int, ...]:
    ascending = sorted(set(cuts)) == list(cuts) and all(cut >= 0 for cut in cuts)
    if cuts and (len(cuts) != CUTS or not ascending):
        raise PydanticCustomError("cuts", "ascending numbers")
    return cuts


def _check_counts(cuts: tuple[int, ...]) -> tuple[int, ...]:
    if cuts and cuts[0] < FEWEST_AGAIN:
        raise PydanticCustomError("counts", "from two purchases on")
    return cuts


Stages = Annotated[tuple[str, ...], AfterValidator(_check_stages)]
Cuts = Annotated[tuple[int, ...], AfterValidator(_check_cuts)]
Counts = Annotated[Cuts, AfterValidator(_check_counts)]


class Database(BaseModel):
    """Where everything is remembered."""

    model_config = _STRICT

    url: str = Field(
        default="sqlite:///kommo-sync.sqlite3",
        min_length=1,
        description="SQLite file, relative to the folder of this file, or Postgres as "
        "in postgresql+psycopg://user@host/name. A URL with a password belongs into "
        "KOMMO_SYNC__DATABASE__URL, or into a file that "
        "KOMMO_SYNC__DATABASE__URL_FILE names.",
    )


class Secrets(BaseModel):
    """What seals the tokens in the database."""

    model_config = _STRICT

    key_file: str = Field(
        default="kommo-sync.key",
        min_length=1,
        description="File with the key, relative to the folder of this file. Whoever "
        "has it and the database can use the tokens. KOMMO_SYNC__SECRETS__KEY holds "
        f"the key itself; systemd may hand it over as the credential {CREDENTIAL}.",
    )


class Kommo(BaseModel):
    """How the CRM is asked."""

    model_config = _STRICT

    requests_per_second: float = Field(
        default=6.0,
        ge=1,
        le=7,
        description="Requests a second to each account, and from each address of ours. "
        "The CRM allows 7 in all: leave some to other integrations.",
    )
    egress: str = Field(
        default="default",
        min_length=1,
        max_length=64,
        description="Name of the address that requests leave from. All accounts and "
        "processes with the same name share its pace.",
    )
    in_flight: int = Field(
        default=6, ge=1, le=16, description="Requests under way at the same time."
    )
    page_size: int = Field(
        default=250,
        ge=1,
        le=250,
        description="Records asked for at once; the CRM allows 250.",
    )
    timeout_seconds: int = Field(
        default=30, ge=1, le=300, description="Seconds until an answer is given up."
    )
    sandbox_hosts: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Hosts with their ports, beside Kommo's own, that tokens may be "
        'sent to, also without TLS. For the sandbox only, as in ["127.0.0.1:8380"].',
    )


class Sync(BaseModel):
    """What is read, and how often again."""

    model_config = _STRICT

    overlap_seconds: int = Field(
        default=300,
        ge=0,
        le=86_400,
        description="Seconds by which each sync reaches back before the start of the "
        "last one: records that the CRM lists late are not missed.",
    )
    history_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="Days of notes and events that the first sync reads.",
    )
    sweep_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="Days after which a record that the CRM has not shown again is "
        "asked for by its id: it may have been deleted.",
    )


class Judging(BaseModel):
    """How clients are judged; `[accounts.ID]` overrides it for one account."""

    model_config = _STRICT

    client_unit: Literal["auto", "company", "contact"] = Field(
        default="auto",
        description="Who is a client: company, contact, or auto: the lead's company if "
        "it has one, else its main contact.",
    )
    join_duplicates: bool = Field(
        default=True,
        description="Contacts with the same phone or e-mail are judged as one client. "
        "Nothing is merged in the CRM.",
    )
    phone_region: str = Field(
        default="",
        max_length=2,
        description="Country whose numbers are written without +, as in BR; empty is "
        "the account's own.",
    )
    won_stages: Stages = Field(
        default=("142",),
        strict=False,
        min_length=1,
        description="Stages whose leads are purchases: a stage's id, or PIPELINE:STAGE "
        "for one pipeline only. 142 is won in every pipeline.",
    )
    refund_stages: Stages = Field(
        default=(),
        strict=False,
        description="Stages whose leads are money given back, written likewise.",
    )
    zero_price: Literal["skip", "count"] = Field(
        default="skip",
        description="Whether won leads without a price are purchases: skip or count.",
    )
    merge_gap_days: int = Field(
        default=0,
        ge=0,
        le=366,
        description="Won leads not farther apart than this are one purchase: "
        "instalments, split invoices. 0 joins those of one day.",
    )
    cancel_matched: bool = Field(
        default=True,
        description="A refund of exactly an earlier lead's price takes that lead away; "
        "any other refund only lowers the money.",
    )
    horizon_days: int = Field(
        default=0,
        ge=0,
        le=3660,
        description="The coming days that risk speaks of; 0 takes them from the "
        "account's own rhythm.",
    )
    recency_cuts: Cuts = Field(
        default=(),
        strict=False,
        description="Most days of silence for R = 5, 4, 3, 2, as in [14, 30, 60, 120]; "
        "empty learns them.",
    )
    frequency_cuts: Counts = Field(
        default=(),
        strict=False,
        description="Fewest purchases for F = 2, 3, 4, 5, as in [2, 3, 5, 10]; empty "
        "learns them.",
    )
    monetary_cuts: Cuts = Field(
        default=(),
        strict=False,
        description="Least money for M = 2, 3, 4, 5, in whole units of the currency, "
        "as in [100, 500, 2000, 10000]; empty learns them.",
    )
    loyal_purchases: int = Field(
        default=4, ge=2, le=100, description="Purchases from which a client is loyal."
    )
    advocate_tag: str = Field(
        default="",
        max_length=255,
        description="Tag of contacts or companies that recommend us; empty: none.",
    )
    advocate_field_id: int = Field(
        default=0,
        ge=0,
        le=2**53,
        description="Id of a custom field that is filled in for those that recommend "
        "us; 0: none.",
    )
    flag_by: Literal["auto", "profit", "capacity"] = Field(
        default="auto",
        description="How many clients are flagged: auto where flags are likely to be "
        "right; profit where a talk is worth more than it costs; capacity as many as "
        "can be talked to.",
    )
    save_rate: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="For profit: share of leaving clients whom a talk keeps.",
    )
    contact_cost: float = Field(
        default=0.0,
        ge=0,
        le=1e9,
        description="For profit: what a talk costs, in the account's currency.",
    )
    capacity: int = Field(
        default=50,
        ge=1,
        le=1_000_000,
        description="For capacity: clients that can be talked to at a time.",
    )


class Settings(BaseModel):
    """The whole file."""

    model_config = _STRICT

    language: Language = Field(
        default="",
        description="Language of the commands: en, es, pt or ru; empty takes the "
        "environment's (LANG).",
    )
    database: Database = Field(default_factory=Database)
    secrets: Secrets = Field(default_factory=Secrets)
    kommo: Kommo = Field(default_factory=Kommo)
    sync: Sync = Field(default_factory=Sync)
    judging: Judging = Field(default_factory=Judging)


def sections() -> dict[str, dict[str, FieldInfo]]:
    """Return the settings by section and name; those above all sections under ""."""
    found: dict[str, dict[str, FieldInfo]] = {"": {}}
    for name, setting in Settings.model_fields.items():
        section = setting.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            found[name] = dict(section.model_fields)
        else:
            found[""][name] = setting
    return found


def known_settings() -> dict[str, FieldInfo]:
    """Return every setting by its dotted key."""
    return {
        f"{section}.{name}".lstrip("."): setting
        for section, settings in sections().items()
        for name, setting in settings.items()
    }


def limits(setting: FieldInfo) -> tuple[float, float] | None:
    """Return the lowest and the highest value that is allowed, if there are any."""
    low = next((m.ge for m in setting.metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in setting.metadata if hasattr(m, "le")), None)
    return None if low is None or high is None else (low, high)


def in_toml(value: object) -> str:
    """Return a default as one writes it in the file."""
    if isinstance(value, tuple):
        return f"[{', '.join(in_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def example(language: Language = "") -> str:
    """Return the commented file that `init` writes; only the language is set in it."""
    lines = [
        "# Settings of kommo-sync. A line that starts with # and a name shows the",
        "# default: take the # away to change it. The environment overrides the file,",
        "# as in KOMMO_SYNC__KOMMO__PAGE_SIZE=50. Secrets do not belong here.",
    ]
    for section, settings in sections().items():
        lines += ["", f"[{section}]"] if section else []
        for name, setting in settings.items():
            lines += ["", *_comment(setting)]
            chosen = language if name == "language" else ""
            value = in_toml(chosen or setting.default)
            lines.append(f"{'' if chosen else '#'}{name} = {value}")
    lines += [
        "",
        "# One account may be judged otherwise: write [accounts.31415926] with its id,",
        "# and any settings of [judging] beneath.",
    ]
    return "\n".join(lines) + "\n"


def _comment(setting: FieldInfo) -> list[str]:
    between = limits(setting)
    told = f" From {between[0]:g} to {between[1]:g}." if between else ""
    return textwrap.wrap(
        f"{setting.description}{told}",
        width=88,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
