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
import random
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
        torch.default_generator.manual_seed(case)  # other devices are slow to seed
        return self.make_inputs()

    def judge(self, answer: Callable) -> tuple[str, str]:
        """Try an answer: "right", "wrong", "error" or "to do", and why."""
        if not callable(answer):
            missing = f"There is no {self.name}. It begins with"
            return "to do", f"{missing}\n\n{self.texts()[1]}"
        if banned := [word for word in self.without if word in names_in(answer)]:
            return "wrong", f"The task is to do without {banned[0]}."
        cases = range(CASES if self.make_inputs else 0)
        calls = [Call(answer, self.arguments(case)) for case in cases]
        texts = [str(call.before) for call in calls]  # what is quickly read comes first
        for case in sorted(cases, key=lambda case: (len(texts[case]), texts[case])):
            right = Call(self.solution, self.arguments(case))
            if problem := self.compare(calls[case], right):
                shown = arguments_text(self.names, calls[case].before)
                return calls[case].verdict(shown, problem, self.diagnose(calls))
        for demand in self.demands:
            call = Call(demand, (answer,))
            if call.error:
                asserted = isinstance(call.error, AssertionError)
                told = textwrap.fill(str(call.error), 80)
                return call.verdict(told if asserted else call.trace)
        return "right", ""

    def compare(self, call: "Call", right: "Call") -> str:
        """What is wrong with a call if the other one is right; "" if nothing."""
        if call.error or right.error:
            same = type(call.error) is type(right.error)
            wanted = f"It has to raise {type(right.error).__name__}."
            return "" if same else call.trace or wanted
        for i, mine in enumerate(call.arguments):
            checked = isinstance(mine, Tensor | list | dict | nn.Module)
            if checked and (problem := difference(mine, right.arguments[i])):
                kept = not difference(right.arguments[i], right.before[i])
                rule = "itself has to stay as it is" if kept else "after the call"
                return f"{self.names[i]} {rule}: {problem}"
        return difference(call.result, right.result)

    def diagnose(self, calls: list["Call"]) -> str:
        """What a mistake teaches that does the same on all inputs."""
        for mistake in self.mistakes:
            for case, call in enumerate(calls):
                other = Call(mistake, self.arguments(case))
                if str(call.error) != str(other.error) or self.compare(call, other):
                    break
            else:
                return textwrap.fill(inspect.getdoc(mistake), 80)
        return ""

    def texts(self) -> tuple[str, str]:
        """The solution, and what the reader begins with in its place."""
        head, body = split(self.solution)
        begin = "\n".join(head + split(self.given)[1]) if self.given else None
        return "\n".join(head + body), begin or stub(self.solution)


def exercise(*hints: str, without: str = "") -> Callable[[Callable], Exercise]:
    """
    Decorates the solution of an exercise; its docstring is the task.

    :param hints: from a first push to nearly the answer
    :param without: names that an answer does without, such as "for while"
    """
    return lambda solution: Exercise(solution, hints, without)


random_int = random.randint  # draws a whole number, both ends included


class Call:
    """A call of an answer: its result, its arguments afterwards, its error."""

    def __init__(self, function: Callable, arguments: tuple):
        self.before, self.arguments = copy.deepcopy(arguments), arguments
        self.result = self.error = None
        self.trace = ""
        torch.default_generator.manual_seed(0)
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
    if isinstance(got, Tensor) and isinstance(expected, Tensor):
        return tensor_difference(got.detach(), expected.detach())
    if isinstance(got, float | int) and isinstance(expected, float):
        return tensor_difference(*torch.tensor([got, expected], dtype=torch.float64))
    mine, right = parts(got), parts(expected)
    if right and mine.keys() == right.keys():
        for key, value in right.items():
            if problem := difference(mine[key], value):
                return f"[{key!r}]: {problem}"
        return ""
    text = f"The result is {show(got)}, expected {show(expected)}"
    if type(got) is type(expected):
        same = not right and (callable(got) or got == expected)
        return "" if same else f"{text}."
    if got is None:
        return "The result is None: is there a return?"
    return f"{text}, of the type {type(expected).__name__}."


def parts(value) -> dict:
    """What a list, a tuple, a dict or a network holds, by its place."""
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    if isinstance(value, nn.Module):
        return dict(value.state_dict())
    return value if isinstance(value, dict) else {}


def tensor_difference(got: Tensor, expected: Tensor) -> str:
    """What is wrong with a tensor: its shape before its dtype before its numbers."""
    for what in "shape", "dtype", "device":
        mine, right = getattr(got, what), getattr(expected, what)
        if mine != right:
            return f"The {what} is {mine}, expected {right}."
    close = got == expected
    if got.is_floating_point() or got.is_complex():
        close = torch.isclose(got, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    if got.is_meta or close.all():
        return ""
    at = (~close).nonzero()[0].tolist()
    mine, right = (f"{t[tuple(at)].item():.6g}" for t in (got, expected))
    if not at:
        return f"The number is {mine}, expected {right}."
    text = f"{(~close).sum()} of {close.numel()} numbers are wrong, "
    text += f"the first at {at}: {mine}, expected {right}."
    if got.numel() <= SMALL:
        yours, theirs = "yours:\n" + show(got), "expected:\n" + show(expected)
        text += "\n\n" + beside(yours, theirs, gap=4)
    return text


def show(value) -> str:
    """A value; of a large tensor only what it is, of anything long its beginning."""
    if isinstance(value, Tensor) and value.numel() > SMALL:
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    return value.__name__ if inspect.isfunction(value) else repr(value)[:1000]


def arguments_text(names: list[str], values: tuple) -> str:
    """The arguments of a call, one below the other."""
    pairs = zip(names, values, strict=False)
    return "\n".join(beside(f"{name} =", show(value)) for name, value in pairs)


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


def split(thing: Callable) -> tuple[list[str], list[str]]:
    """The lines of a function or class up to its docstring, and those after it."""
    text = textwrap.dedent(inspect.getsource(thing))
    lines, node = text.splitlines(), ast.parse(text).body[0]
    cut = node.body[0].end_lineno
    return lines[node.lineno - 1 : cut], lines[cut : node.end_lineno]


def stub(thing: Callable) -> str:
    """A function, or a class with its methods, whose bodies are yet to be written."""
    head, body = split(thing)
    lines, node = head + body, ast.parse("\n".join(head + body)).body[0]
    for part in [node] if isinstance(node, ast.FunctionDef) else reversed(node.body):
        if isinstance(part, ast.FunctionDef):
            first = part.body[1 if ast.get_docstring(part) else 0]
            todo = " " * first.col_offset + "raise NotImplementedError"
            lines[first.lineno - 1 : part.end_lineno] = [todo]
    return "\n".join(lines)


def names_in(thing: Callable) -> set[str]:
    """All names and keywords in its code, but not in its texts and comments."""
    # Of abs there is no code, and of a lambda perhaps half a statement.
    with contextlib.suppress(OSError, TypeError, SyntaxError, tokenize.TokenError):
        text = io.StringIO(textwrap.dedent(inspect.getsource(thing)))
        tokens = tokenize.generate_tokens(text.readline)
        return {token.string for token in tokens if token.type == tokenize.NAME}
    return set()


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
