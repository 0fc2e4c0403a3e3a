"""The dashboard with a real server, a real browser, and whatever goes wrong."""

import contextlib
import http.server
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import lacking
from lesson_runner import ROOT, run_lesson
from PIL import Image

import dashboard
import visdom_server
from dashboard import connect, who_answers

WAIT = 120  # seconds, on a machine that does much else

pytestmark = pytest.mark.xdist_group("dashboard")  # one worker has all the servers
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def outputs(monkeypatch, tmp_path):
    """A quick lesson whose outputs go to a folder, and which ends with the test."""
    ends = []
    exits = SimpleNamespace(register=ends.append, unregister=lambda end: None)
    monkeypatch.setattr(dashboard, "atexit", exits)
    monkeypatch.setattr(sys, "argv", ["lesson99.py", "--no-show"])
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path))
    monkeypatch.setenv("LESSONS_QUICK", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path
    for end in ends:
        end()


@pytest.fixture
def port():
    """A port that no program uses."""
    with socket.socket() as probe:
        probe.bind((dashboard.HOST, 0))
        return probe.getsockname()[1]


@pytest.fixture
def other(monkeypatch):
    """The port of another program, which has an error page for all requests."""
    page = http.server.BaseHTTPRequestHandler
    monkeypatch.setattr(page, "log_message", lambda *args: None)
    with http.server.HTTPServer((dashboard.HOST, 0), page) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        yield server.server_port
        server.shutdown()


def ends(port):
    limit = time.monotonic() + WAIT
    while who_answers(port) != "nobody":
        assert time.monotonic() < limit
        time.sleep(0.05)
    return True


def ys(viz, win):
    """The values of a window's first line, as the server has them."""
    viz.flush()
    return json.loads(viz.get_window_data(win))["content"]["data"][0]["y"]


def logged(log):
    """What is in the log: each call's endpoint and message."""
    return [json.loads(line) for line in Path(log).read_text().splitlines()]


def calls(log):
    """The values of the curve ``loss``, call by call."""
    messages = [message for _, message in logged(log)]
    return [m["data"][0]["y"] for m in messages if m["win"] == "loss"]


def joined(lists):
    return [item for items in lists for item in items]


def lines_of(capsys):
    return capsys.readouterr().err.splitlines()


# --- a lesson and its server --------------------------------------------------------


def test_a_new_server(port, capsys, monkeypatch):
    """It listens on this machine alone, asks no proxy, and says two lines."""
    for name in "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY":
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody answers
    for name in "no_proxy", "NO_PROXY":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(visdom_server, "fetch_page", pytest.fail)  # never in quick runs
    viz = connect(port)
    if sys.platform == "linux":  # where all of 127/8 is this machine
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)
    for step in range(120):
        viz.point("loss", step, step / 2, {"title": "loss"})
    assert ys(viz, "loss") == [step / 2 for step in range(120)]
    viz.finish()
    viz.leave()
    assert lines_of(capsys) == [
        f"dashboard: {viz.address}",
        f'this shows it again: python dashboard.py --replay "{viz.log_to_filename}"',
    ]
    assert who_answers(port) == "nobody"


