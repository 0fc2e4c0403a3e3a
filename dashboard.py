"""
A Visdom dashboard for a lesson: ``viz = connect()``.

It uses the server that is running, or starts one that ends with the lesson. All that is
shown is also in a log. If the server dies, training goes on, and so does the log. ::

    python dashboard.py                 starts a server, prints its address
    python dashboard.py --replay LOG    and shows what such a log holds

The server listens on this machine alone. The log is beside the lesson's figures.
"""

import atexit
import contextlib
import html
import http.client
import json
import logging
import math
import os
import subprocess
import sys
import tempfile
import time
import webbrowser
from pathlib import Path

import visdom

import visdom_server
from utils import Parser, output_path, say, say_once, stop

HOST, PORT = visdom_server.HOST, 8097
INTERVAL = 1.0  # seconds from one call with points to the next
START_LIMIT = 30.0  # seconds until a new server has to answer
REPLY_LIMIT = 3.0  # seconds until a silent server counts as lost

logging.getLogger("visdom").setLevel(logging.ERROR)


def connect(port: int = PORT) -> "Dashboard":
    """A new dashboard. Where no server can run, a line says so; the log has it all."""
    run = f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}"
    log = output_path(f"dashboard-{run}.log")
    viz = Dashboard(port, f"{log.parent.name}_{run}", log)
    atexit.register(viz.leave)  # also after an error or Ctrl-C in the lesson
    say(f"no dashboard: {viz.lost}" if viz.lost else f"dashboard: {viz.address}")
    screen = {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    screen = screen or sys.platform in ("win32", "darwin")
    hidden = "--no-show" in sys.argv or os.environ.get("MPLBACKEND") == "agg"
    if screen and not hidden and not viz.lost:
        webbrowser.open(viz.address)
    return viz


class Dashboard(visdom.Visdom):
    """
    Visdom's client, which outlives its server. It has ``point`` beyond Visdom's own.

    ``address`` is the page's URL; ``lost`` says why there is no server, else it is "";
    ``process`` is the server that was started for this dashboard, or None.
    """

    def __init__(self, port: int, env: str, log: Path | None):
        self.address = f"http://{HOST}:{port}/env/{env}"
        self.process, self.lost = _find_or_start(port)
        self._points: dict[str, tuple[list[float], list[float], dict]] = {}
        self._sent: dict[str, tuple[int, float]] = {}  # points of a curve, and when
        self._windows: set[str] = set()
        to = {"server": f"http://{HOST}", "port": port, "env": env}
        log = log and str(log)
        super().__init__(**to, log_to_filename=log, use_incoming_socket=False)

    def text(self, text: object, *args, **kwargs) -> str:
        """Visdom's ``text``, which takes a text for HTML, with every ``<`` as it is."""
        if sys._getframe(1).f_globals is not vars(visdom):  # its svg and video call it
            text = f"<pre>{html.escape(str(text))}</pre>"
        return super().text(text, *args, **kwargs)

    def point(self, win: str, x: float, y: float, opts: dict | None = None) -> None:
        """
        Add a point to a curve; those of a second are sent in one call.

        At each call the server copies and compares the whole curve: n calls take a time
        that grows with n². On a long curve a call waits until it adds a fiftieth.

        :param y: a number, or a tensor with one; NaN or infinite leaves a gap
        :param opts: Visdom's, such as ``{"title": "loss", "xlabel": "step"}``
        :raises ValueError: if ``x`` is NaN or infinite
        """
        x, y = float(x), float(y.item() if hasattr(y, "item") else y)
        if not math.isfinite(x):
            raise ValueError(f"a point of {win!r} cannot be drawn at x = {x}")
        xs, ys, _ = self._points.setdefault(win, ([], [], opts or {}))
        xs.append(x)
        ys.append(y)
        count, at = self._sent.get(win, (0, -math.inf))
        if 50 * len(xs) >= count and time.monotonic() - at >= INTERVAL:
            self.flush(win)

    def flush(self, *wins: str) -> None:
        """Send the points that wait for others, of all curves unless some are named."""
        for win in wins or list(self._points):
            xs, ys, opts = self._points.pop(win)
            count = self._sent.get(win, (0, 0))[0] + len(xs)
            self.line(ys, xs, win=win, opts=dict(opts), update="append")
            self._sent[win] = count, time.monotonic()

    def finish(self) -> None:
        """Send what is left, and say how the dashboard is seen again."""
        self.flush()
        if (log := self.log_to_filename) and os.path.exists(log):
            say_once(f'this shows it again: python dashboard.py --replay "{log}"')

    def leave(self) -> None:
        """Finish, let a reader look, and end the server that was started for this."""
        atexit.unregister(self.leave)
        self.finish()
        if self.process is None:
            return
        terminal = sys.stdin and sys.stdin.isatty() and "--no-show" not in sys.argv
        if terminal and not self.lost:
            say("the dashboard stays until you press Enter")
            with contextlib.suppress(KeyboardInterrupt):
                sys.stdin.readline()
        self.process.stdin.close()  # with which it ends, unless it hangs
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        self.process.kill()

    def win_exists(self, win: str, env: str | None = None) -> bool | None:
        if win and env in (None, self.env):  # known here, and each append asks
            return win in self._windows
        return super().win_exists(win, env)

    def _send(self, msg: dict, endpoint: str = "events", *args, **kwargs):
        msg, win = _as_json(msg), msg.get("win")
        shows = endpoint in ("events", "update")
        own = msg.get("eid") in (None, self.env)
        if endpoint == "update" and own and win not in self._windows:
            endpoint = "events"  # what appends to nothing makes the window
        answer = super()._send(msg, endpoint, *args, **kwargs)
        if shows and own:
            self._windows.add(msg["win"])
        if endpoint == "close" and own:
            self._windows -= {win} if win else self._windows
        return msg["win"] if shows else answer

    def _handle_post(self, url: str, data: str | None = None) -> str:
        if self.lost:
            return ""
        self.session.trust_env = False  # no proxy between two programs on one machine
        try:
            reply = self.session.post(url, data=data or {}, timeout=REPLY_LIMIT)
        except OSError as error:  # requests' errors are OSErrors
            self.lost = f"its server does not answer any more ({type(error).__name__})"
            say(f"no dashboard: {self.lost}; all goes on in the log")
            return ""
        if not reply.ok:  # the server is well, and this one message is wrong
            win = json.loads(data or "{}").get("win")
            what = f"{url.split('/')[3]} of window {win!r}"
            say(f"the dashboard refuses {what}: {reply.status_code} {reply.reason}")
            return ""
        return reply.text

    def _log(self, msg: dict, endpoint: str) -> None:
        if not self.log_to_filename or endpoint not in ("events", "update", "close"):
            return
        try:
            Path(self.log_to_filename).parent.mkdir(parents=True, exist_ok=True)
            with open(self.log_to_filename, "a", encoding="utf-8") as log:
                log.write(json.dumps([endpoint, msg]) + "\n")
        except OSError as error:
            say(f"{self.log_to_filename} cannot be written ({error.strerror})")
            self.log_to_filename = None


def _as_json(value):
    """The value with None for NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def who_answers(port: int) -> str:
    """``visdom``, ``nobody``, or ``another program``."""
    connection = http.client.HTTPConnection(HOST, port, timeout=3)
    with contextlib.closing(connection):
        try:
            connection.request("POST", "/win_exists", '{"win": "", "eid": "main"}')
            content = connection.getresponse().read(100)
        except ConnectionRefusedError:
            return "nobody"
        except (OSError, http.client.HTTPException):
            return "another program"
    return "visdom" if content in (b"true", b"false") else "another program"


def _find_or_start(port: int) -> tuple[subprocess.Popen | None, str]:
    """A new server's process, if none was running, and what went wrong, if anything."""
    if not 1 <= port <= 65535:
        stop(f"a port is a whole number from 1 to 65535, not {port}", status=2)
    if (who := who_answers(port)) != "nobody":
        other = f"port {port} is used by another program, --port takes another"
        return None, other if who == "another program" else ""
    if os.environ.get("LESSONS_QUICK") != "1":
        visdom_server.fetch_page(say)
    output = tempfile.TemporaryFile()  # noqa: SIM115, the server's from here on
    streams = {"stdin": subprocess.PIPE, "stdout": output, "stderr": output}
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    alone = {"start_new_session": True, "creationflags": flags}  # Ctrl-C passes it by
    command = [sys.executable, visdom_server.__file__, str(port)]
    server = subprocess.Popen(command, **streams, **alone)
    limit = time.monotonic() + START_LIMIT
    while server.poll() is None and time.monotonic() < limit:
        if who_answers(port) == "visdom":
            return server, ""
        time.sleep(0.05)
    server.kill()
    output.seek(0)
    last = output.read().decode(errors="replace").strip().rpartition("\n")[2]
    return None, f"a new server does not answer ({last or 'and does not say why'})"


def _read_log(path: Path) -> list[tuple[str, dict, str]]:
    """The entries of a log up to where it is cut: endpoint, message, environment."""
    entries = []
    try:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            endpoint, message = json.loads(line)
            entries.append((endpoint, message, message["eid"]))
    except OSError as error:
        stop(f"--replay {path} cannot be read ({error.strerror})", status=2)
    except (ValueError, TypeError, KeyError):
        say(f"{path} is cut or damaged from line {len(entries) + 1} on")
    if not entries:
        stop(f"--replay {path} holds nothing to show", status=2)
    return entries


def main() -> None:
    """The command line; see the module's docstring."""
    parser = Parser(description="Visdom's dashboard on this machine.")
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}")
    parser.add_argument("--replay", type=Path, metavar="LOG", help="show a run's log")
    opt = parser.parse_args()
    entries = _read_log(opt.replay) if opt.replay else []
    viz = Dashboard(opt.port, entries[0][2] if entries else "main", log=None)
    if entries:
        viz.close()  # its windows, if it is there already
    for endpoint, message, _ in entries:
        viz._send(message, endpoint, from_log=True, create=False)
    if viz.lost:
        stop(viz.lost)
    print(f"dashboard: {viz.address}", flush=True)
    if viz.process:
        say("Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            stop(f"the server has ended with status {viz.process.wait()}")


if __name__ == "__main__":
    main()
