"""A young account without clients: users, pipelines, fields, integrations."""

import random
import string
from typing import Any
from uuid import UUID

from kommo_sync.sandbox.account.grants import Integration
from kommo_sync.sandbox.account.history import ROBOT, Author
from kommo_sync.sandbox.account.records import (
    LOST,
    WON,
    AccountSettings,
    LossReason,
    Pipeline,
    Role,
    Status,
    TaskType,
    User,
)
from kommo_sync.sandbox.account.state import Data
from kommo_sync.sandbox.seeding.fresh_fields import add_fields, take_id

DAY = 86_400
ACCOUNT_AGE_DAYS = 900
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "RUB": "₽", "BRL": "R$", "MXN": "MX$"}
REFUND_STAGE = "Refund"
CANCELLED = "Order cancelled"
MANAGERS = ("Daniel O'Connor", "Мария Соколова", "José Núñez Ibáñez")
LOSS_REASONS = (
    "Too expensive",
    "Went to a competitor",
    "No answer",
    "Not interested any more",
    CANCELLED,
)
# Stage colours: https://developers.kommo.com/reference/pipelines
STAGES = {
    "Sales": (
        ("Initial contact", "#99ccff"),
        ("Discussions", "#ffff99"),
        ("Decision making", "#ffcc66"),
        ("Contract discussion", "#ffcccc"),
    ),
    "Repeat orders": (
        ("Reorder due", "#99ccff"),
        ("Offer sent", "#ffff99"),
        ("Payment expected", "#ffcc66"),
        (REFUND_STAGE, "#ffcccc"),
    ),
}
INTEGRATIONS = (
    ("Your integration", "https://example.com/callback"),
    ("Newsletter", "https://newsletter.example.com/callback"),
    ("Messenger", "https://messenger.example.com/callback"),
)


def fresh_data(  # noqa: PLR0913, the account's own seven settings
    *,
    now: int,
    chance: random.Random,
    name: str = "Demo shop",
    subdomain: str = "demo",
    timezone: str = "America/New_York",
    currency: str = "USD",
    language: str = "en",
) -> Data:
    """Return an account as its owner finds it after the set-up; no card in it.

    Args:
        now: Unix seconds; the account was opened 900 days before.
        chance: gives the ids and secrets that are random in Kommo.
        timezone: an IANA name.
    """
    created_at = now - ACCOUNT_AGE_DAYS * DAY
    account = AccountSettings(
        id=31_000_001,
        name=name,
        subdomain=subdomain,
        currency=currency,
        currency_symbol=SYMBOLS.get(currency, currency),
        language=language,
        timezone=timezone,
        created_at=created_at,
        uuid=_uuid(chance),
        amojo_id=_uuid(chance),
    )
    data = Data(account=account)
    _add_people(data, chance)
    for pipeline_name in STAGES:
        _add_pipeline(data, pipeline_name)
    _add_lists(data, created_at)
    add_fields(data)
    _add_integrations(data, chance)
    return data


def integration_author(data: Data, name: str) -> Author:
    """Return who writes when that integration writes: in the administrator's name.

    Raises:
        StopIteration: the account has no integration of that name.
    """
    integration = next(i for i in data.integrations.values() if i.name == name)
    return Author(
        kind="integration",
        name=name,
        user_id=owner(data).id,
        client_id=integration.client_id,
        is_ours=integration.is_ours,
    )


def human(user: User) -> Author:
    """Return a user as an author: somebody at work in Kommo's own interface."""
    return Author(kind="human", name=user.name, user_id=user.id)


def owner(data: Data) -> User:
    """Return the administrator, whose tokens the account gives out."""
    return next(user for user in data.users.values() if user.is_admin)


def managers(data: Data) -> list[User]:
    """Return the users who look after clients."""
    return [user for user in data.users.values() if not user.is_admin]


