"""The sandbox behind a socket: waitress for HTTP, a thread for what is due."""

import logging
import socket
import threading
from contextlib import suppress
from typing import Any

from waitress import wasyncore
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

    def set_close_on_finish(self) -> None:
        # waitress closes after whatever has no length told; 204 never has one.
        told = self.request.headers.get("CONNECTION", "").lower()
        if self.has_body or self.version == "1.0" or told == "close":
            super().set_close_on_finish()

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
        listener = _listen(host, port)
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
        self._answered = threading.Event()
        self._loop = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Serve in threads of their own and return at once."""
        self._loop.start()
        for target in (self._rise, *[self._deliver] * SENDERS):
            threading.Thread(target=target, daemon=True).start()

    def stop(self) -> None:
        """Stop serving; requests under way are answered first, five seconds at most."""
        self._stop.set()
        self._server.task_dispatcher.shutdown()
        self._answered.set()
        with suppress(OSError):  # the loop may have ended by itself
            self._server.pull_trigger()
        self._loop.join()

    def _serve(self) -> None:
        sockets = self._server._map
        while not self._answered.is_set():
            wasyncore.loop(timeout=1.0, map=sockets, count=1)
        wasyncore.close_all(sockets, ignore_all=True)

    def _rise(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.sandbox.wsgi.raise_zombies()

    def _deliver(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.sandbox.hooks.deliver_due()


def _listen(host: str, port: int) -> socket.socket:
    reason = "there is no such port"
    if 0 <= port < 65_536:
        try:
            return socket.create_server((host, port), backlog=256)
        except OSError as error:
            reason = error.strerror or str(error)
    raise PortTaken(
        f"Port {port} on {host} cannot be used ({reason}): "
        "choose another --port, or stop what listens there."
    )
