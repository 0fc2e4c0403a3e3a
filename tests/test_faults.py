"""What may go wrong around a lesson, and what it then does."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from lesson_runner import LESSONS, ROOT, crash, run_lesson

MNIST = ROOT / "lessons" / "lesson29_mnist.py"
SOURCES = [*LESSONS, *ROOT.glob("*.py")]
SOURCES += [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("docs/*.py")]

root_on_linux = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount"
)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@root_on_linux
def test_full_disk(tmp_path):
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path))
    try:
        run = run_lesson(MNIST, tmp_path)
        left = [path for path in tmp_path.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert run.status == 0
    assert not crash(run)
    assert run.stderr.count("cannot be written") == 1
    assert not [path for path in left if path.name.startswith(".")]


@root_on_linux
def test_read_only_clone(tmp_path):
    clone, outputs = tmp_path / "clone", tmp_path / "clone" / "outputs"
    clone.mkdir()
    mount("--bind", str(ROOT), str(clone))
    try:
        mount("-o", "remount,ro,bind", str(clone))
        run = run_lesson(clone / "lessons" / "lesson29_mnist.py", outputs / "no")
    finally:
        subprocess.run(["umount", str(clone)], check=True)
    assert run.status == 0, run.stderr
    assert not crash(run), crash(run)
    assert run.stderr.splitlines()[0].endswith(
        "cannot be written (Read-only file system): nothing is saved"
    )
    assert run.stderr.count("\n") == 1


def test_killed_while_saving(tmp_path):
    """The process dies with half a checkpoint written: the old one is whole."""
    folder = tmp_path / "-c"
    folder.mkdir()
    old = folder / "checkpoint.pt"
    torch.save({"epochs_done": 3}, old)
    script = (
        "import os, utils\n"
        "def write(path):\n"
        "    path.write_bytes(b'half')\n"
        "    os._exit(9)\n"
        "utils.save('checkpoint.pt', write)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "LESSONS_OUTPUTS": str(tmp_path)},
    )
    assert done.returncode == 9
    assert torch.load(old, weights_only=True) == {"epochs_done": 3}


def test_two_runs_with_the_same_outputs(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: run_lesson(MNIST, tmp_path), range(2)))
    assert [run.status for run in runs] == [0, 0]
    assert not any(crash(run) for run in runs)
    names = sorted(path.name for path in (tmp_path / "lesson29_mnist").iterdir())
    assert names == ["checkpoint.pt", "confusion.png", "loss.png", "says.png"]
    saved = tmp_path / "lesson29_mnist" / "checkpoint.pt"
    assert torch.load(saved, weights_only=True)["epochs_done"] == 1


def test_nan_ends_the_training_at_once(tmp_path):
    run = run_lesson(MNIST, tmp_path, ["--lr", "1e9", "--epochs", "50"])
    assert run.status == 1
    assert re.fullmatch(
        r"lesson29_mnist.py: the loss is (nan|inf): training stops here; "
        r"try a smaller --lr\n",
        run.stderr,
    )
    assert not list(tmp_path.rglob("*.pt"))


# --- security -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forbidden", "why"),
    [
        (r"torch\.load\((?![^)]*weights_only=True)", "runs code that a file contains"),
        (r"(?<![\w.])(eval|exec)\((?!\))", "runs text as code"),
        (r"shell=True|os\.system|os\.popen", "a shell interprets what it is given"),
        (r"pickle\.load", "runs code that a file contains"),
        (r"0\.0\.0\.0|INADDR_ANY|host=[\"']{2}", "serves the whole network"),
    ],
)
def test_sources_do_without(forbidden, why):
    for path in SOURCES:
        found = re.search(forbidden, path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found[0]!r} {why}"


def test_lessons_read_data_only_where_it_is_checked():
    """``opt.data`` goes to the helpers that compare checksums, and nowhere else."""
    checked = re.compile(r"\b(mnist|mnist_folder|read_data)\(opt\.data\b")
    for path in LESSONS:
        text = path.read_text(encoding="utf-8")
        assert text.count("opt.data") == len(checked.findall(text)), path.name
        assert not re.search(r"open\(|read_text|read_bytes|loadtxt", text), path.name
