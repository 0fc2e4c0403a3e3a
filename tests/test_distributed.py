"""Lesson 64 on two processes, started as its reader starts it."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import catalog
import psutil
import pytest
from lesson_runner import ROOT

LESSON = ROOT / "lessons" / "lesson64_distributed.py"

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="PyTorch's Windows wheels lack what torchrun needs"
)


@contextmanager
def torchrun(lesson, folder, *flags):
    """Two processes on the CPU; their output is joined. None outlives the test."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    process = subprocess.Popen(
        [*run, "--nproc-per-node", "2", lesson, "--device", "cpu", *flags],
        env={**os.environ, "LESSONS_OUTPUTS": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for left in psutil.Process(process.pid).children(recursive=True):
                left.kill()
            process.kill()
            process.communicate()


def test_two_processes_train_as_one(tmp_path):
    with torchrun(LESSON, tmp_path, "--quick") as process:
        text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    assert "2 processes, each with 100 images" in text
    assert "gradient of the whole batch in this process: True" in text
    assert "equal weights in all processes: True" in text
    assert text.count("epoch  1: accuracy") == 1


@pytest.mark.full
def test_without_averaging_the_copies_part(tmp_path):
    """What the lesson prints of equal weights is a measurement."""
    source = LESSON.read_text(encoding="utf-8")
    assert source.count("net = DistributedDataParallel(net)") == 1
    copy = tmp_path / "lesson64_copy.py"
    alone = "object.__setattr__(net, 'module', net)"
    source = source.replace("net = DistributedDataParallel(net)", alone)
    copy.write_text(source, encoding="utf-8")
    (tmp_path / "_path.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    )
    with torchrun(copy, tmp_path, "--quick") as process:
        text, _ = process.communicate(timeout=120)
    assert "equal weights in all processes: False" in text
    assert "gradient of the whole batch in this process: False" in text


@pytest.mark.full
def test_accuracy_is_that_of_lesson_29(tmp_path):
    with torchrun(LESSON, tmp_path) as process:
        text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    accuracy = float(re.findall(r"epoch 10: accuracy (\d\.\d+)", text)[0])
    reached = catalog.results()["lesson29_mnist"]["reached"]
    assert abs(accuracy - float(reached.split()[-1])) <= 0.005


@pytest.mark.full
def test_a_killed_process_ends_the_run(tmp_path):
    with torchrun(LESSON, tmp_path, "--epochs", "1000") as process:
        for line in process.stdout:
            if line.startswith("epoch  1"):
                break
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) == 2
        workers[1].send_signal(signal.SIGKILL)
        text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "Signal 9" in text or "exitcode  : -9" in text
    deadline = time.monotonic() + 10
    while (
        any(psutil.pid_exists(w.pid) for w in workers) and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    assert not any(psutil.pid_exists(worker.pid) for worker in workers)