@contextlib.contextmanager
def started(*command):
    """A program in a session of its own; it ends with the block at the latest."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def lesson(outputs, port, body, redirect=""):
    """The command of a lesson that draws two points, says "ready" and waits."""
    script = outputs / "lesson98.py"
    script.write_text(
        f"import time\nfrom dashboard import connect\nviz = connect({port})\n"
        f"viz.point('loss', 1, 2)\nviz.point('loss', 2, 3)\n{body}\n"
        "print('ready', flush=True)\ntime.sleep(600)\n"
    )
    return ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, script]


def nothing_is_left(outputs, port):
    """The server has ended, and both points are in the log."""
    assert ends(port)
    (log,) = (outputs / "lesson98").glob("dashboard-*.log")
    return joined(calls(log)) == [2, 3]


@posix
def test_ctrl_c_in_a_lesson(outputs, port):
    """It is meant for the lesson, and not for the server, which gets what is left."""
    with started(*lesson(outputs, port, "")) as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        _, said = process.communicate(timeout=WAIT)
    assert "does not answer" not in said
    assert "press Enter" not in said  # there is no terminal
    assert "this shows it again" in said
    assert nothing_is_left(outputs, port)


@posix
def test_a_killed_lesson(outputs, port):
    """Here one without stderr, whose lines do not land among its results."""
    command = lesson(outputs, port, "viz.flush()", redirect="2>&-")
    with started(*command) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    assert nothing_is_left(outputs, port)


def test_at_a_terminal_the_dashboard_stays(port, capsys, monkeypatch):
    """Until Enter; with --no-show the lesson ends at once."""
    answers = []
    terminal = SimpleNamespace(
        isatty=lambda: True, readline=lambda: answers.append(who_answers(port))
    )
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setenv("MPLBACKEND", "agg")  # no page opens
    connect(port).leave()
    assert answers == []
    monkeypatch.setattr(sys, "argv", ["lesson99.py"])
    connect(port).leave()
    assert answers == ["visdom"]
    assert who_answers(port) == "nobody"
    assert lines_of(capsys)[2:] == ["the dashboard stays until you press Enter"]


def test_the_page_opens(port, monkeypatch):
    """Where there is a display, and windows are wanted."""
    opened = []
    monkeypatch.setattr(dashboard.webbrowser, "open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    connect(port)  # with --no-show
    monkeypatch.setattr(sys, "argv", ["lesson99.py"])
    assert opened == []
    viz = connect(port)
    assert opened == [viz.address]
    monkeypatch.setenv("MPLBACKEND", "agg")
    connect(port)
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    monkeypatch.setattr(sys, "platform", "linux")
    for name in "DISPLAY", "WAYLAND_DISPLAY":
        monkeypatch.delenv(name, raising=False)
    connect(port)
    assert len(opened) == 1


def test_points_are_gathered(other, monkeypatch):
    """One call a second, and on a long curve one for each fiftieth of it."""
    viz = connect(other)  # no server: all is in the log
    log = viz.log_to_filename
    monkeypatch.setattr(dashboard, "INTERVAL", 3600.0)
    for step in range(100):
        viz.point("loss", step, step)
    assert [len(y) for y in calls(log)] == [1]
    viz.flush()
    assert [len(y) for y in calls(log)] == [1, 99]
    monkeypatch.setattr(dashboard, "INTERVAL", 0.0)
    for step in range(100, 500):
        viz.point("loss", step, step)
    viz.finish()
    assert len(calls(log)[2]) == 2
    assert len(calls(log)[-2]) == 10
    assert joined(calls(log)) == list(range(500))


# --- values and messages ------------------------------------------------------------


def test_values_that_cannot_be_drawn(port):
    """They are handled where they are given, and the page gets JSON."""
    viz = connect(port)
    loss = torch.tensor(2.0, requires_grad=True)
    for step, y in enumerate([loss, torch.tensor([3]), float("nan"), float("inf")]):
        viz.point("w", step, y)
    for x in float("nan"), float("inf"):
        with pytest.raises(ValueError, match=f"'w' cannot be drawn at x = {x}"):
            viz.point("w", x, 1)
    viz.line([float("-inf"), 1], [0, 1], win="l")
    viz.text(5, win="t")
    assert ys(viz, "w") == [2, 3, None, None]
    assert ys(viz, "l") == [None, 1]
    assert json.loads(viz.get_window_data("t"))["content"] == "<pre>5</pre>"
    assert not re.search("NaN|Infinity", Path(viz.log_to_filename).read_text())


def test_a_refused_message_is_one_line(port, capsys):
    """The server is well, and all that follows arrives."""
    viz = connect(port)
    viz.text("a", win="t")
    viz.line([1.0], [0.0], win="t", update="append")
    _, refused = lines_of(capsys)
    assert refused.startswith("the dashboard refuses update of window 't': 500 ")
    assert not viz.lost
    viz.line([1.0], [0.0], win="l", update="append")
    viz.line([2.0], [1.0], win="l", update="append")
    assert ys(viz, "l") == [1, 2]
    viz.close("l")
    viz.line([3.0], [0.0], win="l", update="append", opts={"xlabel": "step"})
    assert ys(viz, "l") == [3]
    assert '"step"' in viz.get_window_data("l")  # its axes, as of a new window
    viz.text("first", win="new", append=True)
    assert "first" in viz.get_window_data("new")


# --- other servers and other programs -----------------------------------------------


def run_main(monkeypatch, *flags):
    """``python dashboard.py`` with these flags, in this process."""
    monkeypatch.setattr(sys, "argv", ["dashboard.py", *map(str, flags)])
    dashboard.main()


def test_a_running_server_is_used_and_stays(port, monkeypatch, capsys):
    first, second = connect(port), connect(port)
    assert first.process
    assert not second.process
    second.line([1.0], [0], win="loss")
    assert ys(second, "loss") == [1]
    second.leave()
    run_main(monkeypatch, "--port", port)  # shows it, and leaves it alone
    assert f"http://127.0.0.1:{port}/" in capsys.readouterr().out
    assert who_answers(port) == "visdom"


def test_another_program_on_the_port(other, monkeypatch, capsys):
    """All is in the log, and the first of a window has its axes."""
    viz = connect(other)
    viz.point("loss", 1, 2, {"xlabel": "step"})
    assert viz.image(torch.rand(3, 4, 4)).startswith("window_")
    viz.finish()
    first, last = lines_of(capsys)
    assert first.startswith(f"no dashboard: port {other} is used by another program")
    assert viz.log_to_filename in last
    endpoint, message = logged(viz.log_to_filename)[0]
    assert (endpoint, message["win"]) == ("events", "loss")
    assert "step" in json.dumps(message["layout"])
    with pytest.raises(SystemExit, match="1"):
        run_main(monkeypatch, "--port", other)
    assert f"port {other} is used by another program" in lines_of(capsys)[-1]


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("raise ImportError('no tornado')", "(ImportError: no tornado)"),
        ("import time; time.sleep(600)", "(and does not say why)"),
    ],
)
def test_a_server_that_cannot_start(server, reason, port, outputs, capsys, monkeypatch):
    script = outputs / "server.py"
    script.write_text(server)
    monkeypatch.setattr(visdom_server, "__file__", str(script))
    monkeypatch.setattr(dashboard, "START_LIMIT", 0.3 if "sleep" in server else WAIT)
    connect(port)
    reason = f"no dashboard: a new server does not answer {reason}"
    assert lines_of(capsys) == [reason]


# --- a server that is lost ----------------------------------------------------------


def test_a_server_that_dies(port, capsys, monkeypatch):
    """Then a page made from the log is the one that there would have been."""
    monkeypatch.setattr(dashboard, "INTERVAL", 3600.0)  # points wait for a flush
    viz = connect(port)
    for step in range(70):
        viz.point("loss", step, step / 2)
    viz.flush()
    viz.process.kill()
    viz.process.wait()
    for step in range(70, 200):
        viz.point("loss", step, step / 2)
    viz.text("a < b", win="t")
    viz.leave()
    said = lines_of(capsys)
    assert len(said) == 3
    assert "no dashboard: its server does not answer any more (Conn" in said[1]
    log = Path(viz.log_to_filename)
    log.write_text(log.read_text() + '["events", {"da')  # cut by a full disk, say
    server = connect(port)
    server.text("a window of an earlier replay", win="old", env=viz.env)
    run_main(monkeypatch, "--port", port, "--replay", log)
    out, said = capsys.readouterr()
    assert out == f"dashboard: {viz.address}\n"
    assert f"{log} is cut or damaged from line 5 on\n" in said
    data = json.loads(server.get_window_data(env=viz.env))
    assert set(data) == {"loss", "t"}
    assert data["loss"]["content"]["data"][0]["y"] == [i / 2 for i in range(200)]
    assert data["t"]["content"] == "<pre>a &lt; b</pre>"


@posix
def test_a_server_that_hangs(port, capsys, monkeypatch):
    """Only the first message waits for it, and no point is lost."""
    viz = connect(port)
    assert dashboard.REPLY_LIMIT + 1 <= 5  # leave waits a second more
    monkeypatch.setattr(dashboard, "REPLY_LIMIT", 0.2)
    os.kill(viz.process.pid, signal.SIGSTOP)
    start = time.perf_counter()
    for step in range(500):
        viz.point("loss", step, step)
    for win in "abcdefgh":
        viz.text(win, win=win)
    viz.leave()
    assert time.perf_counter() - start < 5
    viz.process.wait(WAIT)
    said = lines_of(capsys)
    assert len(said) == 3
    assert "does not answer any more (ReadTimeout)" in said[1]
    assert viz.log_to_filename in said[2]
    assert joined(calls(viz.log_to_filename)) == list(range(500))


def test_outputs_that_cannot_be_written(port, capsys, monkeypatch):
    monkeypatch.setenv("LESSONS_OUTPUTS", os.path.join(os.devnull, "outputs"))
    viz = connect(port)
    for step in range(2):
        viz.line([1.0], [step], win="loss", update="append")
    assert ys(viz, "loss") == [1, 1]
    viz.finish()
    assert len(said := lines_of(capsys)) == 2
    assert "cannot be written" in said[1]


# --- the page -----------------------------------------------------------------------


@pytest.fixture
def page(browser):
    """A page of a browser: what it asked for, and the errors in it."""
    visdom_server.fetch_page(dashboard.say)
    if visdom_server.page_lacks():
        lacking("the page's scripts cannot be had here: no network and no npm")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


@posix
def test_the_page(page, port, outputs):
    """A person shows lesson 30's log, then a text; no request leaves the machine."""
    flags = ["--no-show", "--port", str(port)]
    run = run_lesson(ROOT / "lessons" / "lesson30_visdom.py", outputs, flags)
    assert run.status == 0, run.stderr
    log = re.search(r'--replay "(.+)"', run.stderr)[1]
    assert ends(port)
    command = [sys.executable, ROOT / "dashboard.py", "--port", str(port)]
    with started(*command, "--replay", log) as process:
        page.goto(process.stdout.readline().split()[-1])
        titles = "train loss", "test set", "test images", "predicted", "network"
        pane = {t: page.locator(".react-grid-item", has_text=t) for t in titles}
        for each in pane.values():
            each.first.wait_for()
        curve = pane["train loss"].locator(".scatterlayer .js-line")
        curve.wait_for()
        assert curve.get_attribute("d").count("L") == 2  # three steps
        legend = pane["test set"].locator(".legendtext")
        assert legend.all_text_contents() == ["loss", "accuracy"]
        assert pane["test set"].locator(".scatterlayer .point").count() == 2
        digits = pane["test images"].locator("img")
        assert digits.evaluate("image => image.naturalWidth") == 320
        shown = Image.open(io.BytesIO(digits.screenshot())).convert("L")
        assert sum(shown.histogram()[200:]) > 1000  # bright pixels
        words = pane["predicted"].locator("pre").inner_text()
        assert len(re.findall(r"\d", words)) == 40
        assert "(0): Flatten" in pane["network"].locator("pre").inner_text()
        text_is_shown_as_text(page, connect(port))
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 0
    assert ends(port)
    assert not page.errors
    off = [url for url in page.asked if not url.startswith(f"http://127.0.0.1:{port}/")]
    assert not [url for url in off if not url.startswith("data:")]


