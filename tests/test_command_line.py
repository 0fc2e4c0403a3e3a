"""Command lines: bad input, a stopped run and going on from it, a reader's names."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import torch
from lesson_runner import ROOT, crash, run_lesson

LESSON = ROOT / "lessons" / "lesson29_mnist.py"
NAMES = ROOT / "lessons" / "lesson53_name_classifier.py"
NO_NETWORK = dict.fromkeys(
    ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"], "http://127.0.0.1:9"
)


def refusal(outputs, *flags, lesson=LESSON):
    """The exit status of a run with these flags, and the one line that it says."""
    before = files(outputs)
    run = run_lesson(lesson, outputs, flags, environment=NO_NETWORK)
    assert not crash(run)
    assert files(outputs) == before
    lines = [line for line in run.stderr.splitlines() if "trying http" not in line]
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith(f"{lesson.name}: ")
    return run.status, lines[0]


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--epochs 0", "--epochs: has to be above 0, not 0; default: 1"),
        ("--batch-size -1", "--batch-size: has to be above 0, not -1; default: 200"),
        ("--lr abc", "--lr: takes a number, not 'abc'; default: 0.05"),
        ("--device foo", "--device: there is no 'foo' on this machine; it has"),
        ("--device cuda:99", "--device: there is no 'cuda:99' on this machine; it has"),
        ("--resume nowhere.pt", "a run without --resume writes one"),
    ],
)
def test_bad_flags(flags, says, tmp_path):
    status, line = refusal(tmp_path, *flags.split())
    assert status == 2
    assert says in line


def test_no_data_folder(tmp_path):
    status, line = refusal(tmp_path, "--data", str(tmp_path / "nowhere"))
    assert status == 1
    assert "cannot be read (No such file or directory), and no mirror gave it" in line


@pytest.mark.parametrize(
    "size", [0, 1000, 9_912_421], ids=["empty", "cut", "truncated"]
)
def test_damaged_archive(size, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "MNIST", data / "MNIST")
    archive = data / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    archive.write_bytes(archive.read_bytes()[:size])
    status, line = refusal(tmp_path, "--data", str(data))
    assert status == 1
    assert f"{archive} is damaged" in line
    assert '"git checkout -- data" brings it back' in line


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("outputs")
    run = run_lesson(LESSON, outputs)
    assert run.status == 0
    return outputs / "lesson29_mnist" / "checkpoint.pt"


def test_resume_goes_on(checkpoint, tmp_path):
    run = run_lesson(LESSON, tmp_path, ["--resume", str(checkpoint), "--epochs", "3"])
    printed = "\n".join(printed for _, _, printed in run.outputs)
    assert "epoch  1" not in printed
    assert "epoch  2" in printed
    assert "epoch  3" in printed
    assert run.values.epochs_done == 3


def test_resume_of_a_finished_run(checkpoint, tmp_path):
    status, line = refusal(tmp_path, "--resume", str(checkpoint))
    assert status == 2
    assert "--epochs takes a larger number" in line


def truncated(path):
    path.write_bytes(path.read_bytes()[:1000])


def no_checkpoint(path):
    path.write_text("not a checkpoint")


def other_architecture(path):
    state = torch.load(path, weights_only=True)
    state["net"] = {"1.weight": torch.zeros(3, 3)}
    torch.save(state, path)


def bare_weights(path):
    torch.save(torch.load(path, weights_only=True)["net"], path)


def code_that_runs(path):
    torch.save({"net": os.getcwd}, path)


@pytest.mark.parametrize(
    "damage",
    [truncated, no_checkpoint, other_architecture, bare_weights, code_that_runs],
)
def test_resume_of_what_is_no_checkpoint(damage, checkpoint, tmp_path):
    path = tmp_path / "lesson29_mnist" / "checkpoint.pt"
    path.parent.mkdir()
    shutil.copy(checkpoint, path)
    damage(path)
    status, line = refusal(tmp_path, "--resume", str(path))
    assert status == 2
    assert f"--resume {path} is no checkpoint of this lesson (" in line


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c(tmp_path):
    command = [sys.executable, "-u", LESSON, "--quick", "--epochs", "100000"]
    environment = {**os.environ, "LESSONS_OUTPUTS": str(tmp_path)}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not process.stdout.readline().startswith("epoch  1"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    path = tmp_path / "lesson29_mnist" / "checkpoint.pt"
    assert process.returncode == 130
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    epochs = torch.load(path, weights_only=True)["epochs_done"]
    assert epochs >= 1
    assert last.endswith(
        f": stopped after {epochs} whole epochs; go on with --resume {path}"
    )


def test_a_reader_s_names(tmp_path):
    run = run_lesson(NAMES, tmp_path, ["--names", "Ada, José"])
    assert run.status == 0, run.stderr
    assert not crash(run), crash(run)
    printed = "".join(printed for _, _, printed in run.outputs)
    assert re.search(r"Ada \(ada\): female list \d\.\d+, male list \d\.\d+", printed)
    assert "José (jose): female list" in printed


@pytest.mark.parametrize(("names", "which"), [("Ada,,Eva", "''"), ("42", "'42'")])
def test_a_name_without_a_letter(names, which, tmp_path):
    status, line = refusal(tmp_path, "--names", names, lesson=NAMES)
    assert status == 2
    assert f"--names: {which} has no letter from a to z" in line
