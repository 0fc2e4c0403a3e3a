"""
The helpers that lessons import: everything that is needed and is not the lesson.

``plot_image``, ``plot_curve`` and ``one_hot`` are called as the course's own scripts
call them. The others are a lesson's command line (``settings``), its data (``mnist``,
``mnist_folder``, ``read_data``, ``batches``), two steps of every training run
(``finite``, ``evaluate``) and its results (``show``, ``save``).

Figures, models and logs go to ``outputs/<lesson>/`` in the repository, or below the
folder that the environment variable ``LESSONS_OUTPUTS`` names.
"""

import argparse
import atexit
import functools
import gzip
import hashlib
import math
import os
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import matplotlib
import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

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

# How figures look, as matplotlib's settings.
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 120,
}
plt.rcParams.update(STYLE)
if "--no-show" in sys.argv:  # also in lessons that have no other settings
    matplotlib.use("agg")


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


# --- settings and device ------------------------------------------------------------


def settings(**defaults: bool | int | float | str) -> argparse.Namespace:
    """
    A lesson's command line, from its default values.

    Each keyword becomes a flag of its value's type: ``settings(batch_size=200)`` gives
    ``--batch-size`` and ``opt.batch_size``. Numbers have to be above zero, or at least
    zero where the default is zero. Every lesson also gets

    - ``opt.device``: ``torch.device``, the accelerator if there is one (``--device``)
    - ``opt.seed``: int, for ``torch.manual_seed`` (``--seed``)
    - ``opt.data``: ``Path`` of the folder with the data (``--data``)
    - ``opt.quick``: a small part of the data and, unless said otherwise, one epoch, to
      see whether it runs (``--quick``, or ``LESSONS_QUICK=1`` in the environment)
    - ``--no-show``: figures are saved and no window is opened

    In a notebook or an interactive window the command line is the kernel's own, so
    there the defaults hold. Nonsense ends the run with one line and exit status 2.
    """
    argv = [] if "ipykernel" in sys.modules else sys.argv[1:]
    quick = "--quick" in argv or os.environ.get("LESSONS_QUICK") == "1"
    if quick and "epochs" in defaults:
        defaults["epochs"] = 1
    about = (sys.modules["__main__"].__doc__ or "").strip().partition("\n")[0]
    parser = _Parser(description=about)
    for name, default in defaults.items():
        _add_flag(parser, name, default)
    parser.add_argument("--device", type=_device, default="auto", help="cpu, cuda, ...")
    _add_flag(parser, "seed", 0)
    parser.add_argument("--data", type=Path, default=ROOT / "data", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="a few seconds' run")
    parser.add_argument("--no-show", action="store_true", help="open no window")
    opt = parser.parse_args(argv)
    opt.quick = quick
    return opt


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line, without the list of flags."""

    def error(self, message: str) -> NoReturn:
        stop(message.removeprefix("argument "), status=2)


def _add_flag(parser: argparse.ArgumentParser, name: str, default) -> None:
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
        if not math.isfinite(value) or value < 0 or value == 0 != default:
            bound = "at least 0" if default == 0 else "above 0"
            raise argparse.ArgumentTypeError(f"has to be {bound}, not {word}; {text}")
        return value

    parser.add_argument(flag, type=convert, default=default, help=text)


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
        or damaged. An MNIST archive is first fetched anew from torchvision's mirrors.
    """
    path = Path(folder, name)
    try:
        content = path.read_bytes()
        problem = "is damaged (its SHA-256 is not that in utils.py)"
    except OSError as error:
        content = b""
        problem = f"cannot be read ({error.strerror})"
    if _sound(name, content):
        return content
    if name.startswith("MNIST/"):
        from torchvision.datasets import MNIST  # here, since it takes 2 s to import

        problem += ", and no mirror gave it"
        for mirror in MNIST.mirrors:
            url = mirror + path.name
            say(f"{path} is missing or damaged, trying {url}")
            try:
                with urllib.request.urlopen(url, timeout=10) as response:
                    content = response.read()
            except OSError:
                continue
            if _sound(name, content):
                _replace(path, functools.partial(Path.write_bytes, data=content))
                return content
    stop(
        f"{path} {problem}. In a git clone, "
        f'"git checkout -- data" brings it back; --data names another folder.'
    )


