"""
Run one lesson in a process of its own, and compare its output with its ``#:`` lines.

The process starts from a forkserver that has imported the large libraries and computed
nothing: forking after torch has computed hangs. Within it reprexlite runs the lesson
statement by statement, so that each output is known to belong to its statement.
"""

import contextlib
import dataclasses
import io
import math
import multiprocessing
import os
import pickle
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "lessons").glob("lesson*.py"))

# A number before one of these units was measured on the reader's machine.
MEASURED = re.compile(r"\d+(\.\d+)?(?= (ms|s|MB|GFLOP/s|images/s|times)\b)")
DECIMAL = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?")

# Two runs of one training on different CPUs differ by this much at most.
ABSOLUTE, RELATIVE = 0.006, 0.05

PRELOAD = ["matplotlib.pyplot", "reprexlite", "torch", "torch._dynamo", "torchvision"]


@dataclasses.dataclass
class Run:
    """What a lesson did."""

    status: int = 0  # exit status
    stderr: str = ""
    source: str = ""  # the lesson's text with the outputs of this run
    outputs: list = dataclasses.field(default_factory=list)  # (code, stated, printed)
    values: SimpleNamespace | None = None  # its module-level names
    seconds: float = 0.0
    memory_mb: float = 0.0


def trains(path: Path) -> bool:
    """Whether the lesson has settings, so that its outputs depend on a training run."""
    return "settings(" in path.read_text(encoding="utf-8")


def run_lesson(
    path: Path, outputs: Path, flags=(), quick=True, timeout=120, environment=()
) -> Run:
    """
    Run a lesson to its end.

    :param outputs: folder for what it saves
    :param flags: its command line
    :param quick: a small part of the data, one thread, from the forkserver; otherwise
        all of it, in a process that imports everything itself, as for a reader
    :param timeout: seconds until it is killed
    :param environment: variables that are set for it, a dict
    """
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if quick and "forkserver" in methods else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    receiver, sender = context.Pipe(duplex=False)
    start = time.perf_counter()
    environment = {
        "LESSONS_OUTPUTS": str(outputs),
        "LESSONS_QUICK": "1" if quick else "0",
        "MPLBACKEND": "agg",
        **dict(environment),
    }
    arguments = path, list(flags), quick, environment, sender
    process = context.Process(target=_child, args=arguments)
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout):
            raise TimeoutError(f"{path.name} was not done after {timeout} s")
        run = pickle.loads(receiver.recv_bytes())
    except EOFError:
        process.join()
        raise RuntimeError(f"{path.name} died with {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    run.seconds = time.perf_counter() - start
    return run


def _child(path: Path, flags: list[str], quick: bool, environment, sender) -> None:
    os.environ.update(environment)
    sys.argv = [str(path), *flags]
    sys.path.insert(0, str(path.parent))
    sys.path.insert(0, str(ROOT / "lessons"))  # for _path, where the lesson is a copy
    import matplotlib
    import pytest_socket
    import torch

    matplotlib.use("agg")
    pytest_socket.socket_allow_hosts(
        ["127.0.0.1", "localhost", "::1"], allow_unix_socket=True
    )
    if quick:
        torch.set_num_threads(1)
    run = Run()
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
        try:
            _execute(path, run)
        except SystemExit as error:
            run.status = error.code if isinstance(error.code, int) else 1
    run.stderr = stderr.getvalue()
    run.memory_mb = _peak_memory_mb()
    sender.send_bytes(pickle.dumps(run))


def _execute(path: Path, run: Run) -> None:
    from reprexlite import Reprex, ReprexConfig

    config = ReprexConfig(parsing_method="declared", comment="#:", venue="py")
    scope = {"__name__": "__main__", "__file__": str(path)}
    source = path.read_text(encoding="utf-8")
    reprex = Reprex.from_input(source, config, scope)
    for result in reprex.results:
        result.raw = None  # only what is printed is an output
    run.source = re.sub(r"^#: $", "#:", reprex.render(), flags=re.M).rstrip("\n") + "\n"
    run.values = SimpleNamespace(**{k: v for k, v in scope.items() if _small(v)})
    for statement, old, new in zip(
        reprex.statements, reprex.old_results, reprex.results, strict=True
    ):
        stated = "\n".join(line.rstrip() for line in old.lines)
        lines = (new.stdout or "").splitlines()
        printed = "\n".join(line.rstrip() for line in lines)
        run.outputs.append((statement.raw_code.strip(), stated, printed))


def _small(value) -> bool:
    """Whether a name's value is a result: plain, and of a size that one would print."""
    try:
        return len(pickle.dumps(value)) < 100_000
    except Exception:
        return False


def _peak_memory_mb() -> float:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def crash(run: Run) -> str:
    """The traceback of a statement that raised, or an empty string."""
    for _, _, printed in run.outputs:
        if printed.startswith("Traceback (most recent call last)"):
            return printed
    return ""


def differences(run: Run, exact: bool) -> str:
    """What a lesson printed other than it states; an empty string if nothing."""
    same = _equal if exact else _close
    return "\n\n".join(
        f"{code}\n--- stated\n{stated}\n--- printed\n{printed}"
        for code, stated, printed in run.outputs
        if not same(stated, printed)
    )


def _equal(stated: str, printed: str) -> bool:
    return MEASURED.sub("#", stated) == MEASURED.sub("#", printed)


def _close(stated: str, printed: str) -> bool:
    """Equal but for decimal fractions, which were trained and may differ a little."""
    stated, printed = MEASURED.sub("#", stated), MEASURED.sub("#", printed)
    pairs = zip(DECIMAL.findall(stated), DECIMAL.findall(printed), strict=False)
    return _words(stated) == _words(printed) and all(
        math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        for a, b in pairs
    )


def _words(text: str) -> list[str]:
    return DECIMAL.sub(" # ", text).split()