def text_is_shown_as_text(page, viz):
    text = "<img src=x onerror='document.title = 1'>\n<script>1</script> & <b>"
    viz.text(text, win="t")
    viz.svg("<svg id='drawn'> </svg>", win="s")  # what is meant as HTML remains so
    page.goto(viz.address)
    assert page.locator("pre").inner_text() == text
    page.locator("#drawn").wait_for(state="attached")
    assert page.title() == "visdom"


# --- the page's scripts -------------------------------------------------------------


@pytest.fixture
def lacks(outputs, monkeypatch):
    """The scripts that are not in a copy of Visdom, which is used here."""
    brought = "main.js", "style.css", "network.css", "rc-tree-select-overrides.css"
    page = (visdom_server.STATIC / "index.html").read_text()
    named = re.findall(r"static_url\(\s*[\"'](\w+/[^\"']+)", page)
    lacks = {name for name in named if Path(name).name not in brought}
    copy = outputs / "site" / "visdom"
    without = shutil.ignore_patterns(*[Path(name).name for name in lacks])
    shutil.copytree(visdom_server.STATIC.parent, copy, ignore=without)
    (copy.parent / "torch.py").write_text("raise ImportError('it takes seconds')")
    monkeypatch.setattr(visdom_server, "STATIC", copy / "static")
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    return lacks


