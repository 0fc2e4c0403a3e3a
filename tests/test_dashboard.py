"""The dashboard with a real server, a real browser, and whatever goes wrong."""

import contextlib
import http.server
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import lacking
from lesson_runner import ROOT, run_lesson

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
def other():
    """Another program; what it answers to all requests is its attribute."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(server.answer)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer((dashboard.HOST, 0), Page) as server:
        server.answer = b"<html>"
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        yield server
        server.shutdown()


def wait_until(what):
    limit = time.monotonic() + WAIT
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.05)


def ends(port):
    wait_until(lambda: who_answers(port) == "nobody")
    return True


def ys(viz, win):
    """The values of a window's first line, as the server has them."""
    viz.flush()
    return json.loads(viz.get_window_data(win))["content"]["data"][0]["y"]


def logged(viz):
    """What is in the log: each call's endpoint and message."""
    lines = Path(viz.log_to_filename).read_text().splitlines()
    return [json.loads(line) for line in lines]


def joined(lists):
    return [item for items in lists for item in items]


def lines_of(capsys):
    return capsys.readouterr().err.splitlines()


# --- a lesson and its server --------------------------------------------------------


def test_a_new_server(port, capsys):
    """It listens on this machine alone, and says two lines."""
    viz = connect(port)
    assert not viz.lost
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


def lesson(outputs, port, body):
    """The command of a lesson with a dashboard."""
    script = outputs / "lesson98.py"
    script.write_text(
        f"import os, time\nfrom dashboard import connect\nviz = connect({port})\n"
        f"viz.point('loss', 1, 2)\nviz.point('loss', 2, 3)\n{body}\n"
    )
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise ValueError('a mistake')", 1),
        pytest.param("viz.flush(); os.kill(os.getpid(), 9)", -9, marks=posix),
        pytest.param("assert not viz.lost", 0, marks=posix, id="stderr closed"),
    ],
)
def test_the_server_ends_with_the_lesson(outputs, port, body, status):
    """However the lesson ends, no point is lost."""
    command = lesson(outputs, port, body)
    if status == 0:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(command, capture_output=True, timeout=WAIT)
    assert done.returncode == status, done.stderr
    assert ends(port)
    (log,) = (outputs / "lesson98").glob("dashboard-*.log")
    points = [json.loads(line)[1]["data"][0]["y"] for line in log.open()]
    assert joined(points) == [2, 3]


@posix
def test_ctrl_c_in_a_lesson(outputs, port):
    """It is meant for the lesson, and not for the server, which gets what is left."""
    command = lesson(outputs, port, "print('ready', flush=True); time.sleep(600)")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        _, said = process.communicate(timeout=WAIT)
    assert "does not answer" not in said
    assert "press Enter" not in said  # there is no terminal
    assert "this shows it again" in said
    assert ends(port)


@posix
@pytest.mark.parametrize("flags", [[], ["--no-show"]])
def test_at_a_terminal_the_dashboard_stays(outputs, port, flags):
    """Until Enter; with --no-show the lesson ends at once."""
    import pty

    ours, theirs = pty.openpty()
    streams = dict.fromkeys(["stdin", "stdout", "stderr"], theirs)
    with subprocess.Popen(lesson(outputs, port, "") + flags, **streams) as process:
        os.close(theirs)
        said = b""
        while b"press Enter" not in said:
            assert select.select([ours], [], [], WAIT)[0], said
            try:
                said += os.read(ours, 1000)
            except OSError:  # the lesson has ended
                break
        if not flags:
            assert process.poll() is None
            assert who_answers(port) == "visdom"
        with contextlib.suppress(OSError):
            os.write(ours, b"\n")
        assert process.wait(WAIT) == 0
        os.close(ours)
    assert (b"the dashboard stays until you press Enter" in said) is not bool(flags)
    assert ends(port)


