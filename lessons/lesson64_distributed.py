"""
Lesson 64: training on several processes (分布式训练)
=====================================================

Each process holds a copy of the network and trains on its own part of every batch.
After each backward pass the processes average their gradients, so the copies stay
equal.

:Notes: none; an addition to the course
:Needs: lessons 29 and 41
:Run: ``python lessons/lesson64_distributed.py``
"""

import gc
import os
import time

import torch
import torch.distributed as dist
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50

from utils import batches, evaluate, mnist, settings, stop, stop_if_not_finite

opt = settings(epochs=10, batch_size=200, lr=0.05, momentum=0.9)
torch.manual_seed(opt.seed)

# %%
# Several processes
# -----------------
# ``torchrun --standalone --nproc-per-node 2 lessons/lesson64_distributed.py`` starts
# this script twice, as two processes (进程). The number of processes is the world size
# (进程总数). Each process has a number of its own, its rank (进程编号), here 0 or 1.
# torchrun tells both to each process in environment variables. Without torchrun there
# is one process, which trains alone. Only rank 0 prints.
#
# On a CPU, torchrun gives each process one thread unless you set ``OMP_NUM_THREADS``.
# If the name of your machine does not resolve to an address, torchrun waits for minutes
# (Macs with a VPN do this). Then add ``--local-addr 127.0.0.1`` after ``--standalone``.

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
# The backend (通信后端) moves tensors between processes: Gloo for CPUs, NCCL for CUDA.
# Each process takes an accelerator of its own.

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
# A part of the data for each process
# -----------------------------------
# ``DistributedSampler`` shuffles in the same way in all processes. Then it gives the
# images to the ranks in turn, like cards. The number of the epoch is part of its seed,
# so the training loop below calls ``set_epoch``. Here are ten samples for two ranks and
# for three:

for ranks in 2, 3:
    for r in range(ranks):
        sampler = DistributedSampler(range(10), num_replicas=ranks, rank=r)
        say_first(f"rank {r} of {ranks}: {list(sampler)}")
#: rank 0 of 2: [4, 7, 3, 0, 6]
#: rank 1 of 2: [1, 5, 9, 8, 2]
#: rank 0 of 3: [4, 5, 0, 2]
#: rank 1 of 3: [1, 3, 8, 4]
#: rank 2 of 3: [7, 9, 6, 1]

# %%
# All ranks get the same number of samples, since they have to take the same number of
# steps. Ten samples are not divisible by three, so the sampler repeats the first two.
# With two ranks no sample comes twice.

train_set, test_set = mnist(opt.data, device, opt.quick)
sampler = DistributedSampler(train_set, world_size, rank, seed=opt.seed)
batch_sampler = BatchSampler(sampler, opt.batch_size // world_size, drop_last=False)
train_loader = DataLoader(train_set, sampler=batch_sampler, batch_size=None)
test_loader = batches(test_set, batch_size=1000)

# %%
# Two processes with 100 images each see in one step what one process with 200 images
# sees. Each of them trains the network of lesson 29:


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


# %%
# The mean of the gradients
# -------------------------
# The loss is a mean over the samples. So the gradient of a batch is the mean of the
# gradients of its two halves. It does not matter which process computed which half.


def gradient(net, x, y):
    """The gradient of all parameters as one vector."""
    net.zero_grad()
    F.cross_entropy(net(x), y).backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()])


plain = mlp()
x, y = train_set.tensors[0][:200], train_set.tensors[1][:200]
whole = gradient(plain, x, y)
halves = [gradient(plain, x[i::2], y[i::2]) for i in range(2)]
mean_of_halves = torch.allclose(whole, (halves[0] + halves[1]) / 2, atol=1e-6)
say_first(f"mean of the halves' gradients is the whole one: {mean_of_halves}")
#: mean of the halves' gradients is the whole one: True

# %%
# ``DistributedDataParallel`` copies the weights of rank 0 to all ranks. During
# ``backward`` it averages the gradients of all ranks: those of the last layer first,
# while the gradients of the other layers are still being computed. Each process gets
# only its own part of the batch, and ends with the gradient of the whole batch.

net = plain
if world_size > 1:
    net = DistributedDataParallel(plain)
own = gradient(net, x[rank::world_size], y[rank::world_size])
averaged = torch.allclose(whole, own, atol=1e-6)
say_first(f"gradient of the whole batch in this process: {averaged}")
#: gradient of the whole batch in this process: True

# %%
# Training
# --------
# One line is new against the loop of lesson 29. If a process dies, torchrun notices it,
# ends the other processes, and ends itself with an error.

optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
for epoch in range(1, opt.epochs + 1):
    sampler.set_epoch(epoch)  # new: another order in each epoch
    start = time.perf_counter()
    for x, y in train_loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - start
    if rank == 0:
        accuracy = evaluate(plain, test_loader)[1]
        print(f"epoch {epoch:2d}: accuracy {accuracy:.3f}, {seconds:.1f} s")