def refund_stage(data: Data) -> Status:
    """Return the stage in which leads about money given back stand.

    Raises:
        StopIteration: somebody renamed it.
    """
    stages = (s for pipeline in data.pipelines.values() for s in pipeline.ordinary())
    return next(stage for stage in stages if stage.name == REFUND_STAGE)


def cancelled_reason(data: Data) -> LossReason:
    """Return the loss reason of orders that were taken back.

    Raises:
        StopIteration: somebody deleted it.
    """
    return next(r for r in data.loss_reasons.values() if r.name == CANCELLED)


def _uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _add_people(data: Data, chance: random.Random) -> None:
    retail = take_id(data, "groups")
    data.user_groups = {0: "Sales department", retail: "Retail"}
    role = Role(id=take_id(data, "roles"), name="Sales manager", rights=_rights())
    data.roles[role.id] = role
    staff: list[tuple[str, int | None]] = [("Olivia Brandt", None)]
    staff += zip(MANAGERS, (0, 0, retail), strict=True)
    for number, (name, group_id) in enumerate(staff):
        user = User(
            id=take_id(data, "users"),
            name=name,
            email=f"user{number + 1}@example.com",
            lang=data.account.language,
            is_admin=number == 0,
            group_id=group_id,
            role_id=role.id if number else None,
            phone_number=f"+1 202 555 01{number:02}",
            uuid=_uuid(chance),
        )
        data.users[user.id] = user


def _rights() -> dict[str, Any]:
    verbs = ("view", "edit", "add", "delete", "export")
    kinds = ("leads", "contacts", "companies")
    rights: dict[str, Any] = {kind: dict.fromkeys(verbs, "A") for kind in kinds}
    rights["tasks"] = {"edit": "A", "delete": "A"}
    rights |= {"mail_access": True, "catalog_access": True, "files_access": True}
    return rights


def _add_pipeline(data: Data, name: str) -> None:
    pipeline = Pipeline(
        id=take_id(data, "pipelines"),
        name=name,
        sort=len(data.pipelines) + 1,
        is_main=not data.pipelines,
    )
    stages = [("Incoming leads", "#c1c1c1"), *STAGES[name]]
    pipeline.statuses = [
        Status(
            id=take_id(data, "statuses"),
            pipeline_id=pipeline.id,
            name=stage,
            sort=(index + 1) * 10,
            color=color,
            type=1 if index == 0 else 0,
            is_editable=index > 0,
        )
        for index, (stage, color) in enumerate(stages)
    ]
    for status_id, stage, sort, color in (
        (WON, "Closed - won", 10_000, "#CCFF66"),
        (LOST, "Closed - lost", 11_000, "#D5D8DB"),
    ):
        pipeline.statuses.append(
            Status(
                id=status_id,
                pipeline_id=pipeline.id,
                name=stage,
                sort=sort,
                color=color,
                is_editable=False,
            )
        )
    data.pipelines[pipeline.id] = pipeline


def _add_lists(data: Data, created_at: int) -> None:
    data.task_types = {
        1: TaskType(id=1, name="Follow-up", code="FOLLOW_UP"),
        2: TaskType(id=2, name="Meeting", code="MEETING"),
    }
    for index, name in enumerate(LOSS_REASONS):
        reason = LossReason(
            id=take_id(data, "loss_reasons"),
            name=name,
            sort=(index + 1) * 10,
            created_at=created_at,
            updated_at=created_at,
        )
        data.loss_reasons[reason.id] = reason


def _add_integrations(data: Data, chance: random.Random) -> None:
    alphabet = string.ascii_letters + string.digits
    for index, (name, redirect_uri) in enumerate(INTEGRATIONS):
        integration = Integration(
            client_id=_uuid(chance),
            client_secret="".join(chance.choices(alphabet, k=64)),
            name=name,
            redirect_uri=redirect_uri,
            is_ours=index == 0,
        )
        data.integrations[integration.client_id] = integration
    authors = [human(user) for user in data.users.values()]
    data.authors = [ROBOT, *authors]
    data.authors += [integration_author(data, name) for name, _ in INTEGRATIONS]