@pytest.mark.parametrize(
    ("flag", "display", "backend", "opens"),
    [
        ("--lr=1", ":0", "tkagg", True),
        ("--no-show", ":0", "tkagg", False),
        ("--lr=1", ":0", "agg", False),
        ("--lr=1", None, "tkagg", False),
    ],
)
def test_the_page_opens(other, monkeypatch, flag, display, backend, opens):
    """Where there is a display, and windows are wanted."""
    other.answer = b"true"  # as visdom's server does
    opened = []
    monkeypatch.setattr(dashboard.webbrowser, "open", opened.append)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", ["lesson99.py", flag])
    monkeypatch.setenv("MPLBACKEND", backend)
    for name in "DISPLAY", "WAYLAND_DISPLAY":
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    viz = connect(other.server_port)
    assert opened == ([viz.address] if opens else [])


def test_points_are_gathered(other, monkeypatch):
    """One call a second, and on a long curve one for each fiftieth of it."""
    viz = connect(other.server_port)  # no server: all is in the log

    def calls():
        return [message["data"][0]["y"] for _, message in logged(viz)]

    monkeypatch.setattr(dashboard, "INTERVAL", 3600.0)
    for step in range(100):
        viz.point("loss", step, step)
    assert [len(y) for y in calls()] == [1]
    viz.flush()
    assert [len(y) for y in calls()] == [1, 99]
    monkeypatch.setattr(dashboard, "INTERVAL", 0.0)
    for step in range(100, 500):
        viz.point("loss", step, step)
    viz.finish()
    assert len(calls()[2]) == 2
    assert len(calls()[-2]) == 10
    assert joined(calls()) == list(range(500))


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
    assert not re.search("NaN|Infinity", json.dumps(logged(viz)))


def test_a_refused_message_is_one_line(port, capsys):
    """The server is well, and all that follows arrives."""
    viz = connect(port)
    viz.text("a", win="t")
    viz.image(torch.rand(3, 4, 4), win="i")
    viz.line([1.0], [0.0], win="t", update="append")
    viz.line([1.0], [0.0], win="i", update="append")
    viz.get_window_data("nowhere")
    assert len(refused := lines_of(capsys)[1:]) == 3
    assert refused[0].startswith("the dashboard refuses update of window 't': 500 ")
    assert not viz.lost
    viz.line([1.0], [0.0], win="l", update="append")
    viz.line([2.0], [1.0], win="l", update="append")
    assert ys(viz, "l") == [1, 2]
    viz.close("l")
    viz.line([3.0], [0.0], win="l", update="append", opts={"xlabel": "step"})
    assert ys(viz, "l") == [3]
    window = json.loads(viz.get_window_data("l"))
    assert "step" in json.dumps(window["content"]["layout"])
    viz.text("first", win="new", append=True)
    assert "first" in viz.get_window_data("new")


# --- other servers and other programs -----------------------------------------------


@posix
def test_a_running_server_is_used_and_stays(port, capsys):
    with person(port) as process:
        assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
        first, second = connect(port), connect(port)
        second.env += "b"
        for viz, value in (first, 1.0), (second, 2.0):
            viz.line([value], [0], win="loss")
        assert (ys(first, "loss"), ys(second, "loss")) == ([1], [2])
        first.leave()
        assert who_answers(port) == "visdom"
        with person(port) as again:  # shows it, and leaves it alone
            assert again.wait(WAIT) == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 0
    assert ends(port)


def person(port, *flags):
    """A person at a terminal, who runs ``python dashboard.py``."""
    script = str(ROOT / "dashboard.py")
    command = [sys.executable, script, "--port", str(port), *map(str, flags)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes)


def test_a_dead_proxy_in_the_environment(port, monkeypatch):
    for name in "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY":
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in "no_proxy", "NO_PROXY":
        monkeypatch.delenv(name, raising=False)
    viz = connect(port)
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]


def test_another_program_on_the_port(other, capsys):
    """All is in the log, and the first of a window has its axes."""
    viz = connect(other.server_port)
    viz.point("loss", 1, 2, {"xlabel": "step"})
    assert viz.image(torch.rand(3, 4, 4)).startswith("window_")
    viz.finish()
    first, last = lines_of(capsys)
    assert f"no dashboard: port {other.server_port} is used by another" in first
    assert viz.log_to_filename in last
    endpoint, message = logged(viz)[0]
    assert (endpoint, message["win"]) == ("events", "loss")
    assert "step" in json.dumps(message["layout"])


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
    monkeypatch.setattr(dashboard, "START_LIMIT", 1.0 if "sleep" in server else WAIT)
    viz = connect(port)
    reason = f"no dashboard: a new server does not answer {reason}"
    assert lines_of(capsys) == [reason]
    viz.line([1.0], [0], win="loss", update="append")
    assert len(logged(viz)) == 1


