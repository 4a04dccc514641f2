"""What an admin has set, in the model's own terms."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from kommo_sync.config.settings import Judging
from kommo_sync.model.clients import ClientUnit
from kommo_sync.model.flagging import FlagBy, Flagging
from kommo_sync.model.judgement import Rules
from kommo_sync.model.lifecycle import LifecycleRules
from kommo_sync.model.purchases import PurchaseRules, ZeroPrice
from kommo_sync.model.rfm import TypedCuts

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class StageOf:
    """A stage whose leads count.

    Args:
        stage: its id.
        pipeline: of one pipeline only; 0 of any.
    """

    stage: int
    pipeline: int = 0


@dataclass(frozen=True, slots=True)
class Counting:
    """Which leads count, and for whom.

    Args:
        won: stages of purchases.
        refunds: stages of money given back.
        unit: who is a client.
        join_duplicates: whether contacts with one phone or e-mail are one client.
        country: whose phones are written without +; "" knows none.
        time_zone: in which a moment becomes a day.
    """

    won: tuple[StageOf, ...]
    refunds: tuple[StageOf, ...]
    unit: ClientUnit
    join_duplicates: bool
    country: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides how an account is judged.

    Args:
        counting: which leads count, and for whom.
        rules: how the clients are judged.
        advocate_tag: of cards that recommend us; "" is none.
        advocate_field_id: custom field that they have filled in; 0 is none.
    """

    counting: Counting
    rules: Rules
    advocate_tag: str
    advocate_field_id: int

    def to_text(self) -> str:
        """Return JSON."""
        return msgspec.json.encode(self).decode()

    @property
    def hash(self) -> str:
        """What stands for all settings: it changes when any of them does."""
        return blake2b(self.to_text().encode(), digest_size=8).hexdigest()


def settings_of(judging: Judging, country: str, time_zone: str | None) -> Settings:
    """Return how an account is judged.

    Args:
        judging: as configured.
        country: of the account, as the CRM gives it.
        time_zone: likewise; None is UTC.
    """
    return Settings(
        Counting(
            tuple(map(_stage, judging.won_stages)),
            tuple(map(_stage, judging.refund_stages)),
            ClientUnit(judging.client_unit),
            judging.join_duplicates,
            judging.phone_region or country,
            time_zone or "UTC",
        ),
        Rules(
            PurchaseRules(
                ZeroPrice(judging.zero_price),
                judging.merge_gap_days,
                judging.cancel_matched,
            ),
            judging.horizon_days,
            TypedCuts(
                _four(judging.recency_cuts),
                _four(judging.frequency_cuts),
                _four(tuple(cut * HUNDREDTHS for cut in judging.monetary_cuts)),
            ),
            LifecycleRules(judging.loyal_purchases),
            Flagging(
                FlagBy(judging.flag_by),
                judging.save_rate,
                round(judging.contact_cost * HUNDREDTHS),
                judging.capacity,
            ),
        ),
        judging.advocate_tag,
        judging.advocate_field_id,
    )


def decoded_settings(text: str) -> Settings:
    """Return the settings that `Settings.to_text` wrote."""
    return msgspec.json.decode(text, type=Settings)


def _stage(text: str) -> StageOf:
    pipeline, _, stage = text.rpartition(":")
    return StageOf(int(stage), int(pipeline or 0))


def _four(cuts: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    if not cuts:
        return None
    first, second, third, fourth = cuts
    return first, second, third, fourth
