import base64

import pytest

from kommo_sync.kommo.claims import Claims, token_claims
from tests.kommo.kit import account


def jwt(payload: bytes) -> str:
    part = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"aaaa.{part}.bbbb"


def test_a_sandbox_token_tells_account_end_and_shard():
    claims = token_claims(account().token)
    assert claims is not None
    assert claims.account_id == 31000001
    assert claims.exp is not None
    assert claims.api_domain == "api-c.kommo.com"


def test_a_token_may_claim_nothing():
    assert token_claims(jwt(b"{}")) == Claims()


def test_numbers_may_be_strings():
    assert token_claims(jwt(b'{"account_id":"7"}')) == Claims(account_id=7)


@pytest.mark.parametrize(
    "token",
    ["", "canary", "a.b", "a.b.c.d", "..", jwt(b"[]"), jwt(b"\xff"), "a.é.c", "a.?.c"],
)
def test_what_is_no_jwt_claims_nothing(token):
    assert token_claims(token) is None
