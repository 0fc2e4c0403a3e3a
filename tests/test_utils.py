"""The helpers: each behaviour and each error that their docstrings name."""

import errno
import math
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from lesson_runner import ROOT
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Subset, TensorDataset

import utils
from utils import running_script

DEVICES = [torch.device("cpu")]
if torch.accelerator.is_available():
    DEVICES.append(torch.accelerator.current_accelerator())

each_device = pytest.mark.parametrize("device", DEVICES, ids=str)


@pytest.fixture(autouse=True)
def lesson(monkeypatch, tmp_path):
    """A lesson ``lesson99_test.py`` whose outputs go to a folder of its own."""
    plt.switch_backend("agg")
    monkeypatch.setattr(sys, "argv", ["lesson99_test.py"])
    monkeypatch.setattr(utils, "running_script", lambda: Path("lesson99_test.py"))
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path))
    monkeypatch.delenv("LESSONS_QUICK", raising=False)
    utils._said.clear()
    utils._shown.clear()
    yield tmp_path / "lesson99_test"
    plt.close("all")


# --- one_hot, plot_image, plot_curve ------------------------------------------------


@each_device
def test_one_hot(device):
    label = torch.tensor([2, 0], dtype=torch.uint8, device=device)
    out = utils.one_hot(label, depth=3)
    assert out.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert out.dtype == torch.float32
    assert out.device.type == device.type
    assert utils.one_hot([2.0, 0.0], depth=3).tolist() == out.tolist()
    unsigned = label.cpu().to(torch.uint16)  # compared with no other dtype
    assert utils.one_hot(unsigned, depth=3).tolist() == out.tolist()
    assert utils.one_hot(label).shape == (2, 10)


@pytest.mark.parametrize("label", [10, -1, 1.5])
def test_one_hot_names_the_label_that_does_not_fit(label):
    with pytest.raises(ValueError, match=rf"label {label} is not one of 0 to 9"):
        utils.one_hot(torch.tensor([0, label]))


@each_device
def test_plot_image_draws_six_of_a_batch_or_as_many_as_asked(device, lesson):
    images = torch.rand(9, 1, 8, 8, device=device, requires_grad=True)
    labels = torch.arange(9, device=device)
    utils.plot_image(images, labels, "image sample")
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert titles == [f"image sample: {i}" for i in range(6)]
    assert (lesson / "image_sample.png").stat().st_size > 1000
    utils.plot_image(images, list("abcdefghi"), "many", count=8)
    assert [ax.get_title() for ax in plt.gcf().axes][-1] == "many: h"
    utils.plot_image(images[:2], labels[:2], "few")
    assert len(plt.gcf().axes) == 2


GREY = torch.linspace(0, 1, 64).view(1, 1, 8, 8)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (GREY.numpy(), np.array([0])),
        (GREY[0], torch.tensor([0])),
        (GREY[0, 0], 0),
        (GREY.view(1, 8, 8, 1), [0]),
        (GREY.bfloat16(), [0]),
        ([Image.fromarray(GREY[0, 0].numpy())], ["zero"]),
    ],
)
def test_plot_image_takes_whatever_holds_grey_images(images, labels):
    utils.plot_image(images, labels, r"$\foo$")
    drawn = torch.tensor(np.array(plt.gca().images[0].get_array().data))
    torch.testing.assert_close(drawn.float(), GREY[0, 0], atol=0.01, rtol=0)


def test_plot_image_draws_colours():
    images = torch.rand(2, 3, 8, 8)
    utils.plot_image(images, [0, 1], "in 0 to 1")
    drawn = torch.tensor(plt.gcf().axes[1].images[0].get_array().data)
    assert torch.equal(drawn, images[1].permute(1, 2, 0))
    utils.plot_image(9 * images.permute(0, 2, 3, 1) - 4, [0, 1], "normalised")
    again = torch.tensor(plt.gcf().axes[1].images[0].get_array().data)
    assert (drawn - again).abs().max() < 0.1


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.rand(0, 1, 8, 8), [], "0 of 0 images"),
        (torch.rand(3, 1, 8, 8), [1, 2], "one label an image is needed"),
        (torch.rand(3, 1, 8, 8), torch.eye(3), r"label.argmax\(dim=1\)"),
        (torch.rand(3, 784), [1, 2, 3], r"x.view\(-1, 1, 28, 28\)"),
        (torch.rand(1, 784), [1], r"shape \[1, 784\] is no batch"),
        (torch.rand(3, 2, 8, 8), [1, 2, 3], r"shape \[3, 2, 8, 8\] is no batch"),
        ("digits.png", 1, r"shape \[\] is no batch"),
        ([torch.rand(8, 8), torch.rand(9, 9)], [1, 2], "different shapes"),
    ],
)
def test_plot_image_says_what_would_be_right(images, labels, message):
    with pytest.raises(ValueError, match=message):
        utils.plot_image(images, labels, "none")
    assert not plt.get_fignums()


