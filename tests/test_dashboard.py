"""Level 1: dashboard.py with a real server, a real browser, and whatever goes wrong."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import lacking
from lesson_runner import ROOT, crash, run_lesson

import dashboard
from dashboard import connect

LESSON = ROOT / "lessons" / "lesson30_visdom.py"
SCRIPT = ROOT / "dashboard.py"
WAIT = 60  # seconds, on a machine that does much else

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning"),
    pytest.mark.xdist_group("dashboard"),  # one worker has its browser and its servers
]
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def outputs(monkeypatch, tmp_path):
    """A lesson ``lesson99_test.py``, in quick mode, whose outputs go to a folder."""
    monkeypatch.setattr(sys, "argv", ["lessons/lesson99_test.py"])
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path))
    monkeypatch.setenv("LESSONS_QUICK", "1")
    return tmp_path


@pytest.fixture
def without_torch(outputs, monkeypatch):
    """For new processes, which find dashboard.py: visdom imports torch where it can."""
    folder = outputs / "without"
    folder.mkdir()
    for name in "torch", "openTSNE":
        (folder / f"{name}.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))


@pytest.fixture
def port():
    """A port that no program uses."""
    with socket.socket() as probe:
        probe.bind((dashboard.HOST, 0))
        return probe.getsockname()[1]


@pytest.fixture
def foreign():
    """A port with a program that is no Visdom: it answers each request with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer((dashboard.HOST, 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        yield server.server_port
        server.shutdown()


class Person:
    """A person at a terminal, who runs ``python dashboard.py``."""

    def __init__(self, *flags, **environment):
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, *map(str, flags)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def address(self):
        """The address on the first line that is printed."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return re.search(r"http://\S+", line)[0]

    def end(self):
        """Wait for the end: exit status, and all that was said beside the address."""
        out, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, out + err


def wait_until(what):
    limit = time.monotonic() + WAIT
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.02)


def free(port):
    return dashboard._who_answers(port) == "nobody"


def ys(viz, win):
    """The values of a window's first line, as the server has them."""
    viz.flush()
    return json.loads(viz.get_window_data(win))["content"]["data"][0]["y"]


def log_of(outputs):
    """The only log of a run."""
    (log,) = (outputs / "lesson99_test").glob("dashboard-*.log")
    return log


def entries(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


# --- a lesson and its server --------------------------------------------------------


def test_a_server_is_started_and_ends_with_the_lesson(port, outputs, capsys):
    viz = connect(port)
    assert viz.address.startswith(f"http://127.0.0.1:{port}/env/lesson99_test_")
    assert not viz.offline
    if sys.platform == "linux":  # where all of 127/8 is this machine
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)
    for step in range(120):
        viz.point("loss", step, 1 / (1 + step), {"title": "loss"})
    assert ys(viz, "loss") == [1 / (1 + step) for step in range(120)]
    viz.finish()
    viz.finish()
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"dashboard: {viz.address}",
        "the dashboard is saved, its server has stopped; "
        f'"python dashboard.py --port {port}" shows it again at {viz.address}',
    ]
    assert free(port)
    assert not list((outputs / "lesson99_test").iterdir())  # the log is not needed


def test_a_lesson_that_crashes(without_torch, port, outputs):
    """Its dashboard is saved, and its server ends."""
    script = outputs / "lesson98_crash.py"
    script.write_text(
        f"from dashboard import connect\nviz = connect({port})\n"
        "viz.point('loss', 1, 2)\nraise ValueError('a mistake')\n"
    )
    command = [sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2] == "ValueError: a mistake"
    assert "the dashboard is saved" in done.stderr.splitlines()[-1]
    (saved,) = (outputs / "dashboard").glob("lesson98_crash_*.json")
    window = json.loads(saved.read_text())["jsons"]["loss"]
    assert window["content"]["data"][0]["y"] == [2]
    assert free(port)


@posix
def test_ctrl_c_in_a_lesson(without_torch, port, outputs):
    """It is meant for the lesson, not for the server, which saves the dashboard."""
    script = outputs / "lesson98_stopped.py"
    script.write_text(
        f"import time\nfrom dashboard import connect\nviz = connect({port})\n"
        "viz.point('loss', 1, 2)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        _, said = process.communicate(timeout=WAIT)
    assert "the dashboard is saved, its server has stopped" in said
    assert list((outputs / "dashboard").glob("lesson98_stopped_*.json"))


@posix
def test_a_lesson_that_is_killed(without_torch, port, outputs):
    """Nobody is left to say so, and its server ends all the same."""
    script = outputs / "lesson98_killed.py"
    script.write_text(
        f"import os\nfrom dashboard import connect\nviz = connect({port})\n"
        "viz.point('loss', 1, 2)\nviz.flush()\nos.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, script], capture_output=True)
    wait_until(lambda: free(port))


def test_two_lessons_share_a_server(port, capsys):
    """The second goes on when the first, which started the server, has ended."""
    first, second = connect(port, lesson="first"), connect(port, lesson="second")
    for viz, value in (first, 1.0), (second, 2.0):
        viz.line([value], [0], win="loss")
    assert (ys(first, "loss"), ys(second, "loss")) == ([1.0], [2.0])
    first.finish()
    assert "for another lesson" in capsys.readouterr().err
    second.line([3.0], [1], win="loss", update="append")
    assert ys(second, "loss") == [2.0, 3.0]
    second.finish()
    assert "its server has stopped" in capsys.readouterr().err
    assert free(port)


def test_two_lessons_that_start_at_once(port):
    boards = []
    threads = [
        threading.Thread(target=lambda n=name: boards.append(connect(port, lesson=n)))
        for name in ("first", "second")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [viz.port for viz in boards] == [port, port]
    assert not any(viz.offline for viz in boards)
    for viz in boards:
        viz.finish()
    assert free(port)


def test_keep_open(port, capsys):
    connect(port, keep_open=True).finish()
    said = capsys.readouterr().err
    pid = int(re.search(r'its server goes on until "\D* (\d+)"', said)[1])
    assert not free(port)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: free(port))


# --- other servers and other programs -----------------------------------------------


@posix
def test_a_person_s_server_is_used_and_stays(port, outputs, capsys):
    page_is_complete = not dashboard.missing_files()
    with Person("--port", port) as person:
        assert person.address() == f"http://127.0.0.1:{port}"
        viz = connect(port)
        viz.point("loss", 1, 2)
        viz.finish()
        assert "its server goes on as before" in capsys.readouterr().err
        with Person("--port", port) as other:
            assert other.end() == (
                0,
                f"a dashboard runs already: http://127.0.0.1:{port}\n",
            )
        person.process.send_signal(signal.SIGINT)
        status, said = person.end()
    assert status == 130
    assert "Traceback" not in said
    assert not said or not page_is_complete  # else it says how it fetches the rest


def test_visdom_s_own_server_is_used(without_torch, port, capsys):
    """One that was started as Visdom's documentation says."""
    code = f"from visdom.server.run_server import start_server as s; s({port}, '', '')"
    with subprocess.Popen([sys.executable, "-c", code], stdout=-3, stderr=-3) as server:
        try:
            wait_until(lambda: dashboard._who_answers(port) == "visdom")
            viz = connect(port)
            viz.line([1.0, 2.0], [0, 1], win="loss")
            assert ys(viz, "loss") == [1, 2]
            viz.finish()
            assert "its server goes on as before" in capsys.readouterr().err
        finally:
            server.kill()


def test_another_program_on_the_port(foreign, capsys):
    viz = connect(foreign)
    assert viz.port > foreign
    assert not viz.offline
    viz.finish()
    said = capsys.readouterr().err
    assert f"port {foreign} is used by another program; {viz.port} is taken" in said
    assert f"--port {viz.port}" in said


def test_a_dead_proxy_in_the_environment(port, monkeypatch):
    for name in "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY":
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    viz = connect(port)
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]
    viz.finish()


# --- no server ----------------------------------------------------------------------


def check_offline(viz, outputs, capsys, reason):
    """All is in the log, and two lines say so."""
    assert viz.offline
    for step in range(60):
        viz.point("loss", step, step)
    viz.images([[[[0.0, 1.0]]]], win="x")
    viz.text("a < b", win="t")
    viz.finish()
    log = log_of(outputs)
    first, last = capsys.readouterr().err.splitlines()
    assert reason in first
    assert first.endswith(f"; what it would show is in {log}")
    assert last == f'"python dashboard.py --replay {log}" shows the dashboard'
    wins = [message["win"] for _, message in entries(log)]
    assert wins == ["loss", "x", "t", "loss"]


def test_no_port_is_left(foreign, outputs, capsys, monkeypatch):
    monkeypatch.setattr(dashboard, "PORTS_TRIED", 1)
    reason = f"no dashboard: the ports {foreign} to {foreign} are used by other"
    check_offline(connect(foreign), outputs, capsys, reason)


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("raise ImportError('no tornado')", "status 1 (ImportError: no tornado)"),
        ("import time; time.sleep(60)", "did not answer within 1 s"),
    ],
    ids=["ends", "hangs"],
)
def test_a_server_that_cannot_start(server, reason, port, outputs, capsys, monkeypatch):
    script = outputs / "server.py"
    script.write_text(server)
    monkeypatch.setattr(dashboard, "__file__", str(script))
    monkeypatch.setattr(dashboard, "START_LIMIT", 1.0 if "time" in server else 30.0)
    check_offline(connect(port), outputs, capsys, reason)