# --- a server that is lost ----------------------------------------------------------


@posix
def test_a_server_that_dies(port, outputs, capsys, monkeypatch):
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
    for step in range(2):
        viz.line([[step, 2]], [step], win="two", update="append")
    viz.leave()
    said = lines_of(capsys)
    assert len(said) == 3
    assert "no dashboard: its server does not answer any more (Conn" in said[1]
    log = Path(viz.log_to_filename)
    log.write_text(log.read_text() + '["events", {"da')  # cut by a full disk, say
    for _ in range(2):  # shown twice, it is there once
        with person(port, "--replay", log) as process:
            assert f"dashboard: {viz.address}" in process.stdout.readline()
            data = json.loads(
                dashboard.Dashboard(port, viz.env, None).get_window_data()
            )
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=WAIT)
            assert process.returncode == 0
        assert said.startswith(f"{log} is cut or damaged from line 7 on\n")
        assert data["loss"]["content"]["data"][0]["y"] == [i / 2 for i in range(200)]
        assert data["two"]["content"]["data"][0]["y"] == [0, 1]
        assert data["t"]["content"] == "<pre>a &lt; b</pre>"
        assert ends(port)


@posix
def test_a_server_that_hangs(port, capsys, monkeypatch):
    """Only the first message waits for it, and no point is lost."""
    viz = connect(port)
    assert dashboard.REPLY_LIMIT + 1 <= 5  # leave waits a second more
    monkeypatch.setattr(dashboard, "REPLY_LIMIT", 1.0)
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
    points = [m["data"][0]["y"] for _, m in logged(viz) if m["win"] == "loss"]
    assert joined(points) == list(range(500))


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


BRIGHT_PIXELS = """image => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return data.filter((value, i) => i % 4 == 0 && value > 200).length;
}"""


@posix
def test_the_page_of_lesson_30(page, port, outputs):
    """Its log, shown by a person afterwards, with no request off the machine."""
    flags = ["--no-show", "--port", str(port)]
    run = run_lesson(ROOT / "lessons" / "lesson30_visdom.py", outputs, flags)
    assert run.status == 0, run.stderr
    log = re.search(r'--replay "(.+)"', run.stderr)[1]
    assert ends(port)
    with person(port, "--replay", log) as process:
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
        assert digits.evaluate(BRIGHT_PIXELS) > 1000
        words = pane["predicted"].locator("pre").inner_text()
        assert len(re.findall(r"\d", words)) == 40
        assert "(0): Flatten" in pane["network"].locator("pre").inner_text()
        process.kill()
    assert not page.errors
    off = [url for url in page.asked if not url.startswith(f"http://127.0.0.1:{port}/")]
    assert not [url for url in off if not url.startswith("data:")]


def test_text_is_shown_as_text(page, port):
    viz = connect(port)
    text = "<img src=x onerror='document.title = 1'>\n<script>1</script> & <b>"
    viz.text(text, win="t")
    viz.svg("<svg id='drawn'> </svg>", win="s")  # what is meant as HTML remains so
    page.goto(viz.address)
    assert page.locator("pre").inner_text() == text
    page.locator("#drawn").wait_for(state="attached")
    assert page.title() == "visdom"


# --- the page's scripts -------------------------------------------------------------