@each_device
def test_plot_curve(device, lesson):
    utils.plot_curve(torch.tensor([3.0, 2.0], device=device, requires_grad=True))
    assert plt.gca().lines[0].get_ydata().tolist() == [3, 2]
    assert plt.gca().get_legend().get_texts()[0].get_text() == "value"
    assert (lesson / "curve.png").exists()


def test_plot_curve_draws_several_named_curves(lesson):
    curves = {"train": [torch.tensor(1.0), None], "test": [1.5, 1.25, 1.0]}
    utils.plot_curve(curves, "both", xlabel="epoch", ylabel="loss")
    assert [line.get_label() for line in plt.gca().lines] == ["train", "test"]
    assert (plt.gca().get_xlabel(), plt.gca().get_ylabel()) == ("epoch", "loss")
    gap = np.isnan(plt.gca().lines[0].get_ydata())
    assert gap.tolist() == [False, True]  # of None
    assert (lesson / "both.png").exists()


def test_plot_curve_draws_a_curve_a_column():
    utils.plot_curve([[1, 2], [3, 4]])
    assert [list(line.get_ydata()) for line in plt.gca().lines] == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "no values"),
        ({}, "no values"),
        (torch.rand(2, 3, 4), r"shape \[2, 3, 4\] is no curve"),
        (5, r"shape \[\] is no curve"),
        (["a", "b"], "is no curve"),
        ([[1, 2], [3]], "different shapes"),
    ],
)
def test_plot_curve_refuses_what_is_no_curve(data, message):
    with pytest.raises(ValueError, match=message):
        utils.plot_curve(data)
    assert not plt.get_fignums()


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
        *("--steps=7", "--lr=1e-3", "--decay=0", "--name=a b", "--no-clip"),
        *("--seed=5", "--data=~/x"),
        **{"steps": 1, "lr": 0.1, "decay": 0.0, "name": "x", "clip": True},
    )
    assert (opt.steps, opt.lr, opt.decay, opt.name) == (7, 1e-3, 0, "a b")
    assert (opt.clip, opt.seed, opt.data) == (False, 5, Path.home() / "x")


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--epochs=0", "--epochs: has to be above 0, not 0; default: 3"),
        ("--batch-size=-1", "--batch-size: has to be above 0, not -1"),
        ("--lr=abc", "--lr: takes a number, not 'abc'; default: 0.01"),
        ("--lr=nan", "--lr: has to be above 0, not nan"),
        ("--epochs=2.5", "--epochs: takes a whole number, not '2.5'"),
        ("--seed=-1", "--seed: has to be at least 0, not -1"),
        (f"--seed={2**63}", "--seed: has to be below 2^63, not 9223372036854775808"),
        ("--device=foo", "--device: there is no 'foo' on this machine; it has cpu\n"),
        ("--device=cuda", "--device: there is no 'cuda' on this machine; it has cpu\n"),
        ("--device=cpu:9", "--device: there is no 'cpu:9' on this machine"),
        ("--what", "unrecognized arguments: --what"),
    ],
)
def test_settings_refuse_nonsense_in_one_line(monkeypatch, capsys, flag, message):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="2"):
        parse(monkeypatch, flag)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"lesson99_test.py: {message}")


def test_results_do_not_depend_on_the_number_of_cores(monkeypatch):
    given = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    for cores in 1, 2, 64:
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        parse(monkeypatch)
    parse(monkeypatch, "--quick")
    monkeypatch.setenv("LOCAL_RANK", "0")  # torchrun has decided
    parse(monkeypatch)
    assert given == [1, 2, 2]


