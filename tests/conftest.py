import contextlib
import os
import shutil
import signal

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--update-outputs",
        action="store_true",
        help="rewrite the #: lines of lessons that print something else",
    )
    parser.addoption(
        "--record",
        action="store_true",
        help="write what a full run reached to docs/results.csv and README.md",
    )


def pytest_configure():
    """Let Ctrl-C reach what tests start, also where nohup and & have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# No sandbox, since tests run as root in a container; and nothing that the browser would
# ask the network for by itself.
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def lacking(what):
    """Skip a test for want of something; where everything has to be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium or Chrome, the one that is installed on this machine."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        lacking("playwright is not installed")
    found = filter(None, map(shutil.which, ["chromium", "chromium-browser"]))
    path = next(found, None)
    where = {"executable_path": path} if path else {"channel": "chrome"}
    with contextlib.ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        try:
            browser = playwright.chromium.launch(args=BROWSER_FLAGS, **where)
        except Error as error:
            lacking(f"no Chromium and no Chrome: {error.message.splitlines()[0]}")
        stack.callback(browser.close)
        yield browser
