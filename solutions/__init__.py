"""
What an exercise is: a task, its solution, hints, inputs to try it on, typical mistakes.

``solutions/exercise08.py`` holds those of lesson 8. The reader's file in ``exercises/``
is made of the same text, without all that gives an answer away.
"""

import ast
import contextlib
import copy
import importlib
import inspect
import io
import math
import random
import reprlib
import sys
import textwrap
import tokenize
import traceback
import types
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
CASES = 24  # how many inputs an answer is tried on
SMALL = 48  # a tensor of so many numbers is shown whole
SHORT = reprlib.Repr()
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = 24
SHORT.maxstring = SHORT.maxother = 400


class Exercise:
    """A solution and, by its decorators, all that it takes to judge another answer."""

    def __init__(self, solution: Callable, hints: tuple[str, ...], without: str):
        self.name, self.solution, self.hints = solution.__name__, solution, hints
        self.names = list(inspect.signature(solution).parameters)
        self.without = without.split()
        self.make_inputs = self.given = None
        self.demands, self.mistakes = [], []

    def __call__(self, *arguments):
        return self.solution(*arguments)

    def inputs(self, function: Callable) -> Callable:
        """Decorates a function that draws the arguments of one call at random."""
        self.make_inputs = function
        return function

    def must(self, function: Callable) -> Callable:
        """Decorates a function that takes an answer and asserts something of it."""
        self.demands.append(function)
        return function

    def mistake(self, function: Callable) -> Callable:
        """Decorates a typical wrong answer; its docstring says why it is wrong."""
        self.mistakes.append(function)
        return function

    def broken(self, function: Callable) -> Callable:
        """Decorates a mistake that the reader is given to repair."""
        self.given = function
        return self.mistake(function)

    def arguments(self, case: int) -> tuple:
        """The arguments of one call, always the same for a case."""
        random.seed(case)
        torch.manual_seed(case)
        return self.make_inputs()

    def judge(self, answer: Callable) -> tuple[str, str]:
        """Try an answer: "right", "wrong", "error" or "to do", and why."""
        used = names_in(source(answer)) if self.without else set()
        if banned := [word for word in self.without if word in used]:
            return "wrong", f"The task is to do without {banned[0]}."
        cases = range(CASES if self.make_inputs else 0)
        calls = [Call(answer, self.arguments(case)) for case in cases]
        failed = []
        for case, call in enumerate(calls):
            right = Call(self.solution, self.arguments(case))
            if problem := self.compare(call, right):
                failed.append((call.size, case, problem))
        if failed:
            _, case, problem = min(failed)
            shown = arguments_text(self.names, calls[case].before)
            return calls[case].verdict(shown, problem, self.diagnose(calls))
        for demand in self.demands:
            call = Call(demand, (answer,))
            if isinstance(call.error, AssertionError):
                return call.verdict(fill(str(call.error)))
            if call.error:
                return call.verdict(call.trace)
        return "right", ""

    def compare(self, call: "Call", right: "Call") -> str:
        """What is wrong with a call if the other one is right; "" if nothing."""
        if call.error or right.error:
            same = type(call.error) is type(right.error)
            wanted = f"An error is expected, {type(right.error).__name__}."
            return "" if same else call.trace or wanted
        all_arguments = [call.arguments, right.arguments, right.before]
        for name, mine, expected, before in zip(self.names, *all_arguments):  # noqa: B905
            checked = isinstance(mine, Tensor | list | dict | nn.Module)
            if checked and (problem := difference(mine, expected)):
                kept = not difference(expected, before)
                place = "itself has to stay as it is" if kept else "after the call"
                return f"{name} {place}: {problem}"
        return difference(call.result, right.result)

    def diagnose(self, calls: list["Call"]) -> str:
        """What a mistake teaches that does the same on all inputs."""
        for mistake in self.mistakes:
            for case, call in enumerate(calls):
                other = Call(mistake, self.arguments(case))
                if str(call.error) != str(other.error) or self.compare(call, other):
                    break
            else:
                return fill(inspect.getdoc(mistake))
        return ""

    def texts(self) -> tuple[str, str]:
        """The solution, and what the reader begins with in its place."""
        head, body = split(self.solution)
        begin = split(self.given)[1] if self.given else emptied(body)
        return "\n".join(head + body), "\n".join(head + begin)


