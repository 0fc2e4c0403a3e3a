"""
A Visdom dashboard that needs no care.

In a lesson, ``viz = connect()`` gives a client with all of Visdom's functions. It uses
the server that is running, or starts one that ends with the last lesson that uses it.
If the server dies, training goes on, and what the page would have shown is in a log.

For people::

    python dashboard.py                 starts a server, prints its address
    python dashboard.py --replay LOG    and shows what such a log holds

The server listens on this machine alone (127.0.0.1). Saved dashboards and the server's
own log are in ``outputs/dashboard/``, the log of a run is in ``outputs/<lesson>/``;
``LESSONS_OUTPUTS`` names another folder than ``outputs``.
"""

import argparse
import asyncio
import atexit
import contextlib
import errno
import html
import http.client
import json
import logging
import math
import os
import queue
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NoReturn


class _Without:
    """Visdom imports these where it can, for seconds; its server needs none of them."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        if name in ("torch", "openTSNE"):
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _Without)

import visdom  # noqa: E402

ROOT = Path(__file__).resolve().parent
STATIC = Path(visdom.__file__).parent / "static"  # what visdom's page is made of

HOST, PORT = "127.0.0.1", 8097
PORTS_TRIED = 10  # the port that is asked for, and those after it
INTERVAL = 1.0  # seconds from one call with points to the next, see Dashboard.point

# Seconds: until a silent server counts as lost, until a new one has to answer, until
# all of the page's files have come, and until another one has come.
REPLY_LIMIT, START_LIMIT, FETCH_LIMIT, STALL_LIMIT = 10.0, 30.0, 120.0, 15.0

BUSY = 3  # exit status of a server whose port is taken

logging.getLogger("visdom").setLevel(logging.ERROR)


def _say(message: str) -> None:
    """Print a line on stderr, so that stdout holds the lesson's results alone."""
    print(message, file=sys.stderr, flush=True)


def _stop(message: str, status: int = 2) -> NoReturn:
    _say(f"{Path(sys.argv[0]).name}: {message}")
    raise SystemExit(status)


def _folder(name: str) -> Path:
    """``outputs/<name>``, made if it can be."""
    folder = Path(os.environ.get("LESSONS_OUTPUTS") or ROOT / "outputs", name)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _url(port: int, env: str = "") -> str:
    return f"http://{HOST}:{port}" + (f"/env/{env}" if env else "")


# --- the client ---------------------------------------------------------------------


def connect(
    port: int = PORT, keep_open: bool = False, lesson: str | None = None
) -> "Dashboard":
    """
    A client for a new dashboard, on the server that is running or on a new one.

    It does not fail for want of a server: a line says so, and all goes to the log.

    :param port: where the server is looked for and started; where another program uses
        it, the next ports are tried
    :param keep_open: the server is to go on after the lesson
    :param lesson: the dashboard's name, the script's unless given; the time and the
        process are added to it, so that runs stand side by side
    :raises SystemExit: status 2, if there is no such port
    """
    if not 1 <= port <= 65535:
        _stop(f"a port is a whole number from 1 to 65535, not {port}")
    if lesson is None:
        lesson = "notebook" if "ipykernel" in sys.modules else Path(sys.argv[0]).stem
    run = f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}"
    env = f"{lesson}_{run}"
    log = str(_folder(lesson) / f"dashboard-{run}.log")
    try:
        Path(log).touch()
    except OSError as error:
        _say(f"{log} cannot be written ({error.strerror})")
        log = os.devnull
    try:
        server = _Server(port, keep_open)
        viz = Dashboard(_Client(server.port, env, log), server)
        _say(f"dashboard: {viz.address}")
    except (_NoServer, OSError, http.client.HTTPException) as reason:
        viz = Dashboard(_Client(port, env, log, lost=True), None)
        kept = "" if log == os.devnull else f"; what it would show is in {log}"
        _say(f"no dashboard: {reason}{kept}")
    return viz


