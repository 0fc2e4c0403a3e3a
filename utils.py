"""
The helpers that lessons import: everything that is needed and is not the lesson.

``plot_image``, ``plot_curve`` and ``one_hot`` are called as the course's own scripts
call them. The others are a lesson's command line (``settings``), its data (``mnist``,
``mnist_folder``, ``read_data``, ``batches``), two steps of every training run
(``stop_if_not_finite``, ``evaluate``) and its results (``show``, ``save``).

Figures, models and logs go to ``outputs/<lesson>/`` in the repository, or below the
folder that the environment variable ``LESSONS_OUTPUTS`` names.
"""

import argparse
import atexit
import functools
import gzip
import hashlib
import io
import math
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import matplotlib
import numpy as np
import torch
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.text import Text
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Sampler, Subset, TensorDataset

ROOT = Path(__file__).resolve().parent

# Mean and standard deviation of the 47 million training pixels, scaled to [0, 1].
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081

# SHA-256 of every file that the project ships; data/README.md says where each is from.
CHECKSUMS = {
    "MNIST/raw/train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "MNIST/raw/train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "MNIST/raw/t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "MNIST/raw/t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
    "names/female.txt": (
        "9067937d9acdafb6c92683ce343dff785db5224b40df05723964adb3d41055ae"
    ),
    "names/male.txt": (
        "cc68490c2ef895961f568833130f90f43a41f0a4fffb1990d84bbadd0b405c63"
    ),
    "sunspots.csv": "74b8e3acb9886b68abe9c56f6081257d522e2cb2470f17dbf597b396f4ea1706",
}

# Fonts with Chinese characters, of which the first that is installed is used.
CHINESE_FONTS = [
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the name of Debian's file that holds all of them
    "Source Han Sans SC",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
]
_installed = {font.name for font in font_manager.fontManager.ttflist}
CHINESE_FONT = next((name for name in CHINESE_FONTS if name in _installed), None)

# How figures look, as matplotlib's settings.
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.family": ["DejaVu Sans", *filter(None, [CHINESE_FONT])],
    "savefig.dpi": 120,
}
plt.rcParams.update(STYLE)
warnings.filterwarnings("ignore", "Glyph .* missing from")  # ``show`` says it once
if "--no-show" in sys.argv:  # also in lessons that have no other settings
    matplotlib.use("agg")

if isinstance(sys.stdout, io.TextIOWrapper):  # what cannot be encoded becomes a "?"
    sys.stdout.reconfigure(errors="replace")
if sys.stderr is None:  # as under pythonw; progress bars write there
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115


# --- what a lesson says beside its results ------------------------------------------


def say(message: str) -> None:
    """Print a line on stderr, so that stdout holds the lesson's results alone."""
    print(message, file=sys.stderr, flush=True)


def say_once(message: str, topic: str = "") -> None:
    """The same, but only the first time that a run says it, or speaks of the topic."""
    if (topic or message) not in _said:
        _said.add(topic or message)
        say(message)


_said: set[str] = set()


def stop(message: str, status: int = 1) -> NoReturn:
    """End the run with one line: status 1 for data and results, 2 for bad settings."""
    say(f"{Path(sys.argv[0]).name}: {message}")
    raise SystemExit(status)


def running_script() -> Path | None:
    """
    The script whose code runs, or None where a console or a notebook runs cells.

    There ``sys.argv`` is the console's own, even if the cells are a lesson's.
    """
    frame = sys._getframe()
    while frame and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back
    script = Path(sys.argv[0])
    if frame and Path(frame.f_code.co_filename).resolve() == script.resolve():
        return script
    return None


# --- settings and device ------------------------------------------------------------


