"""Level 4: what DESIGN fixes about a lesson's form and a machine can check."""

import ast
import re
import subprocess
import sys
import unicodedata

import catalog
import pytest
from lesson_runner import LESSONS, ROOT, trains

# The notes' names that hide a built-in or are misspelt, and what they are called here.
BANNED = {"input": "x", "iter": "step", "eval": "evaluate", "criteon": "loss"}

# The main lesson shows a dozen things that belong together.
LINES = {"lesson29_mnist": 260}

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return path.read_text(encoding="utf-8")


def width(text):
    """Columns that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@each_lesson
def test_header(path):
    title, underline, *rest = ast.get_docstring(ast.parse(read(path))).splitlines()
    number = int(path.stem[6:8])
    assert re.fullmatch(rf"Lesson {number}: \S.*\S", title)
    assert underline == "=" * width(title)
    fields = [line for line in rest if line.startswith(":")]
    names = [re.match(r":(\w+): \S", line)[1] for line in fields]
    assert names == ["Notes", "Needs", "Run", "Takes"]
    assert f"``python lessons/{path.name}" in fields[2]
    assert re.fullmatch(r":Takes: \d+ s", fields[3])


@each_lesson
def test_try_it(path):
    """The last cell holds three exercises: predict, change, build."""
    last = read(path).split("\n# %%\n")[-1]
    assert last.startswith("# Try it\n# ------\n")
    assert re.findall(r"^# - (\w+)", last, re.M) == ["Predict", "Change", "Build"]


@each_lesson
def test_size(path):
    """80 to 200 lines, outputs not counted; a third to a half of them prose."""
    lines = [line for line in read(path).splitlines() if not line.startswith("#:")]
    assert 80 <= len(lines) <= LINES.get(path.stem, 200)
    docstring = ast.parse(read(path)).body[0].end_lineno
    prose = docstring + sum(line.startswith("#") for line in lines[docstring:])
    share = prose / sum(line != "" for line in lines)
    assert 0.25 <= share <= 0.55, f"{share:.0%} prose"


@each_lesson
def test_cells(path):
    """Flat cells, each with prose or a heading of its own, and no ``main``."""
    text = read(path)
    assert "__main__" not in text
    cells = text.split("\n# %%\n")
    assert len(cells) >= 6
    long = [c for c in cells[1:] if len(code_lines(c)) > 40]
    assert not long, f"a cell of more than 40 lines: {long[0][:60]!r}"


def code_lines(cell):
    return [line for line in cell.splitlines() if line and not line.startswith("#")]


@each_lesson
def test_names(path):
    tree = ast.parse(read(path))
    bound = {node.id for node in ast.walk(tree) if is_stored(node)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert not bound & BANNED.keys(), f"call it {BANNED}"
    assert "criteon" not in read(path)


def is_stored(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


@each_lesson
def test_no_device_is_hard_coded(path):
    """Devices come from ``settings``: no ``"cuda"`` and no ``.cuda()`` in the code."""
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Attribute):
            assert node.attr != "cuda", f"line {node.lineno}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.fullmatch(r"cuda(:\d+)?", node.value), f"line {node.lineno}"


@each_lesson
def test_seed(path):
    """What draws random numbers sets the seed first; what trains takes it as a flag."""
    text = read(path)
    if re.search(r"torch\.(rand|normal|multinomial)|nn\.Linear|shuffle", text):
        seed = r"torch\.(manual_seed|Generator)"
        assert re.search(seed, text)
    if trains(path) and "manual_seed" in text:
        assert "opt.seed" in text


def test_ruff():
    for command in ["check"], ["format", "--check"]:
        ruff = [sys.executable, "-m", "ruff", *command, "."]
        done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_readme_lists_every_lesson():
    """README's tables are those that docs/catalog.py writes, with links that exist."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert catalog.readme_table() in text
    linked = re.findall(r"\]\(lessons/(\w+)\.py\)", text)
    assert linked == [path.stem for path in LESSONS]


def test_every_lesson_has_a_part_and_a_number_of_its_own():
    numbers = [lesson.number for lesson in catalog.lessons() if lesson.part]
    assert len(set(numbers)) == len(LESSONS)


def test_results_table_is_complete_and_up_to_date():
    """Each lesson has a row, measured with the code that it has now."""
    measured = catalog.results()
    assert list(measured) == [path.stem for path in LESSONS]
    for path in LESSONS:
        row = measured[path.stem]
        stale = f"{path.stem} changed: pytest -m full -k {path.stem}"
        assert row["code"] == catalog.code_hash(path), stale
        assert row["reached"], path.stem