class _Client(visdom.Visdom):
    """
    Visdom's client, made to cost little and to fail without noise.

    What only adds to the page is sent by a thread, so that training does not wait for
    the server. Once the server is lost, all goes to the log alone.
    """

    def __init__(self, port: int, env: str, log: str, lost: bool = False):
        self.lost = lost
        self._made: set[str] = set()  # the names of the windows
        self._queue: queue.Queue[tuple[str, Any]] = queue.Queue()
        super().__init__(
            server=f"http://{HOST}",
            port=port,
            env=env,
            log_to_filename=log,
            use_incoming_socket=False,
        )
        threading.Thread(target=self._send_queued, daemon=True).start()

    @property
    def session(self):
        session = super().session
        session.trust_env = False  # no HTTP proxy between two programs on one machine
        return session

    def win_exists(self, win: str, env: str | None = None) -> bool | None:
        # Each append asks for this. This run's windows are known without the server.
        if win and env in (None, self.env):
            return win in self._made
        return super().win_exists(win, env)

    def _send(self, msg: dict, endpoint: str = "events", *args, **kwargs):
        answer = super()._send(msg, endpoint, *args, **kwargs)
        win = msg.get("win")
        if msg["eid"] == self.env and endpoint in ("events", "update"):
            self._made.add(win)
        if msg["eid"] == self.env and endpoint == "close":
            self._made = self._made - {win} if win else set()
        return win if endpoint in ("events", "update") else answer

    def _handle_post(self, url: str, data: Any = None) -> str:
        if url.endswith(("/events", "/update")):
            self._queue.put((url, data))
            return ""
        self._queue.join()
        return self._post(url, data)

    def _send_queued(self) -> None:
        while True:
            self._post(*self._queue.get())
            self._queue.task_done()

    def _post(self, url: str, data: Any) -> str:
        if self.lost:
            return ""
        try:
            reply = self.session.post(url, data=data or {}, timeout=REPLY_LIMIT)
            reply.raise_for_status()
            return reply.text
        except Exception as error:  # whatever it is, training goes on
            self.lost = True
            page = _url(self.port, self.env)
            reply = getattr(error, "response", None)
            what = "does not answer any more"
            if reply is not None:
                what = f"answered {reply.status_code} {reply.reason}"
            log = self.log_to_filename
            kept = "" if log == os.devnull else f"; all goes on in {log}"
            _say(f"the server of {page} {what}{kept}")
            return ""

    def _log(self, msg: dict, endpoint: str) -> None:
        try:
            super()._log(msg, endpoint)
        except OSError as error:
            _say(f"{self.log_to_filename} cannot be written ({error.strerror})")
            self.log_to_filename = os.devnull


class Dashboard:
    """
    What ``connect`` returns: all that ``visdom.Visdom`` has, and beyond it

    - ``text``, which shows a text as it is,
    - ``point``, which gathers the points of a curve, and ``flush``, which sends them,
    - ``finish``, which saves the dashboard and says where it is,
    - ``address``, the page's URL, and ``offline``, whether there is no server for it.
    """

    def __init__(self, client: _Client, server: "_Server | None"):
        self._client = client
        self._server = server
        self._points: dict[str, tuple[list[float], list[float], dict]] = {}
        # Of each curve: how many points were sent so far, and when the last.
        self._sent: dict[str, tuple[int, float]] = defaultdict(lambda: (0, -math.inf))
        self._finished = False
        self.address = _url(client.port, client.env)
        atexit.register(self.finish)  # also after an error or Ctrl-C in the lesson

    @property
    def offline(self) -> bool:
        """Whether there is no server, or none any more."""
        return self._client.lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def text(
        self,
        text: str,
        win: str | None = None,
        env: str | None = None,
        opts: dict | None = None,
        append: bool = False,
    ) -> str:
        """Visdom's ``text``, which takes a text for HTML, with every ``<`` as it is."""
        shown = f"<pre>{html.escape(text)}</pre>"
        return self._client.text(shown, win, env, opts, append)

    def point(self, win: str, x: float, y: float, opts: dict | None = None) -> None:
        """
        Add a point to a curve; those of a second are sent in one call.

        At each call the server copies and compares the whole curve, so that n calls
        take a time that grows with n². Once a curve is long, a call waits until it
        makes it longer by a fiftieth; the server's time then grows with n.

        :param win: the window's name; its first point makes the window
        :param opts: Visdom's, such as ``{"title": "loss", "xlabel": "step"}``
        """
        xs, ys, _ = self._points.setdefault(win, ([], [], opts or {}))
        xs.append(x)
        ys.append(y)
        count, at = self._sent[win]
        if 50 * len(xs) >= count and time.monotonic() - at >= INTERVAL:
            self._send_points(win)

    def flush(self) -> None:
        """Send the points that wait for others, and wait until all has arrived."""
        for win in list(self._points):
            self._send_points(win)
        self._client._queue.join()

    def _send_points(self, win: str) -> None:
        xs, ys, opts = self._points.pop(win)
        self._sent[win] = self._sent[win][0] + len(xs), time.monotonic()
        self._client.line(ys, xs, win=win, opts=dict(opts), update="append")

    def finish(self) -> None:
        """Save the dashboard, let the server go, and say where both are."""
        if self._finished:
            return
        self._finished = True
        atexit.unregister(self.finish)
        self.flush()
        client, log = self._client, self._client.log_to_filename
        if not client.lost:
            client.save([client.env])
        saved = not client.lost
        goes_on = self._server.leave(asking=saved) if self._server else ""
        client.lost, client.log_to_filename = True, os.devnull
        if saved and goes_on:
            _say(f"the dashboard is saved, {goes_on}: {self.address}")
        elif saved and log != os.devnull:
            flag = "" if client.port == PORT else f" --port {client.port}"
            again = f'"python dashboard.py{flag}" shows it again at {self.address}'
            _say(f"the dashboard is saved, its server has stopped; {again}")
        elif saved:
            _say("the dashboard's server has stopped, and nothing is saved")
        elif log != os.devnull:
            _say(f'"python dashboard.py --replay {log}" shows the dashboard')
        if saved and log != os.devnull:
            Path(log).unlink(missing_ok=True)


