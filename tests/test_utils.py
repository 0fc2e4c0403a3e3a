"""The helpers: each behaviour and each error that their docstrings name."""

import errno
import math
import os
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
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_one_hot(device, dtype):
    label = torch.tensor([2, 0], dtype=dtype, device=device)
    out = utils.one_hot(label, depth=3)
    assert out.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert out.dtype == torch.float32
    assert out.device.type == device.type


def test_one_hot_has_ten_classes_unless_told():
    assert utils.one_hot(torch.tensor([9])).shape == (1, 10)


@pytest.mark.parametrize("label", [[2, 0], np.array([2, 0]), [2.0, 0.0]])
def test_one_hot_takes_what_holds_whole_numbers(label):
    assert utils.one_hot(label, depth=3).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("label", [10, -1, 1.5, math.nan])
def test_one_hot_names_the_label_that_does_not_fit(label):
    with pytest.raises(ValueError, match=rf"label {label} is not one of 0 to 9"):
        utils.one_hot(torch.tensor([0, label]))


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


GREY = torch.linspace(0, 1, 64).view(1, 1, 8, 8)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (GREY, [0]),
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
    curves = {"train": [torch.tensor(1.0), 0.5], "test": [1.5, 1.25, 1.0]}
    utils.plot_curve(curves, "both", xlabel="epoch", ylabel="loss")
    assert [line.get_label() for line in plt.gca().lines] == ["train", "test"]
    assert (plt.gca().get_xlabel(), plt.gca().get_ylabel()) == ("epoch", "loss")
    assert (lesson / "both.png").exists()


@pytest.mark.parametrize("curves", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])])
def test_plot_curve_draws_a_curve_a_column(curves):
    utils.plot_curve(curves)
    assert [list(line.get_ydata()) for line in plt.gca().lines] == [[1, 3], [2, 4]]


def test_plot_curve_leaves_a_gap_for_none():
    utils.plot_curve([1.0, None, 3.0])
    assert np.isnan(plt.gca().lines[0].get_ydata()).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "no values"),
        ({}, "no values"),
        ({"a": []}, "no values"),
        (torch.rand(2, 3, 4), r"shape \[2, 3, 4\] is no curve"),
        (5, r"shape \[\] is no curve"),
        (["a", "b"], "is no curve"),
        ([1 + 2j, 3], "is no curve"),
        ([[1, 2], [3]], "different shapes"),
    ],
)
def test_plot_curve_refuses_what_is_no_curve(data, message):
    with pytest.raises(ValueError, match=message):
        utils.plot_curve(data)
    assert not plt.get_fignums()


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
        (
            ["--seed", str(2**63)],
            "--seed: has to be below 2^63, not 9223372036854775808",
        ),
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


def test_quick_has_values_of_its_own_which_flags_overrule(monkeypatch):
    defaults = {"steps": 600, "seeds": 3, "quick": {"steps": 5, "seeds": 1}}
    opt = parse(monkeypatch, **defaults)
    assert (opt.steps, opt.seeds) == (600, 3)
    opt = parse(monkeypatch, "--quick", "--steps", "7", **defaults)
    assert (opt.steps, opt.seeds) == (7, 1)


def test_a_home_folder_is_found(monkeypatch):
    opt = parse(monkeypatch, "--data", "~/x")
    assert opt.data == Path.home() / "x"