def exercise(*hints: str, without: str = "") -> Callable[[Callable], Exercise]:
    """
    Decorates the solution of an exercise; its docstring is the task.

    :param hints: from a first push to nearly the answer
    :param without: names that an answer does without, such as "for while"
    """
    return lambda solution: Exercise(solution, hints, without)


def random_int(low: int, high: int) -> int:
    """A random whole number, both ends included."""
    return random.randint(low, high)


class Call:
    """A call of an answer: its result, its arguments afterwards, its error."""

    def __init__(self, function: Callable, arguments: tuple):
        self.before, self.arguments = copy.deepcopy(arguments), arguments
        self.size = size_of(arguments)
        self.result = self.error = None
        self.trace = ""
        torch.manual_seed(0)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                self.result = function(*arguments)
            except (Exception, SystemExit) as error:
                self.error, self.trace = error, readers_trace(error)
        self.printed = output.getvalue()

    def verdict(self, *why: str) -> tuple[str, str]:
        """The state that this call shows, and why, with what it printed."""
        if isinstance(self.error, NotImplementedError):
            return "to do", ""
        lines = self.printed.splitlines()
        printed = "It printed:\n" + "\n".join(lines[:10]) if lines else ""
        text = "\n\n".join(part for part in [*why, printed] if part)
        failed = self.error and not isinstance(self.error, AssertionError)
        return "error" if failed else "wrong", text


# --- comparing and showing ------------------------------------------------------------


def difference(got, expected) -> str:
    """What is wrong with a value; an empty string if nothing is."""
    if got is None and expected is not None:
        return "The result is None: is there a return?"
    if isinstance(got, Tensor) and isinstance(expected, Tensor):
        return tensor_difference(got.detach(), expected.detach())
    if isinstance(got, nn.Module) and isinstance(expected, nn.Module):
        got, expected = dict(got.state_dict()), dict(expected.state_dict())
    if isinstance(got, dict) and isinstance(expected, dict):
        if list(got) == list(expected):
            return first_difference(got, expected, expected)
    elif isinstance(got, tuple | list) and isinstance(expected, tuple | list):
        if len(got) == len(expected):
            return first_difference(got, expected, range(len(expected)))
    elif isinstance(expected, float) and isinstance(got, float | int):
        both_nan = math.isnan(got) and math.isnan(expected)
        if both_nan or math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-5):
            return ""
    elif type(got) is type(expected):
        if callable(got) or got == expected:
            return ""
    else:
        kinds = type(got).__name__, type(expected).__name__
        return f"The result is {show(got)} ({kinds[0]}), expected {show(expected)} " + (
            f"({kinds[1]})."
        )
    return f"The result is {show(got)}, expected {show(expected)}."


def first_difference(got, expected, keys) -> str:
    """The first difference between two lists or dicts of the same keys."""
    for key in keys:
        if problem := difference(got[key], expected[key]):
            return f"[{key!r}]: {problem}"
    return ""


def tensor_difference(got: Tensor, expected: Tensor) -> str:
    """What is wrong with a tensor: its shape before its dtype before its numbers."""
    for what in "shape", "dtype", "device":
        mine, right = getattr(got, what), getattr(expected, what)
        if mine != right:
            return f"The {what} is {mine}, expected {right}."
    if got.is_meta:
        return ""
    close = got == expected
    if got.is_floating_point() or got.is_complex():
        close = torch.isclose(got, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    if close.all():
        return ""
    at = (~close).nonzero()[0].tolist()
    mine, right = (f"{t[tuple(at)].item():.5g}" for t in (got, expected))
    if close.dim() == 0:
        return f"The number is {mine}, expected {right}."
    text = f"{(~close).sum()} of {close.numel()} numbers are wrong, "
    text += f"the first at {at}: {mine}, expected {right}."
    if got.numel() <= SMALL:
        yours, theirs = "yours:\n" + show(got), "expected:\n" + show(expected)
        text += "\n\n" + beside(yours, theirs, gap=4)
    return text


def size_of(value) -> int:
    """How much there is to read in an argument, to find the smallest that fails."""
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, list | tuple):
        return len(value) + sum(size_of(item) for item in value)
    return abs(value) if isinstance(value, int) else len(show(value))


