import uuid

import pytest

from kommo_sync.sandbox.account.records import LOST, WON
from kommo_sync.sandbox.seeding.fresh import fresh_data, managers, owner
from tests.sandbox.chances import chance

NOW = 1_790_000_000


@pytest.fixture
def data():
    return fresh_data(now=NOW, chance=chance(1))


def test_a_fresh_account_has_one_administrator_and_three_managers(data):
    assert [user.is_admin for user in data.users.values()].count(True) == 1
    assert len(managers(data)) == 3
    assert owner(data).is_admin


def test_a_fresh_account_has_no_cards(data):
    cards = (data.leads, data.contacts, data.companies, data.tasks, data.notes)
    assert [len(kind) for kind in cards] == [0] * 5


def test_every_pipeline_has_incoming_ordinary_and_closing_stages(data):
    assert [p.is_main for p in data.pipelines.values()] == [True, False]
    for pipeline in data.pipelines.values():
        assert [s.type for s in pipeline.statuses].count(1) == 1
        assert len(pipeline.ordinary()) >= 3
        assert [s.id for s in pipeline.statuses[-2:]] == [WON, LOST]
        assert {s.pipeline_id for s in pipeline.statuses} == {pipeline.id}
        sorts = [s.sort for s in pipeline.statuses]
        assert sorts == sorted(sorts)


def test_refund_is_an_ordinary_stage_of_the_second_pipeline_only(data):
    main, repeat = data.pipelines.values()
    assert "Refund" in [stage.name for stage in repeat.ordinary()]
    assert "Refund" not in [stage.name for stage in main.statuses]


def test_the_fields_that_clients_of_the_api_look_for_are_there(data):
    codes = {(field.entity_type, field.code) for field in data.fields.values()}
    assert {("contacts", "PHONE"), ("contacts", "EMAIL")} <= codes
    assert {("contacts", "CLIENT_NUMBER"), ("contacts", "COUNTRY")} <= codes
    assert {("leads", "ORDER_ID"), ("leads", "UTM_SOURCE")} <= codes
    phone = next(f for f in data.fields.values() if f.code == "PHONE")
    assert "WORK" in [enum.code for enum in phone.enums]


def test_only_one_integration_is_ours_and_each_has_its_own_secret(data):
    integrations = list(data.integrations.values())
    assert [i.name for i in integrations if i.is_ours] == ["Your integration"]
    assert {i.name for i in integrations} > {"Newsletter", "Messenger"}
    assert {len(i.client_secret) for i in integrations} == {64}
    assert len({i.client_secret for i in integrations}) == 3
    assert all(str(uuid.UUID(key)) == key for key in data.integrations)


def test_ids_that_were_given_out_are_not_given_out_again(data):
    assert data.counters["users"] > max(data.users)
    assert data.counters["fields"] > max(data.fields)
    assert data.counters["pipelines"] > max(data.pipelines)


def test_the_same_chance_gives_the_same_account():
    first, second, other = (
        fresh_data(now=NOW, chance=chance(seed)) for seed in (1, 1, 2)
    )
    assert first == second
    assert first.integrations.keys() != other.integrations.keys()


def test_settings_stand_in_the_account():
    data = fresh_data(
        now=NOW,
        chance=chance(1),
        subdomain="acme",
        timezone="Europe/Madrid",
        currency="EUR",
    )
    account = data.account
    assert (account.subdomain, account.timezone) == ("acme", "Europe/Madrid")
    assert (account.currency, account.currency_symbol) == ("EUR", "€")