# --- finding and starting a server --------------------------------------------------


class _NoServer(Exception):
    """There is no server and none could be started; the text says why."""


class _Server:
    """
    The server that a lesson uses: one that was running, or a new one.

    A server that lessons started ends with the last of them. It knows of them by a
    request that each holds open, and that breaks off however the lesson ends.
    """

    def __init__(self, port: int, keep_open: bool):
        self._keep_open = keep_open
        try:
            self._take(port)
        except (OSError, http.client.HTTPException):  # it ended at that moment
            self._take(port)

    def _take(self, port: int) -> None:
        self.port, self._process = _find_or_start(port)
        self._held = http.client.HTTPConnection(HOST, self.port, timeout=REPLY_LIMIT)
        self._held.request("GET", "/lesson?keep" if self._keep_open else "/lesson")
        self._pid = self._held.getresponse().getheader("Dashboard-Process")

    def leave(self, asking: bool) -> str:
        """Give up the server; how it goes on, or an empty string if it has stopped."""
        ends = "never"
        if asking:
            with contextlib.suppress(OSError, http.client.HTTPException):
                headers, _ = _request(self.port, "HEAD", "/lesson")
                ends = headers["Dashboard-Ends"] or ends
        self._held.close()
        if ends == "now":
            limit = time.monotonic() + REPLY_LIMIT
            while _who_answers(self.port) == "visdom" and time.monotonic() < limit:
                time.sleep(0.01)
            return ""
        if ends == "later":
            return "its server goes on for another lesson"
        if self._keep_open and self._pid:
            kill = "taskkill /f /pid" if os.name == "nt" else "kill"
            return f'its server goes on until "{kill} {self._pid}"'
        return "its server goes on as before"


