"""
The form of a lesson, as far as a machine can check it.

Each rule is a function that takes a ``Lesson`` and yields complaints, and has a fault
beside it that it must find. ``python tests/test_form.py lessons/lesson35_*.py``
prints the complaints about a file.
"""

import ast
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "lessons").glob("lesson*.py"))

COMPUTING, DRAWING = 15, 25  # lines of code that a cell may have
SENTENCE = 25  # words that a sentence may have; code or a formula is one
WRONG_NAMES = {"input": "x", "iter": "step", "eval": "evaluate", "criteon": "loss"}
SEEDED = ast.For | ast.FunctionDef | ast.ListComp
HIDDEN_LOOPS = {"map", "filter", "getattr", "reduce", "product", "starmap"}


class Lesson:
    """A lesson's text, its syntax tree and its cells."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        starts = [i for i, line in enumerate(self.lines, 1) if line == "# %%"]
        ends = [*starts[1:], len(self.lines) + 1]
        self.cells = list(zip(starts, ends, strict=True))  # line numbers

    def prose(self, cell) -> str:
        """The comment at the head of a cell, without its title."""
        found = []
        for line in self.lines[cell[0] : cell[1] - 1]:
            if not line.startswith("#") or line.startswith("#:"):
                break
            found.append(line.removeprefix("#").strip())
        return re.sub(r"^.*?-{3,}", "", " ".join(found)).strip()

    def draws(self, cell) -> bool:
        return self.prose(cell).startswith("Drawn:")

    def code_lines(self, cell) -> int:
        """Lines of statements, without imports, docstrings, comments and outputs."""
        numbers = set()
        for node in self.statements(cell):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                numbers |= set(range(node.lineno, node.end_lineno + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                numbers -= set(range(node.lineno, node.end_lineno + 1))
        texts = [self.lines[number - 1].strip() for number in numbers]
        return sum(bool(text) and not text.startswith("#") for text in texts)

    def statements(self, cell) -> list[ast.stmt]:
        return [n for n in self.tree.body if cell[0] < n.lineno < cell[1]]

    def nodes(self, computing=True):
        """Each node of the tree, or only those of cells that compute."""
        for cell in self.cells:
            if not (computing and self.draws(cell)):
                for statement in self.statements(cell):
                    yield from ast.walk(statement)


def header(lesson):
    number = int(lesson.name[6:8])
    title, underline, *rest = (ast.get_docstring(lesson.tree) or "\n").splitlines()
    if not re.fullmatch(rf"Lesson {number}: \S.*\S", title):
        yield 1, f"the docstring begins with 'Lesson {number}: title', not {title!r}"
    if underline != "=" * width(title):
        yield 3, f"the underline has {len(underline)} signs, the title {width(title)}"
    fields = [line for line in rest if line.startswith(":")]
    names = re.findall(r"^:(\w+): \S", "\n".join(fields), re.M)
    if names != ["Notes", "Needs", "Run"]:
        yield 1, f"the fields are Notes, Needs, Run, not {names}"
    elif f"``python lessons/{lesson.name}.py" not in "\n".join(fields):
        yield 1, f"Run says 'python lessons/{lesson.name}.py'"


def width(text):
    """Columns that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def try_it(lesson):
    last = "\n".join(lesson.lines[lesson.cells[-1][0] :])
    if not last.startswith("# Try it\n# ------\n"):
        yield lesson.cells[-1][0], "the last cell is 'Try it'"
    if re.findall(r"^# - (\w+)", last, re.M) != ["Predict", "Change", "Build"]:
        yield lesson.cells[-1][0], "'Try it' has a line each: Predict, Change, Build"


def cell_sizes(lesson):
    for cell in lesson.cells:
        size = lesson.code_lines(cell)
        limit = DRAWING if lesson.draws(cell) else COMPUTING
        if size > limit:
            yield cell[0], f"the cell has {size} lines, above {limit}"


def flat(lesson):
    for node in ast.walk(lesson.tree):
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            yield node.lineno, "a lesson is flat: no __main__"


def stars(lesson):
    for node in lesson.nodes():
        if isinstance(node, ast.Starred):
            call = " ".join(lesson.lines[node.lineno - 2 : node.lineno])
            if "Sequential(" not in call:
                yield node.lineno, f"star-unpacking: {ast.unparse(node)}"
        if isinstance(node, ast.keyword) and node.arg is None:
            yield node.value.lineno, f"star-unpacking: **{ast.unparse(node.value)}"
        if isinstance(node, ast.arguments) and (node.vararg or node.kwarg):
            name = node.vararg or node.kwarg
            yield name.lineno, f"a function of any arguments: *{name.arg}"