def test_a_server_that_dies(port, outputs, capsys, monkeypatch):
    """Then a page made from the log is the one that there would have been."""
    monkeypatch.setattr(dashboard, "INTERVAL", 3600.0)  # points wait for a flush
    viz = connect(port)
    for step in range(70):
        viz.point("loss", step, step / 2)
    viz.flush()
    viz._server._process.kill()
    viz._server._process.wait()
    for step in range(70, 200):
        viz.point("loss", step, step / 2)
    viz.text("the end", win="t")
    viz.finish()
    log = log_of(outputs)
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"the server of {viz.address} does not answer any more; all goes on in {log}",
        f'"python dashboard.py --replay {log}" shows the dashboard',
    ]
    log.write_text(log.read_text() + '["events", {"da')  # cut by a full disk, say
    with Person("--port", port, "--replay", log) as person:
        assert person.address() == viz.address
        again = dashboard._Client(port, viz.env, os.devnull)
        data = json.loads(again.get_window_data(None))
        assert data["loss"]["content"]["data"][0]["y"] == [i / 2 for i in range(200)]
        assert data["t"]["content"] == "<pre>the end</pre>"
        with Person("--port", port, "--replay", log) as other:
            status, said = other.end()
            assert status == 0
            assert f"a dashboard runs already: {viz.address}" in said
            assert f"{log} is cut or damaged from line 5 on" in said
        assert len(json.loads(again.get_window_data(None))) == 2
        assert len(json.loads(again.get_window_data("loss"))["content"]["data"]) == 1