def settings(
    quick: Mapping[str, bool | int | float | str] | None = None,
    **defaults: bool | int | float | str,
) -> argparse.Namespace:
    """
    A lesson's command line, from its default values.

    Each keyword becomes a flag of its value's type: ``settings(batch_size=200)`` gives
    ``--batch-size`` and ``opt.batch_size``. Numbers have to be above zero, or at least
    zero where the default is zero. Every lesson also gets

    - ``opt.device``: ``torch.device``, the accelerator if there is one (``--device``)
    - ``opt.seed``: int, for ``torch.manual_seed`` (``--seed``)
    - ``opt.data``: ``Path`` of the folder with the data (``--data``)
    - ``opt.quick``: whether this run only shows that the lesson works (``--quick``, or
      ``LESSONS_QUICK=1`` in the environment)
    - ``--no-show``: figures are saved and no window is opened

    In a console or a notebook ``sys.argv`` is not the lesson's, so there the defaults
    hold. Nonsense ends the run with one line and exit status 2.

    PyTorch is given two threads, if there are two cores. The number of threads decides
    in which order numbers are added, and training makes this rounding visible. With the
    same number, a machine of many cores prints what a small one prints. ``torchrun``
    gives its processes a number of their own.

    :param quick: other defaults for a quick run; ``epochs`` is 1 there by itself
    """
    argv = sys.argv[1:] if running_script() else []
    is_quick = "--quick" in argv or os.environ.get("LESSONS_QUICK") == "1"
    if is_quick and "epochs" in defaults:
        defaults["epochs"] = 1
    if is_quick:
        defaults.update(quick or {})
    about = (sys.modules["__main__"].__doc__ or "").strip().partition("\n")[0]
    parser = Parser(description=about)
    for name, default in defaults.items():
        _add_flag(parser, name, default)
    parser.add_argument("--device", type=_device, default="auto", help="cpu, cuda, ...")
    _add_flag(parser, "seed", 0)
    parser.add_argument("--data", type=_folder, default=ROOT / "data", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="a few seconds' run")
    parser.add_argument("--no-show", action="store_true", help="open no window")
    opt = parser.parse_args(argv)
    opt.quick = is_quick
    if not is_quick and "LOCAL_RANK" not in os.environ:
        torch.set_num_threads(min(2, os.cpu_count() or 1))
    return opt


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line, without the list of flags."""

    def error(self, message: str) -> NoReturn:
        stop(message.removeprefix("argument "), status=2)


def _add_flag(parser: Parser, name: str, default) -> None:
    flag = "--" + name.replace("_", "-")
    text = f"default: {default}"
    if isinstance(default, bool):
        action = argparse.BooleanOptionalAction
        parser.add_argument(flag, action=action, default=default, help=text)
        return

    def convert(word: str) -> int | float | str:
        try:
            value = type(default)(word)
        except ValueError:
            kind = "a whole number" if isinstance(default, int) else "a number"
            problem = f"takes {kind}, not {word!r}; {text}"
            raise argparse.ArgumentTypeError(problem) from None
        if isinstance(value, str):
            return value
        if name == "seed" and value >= 2**63:
            raise argparse.ArgumentTypeError(f"has to be below 2^63, not {word}")
        if not math.isfinite(value) or value < 0 or value == 0 != default:
            bound = "at least 0" if default == 0 else "above 0"
            raise argparse.ArgumentTypeError(f"has to be {bound}, not {word}; {text}")
        return value

    parser.add_argument(flag, type=convert, default=default, help=text)


def _folder(word: str) -> Path:
    return Path(word).expanduser()


def _device(word: str) -> torch.device:
    kinds = ["cpu"]
    if torch.accelerator.is_available():
        kinds.insert(0, torch.accelerator.current_accelerator().type)
    try:
        device = torch.device(kinds[0] if word == "auto" else word)
    except RuntimeError:
        device = None
    if (
        device is None
        or device.type not in kinds
        or (device.index or 0) >= max(1, torch.accelerator.device_count())
    ):
        here = " or ".join(kinds)
        problem = f"there is no {word!r} on this machine; it has {here}"
        raise argparse.ArgumentTypeError(problem)
    return device


# --- data ---------------------------------------------------------------------------


def read_data(folder: str | Path, name: str) -> bytes:
    """
    The content of a file that the project ships, checked against its SHA-256.

    :param folder: the data folder, ``opt.data``
    :param name: a key of ``CHECKSUMS``
    :raises SystemExit: status 1 and a line that says what to do, if the file is missing
        or damaged
    """
    path = Path(folder, name)
    try:
        content = path.read_bytes()
        problem = "is damaged (its SHA-256 is not that in utils.py)"
    except OSError as error:
        content = b""
        problem = f"cannot be read ({error.strerror})"
    if hashlib.sha256(content).hexdigest() != CHECKSUMS[name]:
        stop(
            f"{path} {problem}. In a git clone, "
            f'"git checkout -- data" brings it back; --data names another folder.'
        )
    return content


def mnist(
    folder: str | Path, device: str | torch.device = "cpu", quick: bool = False
) -> tuple[TensorDataset, TensorDataset]:
    """
    MNIST's training and test set, ready in memory.

    The archives are decoded once into tensors, and normalised once: what the usual
    pipeline does anew for each image and epoch (lesson 5) is most of its time.

    :param folder: the data folder, ``opt.data``
    :param device: where the tensors live (188 MB for the training images)
    :param quick: only the first 512 training and 256 test images
    :returns: ``train_set, test_set``, each with ``tensors`` = images, normalised,
        float32 [n, 1, 28, 28], and labels, int64 [n]; n is 60000 and 10000
    :raises SystemExit: see ``read_data``
    """
    sets = []
    for part, limit in ("train", 512), ("t10k", 256):
        limit = limit if quick else None
        # The header is 16 bytes for images, 8 for labels; then a byte a pixel or label.
        pixels = _decode(folder, f"{part}-images-idx3-ubyte.gz", 16)
        labels = _decode(folder, f"{part}-labels-idx1-ubyte.gz", 8)[:limit]
        images = pixels.view(-1, 1, 28, 28)[:limit].to(device, torch.float32)
        images = images.div_(255).sub_(MNIST_MEAN).div_(MNIST_STD)
        sets.append(TensorDataset(images, labels.to(device, torch.int64)))
    return sets[0], sets[1]


def _decode(folder: str | Path, name: str, header: int) -> Tensor:
    content = gzip.decompress(read_data(folder, f"MNIST/raw/{name}"))
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=header)


@contextmanager
def mnist_folder(folder: str | Path) -> Iterator[str]:
    """
    A temporary folder with the four archives, for ``torchvision.datasets.MNIST``.

    torchvision unpacks archives beside themselves and then trusts what it unpacked. In
    a folder of its own that works in a read-only clone, and for several runs at once.
    Its datasets hold all images in memory, so that they outlive the folder.

    :raises SystemExit: see ``read_data``
    """
    with tempfile.TemporaryDirectory() as root:
        for name in CHECKSUMS:
            if name.startswith("MNIST/"):
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read_data(folder, name))
        yield root


def batches(
    dataset: TensorDataset | Subset, batch_size: int, shuffle: bool = False
) -> DataLoader:
    """
    A DataLoader that takes each batch by one indexing operation.

    :param dataset: tensors of equal length n, or a part of such
    :param batch_size: samples a batch; the last batch may have fewer
    :param shuffle: in a new random order each epoch
    :returns: yields one batch of each of the dataset's tensors, on their device
    :raises ValueError: if the batch size is below 1
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, and has to be at least 1")
    sampler = _BatchSampler(dataset, batch_size, shuffle)
    return DataLoader(dataset, sampler=sampler, batch_size=None)