def test_quick_has_values_of_its_own_which_flags_overrule(monkeypatch):
    defaults = {"epochs": 3, "steps": 600, "quick": {"steps": 5}}
    opt = parse(monkeypatch, **defaults)
    assert (opt.quick, opt.epochs, opt.steps) == (False, 3, 600)
    opt = parse(monkeypatch, "--quick", "--steps=7", **defaults)
    assert (opt.quick, opt.epochs, opt.steps) == (True, 1, 7)
    monkeypatch.setenv("LESSONS_QUICK", "1")
    opt = parse(monkeypatch, "--epochs=2", **defaults)
    assert (opt.quick, opt.epochs, opt.steps) == (True, 2, 5)


# --- from a file, from a module, from the cells of a console ------------------------

CELL = """
from utils import settings, save
opt = settings(epochs=3)
print(opt.epochs, save("a.txt", lambda path: path.write_text("x")).parent.name)
"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone with one lesson, whose only cell is ``CELL``."""
    root = tmp_path / "clone"
    (root / "lessons").mkdir(parents=True)
    (root / "lessons" / "lesson99_test.py").write_text(CELL)
    for name in "utils.py", "lessons/utils.py":
        (root / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.chdir(root)
    return root


def test_a_script_has_its_flags_and_a_console_the_defaults(clone, monkeypatch, capsys):
    monkeypatch.setattr(utils, "running_script", running_script)
    monkeypatch.setattr(sys, "argv", ["", "--epochs=5"])
    runpy.run_path("lessons/lesson99_test.py", run_name="__main__")
    monkeypatch.setattr(sys, "argv", ["pydevconsole.py", "--mode=client"])  # PyCharm's
    exec(compile(CELL, "<input>", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == "5 lesson99_test\n3 notebook\n"


def test_a_kernel_has_the_defaults_and_percent_run_its_flags(clone):
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [CELL, "%run lesson99_test.py --epochs 5"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    where = {"metadata": {"path": clone / "lessons"}}
    NotebookClient(notebook, resources=where).execute()
    outputs = [out for cell in notebook.cells for out in cell.outputs]
    said = "".join(out.text for out in outputs if out.name == "stdout")
    assert said == "3 notebook\n5 lesson99_test\n"


def run_python(*arguments, **environment):
    """What a new Python says on stdout and stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


SIGNS = '''"""Signs ∂ (维度)"""
import sys, utils
utils.CHINESE_FONT = None
utils.plt.rcParams["font.family"] = "DejaVu Sans"
print(utils.settings(epochs=3).epochs, "∂ 维", utils.plt.get_backend())
utils.plot_curve([1, 2], "维度", xlabel="维")
utils.plot_curve([1, 2], "another", xlabel="维")
sys.argv[1:] = ["--help"]
utils.settings(epochs=3)
'''


def test_a_machine_without_chinese_has_question_marks_and_boxes(clone):
    """A lesson that is started as a module there heeds its flags, also --no-show."""
    (clone / "lessons" / "lesson98_signs.py").write_text(SIGNS, encoding="utf-8")
    environment = {"PYTHONIOENCODING": "cp1252:strict", "MPLBACKEND": "svg"}
    start = "-m", "lessons.lesson98_signs", "--epochs=5", "--no-show"
    out, err = run_python(*start, **environment)
    assert out.startswith("5 ? ? agg\nusage: lesson98_signs.py")
    for word in "Signs ? (??)", "--epochs", "default: 3", "--device", "--no-show":
        assert word in out
    said = [line.split()[0] for line in err.splitlines()]
    assert said == ["this", "saved", "saved"]
    assert "no font for Chinese" in err


def test_chinese_titles_are_drawn_where_there_is_a_font(capsys, recwarn):
    if utils.CHINESE_FONT is None:
        pytest.skip("no font for Chinese is installed")
    utils.plot_curve([1, 2], "图像", xlabel="步", ylabel="值")
    assert "no font" not in capsys.readouterr().err
    assert not recwarn.list  # of a missing character


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
    run_python(script)
    assert (tmp_path / "mnist_train" / "image_sample.png").exists()
    assert (tmp_path / "mnist_train" / "curve.png").exists()


def test_every_lesson_has_the_helpers_that_keep_it_alive():
    for path in (ROOT / "lessons").glob("lesson*.py"):
        assert "from utils import" in path.read_text(encoding="utf-8"), path.name


# --- data ---------------------------------------------------------------------------


def test_the_shipped_files_are_whole():
    for name in utils.CHECKSUMS:
        assert utils.read_data(ROOT / "data", name)


@pytest.mark.parametrize(
    ("size", "problem"),
    [(None, "cannot be read (No such file or directory)"), (100, "is damaged")],
)
def test_read_data_says_what_is_wrong(size, problem, tmp_path, capsys):
    name = "names/male.txt"
    path = tmp_path / name
    if size:
        path.parent.mkdir()
        path.write_bytes((ROOT / "data" / name).read_bytes()[:size])
    with pytest.raises(SystemExit, match="1"):
        utils.read_data(tmp_path, name)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path} {problem}" in line
    assert "git checkout" in line


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


def test_batches_refuse_a_size_of_zero():
    with pytest.raises(ValueError, match="batch_size is 0"):
        utils.batches(TensorDataset(torch.arange(5)), 0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_take_a_part_of_a_dataset(shuffle):
    part = Subset(TensorDataset(torch.arange(10)), [1, 3, 5, 7, 9])
    found = torch.cat([x for (x,) in utils.batches(part, 2, shuffle)])
    assert found.sort().values.tolist() == [1, 3, 5, 7, 9]


# --- training -----------------------------------------------------------------------


def test_stop_if_not_finite(capsys):
    """It gives a loss as a number, and ends the run at once where it is none."""
    assert utils.stop_if_not_finite(torch.tensor(0.5, requires_grad=True)) == 0.5
    for value in math.nan, math.inf:
        with pytest.raises(SystemExit, match="1"):
            utils.stop_if_not_finite(torch.tensor(value))
        assert f"the loss is {value}" in capsys.readouterr().err


@each_device
def test_evaluate_weighs_samples_not_batches(device):
    torch.manual_seed(0)
    graphs = []
    net = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 4)).to(device)
    net.register_forward_hook(lambda net, x, out: graphs.append(out.requires_grad))
    x = torch.randn(7, 3, device=device)
    y = torch.randint(0, 4, [7], device=device)
    loss, accuracy = utils.evaluate(net, utils.batches(TensorDataset(x, y), 5))
    assert graphs == [False, False]
    assert net.training
    logits = net.eval()(x)
    assert loss == pytest.approx(F.cross_entropy(logits, y).item(), abs=1e-6)
    assert accuracy == pytest.approx((logits.argmax(1) == y).float().mean().item())
    utils.evaluate(net, utils.batches(TensorDataset(x, y), 5))
    assert not net.training


def test_evaluate_refuses_an_empty_loader():
    with pytest.raises(ValueError, match="no samples"):
        utils.evaluate(nn.Linear(3, 4), [])


# --- results ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("broken")]
)
def test_save_says_where_and_keeps_the_old_file_when_writing_fails(
    error, lesson, capsys
):
    path = utils.save("a.txt", lambda path: path.write_text("old"))
    assert path == lesson / "a.txt"
    assert capsys.readouterr() == ("", f"saved {path}\n")

    def fail(path):
        path.write_text("ne")
        raise error

    assert utils.save("a.txt", fail) is None
    assert utils.save("a.txt", fail) is None
    assert list(lesson.iterdir()) == [path]
    assert path.read_text() == "old"
    (line,) = capsys.readouterr().err.splitlines()
    assert "a.txt is not saved" in line


def test_show_goes_on_where_outputs_cannot_be_made(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path / "file"))
    plt.figure()
    utils.show("one")
    utils.show("two")
    assert capsys.readouterr().err.count("\n") == 1


def test_any_name_becomes_a_file_and_a_second_figure_keeps_the_first(lesson):
    for name in "a/b", 5, "", "":
        utils.plot_curve([1, 2], name)
    names = sorted(path.name for path in lesson.iterdir())
    assert names == ["5.png", "a_b.png", "figure.png", "figure_2.png"]
    assert (lesson / "figure_2.png").read_bytes().startswith(b"\x89PNG")


def test_old_figures_are_closed_without_a_display(monkeypatch, recwarn):
    monkeypatch.setattr(utils, "save", lambda name, write: None)
    for _ in range(25):
        plt.figure()
        utils.show("line")
    assert len(plt.get_fignums()) == 10
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