def _sound(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == CHECKSUMS[name]


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
    dataset: TensorDataset, batch_size: int, shuffle: bool = False
) -> DataLoader:
    """
    A DataLoader that takes each batch by one indexing operation.

    :param dataset: tensors of equal length n
    :param batch_size: samples a batch; the last batch may have fewer
    :param shuffle: in a new random order each epoch
    :returns: yields one batch of each of the dataset's tensors, on their device
    """
    sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
    batch_sampler = BatchSampler(sampler, batch_size, drop_last=False)
    return DataLoader(dataset, sampler=batch_sampler, batch_size=None)


# --- training -----------------------------------------------------------------------


def finite(loss: Tensor) -> float:
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
    return loss.item() / count, correct.item() / count


# --- results ------------------------------------------------------------------------


def save(name: str, write: Callable[[Path], object]) -> Path | None:
    """
    Write ``outputs/<lesson>/<name>``, whole or not at all.

    :param write: writes the content to the path that it is given
    :returns: the file's path, or None where the folder cannot be written; then a line
        on stderr says so once, and the lesson goes on
    """
    lesson = "notebook" if "ipykernel" in sys.modules else Path(sys.argv[0]).stem
    outputs = Path(os.environ.get("LESSONS_OUTPUTS") or ROOT / "outputs")
    path = outputs / lesson / name
    problem = _replace(path, write)
    if problem:
        say_once(f"{outputs} cannot be written ({problem}): nothing is saved", "save")
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

    Where there is a display, and ``--no-show`` was not given, a window opens and the
    lesson goes on; the windows stay until the reader closes them.
    """
    save(f"{name}.png", plt.gcf().savefig)
    if plt.get_backend().lower() != "agg":
        _keep_windows()
        plt.pause(0.1)


@functools.cache
def _keep_windows() -> None:
    atexit.register(plt.show)


def plot_image(
    img: Tensor, label: Tensor | Sequence, name: str, count: int = 6
) -> None:
    """
    Draw the first digits of a batch, each under the title ``name: label``.

    :param img: normalised images [b, 1, h, w], on any device
    :param label: a label for each image, [b]
    :param count: how many are drawn at most
    :raises ValueError: if there is no image, or a label is missing
    """
    count = min(count, len(img))
    if count == 0 or len(label) < count:
        raise ValueError(f"{len(img)} images and {len(label)} labels cannot be drawn")
    columns = 3 if count <= 6 else 6
    rows = math.ceil(count / columns)
    plt.figure(figsize=(1.8 * columns, 2 * rows), layout="tight")
    for i in range(count):
        plt.subplot(rows, columns, i + 1)
        pixels = img[i][0].detach().cpu() * MNIST_STD + MNIST_MEAN  # [h, w]
        plt.imshow(pixels.numpy(), cmap="gray", interpolation="none")
        text = label[i].item() if isinstance(label, Tensor) else label[i]
        plt.title(f"{name}: {text}")
        plt.axis("off")
    show(name.replace(" ", "_"))


def plot_curve(
    data: Sequence | Tensor | Mapping[str, Sequence | Tensor],
    name: str = "curve",
    xlabel: str = "step",
    ylabel: str = "value",
) -> None:
    """
    Draw one curve, or several named ones, over their index.

    :param data: numbers (or 0-d tensors, on any device), or a dict of such by name
    :param name: the figure's file name
    :raises ValueError: if there is nothing to draw
    """
    curves = data if isinstance(data, Mapping) else {ylabel: data}
    if not curves or any(len(values) == 0 for values in curves.values()):
        raise ValueError("plot_curve was given no values")
    plt.figure()
    for label, values in curves.items():
        plt.plot([torch.as_tensor(v).detach().item() for v in values], label=label)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    plt.legend()
    show(name)


def one_hot(label: Tensor, depth: int = 10) -> Tensor:
    """
    Class labels as rows with a single one.

    ``F.one_hot`` does the same in int64; a loss such as ``mse_loss`` wants floats.

    :param label: integers of any dtype [b], on any device
    :param depth: the number of classes k
    :returns: float32 [b, k], on the label's device
    :raises ValueError: if a label is not in 0 to ``depth - 1``
    """
    label = torch.as_tensor(label).long()
    wrong = label[(label < 0) | (label >= depth)]
    if len(wrong):
        raise ValueError(
            f"label {wrong[0].item()} is outside 0 to {depth - 1} (depth={depth})"
        )
    out = torch.zeros(len(label), depth, device=label.device)
    return out.scatter_(dim=1, index=label.view(-1, 1), value=1)
