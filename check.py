"""
Exercises, checked whenever you save them:

    python check.py 8           those of lesson 8, in exercises/exercise08.py
    python check.py 8 --once    one check; so do --hint and --solution
    python check.py             how far you are

In a notebook: from check import check, hint, solution; then check(quarter)
"""

import argparse
import contextlib
import faulthandler
import io
import json
import os
import re
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from subprocess import PIPE, Popen

ROOT = Path(__file__).resolve().parent
LESSONS = sorted(int(p.stem[8:]) for p in (ROOT / "solutions").glob("exercise*.py"))
LIMIT = float(os.environ.get("CHECK_LIMIT", 10))  # seconds that an exercise may take


# --- a process for each check ---------------------------------------------------------


class Worker:
    """
    A process that imports torch at once, and then checks one lesson's exercises.

    It is started before it is needed and ends with its check, so that no check waits
    for the import, and none can disturb the next.
    """

    def __init__(self):
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (a full pipe would block)
        command = [sys.executable, __file__, "--worker"]
        pipes = {"stdin": PIPE, "stdout": PIPE, "stderr": self.errors}
        self.process = Popen(command, cwd=ROOT, encoding="utf-8", **pipes)

    def check(self, number: int) -> dict:
        """What is known of a lesson: title, path, tasks, and a verdict on each task."""
        with contextlib.suppress(OSError):  # it may have ended already
            print(number, file=self.process.stdin, flush=True)
        first = self.process.stdout.readline()
        if not first:
            raise SystemExit("check.py: " + self.error_text().rpartition("\n")[2])
        lesson = json.loads(first)
        lines = [self.process.stdout.readline() for _ in lesson["tasks"]]
        verdicts = [json.loads(line) for line in lines if line]
        if len(verdicts) < len(lines):
            verdicts.append(self.how_it_died(lesson["path"]))
        lesson["verdicts"] = verdicts + [("", "")] * (len(lines) - len(verdicts))
        self.stop()
        return lesson

    def error_text(self) -> str:
        self.process.wait()
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def how_it_died(self, path: str) -> tuple[str, str]:
        trace = self.error_text()
        found = re.search(rf'{Path(path).name}", line (\d+)', trace)
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        at = f"line {found[1]}:  {lines[int(found[1]) - 1].strip()}" if found else ""
        if "Timeout (" in trace:
            return "endless", f"After {LIMIT:g} s it was still here:\n{at}"
        ended = f"Python itself ended with status {self.process.returncode}."
        return "error", f"{ended}\n{at}".strip()

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def readers_file(number: int) -> Path:
    return ROOT / "exercises" / f"exercise{number:02}.py"


def work() -> None:
    """What a worker does."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what C code prints is dropped
    from solutions import lesson_exercises, load, readers_copy, readers_trace

    def tell(item) -> None:
        print(json.dumps(item), file=out, flush=True)
        faulthandler.dump_traceback_later(LIMIT, exit=True)

    faulthandler.enable()
    number = int(sys.stdin.readline())
    sys.stdin, sys.stdout = io.StringIO(), io.StringIO()  # input() is an error
    module, exercises = lesson_exercises(number)
    path = readers_file(number)
    is_new = not path.exists()
    if is_new:
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(readers_copy(module, exercises), encoding="utf-8")
        except OSError as error:
            raise SystemExit(f"{path} cannot be written: {error.strerror}") from None
    tasks = [(e.name, e.hints, e.texts()[0]) for e in exercises]
    title = module.__doc__.strip().splitlines()[0]
    tell({"title": title, "path": str(path), "is_new": is_new, "tasks": tasks})
    try:
        answers = load(path)
    except (Exception, SystemExit) as error:
        for _ in exercises:
            tell(("error", readers_trace(error)))
        return
    for exercise in exercises:
        tell(exercise.judge(getattr(answers, exercise.name, None)))


# --- what the reader sees -------------------------------------------------------------


def paint(text: str, color: int) -> str:
    """The text in a color, where a terminal shows it."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\033[{color}m{text}\033[0m"


def cell(state: str) -> str:
    return paint(f"{state:8}", {"right": 32, "to do": 2}.get(state, 31))


def report(lesson: dict) -> int:
    """Say how each exercise is, and why the first is not right; returns its place."""
    path = Path(lesson["path"]).relative_to(ROOT)
    print(f"{paint(lesson['title'], 1)}\n{path}\n")
    if lesson["is_new"]:
        print(f"This file is new. Open {path} in your editor, and save your answers.\n")
    states = [state for state, _ in lesson["verdicts"]]
    for (name, *_), state in zip(lesson["tasks"], states, strict=True):
        print(f"  {cell(state)} {name}")
    current = next((i for i, s in enumerate(states) if s != "right"), len(states))
    if current < len(states) and (why := lesson["verdicts"][current][1]):
        print("\n" + textwrap.indent(why, "  "))
    return current