def hidden_loops(lesson):
    for node in lesson.nodes():
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            on_module = not isinstance(node.func, ast.Attribute)
            if name in HIDDEN_LOOPS and on_module:
                yield node.lineno, f"{name}() hides a loop"
            if name == "zip" and on_module and len(node.args) > 2:
                yield node.lineno, "zip of more than two"
            if name == "format" and not on_module:
                yield node.lineno, "an f-string in place of format()"
        if isinstance(
            node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            inner = [n for n in ast.walk(node) if hasattr(n, "generators")]
            if len(node.generators) > 1 or len(inner) > 1:
                yield node.lineno, "a nested comprehension"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(a.name for a in node.names)]
            if {"itertools", "functools"} & set(names):
                yield node.lineno, "no itertools and no functools"


def assignments(lesson):
    for node in lesson.nodes():
        if isinstance(node, ast.NamedExpr):
            yield node.lineno, "an assignment inside an expression (:=)"
        if isinstance(node, ast.Assign) and len(node.targets) > 1:
            yield node.lineno, "one assignment a statement, not a = b = ..."
        if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):
            if len(node.elts) == 1:
                yield node.lineno, "a target of one element: take [0] instead"
            nested = any(isinstance(e, ast.Tuple | ast.List) for e in node.elts)
            line = lesson.lines[node.lineno - 1]
            if nested and "lstm(" not in line:  # PyTorch's own: out, (h, c) = lstm(x)
                yield node.lineno, "a nested target"


def lambdas(lesson):
    for node in lesson.nodes():
        values = []
        if isinstance(node, ast.Assign):
            values = [node.value]
        if isinstance(node, ast.Dict):
            values = node.values
        if isinstance(node, ast.List | ast.Tuple):
            values = node.elts
        if any(isinstance(value, ast.Lambda) for value in values):
            yield node.lineno, "a function with a name in place of a lambda"


def quick(lesson):
    for number, line in enumerate(lesson.lines, 1):
        if re.search(r"\bif opt\.quick|\bif not opt\.quick", line):
            yield number, "settings(quick={...}) in place of 'if opt.quick'"


def seeds(lesson):
    """With --seed 10 every run has another seed: opt.seed + seed where there is one."""
    draws = r"torch\.(rand|normal|multinomial)|nn\.Linear|shuffle"
    if re.search(draws, lesson.text) and "manual_seed" not in lesson.text:
        yield 1, "what draws random numbers sets the seed"
    for number, line in enumerate(lesson.lines, 1):
        wrong = line.replace("for seed in range(opt.seeds)", "")
        if "for seed in" in wrong or "range(opt.seeds)" in wrong:
            yield number, "seeds are 'for seed in range(opt.seeds)'"
    one_of_many = set()  # all that stands in a loop over seeds or a function of a seed
    for node in ast.walk(lesson.tree):
        text = ast.unparse(node) if isinstance(node, SEEDED) else ""
        if re.match(r"for .*\bseed\b.* in |def .*\bseed\b|\[.* for seed in ", text):
            one_of_many |= set(ast.walk(node))
            if len(re.findall(r"(?<!\.)\bseed\b", text)) == 1:
                yield node.lineno, "seed is not used"
    for node in ast.walk(lesson.tree):
        if isinstance(node, ast.Call) and "manual_seed" in ast.unparse(node.func):
            wanted = "opt.seed + seed" if node in one_of_many else "opt.seed"
            given = ast.unparse(node.args[0])
            if given != wanted and (node in one_of_many or "settings(" in lesson.text):
                yield node.lineno, f"manual_seed({wanted}) in place of ({given})"


def devices(lesson):
    for node in ast.walk(lesson.tree):
        if isinstance(node, ast.Attribute) and node.attr == "cuda":
            yield node.lineno, ".to(opt.device) in place of cuda"
        if re.fullmatch(r"cuda(:\d+)?", str(getattr(node, "value", ""))):
            yield node.lineno, "opt.device in place of 'cuda'"


def names(lesson):
    for node in ast.walk(lesson.tree):
        stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        name = node.id if stored else getattr(node, "arg", None)
        if isinstance(node, ast.Name | ast.arg) and name in WRONG_NAMES:
            yield node.lineno, f"{WRONG_NAMES[name]} in place of {name}"


def printed_characters(lesson):
    for number, line in enumerate(lesson.lines, 1):
        for code_page in ["gbk", "cp1252"] if line.startswith("#:") else []:
            for character in line:
                if not character.encode(code_page, "ignore"):
                    yield number, f"{code_page} has no {character!r}"


