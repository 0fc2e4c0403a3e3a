"""
How long an epoch of lesson 29 takes with four ways to feed it.

- the pipeline of the notes and of lesson 5: each image decoded and normalised anew
- the same with two worker processes
- ours: all images normalised once, a batch taken by one indexing operation
- ready: the same batches lying in memory, the bound that no pipeline can beat

The four take turns, so that a slow moment of the machine hits them alike; the median of
the rounds is taken, and the ratios are those of one run. A last line is the bound by
arithmetic: the epoch's floating-point operations at the rate of one large product of
matrices.

    python benchmarks/input_pipeline.py --rounds 5
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets, transforms

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from utils import ROOT, batches, mnist, mnist_folder

BATCH_SIZE = 200


def network() -> nn.Module:
    """The MLP of lesson 29."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 200),
        nn.LeakyReLU(),
        nn.Linear(200, 200),
        nn.LeakyReLU(),
        nn.Linear(200, 10),
    )


def epoch_seconds(loader, device: torch.device | str = "cpu") -> float:
    """Seconds for training on every batch of ``loader``, which are on the device."""
    net = network().to(device)
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    start = time.perf_counter()
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def operations(x: torch.Tensor, y: torch.Tensor) -> int:
    """Floating-point operations of one training step, two a multiply-add."""
    net = network()
    with FlopCounterMode(display=False) as counter:
        F.cross_entropy(net(x), y).backward()
    return counter.get_total_flops()


def product_rate(n: int = 2048) -> float:
    """Floating-point operations a second in a product of two n by n matrices."""
    a, b = torch.randn(n, n), torch.randn(n, n)
    a @ b  # not counted: the first product warms up
    start = time.perf_counter()
    a @ b
    return 2 * n**3 / (time.perf_counter() - start)


def main() -> None:
    """Time each pipeline in turn and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds

    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    with mnist_folder(ROOT / "data") as folder:
        usual = datasets.MNIST(folder, train=True, download=True, transform=transform)
    train_set, _ = mnist(ROOT / "data")
    ours = batches(train_set, BATCH_SIZE, shuffle=True)
    loaders = {
        "notes' pipeline": DataLoader(usual, BATCH_SIZE, shuffle=True),
        "with 2 workers": DataLoader(usual, BATCH_SIZE, shuffle=True, num_workers=2),
        "ours": ours,
        "ready batches": list(ours),
    }
    epoch_seconds(loaders["ready batches"])  # not counted: the first epoch warms up
    times = {name: [] for name in [*loaders, "by arithmetic"]}
    epoch_operations = sum(operations(x, y) for x, y in loaders["ready batches"])
    for _ in range(rounds):
        times["by arithmetic"].append(epoch_operations / product_rate())
        for name, loader in loaders.items():
            times[name].append(epoch_seconds(loader))

    median = {name: statistics.median(values) for name, values in times.items()}
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, {rounds} rounds")
    print(f"{'':18}{'s/epoch':>9}{'to ready':>10}{'to ours':>10}")
    for name, value in median.items():
        to_ready = value / median["ready batches"]
        to_ours = value / median["ours"]
        print(f"{name:18}{value:9.2f}{to_ready:10.2f}{to_ours:10.2f}")


if __name__ == "__main__":  # worker processes import this file on Windows and macOS
    main()
