"""A real Chromium for the tests that look at pages as a person does."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import flask
import pytest
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

NAMES = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
# No sandbox: CI runs as root. The others keep Chromium from calling home.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Return the path of the machine's Chromium; without one the test fails."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.fail(
        "No Chromium on this machine, so nobody can look at the pages. "
        "On Debian: apt-get install chromium fonts-dejavu-core",
        pytrace=False,
    )


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give a running Chromium, closed at the end."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def serving(app: flask.Flask) -> Iterator[str]:
    """Give the address at which the application answers on this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
