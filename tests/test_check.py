"""The command says what is so, whatever the reader wrote, and never fails itself."""

import os
import re
import shutil
import subprocess
import sys

import pytest

import check
from check import ROOT
from solutions import lesson_exercises, load, readers_copy

PLAIN = {"CHECK_LIMIT": "2", "PYTHONIOENCODING": "cp1252"}  # as on a Windows console


@pytest.fixture
def clone(tmp_path):
    """A copy of the command with the exercises of two lessons; lesson 9 has none."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "lessons").mkdir()
    for name in "check.py", "solutions/__init__.py", "lessons/lesson09_reshaping.py":
        shutil.copy(ROOT / name, tmp_path / name)
    for number in "08", "18":
        shutil.copy(ROOT / f"solutions/exercise{number}.py", tmp_path / "solutions")
    return tmp_path


def run(clone, *flags):
    """The exit status and the text of one call; both streams, as a reader sees them."""
    done = subprocess.run(
        [sys.executable, "check.py", *flags],
        cwd=clone,
        env=os.environ | PLAIN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="cp1252",
        timeout=60,
    )
    assert "Traceback" not in done.stdout
    assert "\033" not in done.stdout
    return done.returncode, done.stdout


def answer(clone, body, number=8):
    """Put a body into the first exercise of a lesson; returns the reader's file."""
    text = readers_copy(*lesson_exercises(number))
    text = text.replace("raise NotImplementedError", body, 1)
    path = clone / "exercises" / f"exercise{number:02}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


RIGHT = "return images[..., ::2, ::2]"
WORDS = {  # of answers that do not disturb the process they are judged in
    "mistake": ("return images[::2, ::2]", r"wrong(.|\n)*from the left"),
    "another way": ("return images[..., ::2, ::2] + 1", r"(?s)numbers.*yours:.*expec"),
    "shape": ("return images.float()", r"wrong(.|\n)*The shape is torch.Size"),
    "dtype": ("return images[..., ::2, ::2].float()", r"dtype is torch.float32"),
    "kind": ("return 3", r"(?s)wrong.*is 3, expected tensor.*of the type Tensor"),
    "no return": ("images[..., ::2, ::2]", r"is there a return\?"),
    "changed argument": (f"images += 1; {RIGHT}", r"images itself has to stay"),
    "prints": ("print('here'); return images", r"It printed:\n\s*here"),
    "crash": ("return images[..., 9]", r"error(.|\n)*line 17, in quarter:  return im"),
    "in torch": ("return images.view(1, [])", r"error(.|\n)*line 17(.|\n)*TypeError"),
    "parameters": (
        "pass\n\ndef quarter(): pass",
        r"error(.|\n)*TypeError: quarter\(\)",
    ),
    "no source": (f"{RIGHT}\n\nquarter = abs", r"wrong(.|\n)*The shape is"),
    "exit": ("quit()", r"error(.|\n)*line 17(.|\n)*SystemExit"),
    "deleted": (f"{RIGHT}\n\ndel quarter", r"There is no quarter(.|\n)*def quarter\("),
    "a number": (f"{RIGHT}\n\nquarter = 3", r"There is no quarter\. It begins"),
}


def told(folder, body, number=8):
    """The verdict on an answer to the first exercise of a lesson, in this process."""
    exercise = lesson_exercises(number)[1][0]
    answers = load(answer(folder, body, number))
    return "\n".join(exercise.judge(getattr(answers, exercise.name, None)))


@pytest.mark.parametrize("what", WORDS)
def test_what_a_wrong_answer_is_told(tmp_path, what):
    body, said = WORDS[what]
    verdict = told(tmp_path, body)
    assert re.search(said, verdict), verdict


def test_a_banned_word_is_named_also_in_a_file_without_inputs(tmp_path):
    verdict = told(tmp_path, "return x.grad", number=18)
    assert "The task is to do without grad." in verdict


VERDICTS = {  # on answers that disturb their process
    "not utf-8": ("'\udce9'", r"error    quarter(.|\n)*SyntaxError: \(unicode error\)"),
    "in and out": (
        "__import__('os').write(1, b'x' * 99999); print('\u53f6'); input()",
        r"error    quarter(.|\n)*EOFError(.|\n)*It printed:\n\s+\?",
    ),
    "gone": ("__import__('os')._exit(7)", r"Python itself ended with status 7"),
    "endless": (
        "while True: __import__('time').sleep(1)",
        r"endless  quarter(.|\n)*After 2 s (.|\n)*line 17:  while True: __import",
    ),
}