#: epoch  1: accuracy 0.965, 0.7 s
#: epoch  2: accuracy 0.966, 0.7 s
#: epoch  3: accuracy 0.970, 0.7 s
#: epoch  4: accuracy 0.980, 0.7 s
#: epoch  5: accuracy 0.973, 0.7 s
#: epoch  6: accuracy 0.977, 0.7 s
#: epoch  7: accuracy 0.980, 0.7 s
#: epoch  8: accuracy 0.983, 0.7 s
#: epoch  9: accuracy 0.983, 0.7 s
#: epoch 10: accuracy 0.983, 0.7 s

# %%
# Are the copies equal, to the last bit? ``all_reduce`` combines the tensors of all
# ranks, and each rank gets the result. If the largest value of each weight is also its
# smallest, then all copies are equal.
#
# At the end the group of processes is destroyed. ``DistributedDataParallel`` has to be
# gone before: if it is still in memory, some runs end with "terminate called without an
# active exception". It is part of a reference cycle (循环引用), and Python deletes such
# objects late. ``gc.collect()`` deletes them at once.

weights = torch.cat([p.detach().flatten() for p in plain.parameters()])
largest, smallest = weights.clone(), weights.clone()
if world_size > 1:
    dist.all_reduce(largest, dist.ReduceOp.MAX)
    dist.all_reduce(smallest, dist.ReduceOp.MIN)
    net = plain  # no name for DistributedDataParallel is left
    gc.collect()
    dist.destroy_process_group()
weights_equal = torch.equal(largest, smallest)
say_first(f"equal weights in all processes: {weights_equal}")
#: equal weights in all processes: True

# %%
# What limits the speed
# ---------------------
# In a ring (环) each of n processes sends to the next one only. The gradients are cut
# into n pieces. Each piece passes through all processes twice: once to be summed, and
# once to bring the sum to all. So each process sends 2 (n - 1) messages, called hops
# (跳), of one piece each. Together they are 2 (n - 1) / n times the gradient's bytes.
#
# The table is computed, not measured. It is for 8 GPUs that NVLink joins at 450 GB/s
# each way, and for 8 machines that a network joins at 50 GB/s.

with torch.device("meta"):  # shapes without numbers
    resnet, image = resnet50(), torch.randn(1, 3, 224, 224)
parameters = {"this MLP": plain, "ResNet-50": resnet}
milliseconds = {}
for name, model in parameters.items():
    sent = 2 * 7 / 8 * 4 * sum(p.numel() for p in model.parameters())  # bytes, float32
    milliseconds[name] = [sent / speed * 1e3 for speed in (450e9, 50e9)]
    nvlink, network = milliseconds[name]
    say_first(f"{name}: NVLink {nvlink:.3f} ms, network {network:.3f} ms a step")
#: this MLP: NVLink 0.003 ms, network 0.028 ms a step
#: ResNet-50: NVLink 0.398 ms, network 3.578 ms a step

# %%
# How long does a GPU compute meanwhile? PyTorch counts the floating-point operations of
# ResNet-50, forwards and backwards. As in lesson 28, a multiplication and an addition
# are two operations. The time is for a GPU that really computes 200 TFLOP a second.

with FlopCounterMode(display=False) as counter:
    resnet(image).sum().backward()
flops = counter.get_total_flops()
say_first(f"ResNet-50: {flops / 1e9:.1f} GFLOP an image")
#: ResNet-50: 24.3 GFLOP an image
say_first(f"32 images: {32 * flops / 1e12:.2f} TFLOP, {32 * flops / 200e9:.1f} ms")
#: 32 images: 0.78 TFLOP, 3.9 ms

# %%
# For ResNet-50 on 32 images NVLink needs a tenth of the time of the computation, and
# ``backward`` hides it. The network between machines needs almost as long as the
# computation. There the training is about to wait for the network.
#
# The bytes of the MLP take a few microseconds. But a ring of 8 has 14 hops, and each of
# them takes some microseconds to start. A step on 25 images is mostly the start of GPU
# kernels. So 8 GPUs would hardly be faster than one.
#
# With many machines the batch grows, too. 64 GPUs with 200 images each take 5 steps in
# an epoch of MNIST, which are too few to learn from. You then need a larger learning
# rate, and that helps only up to a limit (lesson 34).

# %%
# Try it
# ------
# ``python check.py 64`` checks the function that is named here.
#
# - Predict the images an epoch in each of 4 processes, then print ``len(sampler)``.
# - Change the given ``joint_gradient`` until parts of unequal size give the gradient of
#   the whole batch.
# - Build the averaging by hand, without ``DistributedDataParallel``. Call
#   ``dist.all_reduce`` on each ``p.grad`` and divide it by the number of processes. Run
#   it with torchrun. Are the gradient and the weights still equal?
