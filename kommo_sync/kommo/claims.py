"""What a token says of itself."""

import base64
import binascii

from msgspec import Struct, json

from kommo_sync.kommo.shapes import Int


class Claims(Struct, frozen=True):
    """What is read of a token; nothing of it is proven.

    Attributes:
        account_id: the account that it is for.
        exp: when it dies, Unix seconds.
        api_domain: the shard that serves the account.
    """

    account_id: Int | None = None
    exp: Int | None = None
    api_domain: str | None = None


_CLAIMS = json.Decoder(Claims, strict=False)


def token_claims(token: str) -> Claims | None:
    """Return what a JWT claims; None if it is no JWT. The signature is not checked."""
    parts = token.strip().split(".")
    if len(parts) != 3 or not token.isascii():
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return _CLAIMS.decode(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, RecursionError):
        return None
