"""What is wrong with a setting, in one sentence that names it and the remedy."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic_core import ErrorDetails

from kommo_sync.config.settings import in_toml, known_settings, limits
from kommo_sync.errors import ConfigError


@dataclass(frozen=True, slots=True)
class _Finding:
    key: str
    value: str
    default: str
    between: tuple[float, float] | None
    choices: tuple[object, ...]


def complain(error: ErrorDetails, origins: Mapping[str, str]) -> ConfigError:
    """Return the error to raise for what pydantic found.

    Args:
        error: one of its findings.
        origins: dotted key → the variable that the value came from.
    """
    key = ".".join(part for part in error["loc"] if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        return _unknown(key, origins)
    setting = known_settings().get(key)
    spelled = origins.get(key, key)
    if setting is None:
        return ConfigError(
            "{key} is a section: write [{key}], and its settings beneath.", key=spelled
        )
    complaint = _COMPLAINTS.get(error["type"], _not_text)
    if isinstance(error["loc"][-1], int) and complaint is _not_whole:
        complaint = _not_cuts
    return complaint(
        _Finding(
            key=spelled,
            value=_shown(error["input"]),
            default=in_toml(setting.default),
            between=limits(setting),
            choices=get_args(setting.annotation),
        )
    )


def _unknown(key: str, origins: Mapping[str, str]) -> ConfigError:
    within = (o for known, o in origins.items() if f"{known}.".startswith(f"{key}."))
    spelled = next(within, key)
    full = next((k for k, o in origins.items() if o == spelled), key)
    known = list(known_settings())
    leaves = {name.rpartition(".")[2]: name for name in known}
    near = difflib.get_close_matches(full, known, 1) or [
        leaves[leaf]
        for leaf in difflib.get_close_matches(full.rpartition(".")[2], leaves, 1)
    ]
    if not near:
        return ConfigError(
            "{key} is not a setting: config.example.toml shows all there are.",
            key=spelled,
        )
    return ConfigError(
        "{key} is not a setting: did you mean {nearest}?", key=spelled, nearest=near[0]
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _not_whole(found: _Finding) -> ConfigError:
    key, value, default = found.key, found.value, found.default
    if key.lower().endswith("_seconds"):
        return ConfigError(
            "{key}: {value} is not a whole number; write seconds, as in {default}.",
            key=key,
            value=value,
            default=default,
        )
    if key.lower().endswith("_days"):
        return ConfigError(
            "{key}: {value} is not a whole number; write days, as in {default}.",
            key=key,
            value=value,
            default=default,
        )
    return ConfigError(
        "{key}: {value} is not a whole number; write one, as in {default}.",
        key=key,
        value=value,
        default=default,
    )


def _not_a_number(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is not a number; write one, as in {default}.",
        key=found.key,
        value=found.value,
        default=found.default,
    )


def _beyond(found: _Finding) -> ConfigError:
    low, high = (f"{limit:g}" for limit in found.between or ())
    return ConfigError(
        "{key}: {value} is out of range; write {low} to {high}.",
        key=found.key,
        value=found.value,
        low=low,
        high=high,
    )


def _not_text(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is not a text; write one in quotes, as in {default}.",
        key=found.key,
        value=found.value,
        default=found.default,
    )


def _ill_sized(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is too short or too long; write a text, as in {default}.",
        key=found.key,
        value=found.value,
        default=found.default,
    )


def _not_offered(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is not offered; write one of {offered}.",
        key=found.key,
        value=found.value,
        offered=", ".join(in_toml(choice) for choice in found.choices if choice),
    )


def _not_a_list(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is not a list of texts; write one, as in {example}.",
        key=found.key,
        value=found.value,
        example='["127.0.0.1:8380"]',
    )


def _empty_list(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} names nothing; write at least one, as in {default}.",
        key=found.key,
        value=found.value,
        default=found.default,
    )


def _not_stages(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is not a list of stages; write ids, or PIPELINE:STAGE, as in "
        '["142", "8001:9002"].',
        key=found.key,
        value=found.value,
    )


def _not_cuts(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} will not do; write four ascending whole numbers, as in "
        "[2, 3, 5, 10], or [] to learn them.",
        key=found.key,
        value=found.value,
    )


def _not_counts(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} will not do; who bought once has F = 1, so begin with 2 or "
        "more, as in [2, 3, 5, 10].",
        key=found.key,
        value=found.value,
    )


def _not_true_or_false(found: _Finding) -> ConfigError:
    return ConfigError(
        "{key}: {value} is neither true nor false; write one of them, as in {default}.",
        key=found.key,
        value=found.value,
        default=found.default,
    )


_COMPLAINTS: Mapping[str, Callable[[_Finding], ConfigError]] = {
    "int_type": _not_whole,
    "float_type": _not_a_number,
    "greater_than_equal": _beyond,
    "less_than_equal": _beyond,
    "literal_error": _not_offered,
    "stages": _not_stages,
    "cuts": _not_cuts,
    "counts": _not_counts,
    "bool_type": _not_true_or_false,
    "bool_parsing": _not_true_or_false,
    "too_short": _empty_list,
    "int_parsing": _not_whole,
    "int_from_float": _not_whole,
    "string_too_short": _ill_sized,
    "string_too_long": _ill_sized,
    "tuple_type": _not_a_list,
    "string_type": _not_text,
}