def sentences(lesson):
    for cell in lesson.cells:
        prose = lesson.prose(cell).partition("..")[0]
        prose = re.sub(r":math:`[^`]*`|``[^`]*``", "code", prose)
        for sentence in re.split(r"(?<=[.?!:;])\s+", prose):
            if len(sentence.split()) > SENTENCE:
                yield cell[0], f"{len(sentence.split())} words: {sentence}"


# Each rule, and a cell that it must find fault with.
RULES = {
    header: ":Takes: 5 s",
    try_it: "# Try it\n# ------\n# - Predict nothing.",
    cell_sizes: "\n".join(f"x{i} = {i}" for i in range(COMPUTING + 1)),
    flat: "if __name__ == '__main__':\n    pass",
    stars: "a, *b = 1, 2, 3",
    hidden_loops: "x = [i * j for i in (1, 2) for j in (1, 2)]",
    assignments: "a = b = 1",
    lambdas: "f = lambda x: x",
    quick: "n = 5 if opt.quick else 50",
    seeds: "for seed in 1, 2, 3:\n    f(seed)",
    devices: "x = x.cuda()",
    names: "input = 1",
    printed_characters: "print(2)\n#: x² = 2",
    sentences: "# " + "word " * (SENTENCE + 1) + "end.",
}

# What else a rule has to find.
FAULTS = [
    (stars, "f(*x)"),
    (stars, "f(**x)"),
    (stars, "def f(*x):\n    pass"),
    (hidden_loops, "x = list(map(f, y))"),
    (hidden_loops, "for a, b, c in zip(x, y, z):\n    pass"),
    (hidden_loops, "'{}'.format(1)"),
    (hidden_loops, "import itertools"),
    (hidden_loops, "x = [[i for i in j] for j in y]"),
    (assignments, "print(a := 1)"),
    (assignments, "(a,) = f(x)"),
    (assignments, "a, (b, c) = f(x)"),
    (assignments, "for i, (a, b) in enumerate(x):\n    pass"),
    (assignments, "x = [a + b for i, (a, b) in x.items()]"),
    (lambdas, "f = {'a': lambda x: x}"),
    (seeds, "opt = settings()\ntorch.manual_seed(0)"),
    (seeds, "for s in range(opt.seeds):\n    f(s)"),
    (seeds, "[f(1) for seed in range(opt.seeds)]"),
    (seeds, "for seed in range(opt.seeds):\n    torch.manual_seed(seed)"),
    (seeds, "for seed in range(opt.seeds):\n    torch.manual_seed(opt.seed), f(seed)"),
    (seeds, "def f(seed):\n    torch.manual_seed(opt.seed), g(seed)"),
    (devices, "x = x.to('cuda:0')"),
    (cell_sizes, "# Drawn:\n" + "\n".join(f"x{i} = {i}" for i in range(DRAWING + 1))),
]

SOUND = '''"""
Lesson 99: a lesson
===================

Its idea.

:Notes: none
:Needs: nothing
:Run: ``python lessons/lesson99_test.py``
"""

# %%
# A cell
# ------
# It computes.

x = 1
{cell}

# %%
# Try it
# ------
# - Predict the sum.
# - Change the number.
# - Build the rest.
'''


def complaints(rule, cell):
    text = SOUND.replace("{cell}", "" if rule is header else f"\n# %%\n{cell}")
    if rule is header:
        text = text.replace(":Needs: nothing\n", f":Needs: nothing\n{cell}\n")
    if rule is try_it:
        text = text[: text.index("# %%\n# Try it")]
    return list(rule(Lesson("lesson99_test", text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson(path, rule):
    lesson = Lesson(path.stem, path.read_text(encoding="utf-8"))
    found = [f"{path.name}:{line}: {what}" for line, what in rule(lesson)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_lesson_has_no_fault(rule):
    lesson = Lesson("lesson99_test", SOUND.replace("{cell}", ""))
    assert list(rule(lesson)) == []


@pytest.mark.parametrize(("rule", "cell"), [*RULES.items(), *FAULTS])
def test_each_rule_finds_its_fault(rule, cell):
    assert complaints(rule, cell)


def test_ruff():
    for command in ["check"], ["format", "--check"]:
        ruff = [sys.executable, "-m", "ruff", *command, "."]
        done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        read = Lesson(file.stem, file.read_text(encoding="utf-8"))
        for rule in RULES:
            for line, what in rule(read):
                print(f"{file}:{line}: {what}")
