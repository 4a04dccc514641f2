"""/account."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kommo_sync.sandbox.account.records import AccountSettings
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.wire.call import Call


def get_account(call: Call) -> Item:
    """GET /account: further parts only by `with=`."""
    account = call.state.data.account
    body = {
        **_facts(call, account),
        **_root_parts(call, account),
        "_links": call.self_link("account"),
    }
    embedded = {
        name: part
        for name, part in _embedded_parts(call, account).items()
        if name in call.withs
    }
    return {**body, "_embedded": embedded} if embedded else body


def _facts(call: Call, account: AccountSettings) -> Item:
    return {
        "id": account.id,
        "name": account.name,
        "subdomain": account.subdomain,
        "created_at": account.created_at,
        "created_by": 0,
        "updated_at": account.created_at,
        "updated_by": 0,
        "current_user_id": call.user.id,
        "country": account.country,
        "currency": account.currency,
        "currency_symbol": account.currency_symbol,
        "customers_mode": "disabled",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": account.is_loss_reason_enabled,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": account.contact_name_display_order,
        "language": account.language,
    }


def _root_parts(call: Call, account: AccountSettings) -> Item:
    parts: Item = {
        "amojo_id": account.amojo_id,
        "uuid": account.uuid,
        "version": 12,
        "drive_url": f"https://drive-c.{account.domain}",
        "is_api_filter_enabled": True,
    }
    return {name: part for name, part in parts.items() if name in call.withs}


def _embedded_parts(call: Call, account: AccountSettings) -> dict[str, Any]:
    data = call.state.data
    return {
        "amojo_rights": {"can_direct": True, "can_create_groups": True},
        "users_groups": [
            {"id": group_id, "name": name, "uuid": None}
            for group_id, name in data.user_groups.items()
        ],
        "task_types": [
            {
                "id": kind.id,
                "name": kind.name,
                "color": kind.color,
                "icon_id": kind.icon_id,
                "code": kind.code,
            }
            for kind in data.task_types.values()
        ],
        "entity_names": _entity_names(),
        "datetime_settings": datetime_settings(account, call.state.now()),
        "invoices_settings": {"lang": account.language, "currency": account.currency},
    }


def _entity_names() -> dict[str, Any]:
    singular = {"leads": "Lead", "contacts": "Contact", "companies": "Company"}
    return {
        kind: {
            "en": {
                "gender": "m",
                "plural_form": {"dative": kind, "default": kind.capitalize()},
                "singular_form": {"dative": name.lower(), "default": name},
            }
        }
        for kind, name in singular.items()
    }


def datetime_settings(account: AccountSettings, now: int) -> dict[str, str]:
    """Return how the account shows time; the offset is the one in force at `now`."""
    moment = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(account.timezone))
    offset = moment.strftime("%z")
    date, time = ("m/d/Y", "H:i") if account.country == "US" else ("d.m.Y", "H:i")
    return {
        "date_pattern": f"{date} {time}",
        "short_date_pattern": date,
        "short_time_pattern": time,
        "date_format": date,
        "time_format": time,
        "timezone": account.timezone,
        "timezone_offset": f"{offset[:3]}:{offset[3:]}",
    }


ROUTES = [("GET", "/account", get_account)]
