"""The account: its facts, and the parts that `with=` adds."""

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import user_ids
from tests.sandbox.kit import ORIGIN, Api

# https://github.com/amocrm/amocrm-api-php, Models/AccountModel.php
REQUIRED = """
id name subdomain created_by created_at updated_by updated_at current_user_id country
currency is_unsorted_on mobile_feature_version customers_mode is_loss_reason_enabled
is_helpbot_enabled is_technical_account contact_name_display_order
""".split()
FURTHER = ["currency_symbol", "language", "_links"]
AT_ROOT = ["amojo_id", "uuid", "version", "drive_url", "is_api_filter_enabled"]
EMBEDDED = """
amojo_rights users_groups task_types entity_names datetime_settings invoices_settings
""".split()


def test_every_key_that_the_official_sdk_requires_is_there(api: Api):
    account = api.get("account")
    assert sorted(account) == sorted(REQUIRED + FURTHER)
    assert account["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/account"


def test_it_tells_in_whose_name_the_token_works(api: Api):
    admin, manager, *_ = user_ids(api)
    assert api.get("account")["current_user_id"] == admin
    api.headers["X-Context-User-ID"] = str(manager)
    assert api.get("account")["current_user_id"] == manager


def test_customers_are_disabled(api: Api):
    assert api.get("account")["customers_mode"] == "disabled"


@pytest.mark.parametrize("name", AT_ROOT)
def test_a_part_at_the_root_is_told_when_asked_for(api: Api, name: str):
    account = api.get(f"account?with={name}")
    assert account[name]
    assert sorted(account) == sorted([*REQUIRED, *FURTHER, name])


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_part_is_told_when_asked_for(api: Api, name: str):
    embedded = api.get(f"account?with={name}")["_embedded"]
    assert set(embedded) == {name}
    assert embedded[name]


def test_all_parts_may_be_asked_for_at_once(api: Api):
    account = api.get(f"account?with={','.join(AT_ROOT + EMBEDDED)}")
    assert set(AT_ROOT) <= set(account)
    assert sorted(account["_embedded"]) == sorted(EMBEDDED)


def test_the_kinds_of_tasks_have_ids_and_codes(api: Api):
    kinds = api.get("account?with=task_types")["_embedded"]["task_types"]
    assert [(k["id"], k["code"]) for k in kinds] == [(1, "FOLLOW_UP"), (2, "MEETING")]
    assert set(kinds[0]) == {"id", "name", "color", "icon_id", "code"}


def test_groups_of_users_begin_with_the_sales_department(api: Api):
    groups = api.get("account?with=users_groups")["_embedded"]["users_groups"]
    assert groups[0] == {"id": 0, "name": "Sales department", "uuid": None}


def test_the_time_zone_stands_in_the_settings_of_dates(api: Api):
    settings = api.get("account?with=datetime_settings")["_embedded"]
    dates = settings["datetime_settings"]
    patterns = {"date_pattern", "short_date_pattern", "short_time_pattern"}
    formats = {"date_format", "time_format", "timezone", "timezone_offset"}
    assert set(dates) == patterns | formats
    assert dates["timezone"] == "America/New_York"
    assert dates["timezone_offset"] == "-04:00"


def test_the_offset_is_the_one_in_force_today(api: Api, clock: ManualClock):
    clock.advance(90 * 86_400)
    settings = api.get("account?with=datetime_settings")["_embedded"]
    assert settings["datetime_settings"]["timezone_offset"] == "-05:00"


def test_money_is_named_in_the_accounts_currency(api: Api):
    account = api.get("account?with=invoices_settings")
    assert (account["currency"], account["currency_symbol"]) == ("USD", "$")
    invoices = account["_embedded"]["invoices_settings"]
    assert invoices == {"lang": "en", "currency": "USD"}