def test_points_are_gathered(foreign, outputs, monkeypatch):
    """One call a second, and on a long curve one for each fiftieth of it."""
    monkeypatch.setattr(dashboard, "PORTS_TRIED", 1)
    viz = connect(foreign)  # no server: all is in the log
    monkeypatch.setattr(dashboard, "INTERVAL", 3600.0)
    for step in range(100):
        viz.point("loss", step, step)
    assert [len(y) for y in logged(outputs)] == [1]
    viz.flush()
    assert [len(y) for y in logged(outputs)] == [1, 99]
    monkeypatch.setattr(dashboard, "INTERVAL", 0.0)
    for step in range(100, 500):
        viz.point("loss", step, step)
    viz.finish()
    calls = [len(y) for y in logged(outputs)[2:]]
    assert calls[0] == 2
    assert calls[-2] == 10
    assert [y for call in logged(outputs) for y in call] == list(range(500))


def logged(outputs):
    """The values of each call that sent points."""
    return [msg["data"][0]["y"] for _, msg in entries(log_of(outputs))]


@posix
def test_a_server_that_hangs(port, outputs, capsys, monkeypatch):
    """Training does not wait for it."""
    viz = connect(port)
    pid = viz._server._process.pid
    monkeypatch.setattr(dashboard, "REPLY_LIMIT", 1.0)
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.perf_counter()
        for step in range(500):
            viz.point("loss", step, step)
        assert time.perf_counter() - start < 0.9
        viz.finish()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "does not answer any more" in capsys.readouterr().err
    assert sum(map(len, logged(outputs))) == 500
    viz._server._process.wait(WAIT)  # it finds its lesson gone


def test_no_folder_for_outputs(port, capsys, monkeypatch):
    monkeypatch.setenv("LESSONS_OUTPUTS", os.path.join(os.devnull, "outputs"))
    viz = connect(port)
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]
    viz.finish()
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "nothing is saved" in said


