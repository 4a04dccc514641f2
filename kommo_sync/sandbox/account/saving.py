"""The state file: one JSON document, checked when read, written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from kommo_sync.sandbox.account.state import Data

FORMAT = 1


class BadStateFile(ValueError):
    """A state file that cannot be used; the sentence says why and what to do."""


class _Stamp(msgspec.Struct):
    format: int = FORMAT


def load(path: Path) -> Data:
    """Return what a state file holds.

    Raises:
        BadStateFile: unreadable, no JSON, another program's, or a newer format.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadStateFile(
            f"The state file {path} cannot be read ({error.strerror}): "
            "give another --state or remove the file."
        ) from error
    try:
        # The format first: another one need not have the shape that is read here.
        number = msgspec.json.decode(text, type=_Stamp).format
        data = msgspec.json.decode(text, type=Data) if number == FORMAT else None
    except (ValueError, RecursionError) as error:
        raise BadStateFile(
            f"The state file {path} is no sandbox state ({error}): "
            "give another --state or remove the file."
        ) from error
    if data is None:
        raise BadStateFile(
            f"The state file {path} has format {number}, this program reads "
            f"{FORMAT}: start with a new --state."
        )
    return data


def save(data: Data, path: Path) -> None:
    """Write the data beside the file first, then put it in its place.

    The file holds tokens and keys of the imitation, so only its owner may read it.

    Raises:
        BadStateFile: the folder cannot be written.
    """
    text = msgspec.json.encode(data)
    beside = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _write_truth(data, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise BadStateFile(
            f"The state file {path} cannot be written ({error.strerror}): "
            "give another --state."
        ) from error


def truth_path(path: Path) -> Path:
    """Return where the generator's truth lies: beside the state file."""
    return path.with_name(f"{path.stem}.truth.json")


def _write_truth(data: Data, path: Path) -> None:
    if data.truth:
        truth_path(path).write_bytes(msgspec.json.encode(data.truth))
