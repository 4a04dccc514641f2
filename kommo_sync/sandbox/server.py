"""The sandbox behind a socket: waitress for HTTP, a thread for what is due."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from kommo_sync.sandbox.app import Sandbox

THREADS = 24
TICK_SECONDS = 0.05
SENDERS = 3
"""Threads that send webhooks: a slow receiver holds up one of them."""


class PortTaken(OSError):
    """The address cannot be listened on; the sentence says why."""


class _Task(WSGITask):  # type: ignore[misc]
    """Hands the application a way to cut the connection."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ["sandbox.hang_up"] = self._hang_up
        return environ

    def _hang_up(self) -> None:
        self.close_on_finish = True
        try:
            self.channel.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task


class Server:
    """Serves one sandbox on one address until it is stopped.

    Args:
        port: 0 takes any free one.

    Raises:
        PortTaken: the address cannot be listened on.
    """

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        self.sandbox = sandbox
        self._stop = threading.Event()
        try:
            listener = socket.create_server((host, port), backlog=256)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PortTaken(
                f"Port {port} on {host} cannot be used ({reason}): "
                "choose another --port, or stop what listens there."
            ) from error
        self.port = listener.getsockname()[1]
        self.base_url = f"http://{host}:{self.port}"
        logging.getLogger("waitress").setLevel(logging.CRITICAL)
        self._server = create_server(
            sandbox.wsgi,
            sockets=[listener],
            threads=THREADS,
            ident="",
            clear_untrusted_proxy_headers=False,
            channel_timeout=60,
        )
        self._server.channel_class = _Channel
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Serve in threads of their own and return at once."""
        senders = [self._deliver] * SENDERS
        for target in (self._server.run, self._rise, *senders):
            thread = threading.Thread(target=_quietly(target), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop serving; requests under way are answered first."""
        self._stop.set()
        self._server.close()
        self._server.task_dispatcher.shutdown()

    def _rise(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.sandbox.wsgi.raise_zombies()

    def _deliver(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.sandbox.hooks.deliver_due()


def _quietly(target: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            target()
        except OSError:
            # Closing the listening socket under select() ends the loop this way.
            return

    return run
