"""
Run one lesson in a process of its own, and compare its output with its ``#:`` lines.

The process starts from a forkserver that has imported the large libraries and computed
nothing: forking after torch has computed hangs. The lesson is run statement by
statement, so that each output is known to belong to its statement.
"""

import ast
import contextlib
import dataclasses
import importlib
import io
import math
import multiprocessing
import os
import pickle
import re
import signal
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest
from _pytest import assertion
from _pytest.config import get_config

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "lessons").glob("lesson*.py"))

# A number before one of these units was measured on the reader's machine.
MEASURED = re.compile(r"\d+(\.\d+)?(?= (ms|s|MB|GFLOP/s|images/s|times)\b)")
DECIMAL = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?")

# Two runs of one training on different CPUs differ by this much at most.
ABSOLUTE, RELATIVE = 0.006, 0.05

PRELOAD = [
    "matplotlib.pyplot",
    "torch",
    "torch._dynamo",
    "torchvision",
    "lesson_runner",
]


@dataclasses.dataclass
class Run:
    """What a lesson did."""

    status: int = 0  # exit status
    error: str = ""  # the traceback, if a statement raised
    stderr: str = ""
    source: str = ""  # the lesson's text with the outputs of this run
    outputs: list = dataclasses.field(default_factory=list)  # (code, stated, printed)
    reached: str = ""  # what ``judge`` returned
    seconds: float = 0.0
    memory_mb: float = 0.0


def depends_on_quick(path: Path) -> bool:
    """Whether a quick run prints other numbers: its training, data or draws are cut."""
    text = path.read_text(encoding="utf-8")
    return bool(re.search(r"opt\.quick|quick=|epochs=", text))


def run_lesson(
    path: Path,
    outputs: Path,
    flags=(),
    quick=True,
    timeout=120,
    environment=(),
    judge=None,
) -> Run:
    """
    Run a lesson to its end.

    :param outputs: folder for what it saves
    :param flags: its command line
    :param quick: a small part of the data, one thread, from the forkserver; otherwise
        all of it, in a process that imports everything itself, as for a reader
    :param timeout: seconds until it is killed
    :param environment: variables that are set for it, a dict
    :param judge: a function of ``claims`` by name, called with the lesson's names
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
    arguments = path, list(flags), quick, environment, judge, sender
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


def check_ended_well(run: Run) -> None:
    """Fail with what a run said, where it did not end with status 0."""
    if run.status:
        pytest.fail(run.error or run.stderr, pytrace=False)


def _child(path: Path, flags, quick: bool, environment, judge, sender) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup ignores it
    os.environ.update(environment)
    sys.argv = [str(path), *flags]
    sys.path.insert(0, str(path.parent))
    import matplotlib
    import pytest_socket
    import torch

    matplotlib.use("agg")
    pytest_socket.socket_allow_hosts(
        ["127.0.0.1", "localhost", "::1"], allow_unix_socket=True
    )
    if quick:
        torch.set_num_threads(1)
        if "opt.device" in path.read_text(encoding="utf-8"):
            _forbid_float64()  # which makes each operation slower
    run = Run()
    scope = {"__name__": "__main__", "__file__": str(path)}
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
        try:
            run.source, run.outputs = execute(path, scope)
            if judge:
                run.reached = _claim(judge)(SimpleNamespace(**scope))
        except SystemExit as error:
            run.status = error.code if isinstance(error.code, int) else 1
        except BaseException:
            run.status, run.error = 1, traceback.format_exc()
    run.stderr = stderr.getvalue()
    run.memory_mb = _peak_memory_mb()
    sender.send_bytes(pickle.dumps(run))


def _forbid_float64() -> None:
    """Fail where float32 becomes float64, which Apple's MPS does not have."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Float32Only(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            given = [a.dtype for a in args if isinstance(a, torch.Tensor)]
            if (
                torch.float32 in given
                and getattr(result, "dtype", None) == torch.float64
            ):
                raise RuntimeError("float64 from float32: some devices have no float64")
            return result

    Float32Only().__enter__()


def _claim(name: str):
    """A function of ``claims``, or ``module:function``, with pytest's assertions."""
    module, function = name.split(":") if ":" in name else ("claims", name)
    assertion.install_importhook(get_config())
    pytest.register_assert_rewrite(module)
    return getattr(importlib.import_module(module), function)


def statements(source: str) -> tuple[list[tuple[list[str], list[str]]], list[str]]:
    """Each top-level statement's lines with the ``#:`` lines below it; what is left."""
    lines, start, found = source.splitlines(), 0, []
    for node in ast.parse(source).body:
        end = below = node.end_lineno
        while below < len(lines) and lines[below].startswith("#:"):
            below += 1
        stated = [line[2:].removeprefix(" ") for line in lines[end:below]]
        found.append((lines[start:end], stated))
        start = below
    return found, lines[start:]


def execute(path: Path, scope: dict) -> tuple[str, list[tuple[str, str, str]]]:
    """
    Run a lesson in a scope.

    :returns: its text with the outputs of this run, and (code, stated, printed) of each
        statement
    """
    text = path.read_text(encoding="utf-8")
    found, rest = statements(text)
    source, outputs, line = [], [], 0
    for code, stated in found:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):  # empty lines: the error's line is right
            exec(compile("\n" * line + "\n".join(code), str(path), "exec"), scope)
        line += len(code) + len(stated)
        printed = [line.rstrip() for line in out.getvalue().splitlines()]
        outputs.append(("\n".join(code), "\n".join(stated), "\n".join(printed)))
        source += code + [f"#: {line}".rstrip() for line in printed]
    return "\n".join(source + rest) + "\n", outputs


def _peak_memory_mb() -> float:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def differences(run: Run, exact: bool) -> str:
    """What a lesson printed other than it states; an empty string if nothing."""
    same = _equal if exact else _close
    return "\n\n".join(
        f"{code.strip()}\n--- stated\n{stated}\n--- printed\n{printed}"
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
