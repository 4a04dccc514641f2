"""Starts syncs at once, each a process of its own that can be killed.

`python -m tests.sync.spawner URL BASE_URL ACCOUNT [cursor-first]`, the token on the
first line of standard input; then each line "go" forks a sync, and its process id and
how it ended are told, a line each.
"""

import os
import random
import sys
import time
from dataclasses import replace
from typing import Any

from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import SystemClock, is_dead, own_name
from kommo_sync.store.account import AccountStore
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.cycle import pull
from kommo_sync.sync.walk import Desk
from tests.sync.world import FixedToken, FreeSlots, Silent

READING = Reading(page_size=25, in_flight=3, history_days=10_000)


def sync(url: str, base_url: str, account_id: AccountId, token: str) -> None:
    store = Store.open(url, key=bytes(32))
    account, clock = store.account(account_id), SystemClock()
    lease = account.take_lease(
        "sync", own_name(), clock.now(), seconds=60, is_dead=is_dead
    )
    client = KommoClient(
        base_url,
        FixedToken(token),
        FreeSlots(),
        clock,
        random.Random(),
        allowed=AllowedHosts((base_url.partition("://")[2],)),
    )
    reading = replace(READING)
    pull(Desk(client, account, lease, reading, Silent(), store.checkpoint))
    account.release(lease)
    store.close()


def save_the_cursor_first() -> None:
    """Break the code: what a crash loses between the two is never read again."""
    keep = AccountStore.keep_page

    def broken(
        self: AccountStore, part: Any, rows: Any, cursor: Any, **how: Any
    ) -> int:
        self.save_cursor(part, cursor, how.get("lease"))
        time.sleep(0.01)
        return keep(self, part, rows, cursor, **how)

    AccountStore.keep_page = broken  # type: ignore[method-assign]


def main() -> None:
    url, base_url, account_id, *mutant = sys.argv[1:]
    if mutant:
        save_the_cursor_first()
    token = sys.stdin.readline().strip()
    for _go in sys.stdin:
        child = os.fork()
        if child == 0:
            sync(url, base_url, AccountId(int(account_id)), token)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
