"""Level 1: the helpers, each behaviour and each error that their docstrings name."""

import errno
import math
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lesson_runner import ROOT
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

import utils

DEVICES = [torch.device("cpu")]
if torch.accelerator.is_available():
    DEVICES.append(torch.accelerator.current_accelerator())

each_device = pytest.mark.parametrize("device", DEVICES, ids=str)


@pytest.fixture(autouse=True)
def lesson(monkeypatch, tmp_path):
    """A lesson ``lesson99_test.py`` whose outputs go to a folder of its own."""
    plt.switch_backend("agg")
    monkeypatch.setattr(sys, "argv", ["lessons/lesson99_test.py"])
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("LESSONS_QUICK", raising=False)
    utils._said.clear()
    yield tmp_path / "lesson99_test"
    plt.close("all")


# --- one_hot, plot_image, plot_curve ------------------------------------------------


@each_device
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_one_hot(device, dtype):
    label = torch.tensor([2, 0], dtype=dtype, device=device)
    out = utils.one_hot(label, depth=3)
    assert out.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert out.dtype == torch.float32
    assert out.device.type == device.type


def test_one_hot_has_ten_classes_unless_told():
    assert utils.one_hot(torch.tensor([9])).shape == (1, 10)


@pytest.mark.parametrize(("label", "depth"), [(10, 10), (3, 3), (-1, 10)])
def test_one_hot_names_the_label_that_does_not_fit(label, depth):
    with pytest.raises(ValueError, match=rf"label {label} is outside 0 to {depth - 1}"):
        utils.one_hot(torch.tensor([0, label]), depth)


@each_device
def test_plot_image_draws_six_of_a_batch(device, lesson):
    images = torch.rand(8, 1, 28, 28, device=device, requires_grad=True)
    utils.plot_image(images, torch.arange(8, device=device), "image sample")
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert titles == [f"image sample: {i}" for i in range(6)]
    assert (lesson / "image_sample.png").stat().st_size > 1000


def test_plot_image_draws_what_there_is_and_as_many_as_asked():
    utils.plot_image(torch.rand(2, 1, 28, 28), torch.tensor([7, 1]), "few")
    assert len(plt.gcf().axes) == 2
    utils.plot_image(torch.rand(20, 1, 28, 28), list("abcdefghijkl"), "many", count=12)
    assert [ax.get_title() for ax in plt.gcf().axes][-1] == "many: l"


def test_plot_image_shows_the_pixels_as_they_were_before_normalisation():
    pixels = torch.linspace(0, 1, 784).view(1, 1, 28, 28)
    normalised = (pixels - utils.MNIST_MEAN) / utils.MNIST_STD
    utils.plot_image(normalised, [0], "one")
    drawn = torch.tensor(plt.gca().images[0].get_array().data)
    torch.testing.assert_close(drawn.float(), pixels[0, 0])


@pytest.mark.parametrize(("images", "labels"), [(0, 0), (3, 2)])
def test_plot_image_refuses_what_it_cannot_draw(images, labels):
    with pytest.raises(ValueError, match=f"{images} images and {labels} labels"):
        utils.plot_image(torch.rand(images, 1, 28, 28), torch.arange(labels), "none")


@each_device
def test_plot_curve(device, lesson):
    utils.plot_curve(torch.tensor([3.0, 2.0], device=device, requires_grad=True))
    assert plt.gca().lines[0].get_ydata().tolist() == [3, 2]
    assert plt.gca().get_legend().get_texts()[0].get_text() == "value"
    assert (lesson / "curve.png").exists()


def test_plot_curve_draws_several_named_curves(lesson):
    curves = {"train": [torch.tensor(1.0), 0.5], "test": [1.5, 1.25, 1.0]}
    utils.plot_curve(curves, "both", xlabel="epoch", ylabel="loss")
    assert [line.get_label() for line in plt.gca().lines] == ["train", "test"]
    assert (plt.gca().get_xlabel(), plt.gca().get_ylabel()) == ("epoch", "loss")
    assert (lesson / "both.png").exists()


@pytest.mark.parametrize("data", [[], {}, {"a": []}])
def test_plot_curve_refuses_nothing(data):
    with pytest.raises(ValueError, match="no values"):
        utils.plot_curve(data)


def test_drop_in_for_the_scripts_of_the_course(tmp_path):
    """The calls of the notes' lesson 5, in a script beside a copy of utils.py."""
    script = tmp_path / "mnist_train.py"
    script.write_text(
        "import torch\n"
        "from utils import plot_image, plot_curve, one_hot\n"
        "x, y = torch.randn(512, 1, 28, 28), torch.randint(0, 10, [512])\n"
        "plot_image(x, y, 'image sample')\n"
        "assert one_hot(y).shape == (512, 10)\n"
        "train_loss = [2.3, 1.0, 0.5]\n"
        "plot_curve(train_loss)\n"
    )
    (tmp_path / "utils.py").write_bytes((ROOT / "utils.py").read_bytes())
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mnist_train" / "image_sample.png").exists()
    assert (tmp_path / "mnist_train" / "curve.png").exists()


