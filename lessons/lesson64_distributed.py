"""
Lesson 64: training on several processes
========================================

Each process holds a copy of the network and trains on its own part of every batch.
After each backward pass they average their gradients, so that the copies stay equal.

:Notes: none; an addition to the course
:Needs: lesson 29
:Run: ``python lessons/lesson64_distributed.py``
"""

import os
import time

import torch
import torch.distributed as dist
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler

from utils import batches, evaluate, mnist, settings, stop, stop_if_not_finite

opt = settings(epochs=10, batch_size=200, lr=0.05, momentum=0.9)
torch.manual_seed(opt.seed)

# %%
# Processes that know of each other
# ---------------------------------
# ``torchrun --standalone --nproc-per-node 2 lessons/lesson64_distributed.py`` starts
# this script twice and tells each process its rank, 0 or 1. Without it there is one
# process, which trains alone. Rank 0 speaks for all. On a CPU torchrun gives each
# process one thread, unless ``OMP_NUM_THREADS`` says otherwise.

rank = int(os.environ.get("RANK", 0))
world_size = int(os.environ.get("WORLD_SIZE", 1))


def say_first(text):
    if rank == 0:
        print(text)


say_first(f"{world_size} processes, each with {opt.batch_size // world_size} images")
#: 1 processes, each with 200 images
if "RANK" not in os.environ:
    say_first("for two: torchrun --standalone --nproc-per-node 2 <this file>")
#: for two: torchrun --standalone --nproc-per-node 2 <this file>
if opt.batch_size % world_size:
    stop(f"--batch-size has to be a multiple of {world_size} processes", status=2)

# %%
# The backend moves tensors between processes: Gloo for CPUs, NCCL for CUDA. Each
# process takes an accelerator of its own.

device = opt.device
if world_size > 1:
    local_rank = int(os.environ["LOCAL_RANK"])
    if device.type != "cpu":
        if local_rank >= torch.accelerator.device_count():
            stop(f"no {device.type} device for process {local_rank}; use --device cpu")
        torch.accelerator.set_device_index(local_rank)
        device = torch.device(device.type, local_rank)
    dist.init_process_group(dist.get_default_backend_for_device(device))

# %%
# A part of the data each
# -----------------------
# ``DistributedSampler`` shuffles alike in all processes and deals the order out in
# turn, so that no image comes twice. Here for ten samples and two processes; an epoch's
# number is part of the seed, which is why ``set_epoch`` is called in the loop below.

for r in range(2):
    sampler = DistributedSampler(range(10), num_replicas=2, rank=r)
    say_first(f"rank {r}: {list(sampler)}")
#: rank 0: [4, 7, 3, 0, 6]
#: rank 1: [1, 5, 9, 8, 2]

# %%
# With the batches of lesson 29, dealt out. Two processes with 100 images see in each
# step what one with 200 sees.

train_set, test_set = mnist(opt.data, device, opt.quick)
sampler = DistributedSampler(train_set, world_size, rank, seed=opt.seed)
batch_sampler = BatchSampler(sampler, opt.batch_size // world_size, drop_last=False)
train_loader = DataLoader(train_set, sampler=batch_sampler, batch_size=None)
test_loader = batches(test_set, batch_size=1000)

# %%
# The mean of the gradients
# -------------------------
# The loss is a mean over samples. So the gradient of a batch is the mean of the
# gradients of its halves, and which process computed them does not matter.


def mlp():
    """The network of lesson 29: images [b, 1, 28, 28] to logits [b, 10]."""
    net = nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 200),
        nn.LeakyReLU(),
        nn.Linear(200, 200),
        nn.LeakyReLU(),
        nn.Linear(200, 10),  # [b, 200] => [b, 10]
    )
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net.to(device)


def gradient(net, x, y):
    """The gradient of all parameters as one vector."""
    net.zero_grad()
    F.cross_entropy(net(x), y).backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()])


net = mlp()
parameter_count = sum(p.numel() for p in net.parameters())
x, y = (t[:200] for t in train_set.tensors)
whole = gradient(net, x, y)
halves = [gradient(net, x[i::2], y[i::2]) for i in range(2)]
say_first(torch.allclose(whole, sum(halves) / 2, atol=1e-6))
#: True

