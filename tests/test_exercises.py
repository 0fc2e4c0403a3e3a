"""
The exercises prove themselves: what is right passes, what is wrong is told why.

    python -m pytest -n 0 -q tests/test_exercises.py -k exercise08
"""

import ast
import importlib
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


@pytest.fixture(autouse=True, scope="module")
def imported():
    """The first optimizer imports it, which takes longer than any answer."""
    importlib.import_module("torch._dynamo")


def judge(exercise, answer):
    """The verdict, which takes less than 2 s."""
    start = time.thread_time()
    verdict = exercise.judge(answer)
    assert time.thread_time() - start < 2, answer.__name__
    return verdict


@each_exercise
def test_the_solution_is_right(exercise):
    assert judge(exercise, exercise.solution) == ("right", "")


@pytest.mark.filterwarnings("ignore")  # some mistakes are warned of by torch
@each_exercise
def test_each_mistake_is_told_with_its_own_sentence(exercise):
    assert len(exercise.mistakes) >= 2
    sentences = [one_line(inspect.getdoc(mistake)) for mistake in exercise.mistakes]
    for mistake, own in zip(exercise.mistakes, sentences, strict=True):
        state, why = judge(exercise, mistake)
        assert state in ("wrong", "error"), mistake.__name__
        told = [sentence for sentence in sentences if sentence in one_line(why)]
        assert told == [own], mistake.__name__


def nothing(*arguments):
    """A wrong answer to every exercise, and so is the next one."""


def first_argument(*arguments):
    return arguments[0]


@pytest.mark.filterwarnings("ignore")
@each_exercise
def test_the_demands_alone_refuse_what_is_wrong(exercise):
    """They know the answer from elsewhere, so that a solution does not judge itself."""
    for wrong in [*exercise.mistakes, nothing, first_argument]:
        errors = [Call(demand, (wrong,)).error for demand in exercise.demands]
        assert any(errors), wrong.__name__


@each_file
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # as the mistake is made
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
        assert len(exercise.hints) == 2
        for line in answer_lines(exercise):
            assert line not in "\n".join(exercise.hints), exercise.name


def answer_lines(exercise):
    """The lines of a solution, without its head, docstring and comments."""
    body = exercise.texts()[0].rpartition('"""')[2]
    lines = [line.split("  #")[0].strip() for line in body.splitlines()]
    return {line for line in lines if len(line) > 12}


def test_a_lesson_has_one_exercise_or_all_three():
    """Predict, Change and Build in parts B, C and D, whose lessons are 6 to 30."""
    for number, (_, exercises) in FILES.items():
        assert len(exercises) == 3 if 6 <= number <= 30 else 1 <= len(exercises) <= 3
        assert not exercises[0].given or len(exercises) < 3


def test_no_exercise_hides_another():
    names = [exercise.name for exercise in EXERCISES]
    assert len(set(names)) == len(names)
    for module, exercises in FILES.values():
        written = inspect.getsource(module).count("\n@exercise(")
        assert len(exercises) == written, module.__name__


# --- texts ----------------------------------------------------------------------------


def texts_of(exercise):
    """What a reader reads: the task, the hints, the sentences, the messages."""
    yield inspect.getdoc(exercise.solution)
    yield from exercise.hints
    yield from (inspect.getdoc(mistake) for mistake in exercise.mistakes)
    for demand in exercise.demands:
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(demand)))):
            if isinstance(node, ast.Assert):
                assert node.msg, demand.__name__
                parts = ast.walk(node.msg)
                values = [n.value for n in parts if isinstance(n, ast.Constant)]
                yield " ".join(str(value) for value in values)


@each_exercise
def test_texts_are_short_sentences_that_any_terminal_shows(exercise):
    for text in texts_of(exercise):
        for encoding in "gbk", "cp1252":
            text.encode(encoding)
        plain = re.sub(r"``.*?``|\[.*?\]", "X", one_line(re.split(r"\n:", text)[0]))
        for sentence in re.split(r"[.:;?!]\s", plain):
            assert len(sentence.split()) <= 25, sentence


@each_file
def test_the_file_says_which_lesson_it_is_for(number):
    about = FILES[number][0].__doc__
    assert about.startswith(f"\nExercises of lesson {number}: ")
    assert f"``python check.py {number}`` checks them" in about


@each_file
def test_try_it_names_the_functions_in_their_order(number):
    path = next((ROOT / "lessons").glob(f"lesson{number:02}_*.py"))
    cell = path.read_text(encoding="utf-8").rpartition("# Try it")[2]
    named = re.findall(r"``?(\w+)``?", cell)
    names = [e.name for e in FILES[number][1]]
    assert [name for name in named if name in names] == names
