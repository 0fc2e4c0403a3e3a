"""What may go wrong around a lesson, and what it then does."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import catalog
import psutil
import pytest
import torch
from lesson_runner import LESSONS, ROOT, run_lesson

MNIST = ROOT / "lessons" / "lesson29_mnist.py"
DISTRIBUTED = ROOT / "lessons" / "lesson64_distributed.py"
NAMES = ROOT / "lessons" / "lesson53_name_classifier.py"


def refusal(lesson, outputs, *flags):
    """The exit status of a run with these flags, and the one line that it says."""
    before = files(outputs)
    run = run_lesson(lesson, outputs, flags)
    assert files(outputs) == before
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith(f"{lesson.name}: ")
    return run.status, run.stderr


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("lesson", "flags", "status", "says"),
    [
        (MNIST, "--epochs 0", 2, "--epochs: has to be above 0, not 0; default: 1"),
        (MNIST, "--resume nowhere.pt", 2, "a run without --resume writes one"),
        (MNIST, "--data nowhere", 1, "cannot be read (No such file or directory). In"),
        (NAMES, "--names Ada,,Eva", 2, "--names: '' has no letter from a to z"),
        (NAMES, "--names 42", 2, "--names: '42' has no letter from a to z"),
    ],
)
def test_what_no_run_can_use(lesson, flags, status, says, tmp_path):
    """``test_utils.py`` knows more such flags and damages."""
    ended, line = refusal(lesson, tmp_path, *flags.split())
    assert ended == status
    assert says in line


def test_damaged_archive(tmp_path):
    shutil.copytree(ROOT / "data" / "MNIST", tmp_path / "MNIST")
    archive = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    archive.write_bytes(archive.read_bytes()[:-1])
    status, line = refusal(MNIST, tmp_path, "--data", str(tmp_path))
    assert status == 1
    assert f"{archive} is damaged" in line
    assert '"git checkout -- data" brings it back' in line


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("outputs")
    run = run_lesson(MNIST, outputs)
    assert run.status == 0
    return outputs / "lesson29_mnist" / "checkpoint.pt"


def test_resume_goes_on(checkpoint, tmp_path):
    run = run_lesson(MNIST, tmp_path, ["--resume", str(checkpoint), "--epochs", "3"])
    printed = "\n".join(printed for _, _, printed in run.outputs)
    assert "epoch  1" not in printed
    assert "epoch  2" in printed
    assert "epoch  3" in printed
    saved = tmp_path / "lesson29_mnist" / "checkpoint.pt"
    assert torch.load(saved, weights_only=True)["epochs_done"] == 3


def test_resume_of_a_finished_run(checkpoint, tmp_path):
    status, line = refusal(MNIST, tmp_path, "--resume", str(checkpoint))
    assert status == 2
    assert "--epochs takes a larger number" in line


def of_another_optimizer(state):
    del state["optimizer"]["param_groups"][0]["momentum"]
    return state


NO_CHECKPOINTS = {  # made of the state that a whole one holds
    "other network": lambda state: {**state, "net": {"1.weight": torch.zeros(3, 3)}},
    "other optimizer": of_another_optimizer,
    "bare weights": lambda state: state["net"],
    "code that runs": lambda state: {"net": os.getcwd},
}


@pytest.mark.parametrize("what", NO_CHECKPOINTS)
def test_resume_of_what_is_no_checkpoint(what, checkpoint, tmp_path):
    path = tmp_path / "other.pt"
    state = torch.load(checkpoint, weights_only=True)
    torch.save(NO_CHECKPOINTS[what](state), path)
    status, line = refusal(MNIST, tmp_path, "--resume", str(path))
    assert status == 2
    assert f"--resume {path} is no checkpoint of this lesson (" in line


def changed(lesson, folder, old, new):
    """A copy of a lesson with one line changed."""
    source = lesson.read_text(encoding="utf-8")
    assert source.count(old) == 1
    copy = folder / lesson.name
    copy.write_text(source.replace(old, new), encoding="utf-8")
    return copy


def test_ctrl_c(tmp_path):
    """It comes in the middle of the second epoch."""
    step = "        optimizer.step()\n"
    ctrl_c = (
        "        if epoch == 2:\n"
        "            import signal\n"
        "            signal.raise_signal(signal.SIGINT)\n"
    )
    copy = changed(MNIST, tmp_path, step, step + ctrl_c)
    run = run_lesson(copy, tmp_path, ["--epochs", "3"])
    assert run.status == 130, run.error
    path = tmp_path / "lesson29_mnist" / "checkpoint.pt"
    assert torch.load(path, weights_only=True)["epochs_done"] == 1
    last = run.stderr.splitlines()[-1]
    assert last.endswith(f": stopped after 1 whole epochs; go on with --resume {path}")


def test_a_reader_s_names(tmp_path):
    run = run_lesson(NAMES, tmp_path, ["--names", "Ada, José"])
    assert run.status == 0, run.stderr
    printed = "".join(printed for _, _, printed in run.outputs)
    assert re.search(r"Ada \(ada\): female list \d\.\d+, male list \d\.\d+", printed)
    assert "José (jose): female list" in printed


# --- the disk, and what else runs ------------------------------------------------

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
    # torch.save hides the reason, figures name it: a line each
    assert run.stderr.count("is not saved") == 2
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
    assert run.stderr.count("is not saved: Read-only file system") == 1
    assert run.stderr.count("\n") == 1


def test_killed_while_saving(tmp_path):
    """The process dies with half a checkpoint written: the old one is whole."""
    script, old = tmp_path / "half.py", tmp_path / "half" / "checkpoint.pt"
    script.write_text(
        "import os, utils\n"
        "def write(path):\n"
        "    path.write_bytes(b'half')\n"
        "    os._exit(9)\n"
        "utils.save('checkpoint.pt', write)\n"
    )
    old.parent.mkdir()
    torch.save({"epochs_done": 3}, old)
    with pytest.raises(RuntimeError, match="died with 9"):
        run_lesson(script, tmp_path)
    assert torch.load(old, weights_only=True) == {"epochs_done": 3}


def test_two_runs_with_the_same_outputs(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: run_lesson(MNIST, tmp_path), range(2)))
    assert [run.status for run in runs] == [0, 0]
    assert not any(run.error for run in runs)
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


# --- lesson 64, on two processes ----------------------------------------------------

not_on_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="PyTorch's Windows wheels lack what torchrun needs"
)


def two_processes(lesson, folder):
    """What two processes print; their variables are those that torchrun sets."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}

    def printed(rank):
        environment = {**group, "RANK": rank, "LOCAL_RANK": rank}
        run = run_lesson(lesson, folder, ["--device", "cpu"], environment=environment)
        assert run.status == 0, run.error + run.stderr
        return "\n".join(text for _, _, text in run.outputs if text)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(printed, "01"))


