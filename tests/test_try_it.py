"""The command lines that the "Try it" cells of the lessons tell the reader to run."""

import re
import shlex

import pytest
from lesson_runner import LESSONS, ROOT, check_ended_well, run_lesson

# The line asks what this run says: on all the data its loss is not finite.
REFUSED = [("lesson29_mnist", "--lr 0.5")]


def command_lines(text):
    """The flags in the ``...`` of a lesson's last cell, as the reader types them."""
    cell = text.rpartition("\n# Try it\n")[2]
    prose = " ".join(line.removeprefix("#").strip() for line in cell.splitlines())
    return re.findall(r"``(?:python lessons/\S+ )?(--[^`]+)``", prose)


LINES = [
    pytest.param(path, flags, id=f"{path.stem} {flags}")
    for path in LESSONS
    for flags in command_lines(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("path", "flags"), LINES)
def test_the_lesson_takes_the_flags(path, flags, tmp_path):
    """What stands before the first cell is run: imports and settings."""
    head = tmp_path / path.name
    text = path.read_text(encoding="utf-8").partition("\n# %%\n")[0]
    head.write_text(text, encoding="utf-8")
    check_ended_well(run_lesson(head, tmp_path, shlex.split(flags)))


@pytest.mark.full
@pytest.mark.parametrize(("path", "flags"), LINES)
def test_the_run_ends_as_the_line_says(path, flags, tmp_path):
    refused = (path.stem, flags) in REFUSED
    flags = shlex.split(flags)
    run = run_lesson(path, tmp_path, flags, quick=not refused, timeout=300)
    if refused:
        assert run.status == 1
        assert "the loss is" in run.stderr
    else:
        check_ended_well(run)


def test_a_flag_that_does_not_exist_is_seen(tmp_path):
    text = (ROOT / "lessons" / "lesson37_convolution.py").read_text(encoding="utf-8")
    text = text.replace("# - Predict", "# - Predict ``--depth 3``.\n# - Predict")
    (flags,) = command_lines(text)
    path = tmp_path / "lesson37_convolution.py"
    path.write_text(text, encoding="utf-8")
    unknown = "unrecognized arguments: --depth 3"
    with pytest.raises(pytest.fail.Exception, match=unknown):
        test_the_lesson_takes_the_flags(path, flags, tmp_path)