def test_the_lesson_survives_its_server(port, outputs):
    """Killed in the middle of training: it ends normally, two lines speak of it."""
    pytest.importorskip("torch")
    runs = []
    flags = ["--port", str(port), "--epochs", "150"]  # still training when it dies
    lesson = threading.Thread(
        target=lambda: runs.append(run_lesson(LESSON, outputs, flags))
    )
    lesson.start()
    log = outputs / "lesson30_visdom"
    wait_until(lambda: any('"test"' in f.read_text() for f in log.glob("*.log")))
    url = f"http://127.0.0.1:{port}/lesson"
    request = urllib.request.Request(url, method="HEAD")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    pid = int(opener.open(request).headers["Dashboard-Process"])
    os.kill(pid, signal.SIGTERM)
    lesson.join()
    (run,) = runs
    assert run.status == 0
    assert not crash(run)
    printed = "".join(printed for _, _, printed in run.outputs)
    assert "epoch 150: accuracy" in printed
    assert "one more point" not in printed
    about = [line for line in run.stderr.splitlines() if "saved" not in line][1:]
    (log,) = log.glob("dashboard-*.log")
    assert len(about) == 2, run.stderr
    assert f"all goes on in {log}" in about[0]
    assert f'"python dashboard.py --replay {log}"' in about[1]
    tests = [m for _, m in entries(log) if m["win"] == "test"]
    assert len(tests) == 150
    assert (log.parent / "dashboard.png").exists()


# --- the page -----------------------------------------------------------------------


@pytest.fixture
def page_files():
    """The page's JavaScript, fetched into this installation of Visdom if need be."""
    dashboard.fetch_page()
    if dashboard.missing_files():
        lacking("the page's JavaScript cannot be had here: no network and no npm")


def test_the_page_after_lesson_30(page_files, browser, port, outputs):
    """The saved dashboard of a lesson that has ended, opened by a person afterwards."""
    pytest.importorskip("torch")
    run = run_lesson(LESSON, outputs, ["--port", str(port)])
    assert run.status == 0, run.stderr
    assert not crash(run), crash(run)
    address = re.search(r"shows it again at (\S+)", run.stderr)[1]
    assert free(port)
    with Person("--port", port) as person:
        person.address()
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
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
        assert re.search(r"<\d>", words)  # shown as text, not run as HTML
        assert "(0): Flatten" in pane["network"].locator("pre").inner_text()
        page.screenshot(path=outputs / "page.png")
        page.close()
    assert not errors
    assert [url for url in asked if not url.startswith(address.split("/env")[0])] == [
        url for url in asked if url.startswith("data:")
    ]


BRIGHT_PIXELS = """image => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return data.filter((value, i) => i % 4 == 0 && value > 200).length;
}"""


def test_html_in_a_text_is_shown_as_text(page_files, browser, port):
    viz = connect(port)
    text = "<img src=x onerror='document.title = 1'>\n<script>1</script> & <b>"
    viz.text(text, win="t")
    viz.svg("<svg id='drawn'> </svg>", win="s")  # what is meant as HTML remains so
    viz.flush()
    page = browser.new_page()
    page.goto(viz.address)
    assert page.locator("pre").inner_text() == text
    page.locator("#drawn").wait_for(state="attached")
    assert page.title() == "visdom"
    page.close()
    viz.finish()


# --- the page's JavaScript ----------------------------------------------------------


@pytest.fixture
def bare(outputs, monkeypatch):
    """A copy of Visdom without JavaScript, for this process and for new ones."""
    package = Path(dashboard.visdom.__file__).parent
    copy = outputs / "site" / "visdom"
    files = {Path(name) for name in missing_by_nature()}

    def ignore(folder, names):
        here = Path(folder).relative_to(package)
        static = here.relative_to("static") if here.parts[:1] == ("static",) else None
        return [n for n in names if static is not None and static / n in files]

    shutil.copytree(package, copy, ignore=ignore)
    monkeypatch.setattr(dashboard, "STATIC", copy / "static")
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    monkeypatch.delenv("LESSONS_QUICK")
    return copy / "static"


def missing_by_nature():
    """What the page names and Visdom does not bring, whether it was fetched or not."""
    page = (dashboard.STATIC / "index.html").read_text()
    named = re.findall(r"static_url\(\s*[\"'](\w+/[^\"']+)", page)
    return {name for name in named if Path(name).name not in BROUGHT}


BROUGHT = {"main.js", "style.css", "network.css", "rc-tree-select-overrides.css"}


@pytest.fixture
def silent_proxy(monkeypatch):
    """A firewall that swallows packets: a proxy that takes each request in silence."""
    with socket.create_server((dashboard.HOST, 0)) as server:
        for name in "http_proxy", "https_proxy", "HTTPS_PROXY":
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


