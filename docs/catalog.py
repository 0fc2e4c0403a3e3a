"""
What lessons there are and what they reached, for README.md and the web site.

A lesson's title and idea stand in its docstring; what a full run measured stands in
``docs/results.csv``, a row a lesson, written by ``pytest -m full``. Run as a script, it
puts README's table of lessons up to date.
"""

import ast
import csv
import dataclasses
import hashlib
import os
import platform
import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "results.csv"
COLUMNS = ["lesson", "reached", "seconds", "memory_mb", "torch", "cpu", "date", "code"]

# Each part and the numbers that may belong to it.
PARTS = {
    "A. First contact · 初识": range(0, 6),
    "B. Tensors · 张量": range(6, 16),
    "C. Gradients · 梯度": range(16, 24),
    "D. Classification · 分类": range(24, 31),
    "E. Training well · 训练技巧": range(31, 37),
    "F. Images · 图像": range(37, 46),
    "G. Sequences and distributions · 序列与分布": range(46, 55),
    "H. Generating · 生成模型": [55, 56, 57, 58, 61],
    "I. Attention · 注意力": [59, 60],
    "J. More than one process · 多进程": [64],
}


@dataclasses.dataclass(frozen=True)
class Lesson:
    """A lesson as its docstring describes it."""

    path: Path
    number: int
    title: str  # in English
    chinese: str  # the notes' title, empty where it is the same
    idea: str  # one or two sentences, Markdown
    notes: str  # what the notes have about it

    @property
    def part(self) -> str:
        """The name of the part that it belongs to."""
        return next(p for p, numbers in PARTS.items() if self.number in numbers)

    @property
    def section(self) -> str:
        """The name of its section in the notes, empty where it has none."""
        name = re.split(r"[,;(]| and ", self.notes)[0].removeprefix("part of ")
        return name.replace("`", "").strip().removeprefix("none")


def lessons() -> list[Lesson]:
    """All lessons, by number."""
    return [_lesson(path) for path in sorted((ROOT / "lessons").glob("lesson*.py"))]


def _lesson(path: Path) -> Lesson:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    heading = r"Lesson (\d+): (.*?)(?: \((.*)\))?\n=+\n\n"
    form = heading + r"(.*?)\n\n:Notes: ([^\n]*)\n"
    match = re.match(form, docstring or "", re.S)
    if not match:
        raise ValueError(f"{path.name}: its docstring is not formed as lesson 29's")
    number, english, chinese, idea, notes = match.groups()
    return Lesson(
        path=path,
        number=int(number),
        title=english[0].upper() + english[1:],
        chinese=chinese or "",
        idea=" ".join(idea.split()).replace("``", "`"),
        notes=notes,
    )


def code_hash(path: Path) -> str:
    """A hash of the lesson's code; its prose may change without a new measurement."""
    body = path.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = (line.strip() for line in body.splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def results() -> dict[str, dict[str, str]]:
    """The rows of the results table by the lesson's file name without ``.py``."""
    if not TABLE.exists():
        return {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["lesson"]: row for row in csv.DictReader(file)}


def record(path: Path, reached: str, seconds: float, memory_mb: float) -> None:
    """Put a lesson's row into the table and README, in place of the one that it had."""
    import torch

    table = results()
    table[path.stem] = {
        "lesson": path.stem,
        "reached": reached,
        "seconds": f"{seconds:.0f}",
        "memory_mb": f"{memory_mb:.0f}",
        "torch": torch.__version__.partition("+")[0],
        "cpu": f"{_cpu()}, {os.cpu_count()} cores",
        "date": date.today().isoformat(),
        "code": code_hash(path),
    }
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[name] for name in sorted(table))
    update_readme()


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(": ")[2]
    return platform.processor()


def readme_table(language: str = "en") -> str:
    """The lessons as a Markdown table, with what a full run reached."""
    measured, found = results(), lessons()
    heads = {
        "en": "| lesson | section of the notes | reached, time |",
        "zh": "| 课程脚本 | 笔记中的章节 | 运行结果与用时 |",
    }
    text = [heads[language], "|---|---|---|"]
    for part, numbers in PARTS.items():
        text.append(f"| **{part}** | | |")
        for lesson in found:
            if lesson.number in numbers:
                row = measured.get(lesson.path.stem, {"reached": "?", "seconds": "?"})
                title = lesson.chinese if language == "zh" else ""
                link = f"[{lesson.number} {title or lesson.title}]"
                text.append(
                    f"| {link}(lessons/{lesson.path.name}) | {lesson.section or '–'} | "
                    f"{row['reached']}; {row['seconds']} s |"
                )
    return "\n".join(text) + "\n"


def update_readme() -> None:
    """Put the tables of lessons in README.md and README.zh-CN.md up to date."""
    start = "<!-- lessons: written by docs/catalog.py -->\n"
    end = "<!-- end of lessons -->"
    for name, language in {"README.md": "en", "README.zh-CN.md": "zh"}.items():
        readme = ROOT / name
        if readme.exists():
            head, rest = readme.read_text(encoding="utf-8").split(start)
            text = head + start + readme_table(language) + end + rest.split(end)[1]
            readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update_readme()
