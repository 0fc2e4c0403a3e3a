"""The results table: ``docs/results.csv``, a row a lesson, written by the full run."""

import csv
import hashlib
import platform
import sys
from datetime import date
from pathlib import Path

import torch

TABLE = Path(__file__).resolve().parent.parent / "docs" / "results.csv"
COLUMNS = ["lesson", "reached", "seconds", "memory_mb", "torch", "cpu", "date", "code"]


def code_hash(path: Path) -> str:
    """A hash of the lesson's code; its prose may change without a new measurement."""
    body = path.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = (line.strip() for line in body.splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def rows() -> dict[str, dict[str, str]]:
    """The table's rows by the lesson's file name without ``.py``."""
    if not TABLE.exists():
        return {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["lesson"]: row for row in csv.DictReader(file)}


def record(path: Path, reached: str, seconds: float, memory_mb: float) -> None:
    """Put a lesson's row into the table, in place of the one that it had."""
    table = rows()
    table[path.stem] = {
        "lesson": path.stem,
        "reached": reached,
        "seconds": f"{seconds:.0f}",
        "memory_mb": f"{memory_mb:.0f}",
        "torch": torch.__version__.partition("+")[0],
        "cpu": _cpu(),
        "date": date.today().isoformat(),
        "code": code_hash(path),
    }
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[name] for name in sorted(table))


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.partition(': ')[2]}, {torch.get_num_threads()} threads"
    return f"{platform.processor()}, {torch.get_num_threads()} threads"