@pytest.mark.usefixtures("silent_proxy")
def test_javascript_that_cannot_be_had(bare, port, monkeypatch):
    """It is named with the command that fetches it; the server takes data."""
    monkeypatch.setenv("PATH", str(bare.parent))  # there is no npm
    monkeypatch.setattr(dashboard, "STALL_LIMIT", 1.0)
    lost = missing_by_nature()
    said = []
    monkeypatch.setattr(dashboard, "_say", said.append)
    processes = []
    popen = subprocess.Popen

    def start(*args, **kwargs):
        processes.append(popen(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    viz = connect(port)
    assert processes[0].poll() is not None  # the download was ended
    assert said[0] == (
        f"visdom's page lacks {len(lost)} JavaScript and style files: "
        "its own download ..."
    )
    last = said[-2]
    assert all(name in last for name in lost)
    assert "its own download: stopped after 1 s; npm: it is not installed" in last
    assert '"python dashboard.py" fetches them' in last
    viz.line([1.0], [0], win="loss")
    assert ys(viz, "loss") == [1]
    viz.finish()


def test_quick_runs_fetch_nothing(bare, port, monkeypatch):
    monkeypatch.setenv("LESSONS_QUICK", "1")
    monkeypatch.setattr(dashboard, "fetch_page", lambda: pytest.fail("fetched"))
    connect(port).finish()


NPM = """#!{python}
import io, sys, tarfile
if sys.argv[1] != "pack":
    sys.exit("npm error code E404")
for package in sys.argv[2:]:
    if package[0] != "-":
        with tarfile.open(package.replace("@", "-") + ".tgz", "w:gz") as tar:
            for name, content in {files!r}.get(package, {{}}).items():
                member = tarfile.TarInfo("package/" + name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
"""


@posix
@pytest.mark.usefixtures("silent_proxy")
def test_javascript_from_npm(bare, outputs, monkeypatch, capsys):
    """Visdom's own download hangs, and npm, here a small stand-in, has all files."""
    words = (dashboard._FILES + dashboard._FILES_02 + dashboard._FILES_03).split()
    files = {}
    for package, name in zip(words[::3], words[1::3], strict=True):
        files.setdefault(package, {})[name] = name.encode()
    npm = outputs / "npm"
    npm.write_text(NPM.format(python=sys.executable, files=files))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(outputs), prepend=os.pathsep)
    monkeypatch.setattr(dashboard, "STALL_LIMIT", 0.5)
    (bare / "js" / "jquery.min.js").write_text("<html>Please log in to this network")
    dashboard.fetch_page()
    assert dashboard.missing_files() == []
    assert (bare / "js/jquery.min.js").read_bytes() == b"dist/jquery.min.js"
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "they are there, and stay"
    dashboard.fetch_page()
    assert not capsys.readouterr().err


def test_javascript_npm_fails(bare, outputs, monkeypatch, capsys):
    """What npm says is passed on."""
    monkeypatch.setattr(dashboard, "_download", lambda: None)
    failed = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    dashboard.fetch_page()
    last = capsys.readouterr().err.splitlines()[-1]
    assert "its own download: did not bring all of them; npm: code ENOTFOUND)" in last


# --- the command line ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--port abc", "--port: takes a whole number from 1 to 65535, not 'abc'"),
        ("--port 0", "--port: takes a whole number from 1 to 65535, not '0'"),
        ("--port 70000", "--port: takes a whole number from 1 to 65535, not '70000'"),
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
    said = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert said[-1].startswith("dashboard.py: ")
    assert says in said[-1]


def test_nonsense_is_one_line_for_a_person():
    with Person("--port", "abc") as person:
        status, said = person.end()
    assert status == 2
    assert len(said.splitlines()) == 1


def test_a_lesson_with_no_such_port(capsys):
    with pytest.raises(SystemExit) as stopped:
        connect(70000)
    assert stopped.value.code == 2
    assert "a port is a whole number from 1 to 65535" in capsys.readouterr().err


def test_other_programs_on_all_ports(foreign, monkeypatch, capsys):
    monkeypatch.setattr(dashboard, "PORTS_TRIED", 1)
    monkeypatch.setattr(dashboard, "fetch_page", lambda: None)
    monkeypatch.setattr(sys, "argv", ["dashboard.py", "--port", str(foreign)])
    with pytest.raises(SystemExit) as stopped:
        dashboard.main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert f"port {foreign} is used by another program" in said
