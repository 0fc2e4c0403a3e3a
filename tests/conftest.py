import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "docs"))
sys.path.insert(0, str(ROOT / "tests"))


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


def pytest_xdist_auto_num_workers(config):
    """Two workers for the default run; one process for a part of it, and to measure."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    part = config.option.keyword or "not full" not in config.option.markexpr
    return 2 if whole and not part else 0


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
