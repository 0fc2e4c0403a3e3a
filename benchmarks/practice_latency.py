"""
How long a reader waits: from a save to the verdict on it, while check.py watches.

It saves an answer to the first exercise of lesson 8 again and again, wrong and right in
turn, 5 s apart as somebody who types does, and reads what check.py writes there.

    python benchmarks/practice_latency.py --saves 10
"""

import argparse
import os
import pty
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 1.0  # seconds
ANSWERS = {"wrong": "return images[::2, ::2]", "right": "return images[..., ::2, ::2]"}


def wait_for(terminal: int, text: str) -> None:
    seen = ""
    while text not in seen:
        seen += os.read(terminal, 10000).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds from a save to its verdict.")
    parser.add_argument("--saves", type=int, default=10)
    opt = parser.parse_args()
    parent, child = pty.openpty()
    seconds = []
    with tempfile.TemporaryDirectory() as clone:
        shutil.copytree(ROOT / "solutions", Path(clone, "solutions"))
        shutil.copy(ROOT / "check.py", clone)
        command = [sys.executable, "check.py", "8"]
        with subprocess.Popen(command, cwd=clone, stdin=child, stdout=child):
            wait_for(parent, "q: quit")
            path = Path(clone, "exercises", "exercise08.py")
            stub = path.read_text(encoding="utf-8")
            for i in range(opt.saves):
                time.sleep(5)
                state = ["wrong", "right"][i % 2]
                text = stub.replace("raise NotImplementedError", ANSWERS[state], 1)
                start = time.perf_counter()
                path.write_text(text, encoding="utf-8")
                wait_for(parent, f"{state}   \033[0m quarter")
                seconds.append(time.perf_counter() - start)
                wait_for(parent, "q: quit")
            os.write(parent, b"q\n")
    median, worst = statistics.median(seconds), max(seconds)
    print(f"{opt.saves} saves: median {median:.2f} s, worst {worst:.2f} s")
    assert median < LIMIT, f"more than {LIMIT:g} s"


if __name__ == "__main__":
    main()
