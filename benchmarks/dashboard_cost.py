"""
What the dashboard costs: a full lesson 30 against a full lesson 29, which is the same
training without it.

Both run as a reader runs them, with nothing added, and take turns, so that a slow
moment of the machine hits them alike. What is timed is the way from the line that they
print after the first epoch to that after the last: training, evaluation, and all that
is sent to the page. The medians of the rounds are compared.

    python benchmarks/dashboard_cost.py --rounds 5
"""

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
LIMIT = 1.25


def training_seconds(lesson: str, epochs: int, outputs: str, *flags: str) -> float:
    """Seconds from the end of the first epoch to the end of the last."""
    command = [sys.executable, "-u", LESSONS / lesson, "--no-show", *flags]
    ends = {}
    with subprocess.Popen(
        [*command, "--epochs", str(epochs)],
        env={**os.environ, "LESSONS_OUTPUTS": outputs, "LESSONS_QUICK": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if match := re.match(r"epoch +(\d+):", line):
                ends[int(match[1])] = time.perf_counter()
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert "lesson30" not in lesson or "this shows it again" in said, said
    assert "no dashboard" not in said, said
    return ends[epochs] - ends[1]


def free_port() -> int:
    """A port of this machine that no program uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    """Time the lessons in turn, print each round and the ratio of the medians."""
    parser = argparse.ArgumentParser(description="What the dashboard costs.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    opt = parser.parse_args()
    without, with_it = [], []
    print(f"seconds for epochs 2 to {opt.epochs}")
    print(f"{'round':>6}{'lesson 29':>12}{'lesson 30':>12}")
    with tempfile.TemporaryDirectory() as outputs:
        for i in range(1, opt.rounds + 1):
            lesson = "lesson29_mnist.py"
            without.append(training_seconds(lesson, opt.epochs, outputs))
            lesson = "lesson30_visdom.py"
            port = f"--port={free_port()}"
            with_it.append(training_seconds(lesson, opt.epochs, outputs, port))
            print(f"{i:6}{without[-1]:12.2f}{with_it[-1]:12.2f}")
    medians = statistics.median(without), statistics.median(with_it)
    ratio = medians[1] / medians[0]
    print(f"median{medians[0]:12.2f}{medians[1]:12.2f}")
    print(f"ratio {ratio:.2f}, at most {LIMIT} wanted")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