# --- settings -----------------------------------------------------------------------


def parse(monkeypatch, *flags, **defaults):
    monkeypatch.setattr(sys, "argv", ["lesson99_test.py", *flags])
    return utils.settings(**(defaults or {"epochs": 3, "batch_size": 200, "lr": 0.01}))


def test_settings_have_the_defaults(monkeypatch):
    opt = parse(monkeypatch)
    assert (opt.epochs, opt.batch_size, opt.lr, opt.seed) == (3, 200, 0.01, 0)
    assert opt.data == ROOT / "data"
    assert opt.device == DEVICES[-1]
    assert not opt.quick


def test_settings_take_each_flag_as_its_defaults_type(monkeypatch):
    opt = parse(
        monkeypatch,
        *("--steps", "7", "--lr", "1e-3", "--name", "a b", "--no-clip", "--seed", "5"),
        **{"steps": 1, "lr": 0.1, "name": "x", "clip": True},
    )
    assert (opt.steps, opt.lr, opt.name, opt.clip, opt.seed) == (
        7,
        1e-3,
        "a b",
        False,
        5,
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--epochs", "0"], "--epochs: has to be above 0, not 0; default: 3"),
        (["--batch-size", "-1"], "--batch-size: has to be above 0, not -1"),
        (["--lr", "abc"], "--lr: takes a number, not 'abc'; default: 0.01"),
        (["--lr", "nan"], "--lr: has to be above 0, not nan"),
        (["--epochs", "2.5"], "--epochs: takes a whole number, not '2.5'"),
        (["--seed", "-1"], "--seed: has to be at least 0, not -1"),
        (["--device", "foo"], "--device: there is no 'foo' on this machine; it has"),
        (["--device", "cpu:9"], "--device: there is no 'cpu:9' on this machine"),
        (["--what"], "unrecognized arguments: --what"),
    ],
)
def test_settings_refuse_nonsense_in_one_line(monkeypatch, capsys, flags, message):
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, *flags)
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"lesson99_test.py: {message}")


def test_settings_say_which_device_there_is(monkeypatch, capsys):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, "--device", "cuda")
    assert stopped.value.code == 2
    assert "no 'cuda' on this machine; it has cpu\n" in capsys.readouterr().err


def test_a_zero_default_admits_zero(monkeypatch):
    assert parse(monkeypatch, "--decay", "0", decay=0.0).decay == 0


def test_quick_is_one_epoch_unless_told(monkeypatch):
    assert parse(monkeypatch, "--quick").epochs == 1
    assert parse(monkeypatch, "--quick", "--epochs", "2").epochs == 2
    monkeypatch.setenv("LESSONS_QUICK", "1")
    opt = parse(monkeypatch)
    assert (opt.quick, opt.epochs) == (True, 1)


def test_settings_ignore_a_notebooks_command_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    opt = parse(monkeypatch, "-f", "/tmp/kernel.json")
    assert opt.epochs == 3


def test_help_lists_every_flag_with_its_default(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, "--help")
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for word in (
        "--epochs",
        "default: 200",
        "--device",
        "--quick",
        "--data",
        "--no-show",
    ):
        assert word in text


# --- data ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", utils.CHECKSUMS)
def test_the_shipped_files_are_whole(name):
    assert utils.read_data(ROOT / "data", name)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(url, timeout):
        assert timeout <= 10
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


ARCHIVE = "MNIST/raw/t10k-labels-idx1-ubyte.gz"


def copy_of(name, folder):
    path = Path(folder, name)
    path.parent.mkdir(parents=True)
    path.write_bytes((ROOT / "data" / name).read_bytes())
    return path


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", [ARCHIVE, "names/male.txt"])
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda path: path.unlink(), "cannot be read (No such file or directory)"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "is damaged"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "is damaged"),
    ],
    ids=["removed", "truncated", "replaced", "empty", "an empty line"],
)
def test_read_data_says_what_is_wrong(name, damage, problem, tmp_path, capsys):
    path = copy_of(name, tmp_path)
    damage(path)
    before = {p: p.read_bytes() for p in path.parent.iterdir()}
    with pytest.raises(SystemExit) as stopped:
        utils.read_data(tmp_path, name)
    assert stopped.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(path) in last
    assert problem in last
    assert "git checkout" in last
    assert before == {p: p.read_bytes() for p in path.parent.iterdir()}


