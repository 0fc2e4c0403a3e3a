"""
An epoch of lesson 29 with the data on the device, beside the bound without loading.

On an accelerator if there is one, else on the CPU: seconds an epoch with our loader,
the same for batches that lie ready on the device, and their ratio; first as the number
of images grows from 10 to 60 thousand, then as the batch grows. Both are drawn.

    python benchmarks/accelerator_epoch.py
"""

import platform
import statistics
import sys
from pathlib import Path

import torch
from matplotlib import pyplot as plt
from torch.utils.data import TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from input_pipeline import epoch_seconds

from utils import batches, mnist, settings, show

opt = settings(rounds=5)
train_set, _ = mnist(opt.data, opt.device)


def measure(count: int, batch_size: int) -> tuple[float, float]:
    """Median seconds an epoch over ``count`` images: our loader, ready batches."""
    images, labels = train_set.tensors
    loader = batches(TensorDataset(images[:count], labels[:count]), batch_size, True)
    ready = list(loader)
    epoch_seconds(ready, opt.device)  # not counted: the first epoch warms up
    times = [
        (epoch_seconds(loader, opt.device), epoch_seconds(ready, opt.device))
        for _ in range(opt.rounds)
    ]
    ours, bound = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{count:7d}{batch_size:7d}{ours:9.3f}{bound:9.3f}{ours / bound:7.2f}")
    return ours, bound


if opt.device.type == "cpu":
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads"
else:
    machine = str(torch.get_device_module(opt.device).get_device_name())
print(f"torch {torch.__version__} on {opt.device.type}: {machine}")
print(" images  batch     ours    ready  ratio")
counts = range(10_000, 60_001, 10_000)
by_count = [measure(count, 200) for count in counts]
sizes = [50, 100, 200, 400, 800, 1600]
by_size = [measure(60_000, size) for size in sizes]

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for ax, x, times in (axes[0], counts, by_count), (axes[1], sizes, by_size):
    ax.plot(x, [ours for ours, _ in times], "o-", label="our loader")
    ax.plot(x, [bound for _, bound in times], "o--", label="ready batches")
axes[0].set_ylim(bottom=0)  # of both
axes[0].set_xlabel("images an epoch, batch 200")
axes[1].set_xlabel("batch size, 60000 images")
axes[1].set_xscale("log")
axes[1].set_xticks(sizes, sizes)
axes[1].minorticks_off()
axes[0].set_ylabel("seconds an epoch")
axes[0].legend()
figure.suptitle(machine)
show("epoch")