def _request(port: int, method: str, path: str, body: str = "") -> tuple[Any, bytes]:
    """One request to a local server, never through a proxy: headers and content."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.headers, response.read(100)


def _who_answers(port: int) -> str:
    """``visdom``, ``nobody``, or ``another program``."""
    try:
        content = _request(port, "POST", "/win_exists", '{"win": "", "eid": "main"}')[1]
    except ConnectionRefusedError:
        return "nobody"
    except (OSError, http.client.HTTPException):
        return "another program"
    return "visdom" if content in (b"true", b"false") else "another program"


def _find_or_start(port: int) -> tuple[int, subprocess.Popen | None]:
    """The first of some ports with a visdom server, new or not, and its process."""
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        process = None
        who = _who_answers(candidate)
        if who == "nobody":
            process, who = _start(candidate)
        if who == "visdom":
            if candidate != port:
                _say(f"port {port} is used by another program; {candidate} is taken")
            return candidate, process
    raise _NoServer(f"the ports {port} to {candidate} are used by other programs")


def _start(port: int) -> tuple[subprocess.Popen | None, str]:
    """Start a server; its process, and who answers on the port in the end."""
    if os.environ.get("LESSONS_QUICK") != "1":
        fetch_page()
    log = _folder("dashboard") / f"server-{port}.log"
    command = [sys.executable, __file__, "--port", str(port), "--until-unused"]
    try:
        with open(log if os.access(log.parent, os.W_OK) else os.devnull, "ab") as file:
            before = file.tell()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
    except OSError as error:
        raise _NoServer(f"{sys.executable} cannot be run ({error.strerror})") from None
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        status = process.poll()
        who = _who_answers(port)
        if who == "visdom" or status == BUSY:
            return process, who
        if status is not None:
            said = log.read_bytes()[before:].decode(errors="replace").split("\n")
            last = next((line for line in reversed(said) if line.strip()), "no reason")
            raise _NoServer(f"a new server ended with status {status} ({last.strip()})")
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise _NoServer(f"a new server did not answer within {START_LIMIT:g} s")


# --- the server ---------------------------------------------------------------------


async def _serve(port: int, until_unused: bool, entries: list) -> None:
    """
    Run visdom's server until it is cancelled, or until no lesson uses it.

    Visdom's own ``start_server`` listens to the whole network unless told otherwise,
    and version 0.3 takes any port if this one is taken.

    :param entries: of a log, shown first
    :raises OSError: if the port is taken or not allowed
    """
    import tornado.httpserver
    import tornado.netutil
    import tornado.web
    from visdom.server import app as visdom_app

    sockets = tornado.netutil.bind_sockets(port, HOST)
    lessons, kept, ended = set(), not until_unused, asyncio.Event()

    def end_if_unused() -> None:
        if not lessons and not kept:
            ended.set()

    class Lesson(tornado.web.RequestHandler):
        def prepare(self) -> None:
            ends = "never" if kept else "later" if len(lessons) > 1 else "now"
            self.set_header("Dashboard-Ends", ends)
            self.set_header("Dashboard-Process", os.getpid())

        def head(self) -> None:
            pass

        async def get(self) -> None:
            nonlocal kept
            kept = kept or "keep" in self.request.arguments
            lessons.add(self)
            self.closed = asyncio.Event()
            await self.flush()
            with contextlib.suppress(asyncio.CancelledError):  # the server's own end
                await self.closed.wait()

        def on_connection_close(self) -> None:
            self.closed.set()
            lessons.discard(self)
            end_if_unused()

    folder = _folder("dashboard")
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.mkdtemp(prefix="dashboard-"))
    logging.basicConfig(filename=folder / f"server-{port}.log", force=True)
    visdom_app.tornado_settings["autoreload"] = False  # edited files do not restart it
    os.environ.setdefault("LOGNAME", "reader")  # for a user whom the system has no name
    app = visdom_app.Application(port=port, base_url="", env_path=str(folder))
    app.add_handlers(".*", [("/lesson", Lesson)])
    tornado.httpserver.HTTPServer(app, max_buffer_size=2**30).add_sockets(sockets)
    asyncio.get_running_loop().call_later(START_LIMIT, end_if_unused)
    if hasattr(os, "nice"):
        os.nice(5)  # training comes first
    if not until_unused:
        env = await asyncio.to_thread(_replay, port, entries)
        print(f"dashboard: {_url(port, env)}   (Ctrl-C ends it)", flush=True)
    await ended.wait()


def _read_log(path: Path) -> list:
    """The entries of a log, each ``[endpoint, message]``."""
    entries = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            endpoint, message = json.loads(line)
            entries.append((endpoint, message, message["eid"]))
    except OSError as error:
        _stop(f"--replay {path} cannot be read ({error.strerror})")
    except (ValueError, TypeError, KeyError):
        _say(f"{path} is cut or damaged from line {len(entries) + 1} on")
    if not entries:
        _stop(f"--replay {path} holds nothing to show")
    return entries


def _replay(port: int, entries: list) -> str:
    """Show the entries of a log on a server; the name of their dashboard."""
    if not entries:
        return ""
    env = entries[0][2]
    client = _Client(port, env, os.devnull)
    client.close()  # its windows, if it is there already
    for endpoint, message, _ in entries:
        client._send(message, endpoint, from_log=True)
    client.save([env])
    return env


# --- the page's JavaScript ----------------------------------------------------------

# What visdom's page loads and visdom does not bring: npm package, file in it, place in
# STATIC. A place that ends in / takes the file under its name, * under its path.
_FILES = """
    jquery@3.1.1 dist/jquery.min.js js/
    bootstrap@3.3.7 dist/js/bootstrap.min.js js/
    bootstrap@3.3.7 dist/css/bootstrap.min.css css/
    bootstrap@3.3.7 dist/fonts/glyphicons-halflings-regular.woff2 fonts/
    react@16.2.0 umd/react.production.min.js js/react-react.min.js
    react-dom@16.2.0 umd/react-dom.production.min.js js/react-dom.min.js
    plotly.js-dist-min@2.11.1 plotly.min.js js/plotly-plotly.min.js
    layout-bin-packer@1.4.0 dist/layout-bin-packer.js js/layout_bin_packer.js
    d3@3.5.17 d3.min.js js/d3.v3.min.js
    d3-selection-multi@1.0.1 build/d3-selection-multi.js js/d3-selection-multi.v1.js
    save-svg-as-png@1.4.17 lib/saveSvgAsPng.js js/
