"""The exercises of a lesson on its page, with what is folded away until asked for."""

import inspect
from textwrap import indent

from solutions import HERE, Exercise, lesson_exercises, split


def practice_rst(number: int) -> str:
    """What stands below "Try it" on the lesson's page; nothing without exercises."""
    if not (HERE / f"exercise{number:02}.py").exists():
        return ""
    page = "Practice\n--------\n\n"
    page += f"``python check.py {number}`` writes these tasks into a file of yours.\n"
    page += "It checks the file whenever you save it.\n\n"
    return page + "".join(exercise_rst(e) for e in lesson_exercises(number)[1])


def exercise_rst(exercise: Exercise) -> str:
    """One task, and below it hints, typical mistakes and a solution."""
    solution, stub = exercise.texts()
    text = f".. rubric:: {exercise.name}\n\n{code(stub)}"
    for i, hint in enumerate(exercise.hints, start=1):
        text += folded(f"Hint {i}", hint)
    mistakes = ""
    for mistake in exercise.mistakes:
        body = "\n".join(split(mistake)[1]).strip("\n")
        mistakes += f"{inspect.getdoc(mistake)}\n\n{code(body)}"
    return (
        text
        + folded("Typical mistakes", mistakes)
        + folded("A solution", code(solution))
    )


def code(text: str) -> str:
    """A block of Python."""
    return f".. code-block:: python\n\n{indent(text, '   ')}\n\n"


def folded(title: str, text: str) -> str:
    """What opens when its title is clicked."""
    text = indent(text.strip(), "   ")
    return f".. admonition:: {title}\n   :collapsible: closed\n\n{text}\n\n"