def test_read_data_fetches_a_damaged_archive_anew(tmp_path, monkeypatch):
    path = copy_of(ARCHIVE, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    asked = []

    class Response:
        def __init__(self, content):
            self.read = lambda: content

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def urlopen(url, timeout):
        asked.append(url)
        return Response(b"a login page" if len(asked) == 1 else whole)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert utils.read_data(tmp_path, ARCHIVE) == whole
    assert path.read_bytes() == whole
    assert len(asked) == 2
    assert all(url.endswith("/t10k-labels-idx1-ubyte.gz") for url in asked)


def test_mnist_equals_torchvisions_pipeline():
    from torchvision import datasets, transforms

    train_set, test_set = utils.mnist(ROOT / "data")
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    with utils.mnist_folder(ROOT / "data") as folder:
        usual = datasets.MNIST(folder, train=False, download=True, transform=transform)
    assert not Path(folder).exists()
    images, labels = test_set.tensors
    assert images.shape == (10_000, 1, 28, 28)
    assert torch.equal(labels, usual.targets)
    for i in 0, 5_000, 9_999:
        torch.testing.assert_close(images[i], usual[i][0], atol=1e-6, rtol=0)
    images, labels = train_set.tensors
    assert images.shape == (60_000, 1, 28, 28)
    assert labels.bincount().tolist()[:2] == [5923, 6742]
    assert abs(images.mean()) < 1e-3
    assert abs(images.std() - 1) < 1e-3


@each_device
def test_quick_mnist_is_small(device):
    train_set, test_set = utils.mnist(ROOT / "data", device, quick=True)
    assert (len(train_set), len(test_set)) == (512, 256)
    assert train_set.tensors[0].device.type == device.type


def test_batches_keep_the_order_and_the_rest():
    loader = utils.batches(TensorDataset(torch.arange(5), torch.arange(5) * 2), 2)
    assert [x.tolist() for x, _ in loader] == [[0, 1], [2, 3], [4]]
    assert [y.tolist() for _, y in loader] == [[0, 2], [4, 6], [8]]
    assert len(loader) == 3


def test_batches_shuffle_anew_each_epoch():
    torch.manual_seed(0)
    loader = utils.batches(TensorDataset(torch.arange(50)), 50, shuffle=True)
    first, second = (next(iter(loader))[0] for _ in range(2))
    assert not torch.equal(first, second)
    assert first.sort().values.tolist() == list(range(50))


# --- training -----------------------------------------------------------------------


def test_finite_gives_the_number():
    assert utils.finite(torch.tensor(0.5, requires_grad=True)) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_finite_ends_the_run_at_once(value, capsys):
    with pytest.raises(SystemExit) as stopped:
        utils.finite(torch.tensor(value))
    assert stopped.value.code == 1
    assert f"the loss is {value}" in capsys.readouterr().err


@each_device
def test_evaluate_weighs_samples_not_batches(device):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 4)).to(device)
    x = torch.randn(7, 3, device=device)
    y = torch.randint(0, 4, [7], device=device)
    loss, accuracy = utils.evaluate(net, utils.batches(TensorDataset(x, y), 5))
    assert net.training
    logits = net.eval()(x)
    assert loss == pytest.approx(F.cross_entropy(logits, y).item(), abs=1e-6)
    assert accuracy == pytest.approx((logits.argmax(1) == y).float().mean().item())
    utils.evaluate(net, utils.batches(TensorDataset(x, y), 5))
    assert not net.training
    assert all(p.grad is None for p in net.parameters())


# --- results ------------------------------------------------------------------------


def test_save_says_where(lesson, capsys):
    path = utils.save("a.txt", lambda path: path.write_text("new"))
    assert path == lesson / "a.txt"
    assert path.read_text() == "new"
    assert capsys.readouterr() == ("", f"saved {path}\n")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("broken")]
)
def test_save_keeps_the_old_file_when_writing_fails(error, lesson, capsys):
    utils.save("a.txt", lambda path: path.write_text("old"))

    def fail(path):
        path.write_text("ne")
        raise error

    assert utils.save("a.txt", fail) is None
    assert utils.save("a.txt", fail) is None
    assert [path.name for path in lesson.iterdir()] == ["a.txt"]
    assert (lesson / "a.txt").read_text() == "old"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "cannot be written" in lines[1]


def test_save_goes_on_where_outputs_cannot_be_made(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path / "file"))
    plt.figure()
    utils.show("one")
    utils.show("two")
    assert capsys.readouterr().err.count("\n") == 1


def test_show_saves_and_does_not_warn_without_a_display(lesson, capsys, recwarn):
    plt.plot([1, 2])
    utils.show("line")
    assert (lesson / "line.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err == f"saved {lesson / 'line.png'}\n"
    assert not recwarn.list


def test_show_opens_a_window_where_there_is_a_display(monkeypatch):
    calls = []
    monkeypatch.setattr(plt, "get_backend", lambda: "TkAgg")
    monkeypatch.setattr(plt, "pause", lambda seconds: calls.append("window"))
    monkeypatch.setattr(utils.atexit, "register", lambda f: calls.append("at the end"))
    utils._keep_windows.cache_clear()
    plt.figure()
    utils.show("line")
    utils.show("line")
    assert calls == ["at the end", "window", "window"]