# %%
# ``DistributedDataParallel`` copies rank 0's weights to all, and averages gradients
# while ``backward`` is still computing the next ones. Given only its own part of the
# batch, each process then holds the gradient of the whole batch.

if world_size > 1:
    net = DistributedDataParallel(net)
own = gradient(net, x[rank::world_size], y[rank::world_size])
averaged = torch.allclose(whole, own, atol=1e-6)
say_first(f"gradient of the whole batch in this process: {averaged}")
#: gradient of the whole batch in this process: True

# %%
# Training
# --------
# The loop of lesson 29 but for one line. A process that dies is seen by torchrun, which
# ends the others and itself with an error.

optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
epoch_seconds = []
for epoch in range(1, opt.epochs + 1):
    sampler.set_epoch(epoch)  # new: another order in each epoch
    start = time.perf_counter()
    for x, y in train_loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    epoch_seconds.append(time.perf_counter() - start)
    if rank == 0:
        plain = net.module if world_size > 1 else net
        test_loss, accuracy = evaluate(plain, test_loader)
        print(f"epoch {epoch:2d}: accuracy {accuracy:.3f}, {epoch_seconds[-1]:.1f} s")
#: epoch  1: accuracy 0.964, 1.4 s
#: epoch  2: accuracy 0.967, 1.3 s
#: epoch  3: accuracy 0.973, 1.4 s
#: epoch  4: accuracy 0.979, 1.2 s
#: epoch  5: accuracy 0.973, 1.2 s
#: epoch  6: accuracy 0.976, 1.3 s
#: epoch  7: accuracy 0.979, 1.3 s
#: epoch  8: accuracy 0.981, 1.3 s
#: epoch  9: accuracy 0.981, 1.3 s
#: epoch 10: accuracy 0.982, 1.2 s

# %%
# Are the copies equal, to the last bit? The largest and the smallest value of each
# weight over all processes say so.

weights = torch.cat([p.detach().flatten() for p in net.parameters()])
largest, smallest = weights.clone(), weights.clone()
if world_size > 1:
    dist.all_reduce(largest, dist.ReduceOp.MAX)
    dist.all_reduce(smallest, dist.ReduceOp.MIN)
    dist.destroy_process_group()
weights_equal = torch.equal(largest, smallest)
say_first(f"equal weights in all processes: {weights_equal}")
#: equal weights in all processes: True

# %%
# What limits it
# --------------
# In a ring of n processes each sends 2 (n - 1) / n times the gradient's bytes a step.
# On paper, for 8 GPUs joined by NVLink at 450 GB/s each way, and for nodes joined by a
# network of 50 GB/s:

for name, parameters in ("this MLP", parameter_count), ("ResNet-50", 25_557_032):
    sent = 2 * 7 / 8 * 4 * parameters  # bytes, float32
    nvlink, network = (sent / speed / 1e3 for speed in (450, 50))
    say_first(f"{name}: NVLink {nvlink:.1f} µs, network {network:.1f} µs a step")
#: this MLP: NVLink 3.1 µs, network 27.9 µs a step
#: ResNet-50: NVLink 397.6 µs, network 3578.0 µs a step

# %%
# The MLP's bytes take a few microseconds, but a ring of 8 has 14 hops of some
# microseconds each, and a step on 25 images is little more than kernel launches: 8 GPUs
# would hardly be faster than one. ResNet-50 computes about 12 GFLOP an image forwards
# and backwards, 0.4 TFLOP for 32 images: several milliseconds even on a fast GPU,
# behind which 0.4 ms of NVLink disappear. Between nodes 3.6 ms do so only just. On many
# nodes the time for latency and for the slowest process grows, and so does the batch:
# with 200 images on each of 64 GPUs, an epoch of MNIST is five steps, too few to learn
# from. Then the learning rate has to grow as well, and there is an end to that.

# %%
# Try it
# ------
# - Predict the images an epoch in each of 4 processes, then print ``len(sampler)``.
# - Change ``DistributedDataParallel(net)`` to ``net``. Which of the lines above change?
# - Build the averaging by hand, with ``dist.all_reduce`` on each ``p.grad``.