def show(value) -> str:
    """A value; of a large tensor only what it is."""
    if isinstance(value, Tensor) and value.numel() > SMALL:
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    if isinstance(value, types.FunctionType):
        return value.__name__
    plain = isinstance(value, Tensor | nn.Module)
    return str(value) if plain else SHORT.repr(value)


def arguments_text(names: list[str], values: tuple) -> str:
    """The arguments of a call, one below the other."""
    pairs = zip(names, values, strict=False)
    return "\n".join(beside(f"{name} =", show(value)) for name, value in pairs)


def fill(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 80)


def beside(left: str, right: str, gap: int = 1) -> str:
    """Two texts beside each other."""
    rows = list(zip_longest(left.splitlines(), right.splitlines(), fillvalue=""))
    width = max(len(a) for a, _ in rows) + gap
    return "\n".join(f"{a:{width}}{b}".rstrip() for a, b in rows)


def readers_trace(error: BaseException) -> str:
    """An error, and the lines of the reader's own code that led to it."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).strip()
    stack = traceback.extract_tb(error.__traceback__)
    others = str(HERE), str(HERE.parent / "check.py"), "site-packages", "<frozen"
    mine = [f for f in stack if not any(other in f.filename for other in others)]
    lines = [f"line {f.lineno}, in {f.name}:  {f.line}" for f in mine[-3:]]
    return "\n".join([*lines, f"{type(error).__name__}: {str(error)[:500]}"])


# --- texts ----------------------------------------------------------------------------


def source(thing: Callable) -> str:
    """The code of a function or class; "" where Python does not know it."""
    with contextlib.suppress(OSError, TypeError):
        return textwrap.dedent(inspect.getsource(thing))
    return ""


def split(thing: Callable) -> tuple[list[str], list[str]]:
    """The lines of a function or class up to its docstring, and those after it."""
    text = source(thing)
    lines, node = text.splitlines(), ast.parse(text).body[0]
    first = node.body[0]
    cut = first.end_lineno if ast.get_docstring(node) else first.lineno - 1
    return lines[node.lineno - 1 : cut], lines[cut : node.end_lineno]


def emptied(body: list[str]) -> list[str]:
    """The body of a function, or of each method of a class, replaced by an error."""
    tree = ast.parse(textwrap.dedent("\n".join(body)))
    if not isinstance(tree.body[-1], ast.FunctionDef):
        return ["    raise NotImplementedError"]
    kept, line = [], 0
    for method in tree.body:
        if isinstance(method, ast.FunctionDef):
            kept += body[line : method.body[0].lineno - 1]
            kept.append("        raise NotImplementedError")
            line = method.end_lineno
    return kept


def names_in(text: str) -> set[str]:
    """All names and keywords in a piece of code, but not in its texts and comments."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


# --- a lesson's exercises -------------------------------------------------------------


def lesson_exercises(number: int) -> tuple[types.ModuleType, list[Exercise]]:
    """The module ``solutions/exerciseNN.py``, and its exercises in their order."""
    module = importlib.import_module(f"solutions.exercise{number:02}")
    return module, [e for e in vars(module).values() if isinstance(e, Exercise)]


def readers_copy(module: types.ModuleType, exercises: list[Exercise]) -> str:
    """What the reader's file begins with: all before the first exercise, and stubs."""
    head = inspect.getsource(module).partition("\n@exercise(")[0].splitlines()
    head = "\n".join(line for line in head if not line.startswith("from solutions"))
    return "\n\n\n".join([head.strip(), *(e.texts()[1] for e in exercises)]) + "\n"


def load(path: Path) -> types.ModuleType:
    """The reader's file as a module, without a stale copy of it in any cache."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    return module