@pytest.fixture
def bare(outputs, monkeypatch):
    """A copy of Visdom without scripts, and a firewall that swallows packets."""
    brought = "main.js", "style.css", "network.css", "rc-tree-select-overrides.css"
    page = (visdom_server.STATIC / "index.html").read_text()
    named = re.findall(r"static_url\(\s*[\"'](\w+/[^\"']+)", page)
    lacks = {name for name in named if Path(name).name not in brought}
    copy = outputs / "site" / "visdom"
    shutil.copytree(visdom_server.STATIC.parent, copy)
    for name in lacks:
        (copy / "static" / name).unlink(missing_ok=True)
    monkeypatch.setattr(visdom_server, "STATIC", copy / "static")
    monkeypatch.setattr(visdom_server, "LIMIT", 3)
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    monkeypatch.delenv("LESSONS_QUICK")
    with socket.create_server((dashboard.HOST, 0)) as server:
        for name in "http_proxy", "https_proxy", "HTTPS_PROXY":
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield lacks


def test_scripts_that_cannot_be_had(bare, outputs, port, monkeypatch, capsys):
    """They are named, and the server takes data."""
    monkeypatch.setenv("PATH", str(outputs))  # there is no npm
    viz = connect(port)
    said = lines_of(capsys)
    no_npm = "[Errno 2] No such file or directory: 'npm'"
    lacks = f"the dashboard's page lacks {len(bare)} scripts and styles: "
    assert said[0] == lacks + "visdom's own download"
    assert said[1].endswith("timed out after 3 seconds")
    assert said[2:4] == [lacks + "npm pack", f"npm pack fails: {no_npm}"]
    assert said[4].startswith("the page stays empty without ")
    assert all(name in said[4] for name in bare)
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]


def test_quick_runs_fetch_nothing(other, port, monkeypatch):
    monkeypatch.setattr(visdom_server, "fetch_page", lambda say: pytest.fail("fetched"))
    assert not connect(port).lost


NPM = """#!{python}
import io, sys, tarfile
if {fails}:
    sys.stderr.buffer.write(b"npm error code E404 \\xff\\n")
    sys.exit(1)
for package in sys.argv[4:]:
    with tarfile.open(package.replace("@", "-") + ".tgz", "w:gz") as tar:
        for name in {files!r}[package]:
            member = tarfile.TarInfo("package/" + name)
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
"""


@posix
@pytest.mark.parametrize("fails", [False, True])
def test_scripts_from_npm(fails, bare, outputs, monkeypatch, capsys):
    """Visdom's own download hangs, and npm, here a stand-in, has all or an error."""
    files = {}
    for row in visdom_server._FILES.strip().splitlines():
        _, package, _, *names = row.split()
        files.setdefault(package, []).extend(names)
    npm = outputs / "npm"
    npm.write_text(NPM.format(python=sys.executable, files=files, fails=fails))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(outputs), prepend=os.pathsep)
    jquery = visdom_server.STATIC / "js" / "jquery.min.js"
    jquery.write_text("<html>Please log in to this network")
    visdom_server.fetch_page(dashboard.say)
    said = lines_of(capsys)
    if fails:
        assert (
            said[3] == "npm pack fails: npm error code E404 \N{REPLACEMENT CHARACTER}"
        )
        assert all(name in said[4] for name in bare)
    else:
        assert len(said) == 3
        assert visdom_server.page_lacks() == []
        assert jquery.read_bytes() == b"dist/jquery.min.js"
        visdom_server.fetch_page(pytest.fail)  # nothing more to do


# --- the command line ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--port abc", "--port: invalid int value: 'abc'"),
        ("--port 0", "a port is a whole number from 1 to 65535, not 0"),
        ("--port 70000", "a port is a whole number from 1 to 65535, not 70000"),
        ("--replay nowhere", "--replay nowhere cannot be read (No such file"),
        ("--replay pyproject.toml", "--replay pyproject.toml holds nothing to show"),
        ("--prot 1", "unrecognized arguments: --prot 1"),
    ],
)
def test_nonsense(flags, says, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dashboard.py", *flags.split()])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as stopped:
        dashboard.main()
    assert stopped.value.code == 2
    assert lines_of(capsys)[-1].startswith(f"dashboard.py: {says}")


def test_another_program_for_a_person(other, monkeypatch, capsys):
    port = str(other.server_port)
    monkeypatch.setattr(sys, "argv", ["dashboard.py", "--port", port])
    with pytest.raises(SystemExit) as stopped:
        dashboard.main()
    assert stopped.value.code == 1
    assert f"port {port} is used by another program" in lines_of(capsys)[-1]