class _BatchSampler(Sampler):
    """Which samples each batch holds: positions in random order, or a slice."""

    def __init__(self, dataset, batch_size: int, shuffle: bool) -> None:
        self.count, self.batch_size, self.shuffle = len(dataset), batch_size, shuffle
        self.takes_tensors = isinstance(dataset, TensorDataset)  # a Subset takes lists

    def __iter__(self) -> Iterator[Tensor | list[int] | slice]:
        if self.shuffle:
            for positions in torch.randperm(self.count).split(self.batch_size):
                yield positions if self.takes_tensors else positions.tolist()
        else:
            for start in range(0, self.count, self.batch_size):
                yield slice(start, start + self.batch_size)

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch_size)


# --- training -----------------------------------------------------------------------


def stop_if_not_finite(loss: Tensor) -> float:
    """
    The loss as a number, checked before anything is trained on it.

    :param loss: shape []
    :raises SystemExit: status 1, if the loss is NaN or infinite
    """
    value = loss.item()
    if not math.isfinite(value):
        stop(f"the loss is {value}: training stops here; try a smaller --lr")
    return value


@torch.no_grad()
def evaluate(net: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """
    Mean cross entropy and accuracy of a classifier.

    The loss is summed over samples and divided by their number, so that a smaller last
    batch does not count for more. The net is left in the mode in which it was.

    :param net: gives logits [b, k] for the loader's first tensor [b, ...]
    :param loader: yields samples and labels [b], on the net's device
    :returns: ``loss, accuracy``, the accuracy in 0 to 1
    :raises ValueError: if the loader has no samples
    """
    training = net.training
    net.eval()
    loss = correct = count = 0
    for x, y in loader:
        logits = net(x)  # [b, ...] => [b, k]
        loss += F.cross_entropy(logits, y, reduction="sum")
        correct += (logits.argmax(dim=1) == y).sum()
        count += len(y)
    net.train(training)
    if count == 0:
        raise ValueError("the loader has no samples to evaluate the net on")
    return loss.item() / count, correct.item() / count


# --- results ------------------------------------------------------------------------


def output_path(name: str) -> Path:
    """Where ``save`` writes; ``outputs/notebook/`` is for cells of a console, too."""
    script = running_script()
    outputs = Path(os.environ.get("LESSONS_OUTPUTS") or ROOT / "outputs").expanduser()
    return outputs / (script.stem if script else "notebook") / name


def save(name: str, write: Callable[[Path], object]) -> Path | None:
    """
    Write ``outputs/<lesson>/<name>``, whole or not at all.

    :param write: writes the content to the path that it is given
    :returns: the file's path, or None where it cannot be written; then a line on
        stderr says so, and the lesson goes on
    """
    path = output_path(name)
    problem = _replace(path, write)
    if problem:
        say_once(f"{path} is not saved: {problem}. The lesson goes on.", problem)
        return None
    say_once(f"saved {path}")
    return path


def _replace(path: Path, write: Callable[[Path], object]) -> str | None:
    """Write a file beside ``path``, then rename it: the old one survives a failure."""
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save raises RuntimeError
        return getattr(error, "strerror", None) or "the file could not be finished"
    finally:
        if part.exists():
            part.unlink()
    return None


def show(name: str) -> None:
    """
    Save the current figure as ``outputs/<lesson>/<name>.png``, and show it.

    A script that shows a second figure of the same name gets ``<name>_2.png``. Where
    there is a display, and ``--no-show`` was not given, a window opens and the lesson
    goes on; the windows stay until the reader closes them.
    """
    name = re.sub(r"[^\w-]+", "_", str(name)) or "figure"  # fit for any file system
    figure = plt.gcf()
    if not CHINESE_FONT and any(map(_is_chinese, figure.findobj(Text))):
        say_once("this machine has no font for Chinese: boxes stand for characters")
    if not hasattr(sys, "ps1"):  # in a console a cell may well run again
        _shown[name] = _shown.get(name, 0) + 1
        name += f"_{_shown[name]}" if _shown[name] > 1 else ""
    save(f"{name}.png", figure.savefig)
    if plt.get_backend().lower() != "agg":
        _keep_windows()
        plt.pause(0.1)
    else:  # nobody sees them, so that old ones may go
        for number in plt.get_fignums()[:-10]:
            plt.close(number)


_shown: dict[str, int] = {}


def _is_chinese(text: Text) -> bool:
    return any("\u2e80" <= character <= "\uffef" for character in text.get_text())


@functools.cache
def _keep_windows() -> None:
    atexit.register(plt.show)


def plot_image(
    img: Tensor | np.ndarray | Sequence,
    label: Tensor | np.ndarray | Sequence | int,
    name: str,
    count: int = 6,
) -> None:
    """
    Draw the first images of a batch, each under the title ``name: label``.

    One channel is drawn in grey, from an image's lowest number to its highest. Three
    are drawn in colour; numbers outside 0 to 1 are first brought into that range.

    :param img: images [b, c, h, w] or [b, h, w, c] with c = 1 or 3, [b, h, w], or one
        image [h, w]; a tensor on any device, an array, or a list of images
    :param label: a label for each image, [b]
    :param count: how many are drawn at most
    :raises ValueError: if there is no image, a label is missing, or a shape is wrong
    """
    labels = np.atleast_1d(_as_array(label))
    images = _as_images(img, one=labels.size == 1)  # [b, h, w] or [b, h, w, 3]
    count = min(count, len(images))
    if count < 1:
        raise ValueError(f"{count} of {len(images)} images cannot be drawn")
    if labels.ndim > 1 or len(labels) < count:
        raise ValueError(
            f"{len(images)} images and labels of shape {list(labels.shape)}: one label "
            f"an image is needed (of one-hot rows, label.argmax(dim=1))"
        )
    columns = 3 if count <= 6 else 6
    rows = math.ceil(count / columns)
    plt.figure(figsize=(1.8 * columns, 2 * rows), layout="tight")
    for i in range(count):
        plt.subplot(rows, columns, i + 1)
        plt.imshow(images[i], cmap="gray", interpolation="none")
        plt.title(f"{name}: {labels[i]}", parse_math=False)
        plt.axis("off")
    show(name)


def _as_array(values) -> np.ndarray:
    """Numbers, tensors, arrays, images, or a list of such as one array; None is NaN."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    if isinstance(values, Sequence) and not isinstance(values, str):
        items = [np.nan if v is None else _as_array(v) for v in values]
        if len({np.shape(item) for item in items}) > 1:
            raise ValueError("the items of the list have different shapes")
        return np.array(items)
    return np.asarray(values)


def _as_images(img, one: bool) -> np.ndarray:
    images = _as_array(img)
    shape = list(images.shape)
    if images.ndim == 2 and one:
        images = images[None]
    if images.ndim == 4 and shape[1] in (1, 3):
        images = images.transpose(0, 2, 3, 1)  # [b, c, h, w] => [b, h, w, c]
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    colour = images.ndim == 4 and images.shape[3] == 3
    if not (images.ndim == 3 or colour) or min(images.shape[1:3]) < 2:
        raise ValueError(
            f"shape {shape} is no batch of images; [b, 1, h, w] or [b, 3, h, w] is one "
            f"(of flat digits, x.view(-1, 1, 28, 28))"
        )
    if colour and images.size and (images.min() < 0 or images.max() > 1):
        images = (images - images.min()) / (images.max() - images.min())
    return images


def plot_curve(
    data: Sequence | Tensor | np.ndarray | Mapping[str, Sequence | Tensor],
    name: str = "curve",
    xlabel: str = "step",
    ylabel: str = "value",
) -> None:
    """
    Draw one curve, or several, over their index.

    :param data: numbers (or 0-d tensors, on any device; None leaves a gap) [n], or a
        curve a column [n, curves], or a dict of such by name
    :param name: the figure's file name
    :raises ValueError: if there is nothing to draw, or what there is are no curves
    """
    named = data if isinstance(data, Mapping) else {ylabel: data}
    curves = {label: _as_array(values) for label, values in named.items()}
    for label, values in curves.items():
        if values.ndim not in (1, 2) or not np.can_cast(
            values.dtype, float, "same_kind"
        ):
            raise ValueError(f"{label}: shape {list(values.shape)} is no curve, [n] is")
    if not curves or any(values.size == 0 for values in curves.values()):
        raise ValueError("plot_curve was given no values")
    plt.figure()
    for label, values in curves.items():
        plt.plot(values, label=label)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    plt.legend()
    show(name)


def one_hot(label: Tensor | np.ndarray | Sequence | int, depth: int = 10) -> Tensor:
    """
    Class labels as rows with a single one.

    ``F.one_hot`` does the same in int64; a loss such as ``mse_loss`` wants floats.

    :param label: whole numbers of any dtype [b], on any device
    :param depth: the number of classes k
    :returns: float32 [b, k], on the label's device
    :raises ValueError: if a label is not in 0 to ``depth - 1``, or no whole number
    """
    label = torch.as_tensor(label)
    whole = label.long()
    wrong = label[(label.float() != whole) | (whole < 0) | (whole >= depth)]
    if len(wrong):
        raise ValueError(
            f"label {wrong[0].item()} is not one of 0 to {depth - 1} (depth={depth})"
        )
    return F.one_hot(whole, depth).float()