def test_scripts_that_cannot_be_had(lacks, outputs, port, monkeypatch, capsys):
    """They are named, and the server takes data."""
    monkeypatch.delenv("LESSONS_QUICK")
    monkeypatch.setenv("PATH", str(outputs))  # there is no npm
    monkeypatch.setattr(visdom_server, "LIMIT", 3)
    with socket.create_server((dashboard.HOST, 0)) as firewall:  # swallows packets
        firewall.settimeout(5)
        for name in "http_proxy", "https_proxy", "HTTPS_PROXY":
            address = f"http://127.0.0.1:{firewall.getsockname()[1]}"
            monkeypatch.setenv(name, address)
        viz = connect(port)
        assert firewall.accept()[0].recv(8) == b"CONNECT "
    said = lines_of(capsys)
    no_npm = "[Errno 2] No such file or directory: 'npm'"
    what = f"the dashboard's page lacks {len(lacks)} scripts and styles: "
    assert said[0] == what + "visdom's own download"
    assert said[1].endswith("timed out after 3 seconds")
    assert said[2:4] == [what + "npm pack", f"npm pack fails: {no_npm}"]
    assert said[4].startswith("the page stays empty without ")
    assert all(name in said[4] for name in lacks)
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]


NPM = """#!/bin/sh
if [ ! -e packages ]; then printf 'npm error code E404 \\377\\n' >&2; exit 1; fi
shift 3  # pack and two flags
for package; do cp "packages/$package" "$(echo "$package" | tr @ -).tgz"; done
"""