@pytest.mark.parametrize("what", VERDICTS)
def test_what_is_said(clone, what):
    body, said = VERDICTS[what]
    answer(clone, body)
    status, text = run(clone, "8")
    assert re.search(said, text), text
    assert status == 1


def test_the_first_run_writes_the_file_and_later_ones_keep_it(clone):
    status, text = run(clone, "8", "--hint", "0")
    assert status == 1
    assert "to do    quarter" in text
    assert "Hint 1 of 2 for quarter" in text
    path = clone / "exercises" / "exercise08.py"
    assert re.search(r"new\. Open exercises.exercise08\.py in your editor", text)
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    status, text = run(clone, "8", "--hint", "9", "--solution")
    assert status == 1
    assert "new" not in text
    assert "Hint 2 of 2 for quarter" in text
    assert "images[..., ::2, ::2]" in text
    assert "A solution of windows" not in text
    assert path.read_text(encoding="utf-8").endswith("# mine\n")


def test_all_right_is_status_0_and_counted(clone):
    path = answer(clone, RIGHT)
    solutions = [e.texts()[0] for e in lesson_exercises(8)[1]]
    path.write_text("\n\n\n".join(["import torch", *solutions]), encoding="utf-8")
    status, text = run(clone, "8", "--once", "--hint", "--solution")
    assert status == 0
    assert "Hint" not in text
    assert "A solution of windows" in text
    path.with_name("exercise18.py").write_text("")
    status, text = run(clone)
    assert status == 0
    assert re.search(r"8  right +right +right +Exercises of lesson 8", text)
    assert re.search(r"18  to do +to do +to do +Exercises of lesson 18", text)
    assert "3 right" in text


def test_lessons_that_are_not_there(clone):
    for number, said in [
        ("9", "Lesson 9 has no exercises"),
        ("99", "Lesson 99 does not exist"),
    ]:
        status, text = run(clone, number)
        assert status == 1
        assert said in text
        assert "Lessons with exercises: 8 18" in text
    assert run(clone, "eight")[0] == 2


def test_a_folder_that_cannot_be_written(clone):
    (clone / "exercises").write_text("a file stands where the folder should be")
    status, text = run(clone, "8")
    assert status == 1
    assert re.search(r"check\.py: .*exercise08\.py cannot be written", text)


def test_the_readers_clone_stays_clean():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "exercises/" in ignored


def test_in_a_notebook(capsys):
    def quarter(images):
        return images[::2, ::2]

    def said(function, *arguments):
        function(*arguments)
        return capsys.readouterr().out

    assert re.match(r"wrong\n(.|\n)*from the left", said(check.check, quarter))
    assert "There is no quarter" in said(check.check, "quarter")
    assert "the first dimension" in said(check.hint, quarter)
    assert "third number" in said(check.hint, "quarter", 2)
    assert "third number" in said(check.hint, "quarter", 99)
    assert "return images[..., ::2, ::2]" in said(check.solution, "quarter")
    assert said(check.solution, "half") == "No exercise is called half.\n"
    assert "No exercise is called 3" in said(check.check, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_watching(clone):
    """Hint, solution, right, next and quit, as they are typed and saved."""
    import pty
    import select

    parent, child = pty.openpty()
    command = [sys.executable, "check.py", "8"]
    process = subprocess.Popen(command, cwd=clone, stdin=child, stdout=child)
    seen = ""

    def wait_for(text):
        nonlocal seen
        while text not in seen:
            assert select.select([parent], [], [], 30)[0], f"no {text!r} after:\n{seen}"
            seen += os.read(parent, 10000).decode()
        seen = seen.partition(text)[2]

    def typed(key):
        os.write(parent, key.encode() + b"\n")

    try:
        wait_for("This file is new")
        wait_for("q: quit")
        typed("h")
        wait_for("Hint 1 of 2 for quarter")
        typed("h")
        wait_for("Hint 2 of 2")
        typed("s")
        wait_for("A solution of quarter")
        answer(clone, RIGHT)
        wait_for("\033[32mright   \033[0m quarter")
        wait_for("n: lesson 18")
        typed("n")
        wait_for("Exercises of lesson 18")
        wait_for("q: quit")
        typed("q")
        assert process.wait(10) == 0
        assert (clone / "exercises" / "exercise18.py").exists()
    finally:
        process.kill()
        os.close(parent)
        os.close(child)
