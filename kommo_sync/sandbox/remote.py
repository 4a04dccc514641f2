"""What the command line asks a running sandbox."""

import httpx


class NoSandbox(ConnectionError):
    """Nothing that answers like a sandbox at that address."""


def fetch_tokens(base_url: str) -> dict[str, str]:
    """Return `refresh_token` (fresh, unspent) and `expired` (an access token).

    Raises:
        NoSandbox: nobody answers there, or no sandbox does.
    """
    try:
        answer = httpx.post(
            f"{base_url.rstrip('/')}/_sandbox/tokens", timeout=10.0, trust_env=False
        )
        answer.raise_for_status()
        body = answer.json()
        return {name: body[name] for name in ("refresh_token", "expired")}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        raise NoSandbox(
            f"No sandbox answers at {base_url}: start one with `kommo-sync sandbox`."
        ) from error