@posix
def test_scripts_from_npm(lacks, outputs, monkeypatch, capsys):
    """Visdom's own download brings nothing, and npm, a stand-in, an error, then all."""
    packages = outputs / "packages"
    npm = outputs / "npm"
    npm.write_text(NPM.replace("packages", str(packages)))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(outputs), prepend=os.pathsep)
    monkeypatch.setattr(visdom_server, "_download", lambda: None)
    visdom_server.fetch_page(dashboard.say)
    *_, fails, lacking = lines_of(capsys)
    assert fails == "npm pack fails: npm error code E404 \N{REPLACEMENT CHARACTER}"
    assert all(name in lacking for name in lacks)
    packages.mkdir()
    for row in visdom_server._FILES.strip().splitlines():
        _, package, _, *names = row.split()
        with tarfile.open(packages / package, "a") as tar:
            for name in names:
                member = tarfile.TarInfo("package/" + name)
                member.size = len(name)
                tar.addfile(member, io.BytesIO(name.encode()))
    visdom_server.fetch_page(dashboard.say)
    assert len(lines_of(capsys)) == 2
    visdom_server.fetch_page(pytest.fail)  # nothing more to do
    jquery = visdom_server.STATIC / "js" / "jquery.min.js"
    assert jquery.read_bytes() == b"dist/jquery.min.js"
    jquery.write_text("<html>Please log in to this network")
    assert visdom_server.page_lacks() == ["js/jquery.min.js"]


# --- the command line ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--port 0", "a port is a whole number from 1 to 65535, not 0"),
        ("--port 70000", "a port is a whole number from 1 to 65535, not 70000"),
        ("--replay nowhere", "--replay nowhere cannot be read (No such file"),
        ("--replay pyproject.toml", "--replay pyproject.toml holds nothing to show"),
        ("--prot 1", "unrecognized arguments: --prot 1"),
    ],
)
def test_nonsense(flags, says, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="2"):
        run_main(monkeypatch, *flags.split())
    assert lines_of(capsys)[-1].startswith(f"dashboard.py: {says}")
