"""Settings: config.toml, overlaid by the environment; a key nobody knows is an error.

The environment overrides the file: KOMMO_SYNC__KOMMO__PAGE_SIZE=50 stands above
`page_size` in `[kommo]`. An empty variable counts as absent. The values that may hold a
secret are also read from the file that KEY_FILE or URL_FILE names.
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from kommo_sync.config.complaints import complain
from kommo_sync.config.settings import (
    CREDENTIAL,
    Database,
    Judging,
    Kommo,
    Language,
    Secrets,
    Settings,
    Sync,
    known_settings,
)
from kommo_sync.errors import ConfigError

PREFIX = "KOMMO_SYNC__"
KEY_BYTES = 32

_Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, checked."""

    folder: Path = Path()
    """What relative paths start from: the folder of the file."""
    language: Language = ""
    database: Database = field(default_factory=Database)
    secrets: Secrets = field(default_factory=Secrets)
    kommo: Kommo = field(default_factory=Kommo)
    sync: Sync = field(default_factory=Sync)
    judging: Judging = field(default_factory=Judging)
    accounts: Mapping[int, Judging] = field(default_factory=dict)
    """How some accounts are judged otherwise, by id."""
    key_text: str | None = field(default=None, repr=False)
    """The key as the environment or systemd gave it, in base64."""

    @classmethod
    def load(cls, path: Path, environ: Mapping[str, str]) -> "Config":
        """Read the file, overlaid by the environment.

        Raises:
            ConfigError: in one sentence, what cannot be used and what to write.
        """
        tree = _read_toml(path)
        _refuse_secrets(tree, path)
        origins = _overlay(tree, environ)
        others = tree.pop("accounts", {})
        try:
            settings = Settings.model_validate(tree)
        except ValidationError as error:
            raise complain(error.errors()[0], origins) from None
        accounts = _overrides(others, tree.get("judging", {}))
        return cls(
            folder=path.absolute().parent,
            language=settings.language,
            database=settings.database,
            secrets=settings.secrets,
            kommo=settings.kommo,
            sync=settings.sync,
            judging=settings.judging,
            accounts=accounts,
            key_text=_given_key(environ),
        )

    def judging_of(self, account_id: int) -> Judging:
        """Return how an account is judged."""
        return self.accounts.get(account_id, self.judging)

    def database_url(self) -> str:
        """Return the URL to open: a SQLite file is named by its whole path."""
        scheme, mark, rest = self.database.url.partition(":///")
        name = rest.partition("?")[0]
        memory = name in ("", ":memory:") or name.startswith("file:")
        if not mark or not scheme.startswith("sqlite") or memory:
            return self.database.url
        return f"{scheme}{mark}{self.folder / rest}"

    def key_path(self) -> Path:
        """Return where the key's file lies, or would lie."""
        return self.folder / self.secrets.key_file

    def key(self) -> bytes | None:
        """Return the key that seals tokens; None if there is none yet.

        Raises:
            ConfigError: what is there is no key, or cannot be read.
        """
        if self.key_text is not None:
            return _decode_key(self.key_text, f"{PREFIX}SECRETS__KEY")
        path = self.key_path()
        return _decode_key(_read(path), str(path)) if path.exists() else None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("There is no file {path}.", path=path) from None
    except UnicodeDecodeError:
        raise ConfigError("{path} is not text in UTF-8.", path=path) from None
    except OSError as error:
        raise ConfigError(
            "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None


def _read_toml(path: Path) -> _Tree:
    if not path.exists():
        raise ConfigError(
            "There is no {path}: run `kommo-sync init`, or name another file by "
            "--config.",
            path=path,
        )
    text = _read(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # "… (at line 3, column 5)", or "… (at end of document)".
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else len(text.splitlines())
        raise ConfigError(
            "{path}, line {line}: this is not TOML; write `key = value`, texts in "
            "quotes.",
            path=path,
            line=line,
        ) from None


def _refuse_secrets(tree: _Tree, path: Path) -> None:
    """Secrets in a file of settings end in backups and in chats."""
    for key, value in _leaves(tree):
        if re.search(r"(?:^|[._])(?:key|token|password|secret)$", key):
            raise ConfigError(
                "{key}: secrets do not belong in {path}; give a token to `kommo-sync "
                "connect`, the key by KOMMO_SYNC__SECRETS__KEY or by its file.",
                key=key,
                path=path,
            )
        if key == "database.url" and _has_password(value):
            raise ConfigError(
                "{key}: a password does not belong in {path}; write the URL into "
                "KOMMO_SYNC__DATABASE__URL, or into a file that "
                "KOMMO_SYNC__DATABASE__URL_FILE names.",
                key=key,
                path=path,
            )


def _has_password(url: object) -> bool:
    try:
        return isinstance(url, str) and urlsplit(url).password is not None
    except ValueError:
        return False


def _leaves(tree: _Tree, above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield above + name, value


def _overlay(tree: _Tree, environ: Mapping[str, str]) -> dict[str, str]:
    """Write the environment's values into the tree; return whose they are."""
    origins = {}
    known = known_settings()
    for name in sorted(environ):
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        if not name.startswith(PREFIX) or not environ[name] or key == "secrets.key":
            continue
        text = environ[name]
        if key == "database.url_file":
            key, text = "database.url", _read(Path(text)).strip()
        section, _, leaf = key.rpartition(".")
        table = tree.setdefault(section, {}) if section else tree
        if isinstance(table, dict):
            table[leaf] = _from_text(text, known.get(key))
        origins[key] = name
    return origins


def _from_text(text: str, known: FieldInfo | None) -> object:
    """Return what the text means for that setting; the text itself if nothing."""
    wanted = known.annotation if known is not None else None
    try:
        if wanted in (int, float):
            return int(text) if wanted is int else float(text)
        if wanted == tuple[int, ...]:
            return [int(str(part)) for part in _parts(text)]
    except ValueError:
        return text
    if wanted is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    return _split(text) if wanted == tuple[str, ...] else text


def _parts(text: str) -> list[object]:
    split = _split(text)
    return split if isinstance(split, list) else [split]


def _split(text: str) -> object:
    """Return a list, written as in the file or with commas between."""
    if text.lstrip().startswith("["):
        try:
            return tomllib.loads(f"list = {text}")["list"]
        except tomllib.TOMLDecodeError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()]


def _overrides(others: object, judging: _Tree) -> dict[int, Judging]:
    """Return how accounts are judged that have settings of their own.

    Raises:
        ConfigError: a name that is no account's id, or a setting that cannot be used.
    """
    tables = others if isinstance(others, dict) else {"": others}
    found = {}
    for name, own in tables.items():
        if not name.isdecimal() or not isinstance(own, dict):
            raise ConfigError(
                "accounts.{name}: write [accounts.ID] with the id that `kommo-sync "
                "status` shows, and settings of [judging] beneath.",
                name=name,
            )
        try:
            found[int(name)] = Judging.model_validate({**judging, **own})
        except ValidationError as error:
            detail = error.errors()[0]
            detail["loc"] = ("judging", *detail["loc"])
            spelled = {f"judging.{key}": f"accounts.{name}.{key}" for key in own}
            raise complain(detail, spelled) from None
    return found


def _given_key(environ: Mapping[str, str]) -> str | None:
    given = environ.get(f"{PREFIX}SECRETS__KEY")
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if given or not folder or environ.get(f"{PREFIX}SECRETS__KEY_FILE"):
        return given or None
    credential = Path(folder) / CREDENTIAL
    return _read(credential) if credential.exists() else None


def _decode_key(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            "{place} does not hold a key, 32 bytes in base64: put the key back that "
            "`kommo-sync init` made.",
            place=place,
        )
    return key
