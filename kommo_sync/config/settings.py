"""Every setting: its default, its limits, and what it is for."""

import textwrap
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

CREDENTIAL = "kommo-sync.key"
"""The name under which systemd may hand over the key (LoadCredential=)."""

Language = Literal["", "en", "es", "pt", "ru"]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


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