def test_help_lists_every_flag_with_its_default(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(monkeypatch, "--help")
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for word in ("--epochs", "default: 200", "--device", "--quick", "--no-show"):
        assert word in text


# --- from a file, from a module, from the cells of a console ------------------------

CELL = """
from utils import settings, save
opt = settings(epochs=3)
print(opt.epochs, save("a.txt", lambda path: path.write_text("x")).parent.name)
"""


def python(*arguments, folder, outputs, typed=None):
    """What a Python says that is started in a folder, and is typed into."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "LESSONS_OUTPUTS": str(outputs)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone with one lesson, whose only cell is ``CELL``."""
    root = tmp_path_factory.mktemp("clone")
    (root / "lessons").mkdir()
    (root / "lessons" / "lesson99_test.py").write_text(CELL)
    for name in "utils.py", "lessons/utils.py":
        (root / name).write_bytes((ROOT / name).read_bytes())
    return root


@pytest.mark.parametrize(
    ("folder", "start"),
    [
        (".", ["lessons/lesson99_test.py"]),
        ("lessons", ["lesson99_test.py"]),
        (".", ["-m", "lessons.lesson99_test"]),
    ],
    ids=" ".join,
)
def test_a_lesson_started_by_python_has_its_flags(folder, start, clone, tmp_path):
    folder = clone / folder
    said = python(*start, "--epochs", "5", folder=folder, outputs=tmp_path)
    assert said == "5 lesson99_test\n"


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
@pytest.mark.parametrize("flags", [[], ["--help"]])
def test_a_stream_gets_a_question_mark_for_what_it_cannot_encode(
    encoding, flags, clone, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONIOENCODING", f"{encoding}:strict")
    lesson = clone / "lessons" / "lesson98_signs.py"
    text = (
        '"""Signs ∂ (维度)"""\nfrom utils import settings\nsettings()\nprint("∂ 维")\n'
    )
    lesson.write_text(text, encoding="utf-8")
    said = python(str(lesson), *flags, folder=clone, outputs=tmp_path)
    assert "?" in said


def test_every_lesson_has_the_helpers_that_keep_it_alive():
    lessons = sorted((ROOT / "lessons").glob("lesson*.py"))
    texts = {path.stem: path.read_text(encoding="utf-8") for path in lessons}
    assert [
        name for name, text in texts.items() if "from utils import" not in text
    ] == []


@pytest.mark.parametrize("folder", [".", "lessons"])
def test_cells_of_a_console_have_the_defaults(folder, clone, tmp_path):
    """As in PyCharm, whose console has flags of its own."""
    console = clone / "pydevconsole.py"
    console.write_text(
        "import code, sys\nsys.path[0] = ''\n"
        "code.InteractiveConsole({'__name__': '__main__', '__file__': __file__})"
        f".runcode(compile({CELL!r}, '<input>', 'exec'))\n"
    )
    start = str(console), "--mode=client", "--port=52245"
    said = python(*start, folder=clone / folder, outputs=tmp_path)
    assert said == "3 notebook\n"


@pytest.mark.parametrize("folder", [".", "lessons"])
def test_cells_of_a_kernel_have_the_defaults(folder, clone, tmp_path):
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    notebook = new_notebook(cells=[new_code_cell(CELL)])
    environment = {**os.environ, "LESSONS_OUTPUTS": str(tmp_path)}
    client = NotebookClient(notebook, resources={"metadata": {"path": clone / folder}})
    client.execute(env=environment)
    said = "".join(
        out.text for out in notebook.cells[0].outputs if out.name == "stdout"
    )
    assert said == "3 notebook\n"


def test_percent_run_has_its_flags(clone, tmp_path):
    typed = "%run lessons/lesson99_test.py --epochs 5\n"
    start = "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"
    said = python(*start, typed=typed, folder=clone, outputs=tmp_path)
    assert "5 lesson99_test" in said


# --- data ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", utils.CHECKSUMS)
def test_the_shipped_files_are_whole(name):
    assert utils.read_data(ROOT / "data", name)


ARCHIVE = "MNIST/raw/t10k-labels-idx1-ubyte.gz"


def copy_of(name, folder):
    path = Path(folder, name)
    path.parent.mkdir(parents=True)
    path.write_bytes((ROOT / "data" / name).read_bytes())
    return path


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


def test_stop_if_not_finite_gives_the_number():
    assert utils.stop_if_not_finite(torch.tensor(0.5, requires_grad=True)) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_stop_if_not_finite_ends_the_run_at_once(value, capsys):
    with pytest.raises(SystemExit) as stopped:
        utils.stop_if_not_finite(torch.tensor(value))
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


def test_evaluate_refuses_an_empty_loader():
    with pytest.raises(ValueError, match="no samples"):
        utils.evaluate(nn.Linear(3, 4), [])


def test_evaluate_keeps_no_graph():
    outputs = []
    net = nn.Linear(3, 4)
    net.register_forward_hook(lambda module, args, out: outputs.append(out))
    samples = TensorDataset(torch.randn(7, 3), torch.zeros(7, dtype=torch.int64))
    utils.evaluate(net, utils.batches(samples, 5))
    assert [out.requires_grad for out in outputs] == [False, False]


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
    assert "a.txt is not saved" in lines[1]


def test_save_goes_on_where_outputs_cannot_be_made(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LESSONS_OUTPUTS", str(tmp_path / "file"))
    plt.figure()
    utils.show("one")
    utils.show("two")
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("name", "file"), [("a/b", "a_b"), (5, "5"), ("", "figure")])
def test_any_name_becomes_a_file(name, file, lesson):
    utils.plot_curve([1, 2], name)
    assert [path.stem for path in lesson.iterdir()] == [file]


def test_a_second_figure_of_one_name_keeps_the_first(lesson):
    utils.plot_curve([1, 2])
    utils.plot_curve([3, 4])
    assert sorted(p.name for p in lesson.iterdir()) == ["curve.png", "curve_2.png"]


def test_old_figures_are_closed_without_a_display(recwarn):
    for _ in range(25):
        utils.plot_curve([1, 2])
    assert len(plt.get_fignums()) == 10
    assert not recwarn.list


@pytest.mark.parametrize(
    "font", [pytest.param(utils.CHINESE_FONT, id="as it is here"), None]
)
def test_chinese_titles_have_a_font_or_one_line_says_that_none_is_there(font, tmp_path):
    script = tmp_path / "titles.py"
    script.write_text(
        "import utils\n"
        f"utils.CHINESE_FONT = {font!r}\n"
        f"families = ['DejaVu Sans', *filter(None, [{font!r}])]\n"
        "utils.plt.rcParams['font.family'] = families\n"
        "utils.plot_curve([1, 2], '图像', xlabel='步', ylabel='值')\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, script, "--no-show"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    lines = ["no font for Chinese"] * (font is None) + ["saved "]
    said = done.stderr.splitlines()
    assert [x in line for x, line in zip(lines, said, strict=True)] == [True] * len(
        said
    )


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