"""
_FILES_02 = """
    react-resizable@1.4.6 css/styles.css css/react-resizable-styles.css
    react-grid-layout@0.16.3 css/styles.css css/react-grid-layout-styles.css
    mathjax@2.7.5 MathJax.js js/mathjax/2.7.5/*
    mathjax@2.7.5 config/Safe.js js/mathjax/2.7.5/*
    mathjax@2.7.5 config/TeX-AMS-MML_HTMLorMML.js js/mathjax/2.7.5/*
    mathjax@2.7.5 extensions/Safe.js js/mathjax/2.7.5/*
    mathjax@2.7.5 jax/output/SVG/config.js js/mathjax/2.7.5/*
    mathjax@2.7.5 jax/output/SVG/jax.js js/mathjax/2.7.5/*
    mathjax@2.7.5 jax/output/SVG/fonts/TeX/fontdata.js js/mathjax/2.7.5/*
    mathjax@2.7.5 jax/output/SVG/fonts/TeX/Size1/Regular/Main.js js/mathjax/2.7.5/*
"""
_FILES_03 = """
    react-resizable@3.1.3 css/styles.css css/react-resizable-styles.css
    react-grid-layout@2.2.3 css/styles.css css/react-grid-layout-styles.css
    mathjax@3.2.2 es5/tex-mml-svg.js js/mathjax/3.2.2/*
"""


def missing_files() -> list[str]:
    """The files that the page names and that are not in STATIC, as paths below it."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    names = re.findall(r"static_url\(\s*[\"']([^\"']+)", page)
    # "../user/style.css" is made by the server.
    return [name for name in names if name[0] != "." and not _sound(STATIC / name)]


def _sound(path: Path) -> bool:
    """Whether a script or style is there, and is not a login page sent in its place."""
    try:
        with path.open("rb") as file:
            return file.read(1) not in (b"", b"<")
    except OSError:
        return False


def fetch_page() -> None:
    """
    Fetch the page's JavaScript, once for each installation of visdom.

    Visdom's own download comes first; it has no time limit, and behind some firewalls
    it never ends, so that it gets one here. Then npm is asked, with the settings and
    the mirror that it is set to. What cannot be had is named, and nothing else fails:
    the server takes data all the same.
    """
    if not missing_files():
        return
    problems = []
    for source, fetch in {"its own download": _download, "npm": _npm_pack}.items():
        count = len(missing_files())
        _say(f"visdom's page lacks {count} JavaScript and style files: {source} ...")
        try:
            fetch()
            problem = "did not bring all of them"
        except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
            problem = " ".join(str(error).split())
        if not missing_files():
            _say("they are there, and stay")
            return
        problems.append(f"{source}: {problem}")
    _say(
        f"the dashboard's page stays empty without {', '.join(missing_files())} "
        f"({'; '.join(problems)}). Data and figures are kept all the same. With a "
        'network, or after "npm config set registry" with a mirror\'s address, '
        '"python dashboard.py" fetches them'
    )


def _download() -> None:
    """Visdom's own download, ended when it takes too long or brings nothing new."""
    code = "from visdom.server.build import download_scripts; download_scripts()"
    null = subprocess.DEVNULL
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null) as process:
        start = progress = said = time.monotonic()
        count = len(missing_files())
        try:
            while process.poll() is None:
                time.sleep(0.1)
                now = time.monotonic()
                if len(missing_files()) < count:
                    count, progress = len(missing_files()), now
                if now > said + 5:
                    said = now
                    _say(f"  {count} still to come")
                if now > start + FETCH_LIMIT or now > progress + STALL_LIMIT:
                    raise TimeoutError(f"stopped after {now - start:.0f} s")
        finally:
            process.kill()


def _npm_pack() -> None:
    """The missing files out of npm packages."""
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("it is not installed")
    version = tuple(int(part) for part in visdom.__version__.split(".")[:2])
    table = _FILES + (_FILES_03 if version >= (0, 3) else _FILES_02)
    wanted: dict[str, dict[str, Path]] = {}
    for package, name, place in zip(*[iter(table.split())] * 3, strict=True):
        place = place.replace("*", name)
        target = STATIC / (place + name.split("/")[-1] if place[-1] == "/" else place)
        if not _sound(target):
            wanted.setdefault(package, {})[name] = target
    with tempfile.TemporaryDirectory() as folder:
        # Fails at once where nothing answers, and leaves all else to npm's settings.
        flags = ["--fetch-retries=0", f"--fetch-timeout={STALL_LIMIT * 1000:.0f}"]
        done = subprocess.run(
            [npm, "pack", "--loglevel=error", *flags, *wanted],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_LIMIT,
        )
        if done.returncode:
            raise OSError(done.stderr.replace("npm error", "").split("\n\n")[0][:300])
        for package, names in wanted.items():
            archive = Path(folder, package.replace("@", "-") + ".tgz")
            with tarfile.open(archive) as tar:
                for name, target in names.items():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    part = target.with_name(f".{os.getpid()}-{target.name}")
                    with tar.extractfile(f"package/{name}") as file:
                        part.write_bytes(file.read())
                    part.replace(target)


# --- for people ---------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line, without the list of flags."""

    def error(self, message: str) -> NoReturn:
        _stop(message.removeprefix("argument "))


def _port(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 65535:
        problem = f"takes a whole number from 1 to 65535, not {word!r}"
        raise argparse.ArgumentTypeError(problem)
    return int(word)


def main() -> int:
    """The command line; see the module's docstring."""
    parser = _Parser(description="Start Visdom's dashboard on this machine.")
    parser.add_argument("--port", type=_port, default=PORT, help=f"default: {PORT}")
    parser.add_argument("--replay", type=Path, metavar="LOG", help="show a run's log")
    parser.add_argument("--until-unused", action="store_true", help=argparse.SUPPRESS)
    opt = parser.parse_args()
    entries = _read_log(opt.replay) if opt.replay else []
    if not opt.until_unused:
        fetch_page()
    elif hasattr(os, "setpgrp"):
        os.setpgrp()  # Ctrl-C in the lesson's terminal is not for its server
    for port in range(opt.port, min(opt.port + PORTS_TRIED, 65536)):
        who = "nobody" if opt.until_unused else _who_answers(port)
        if who == "visdom":
            url = _url(port, _replay(port, entries))
            print(f"a dashboard runs already: {url}", flush=True)
            return 0
        if who == "nobody":
            try:
                asyncio.run(_serve(port, opt.until_unused, entries))
                return 0
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    _stop(f"port {port} cannot be used ({error.strerror})", 1)
        if opt.until_unused:
            return BUSY
        _say(f"port {port} is used by another program")
    _stop("no port is left to try; --port names another", 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
