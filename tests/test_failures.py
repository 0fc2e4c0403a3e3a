"""What may go wrong around a lesson, and what it then does."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
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
NO_NETWORK = dict.fromkeys(
    ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"], "http://127.0.0.1:9"
)


def refusal(outputs, *flags, lesson=MNIST):
    """The exit status of a run with these flags, and the one line that it says."""
    before = files(outputs)
    run = run_lesson(lesson, outputs, flags, environment=NO_NETWORK)
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
    assert "cannot be read (No such file or directory). In a git clone" in line


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
    command = [sys.executable, "-u", MNIST, "--quick", "--epochs", "100000"]
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
    printed = "".join(printed for _, _, printed in run.outputs)
    assert re.search(r"Ada \(ada\): female list \d\.\d+, male list \d\.\d+", printed)
    assert "José (jose): female list" in printed


@pytest.mark.parametrize(("names", "which"), [("Ada,,Eva", "''"), ("42", "'42'")])
def test_a_name_without_a_letter(names, which, tmp_path):
    status, line = refusal(tmp_path, "--names", names, lesson=NAMES)
    assert status == 2
    assert f"--names: {which} has no letter from a to z" in line


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


@contextmanager
def torchrun(lesson, folder, *flags):
    """Two processes on the CPU; their output is joined. None outlives the test."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    run += ["--local-addr", "127.0.0.1", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [*run, lesson, "--device", "cpu", *flags],
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


def changed(folder, old, new):
    """A copy of lesson 64 with one line changed."""
    source = DISTRIBUTED.read_text(encoding="utf-8")
    assert source.count(old) == 1
    copy = folder / "lesson64_copy.py"
    utils = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    copy.write_text(utils + source.replace(old, new), encoding="utf-8")
    return copy


@not_on_windows
def test_two_processes_train_as_one(tmp_path):
    with torchrun(DISTRIBUTED, tmp_path, "--quick") as process:
        text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    assert "2 processes, each with 100 images" in text
    assert "gradient of the whole batch in this process: True" in text
    assert "equal weights in all processes: True" in text
    assert text.count("epoch  1: accuracy") == 1


@not_on_windows
def test_nothing_holds_the_network_when_the_processes_part(tmp_path):
    """A DistributedDataParallel that is left aborts some runs at their very end."""
    destroy = "    dist.destroy_process_group()\n"
    count = (
        "    kinds = [type(thing).__name__ for thing in gc.get_objects()]\n"
        "    print('left:', kinds.count('DistributedDataParallel'))\n"
    )
    copy = changed(tmp_path, destroy, count + destroy)
    with torchrun(copy, tmp_path, "--quick") as process:
        text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    assert text.count("left: 0") == 2


@not_on_windows
@pytest.mark.full
def test_every_run_ends_well_under_load(tmp_path):
    def status(_):
        with torchrun(DISTRIBUTED, tmp_path, "--quick") as process:
            text, _ = process.communicate(timeout=240)
        return process.returncode, text

    with ThreadPoolExecutor(3) as pool:
        for code, text in pool.map(status, range(9)):
            assert code == 0, text


@not_on_windows
@pytest.mark.full
def test_without_averaging_the_copies_part(tmp_path):
    """What the lesson prints of equal weights is a measurement."""
    copy = changed(tmp_path, "net = DistributedDataParallel(plain)", "pass")
    with torchrun(copy, tmp_path, "--quick") as process:
        text, _ = process.communicate(timeout=120)
    assert "equal weights in all processes: False" in text
    assert "gradient of the whole batch in this process: False" in text


@not_on_windows
@pytest.mark.full
def test_accuracy_is_that_of_lesson_29(tmp_path):
    with torchrun(DISTRIBUTED, tmp_path) as process:
        text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    accuracy = float(re.findall(r"epoch 10: accuracy (\d\.\d+)", text)[0])
    reached = catalog.results()["lesson29_mnist"]["reached"]
    assert abs(accuracy - float(reached.split()[-1])) <= 0.005


@not_on_windows
@pytest.mark.full
def test_a_killed_process_ends_the_run(tmp_path):
    with torchrun(DISTRIBUTED, tmp_path, "--epochs", "1000") as process:
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