def show_hint(lesson: dict, current: int, index: int) -> None:
    for name, hints, _ in lesson["tasks"][current : current + 1]:
        index = max(0, min(index, len(hints) - 1))
        print(paint(f"\nHint {index + 1} of {len(hints)} for {name}", 36))
        print(textwrap.fill(hints[index], 80))


def show_solutions(lesson: dict, current: int) -> None:
    for name, _, solution in lesson["tasks"][current:][:1] or lesson["tasks"]:
        print(paint(f"\nA solution of {name}", 36) + f"\n{solution}")


def keys() -> list[str]:
    """What is typed, line by line, as it comes."""
    typed = []

    def read() -> None:  # not from sys.stdin, whose lock would outlive the program
        while text := os.read(0, 100):
            typed.append(text.decode(errors="replace").strip()[:1])
        typed.append("q")

    threading.Thread(target=read, daemon=True).start()
    return typed


def saved_at(path: Path) -> int:
    """When a file was last saved; 0 while an editor puts a new one in its place."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def watch(number: int) -> None:
    """Check a lesson's exercises at every save, until the reader goes."""
    typed, worker, pressed = keys(), Worker(), ""
    while pressed != "q":
        print("\033[2J\033[H" + paint(f"checking lesson {number} ...", 2), flush=True)
        path, hints_given = readers_file(number), 0
        before = saved_at(path)
        lesson = worker.check(number)
        before = before or saved_at(path)
        print("\033[2J\033[H", end="")
        current = report(lesson)
        worker = Worker()
        later = min((n for n in LESSONS if n > number), default=number)
        help_text = f"h: hint   s: solution   n: lesson {later}   q: quit (and Enter)"
        print("\n" + paint(f"save to check   {help_text}", 2), flush=True)
        pressed = ""
        while saved_at(path) in (before, 0) and pressed not in ("q", "n"):
            time.sleep(0.1)
            pressed = typed.pop(0) if typed else ""
            if pressed == "h":
                show_hint(lesson, current, hints_given)
                hints_given += 1
            elif pressed == "s":
                show_solutions(lesson, current)
            elif pressed == "n":
                number = later
    worker.stop()


def overview() -> int:
    """A line for each lesson that has been begun."""
    right = 0
    for number in LESSONS:
        if readers_file(number).exists():
            lesson = Worker().check(number)
            states = [state for state, _ in lesson["verdicts"]]
            right += states.count("right")
            cells = "".join(cell(state) for state in states)
            print(f"{number:3}  {cells}  {lesson['title']}", flush=True)
    print(f"{right} right; exercises are there for lessons", *LESSONS)
    return 0


# --- in a notebook --------------------------------------------------------------------


def find(answer) -> list:
    """The exercise of a function or of a name, in a list; an empty one if none is."""
    from solutions import lesson_exercises

    name = getattr(answer, "__name__", answer)
    found = [e for n in LESSONS for e in lesson_exercises(n)[1] if e.name == name]
    if not found:
        print(f"No exercise is called {name}.")
    return found


def check(answer) -> None:
    """Check one exercise: ``check(quarter)``."""
    for exercise in find(answer):
        print("\n\n".join(exercise.judge(answer)).strip())


def hint(answer, number: int = 1) -> None:
    """Give a hint: ``hint("quarter")``, ``hint("quarter", 2)``."""
    for exercise in find(answer):
        print(exercise.hints[0 if number < 2 else 1])


def solution(answer) -> None:
    """Show a solution: ``solution("quarter")``."""
    for exercise in find(answer):
        print(exercise.texts()[0])


def main() -> int:
    if sys.argv[1:] == ["--worker"]:
        return work()
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("lesson", type=int, nargs="?", help="its number")
    parser.add_argument("--once", action="store_true", help="check once")
    parser.add_argument("--hint", type=int, nargs="?", const=1, help="hint 1 or 2")
    parser.add_argument("--solution", action="store_true", help="show a solution")
    opt = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")
    os.system("")  # lets older consoles of Windows show colors
    if opt.lesson is None:
        return overview()
    if opt.lesson not in LESSONS:
        known = any((ROOT / "lessons").glob(f"lesson{opt.lesson:02}_*.py"))
        what = "has no exercises" if known else "does not exist"
        print(f"Lesson {opt.lesson} {what}. Lessons with exercises:", *LESSONS)
        return 1
    once = opt.once or opt.hint is not None or opt.solution
    if not once and sys.stdin.isatty() and sys.stdout.isatty():
        watch(opt.lesson)
        return 0
    lesson = Worker().check(opt.lesson)
    current = report(lesson)
    if opt.hint is not None:
        show_hint(lesson, current, opt.hint - 1)
    if opt.solution:
        show_solutions(lesson, current)
    return 0 if current == len(lesson["tasks"]) else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        raise SystemExit(main())
    raise SystemExit(1)