@not_on_windows
def test_two_processes_train_as_one(tmp_path):
    """Nothing holds the network when they part, which would abort some runs."""
    destroy = "    dist.destroy_process_group()\n"
    count = (
        "    kinds = [type(thing).__name__ for thing in gc.get_objects()]\n"
        "    print('left:', kinds.count('DistributedDataParallel'))\n"
    )
    copy = changed(DISTRIBUTED, tmp_path, destroy, count + destroy)
    first, second = two_processes(copy, tmp_path)
    assert "2 processes, each with 100 images" in first
    assert "gradient of the whole batch in this process: True" in first
    assert "epoch  1: accuracy" in first
    assert "equal weights in all processes: True" in first
    assert "left: 0" in first
    assert second == "left: 0"


@not_on_windows
@pytest.mark.full
def test_without_averaging_the_copies_part(tmp_path):
    """What the lesson prints of equal weights is a measurement."""
    wrap = "net = DistributedDataParallel(plain)"
    first, _ = two_processes(changed(DISTRIBUTED, tmp_path, wrap, "pass"), tmp_path)
    assert "equal weights in all processes: False" in first
    assert "gradient of the whole batch in this process: False" in first


@contextmanager
def torchrun(folder, *flags):
    """Two processes on the CPU; their output is joined. None outlives the test."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    run += ["--local-addr", "127.0.0.1", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [*run, DISTRIBUTED, "--device", "cpu", *flags],
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


@not_on_windows
@pytest.mark.full
def test_every_run_ends_well_under_load(tmp_path):
    def status(_):
        with torchrun(tmp_path, "--quick") as process:
            text, _ = process.communicate(timeout=240)
        return process.returncode, text

    with ThreadPoolExecutor(3) as pool:
        for code, text in pool.map(status, range(9)):
            assert code == 0, text


@not_on_windows
@pytest.mark.full
def test_accuracy_is_that_of_lesson_29(tmp_path):
    with torchrun(tmp_path) as process:
        text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    accuracy = float(re.findall(r"epoch 10: accuracy (\d\.\d+)", text)[0])
    reached = catalog.results()["lesson29_mnist"]["reached"]
    assert abs(accuracy - float(reached.split()[-1])) <= 0.005


@not_on_windows
@pytest.mark.full
def test_a_killed_process_ends_the_run(tmp_path):
    with torchrun(tmp_path, "--epochs", "1000") as process:
        for line in process.stdout:
            if line.startswith("epoch  1"):
                break
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) == 2
        workers[1].send_signal(signal.SIGKILL)
        text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "Signal 9" in text or "exitcode  : -9" in text
    assert not psutil.wait_procs(workers, timeout=10)[1]


# --- what reads files, runs text or opens a port ------------------------------------


@pytest.mark.parametrize(
    ("forbidden", "why"),
    [
        (r"torch\.load\((?![^)]*weights_only=True)", "runs code that a file contains"),
        (r"INADDR_ANY|host=[\"']{2}", "serves the whole network"),
    ],
)
def test_sources_do_without(forbidden, why):
    for path in [*LESSONS, *ROOT.glob("*.py"), *ROOT.glob("*/*.py")]:
        if path.parent.name == "tests":
            continue
        found = re.search(forbidden, path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found[0]!r} {why}"


def test_lessons_read_data_only_where_it_is_checked():
    """``opt.data`` goes to the helpers that compare checksums, and nowhere else."""
    checked = re.compile(r"\b(mnist|mnist_folder|read_data)\(opt\.data\b")
    for path in LESSONS:
        text = path.read_text(encoding="utf-8")
        assert text.count("opt.data") == len(checked.findall(text)), path.name
        assert not re.search(r"__file__|[\"']data/", text), path.name
