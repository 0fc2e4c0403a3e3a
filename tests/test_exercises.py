"""
The exercises prove themselves: what is right passes, what is wrong is told why.

    python -m pytest -n 0 -q tests/test_exercises.py -k exercise08
"""

import ast
import inspect
import re
import textwrap
import time

import pytest

from check import LESSONS, ROOT
from solutions import Call, lesson_exercises, load, readers_copy

FILES = {number: lesson_exercises(number) for number in LESSONS}
EXERCISES = [e for _, exercises in FILES.values() for e in exercises]
each_file = pytest.mark.parametrize(
    "number", LESSONS, ids=[f"exercise{number:02}" for number in LESSONS]
)
each_exercise = pytest.mark.parametrize(
    "exercise",
    EXERCISES,
    ids=[f"exercise{n:02}-{e.name}" for n, (_, es) in FILES.items() for e in es],
)


def one_line(text):
    return " ".join(text.split())


def lesson_text(number):
    return next((ROOT / "lessons").glob(f"lesson{number:02}_*.py")).read_text("utf-8")


@each_exercise
def test_the_solution_is_right_and_quick(exercise):
    """By a demand that knows the answer from elsewhere, such as autograd or a loop."""
    assert exercise.demands
    start = time.thread_time()
    assert exercise.judge(exercise.solution) == ("right", "")
    assert time.thread_time() - start < 2


@pytest.mark.filterwarnings("ignore")  # some mistakes are warned of by torch
@each_exercise
def test_each_mistake_is_told_with_its_own_sentence(exercise):
    assert len(exercise.mistakes) >= 2
    sentences = [one_line(inspect.getdoc(mistake)) for mistake in exercise.mistakes]
    for mistake, own in zip(exercise.mistakes, sentences, strict=True):
        start = time.thread_time()
        state, why = exercise.judge(mistake)
        assert time.thread_time() - start < 2, mistake.__name__
        assert state in ("wrong", "error"), mistake.__name__
        told = [sentence for sentence in sentences if sentence in one_line(why)]
        assert told == [own], mistake.__name__


@pytest.mark.filterwarnings("ignore")
@each_exercise
def test_the_demands_alone_refuse_each_mistake(exercise):
    """They know the answer from elsewhere, so that a solution does not judge itself."""
    for mistake in exercise.mistakes:
        errors = [Call(demand, (mistake,)).error for demand in exercise.demands]
        assert any(errors), mistake.__name__


@each_exercise
def test_no_wrong_value_is_taken_for_right(exercise):
    """Nothing at all, and the first argument as it came."""
    for wrong in (lambda *arguments: None, lambda *arguments: arguments[0]):
        assert exercise.judge(wrong)[0] != "right"


@each_file
def test_what_the_reader_begins_with_is_not_right(number, tmp_path):
    module, exercises = FILES[number]
    path = tmp_path / "readers_copy.py"
    path.write_text(readers_copy(module, exercises), encoding="utf-8")
    answers = load(path)
    for exercise in exercises:
        state, _ = exercise.judge(getattr(answers, exercise.name))
        wanted = ("wrong", "error") if exercise.given else ("to do",)
        assert state in wanted, exercise.name


@each_file
def test_the_reader_is_given_no_answer(number):
    """His file holds no solution, no mistake but those to repair, and no checker."""
    module, exercises = FILES[number]
    copy = readers_copy(module, exercises)
    names = {m.__name__ for e in exercises for m in e.mistakes}
    defined = re.findall(r"^(?:def|class) (\w+)", copy, re.MULTILINE)
    assert not names & set(defined)
    assert "solutions" not in copy
    for exercise in exercises:
        assert answer_lines(exercise) - set(map(str.strip, copy.splitlines()))


def answer_lines(exercise):
    """The lines of a solution, without its head, docstring and comments."""
    body = exercise.texts()[0].rpartition('"""')[2]
    lines = [line.split("  #")[0].strip() for line in body.splitlines()]
    return {line for line in lines if len(line) > 12}


@each_exercise
def test_hints_come_near_and_stop_short(exercise):
    assert len(exercise.hints) == 2
    for hint in exercise.hints:
        assert not [line for line in answer_lines(exercise) if line in hint]


def test_a_lesson_has_one_exercise_or_all_three():
    """Predict, Change and Build in parts B, C and D, whose lessons are 6 to 30."""
    for number, (_, exercises) in FILES.items():
        assert len(exercises) == 3 if 6 <= number <= 30 else 1 <= len(exercises) <= 3
        assert not exercises[0].given or len(exercises) < 3


def test_names_are_unique():
    names = [e.name for e in EXERCISES]
    assert [name for name in names if names.count(name) > 1] == []
    for number, (module, exercises) in FILES.items():
        tree = ast.parse(inspect.getsource(module))
        defined = [node.name for node in tree.body if hasattr(node, "name")]
        twice = {name for name in defined if defined.count(name) > 1}
        assert not twice, number
        assert "_" not in defined, number
        assert len(exercises) == inspect.getsource(module).count("\n@exercise(")


# --- texts ----------------------------------------------------------------------------


def texts_of(exercise):
    """What a reader reads: the task, the hints, the sentences, the messages."""
    yield inspect.getdoc(exercise.solution)
    yield from exercise.hints
    yield from (inspect.getdoc(mistake) for mistake in exercise.mistakes)
    for demand in exercise.demands:
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(demand)))):
            if isinstance(node, ast.Assert):
                parts = ast.walk(node.msg)
                values = [n.value for n in parts if isinstance(n, ast.Constant)]
                yield " ".join(str(value) for value in values)


@each_exercise
def test_each_demand_says_what_is_wrong(exercise):
    for demand in exercise.demands:
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(demand)))):
            assert not isinstance(node, ast.Assert) or node.msg, demand.__name__


@each_exercise
def test_texts_are_short_sentences_that_any_terminal_shows(exercise):
    for text in texts_of(exercise):
        for encoding in "gbk", "cp1252":
            text.encode(encoding)
        plain = re.sub(r"``.*?``|\[.*?\]", "X", one_line(re.split(r"\n:", text)[0]))
        for sentence in re.split(r"[.:;?!]\s", plain):
            assert len(sentence.split()) <= 25, sentence


@each_file
def test_the_module_says_which_lesson_it_is_for(number):
    module = FILES[number][0]
    assert re.match(rf"\nExercises of lesson {number}: \S", module.__doc__)
    assert f"``python check.py {number}`` checks them" in module.__doc__


@each_file
def test_try_it_names_the_functions_in_their_order(number):
    cell = lesson_text(number).rpartition("# Try it")[2]
    named = re.findall(r"``?(\w+)``?", cell)
    names = [e.name for e in FILES[number][1]]
    assert [name for name in named if name in names] == names
