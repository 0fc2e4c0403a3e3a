"""
Exercises of lesson 28: activations and devices

``python check.py 28`` checks them whenever you save this file.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "How many numbers has the product? How is one of them computed?",
    "Each of the n m numbers takes k multiplications and k additions.",
    without="torch",
)
def operations(n, k, m):
    """
    The floating-point operations of the product [n, k] @ [k, m].

    As in the lessons, a multiplication and the addition after it count as two.

    :returns: the number of operations, an int
    """
    return 2 * n * k * m


@operations.inputs
def operations_inputs():
    return random_int(1, 9), random_int(2, 9), random_int(1, 9)


@operations.must
def a_loop_counts_the_same(operations):
    n, k, m = 3, 4, 5
    count = 0
    for _ in range(n):
        for _ in range(m):
            for _ in range(k):
                count += 2  # total = total + a * b
    mine = operations(n, k, m)
    assert mine == count, f"A loop over [3, 4] @ [4, 5] counts {count}, not {mine}."


@operations.mistake
def products_only(n, k, m):
    """Each product is also added to a sum: these are two operations."""
    return n * k * m


@operations.mistake
def numbers_of_the_result(n, k, m):
    """
    That counts two operations for each number of the result. Each takes k products.
    """
    return 2 * n * m


@operations.mistake
def one_addition_less(n, k, m):
    """
    k numbers have k - 1 plus signs between them. But a sum that begins at 0 adds k
    times, and the lessons count this.
    """
    return n * m * (2 * k - 1)


@exercise(
    "Print ``x.device`` after the call. What does ``to`` change, and what does it "
    "return?",
    "A module moves itself. A tensor makes a copy, which needs a name.",
)
def moved(net, x, y, device):
    """
    Move a network and a batch to a device.

    The checks use the device "meta", which keeps shapes and no numbers. Every machine
    has it.

    :param net: a module, which is moved itself
    :returns: x and y on the device, two tensors
    """
    net.to(device)
    return x.to(device), y.to(device)


@moved.inputs
def moved_inputs():
    b, n = random_int(1, 3), random_int(1, 3)
    x, y = torch.randn(b, n), torch.randint(5, (b,))
    return nn.Linear(n, 2), x, y, torch.device("meta")


@moved.must
def everything_is_there(moved):
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    x, y = torch.zeros(4, 3), torch.zeros(4)
    x_there, y_there = moved(net, x, y, torch.device("meta"))
    places = {"x": x_there, "y": y_there, "net's weight": net[0].weight}
    for name, tensor in places.items():
        assert tensor.device.type == "meta", (
            f"The {name} is on {tensor.device}, not on meta."
        )


@moved.broken
def results_dropped(net, x, y, device):
    """
    A tensor's ``to`` leaves the tensor where it is and returns a copy. Here the copies
    are dropped.
    """
    net.to(device)
    x.to(device)
    y.to(device)
    return x, y


@moved.mistake
def labels_left(net, x, y, device):
    """The loss compares the output with y, so y has to move as well."""
    return moved(net, x, y, device)[0], y


@moved.mistake
def another_network(net, x, y, device):
    """
    net itself stayed where it was. A copy may be there, but the optimizer and the
    caller hold net.
    """
    copy.deepcopy(net).to(device)
    return x.to(device), y.to(device)


@exercise(
    "A unit is dead if it is 0 for all samples. Which dimension has to be 0 entirely?",
    "``register_forward_hook`` calls a function of module, inputs and output. It "
    "returns a handle, whose ``remove`` ends this. Collect the outputs, then count.",
)
def dead_relus(net, x):
    """
    The number of dead units of each ReLU, found by hooks.

    :param net: a module with ``nn.ReLU`` on [b, units] in it; no hook stays behind
    :param x: samples, [b, d]
    :returns: an int for each ReLU, a list in the order of their calls
    """
    counts = []

    def count(module, inputs, output):
        counts.append((output == 0).all(dim=0).sum().item())

    handles = []
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            handles.append(module.register_forward_hook(count))
    with torch.no_grad():
        net(x)
    for handle in handles:
        handle.remove()
    return counts


def mlp_with_dead_units():
    """Two hidden layers with biases that kill some of their units."""
    d, first, second = random_int(1, 2), random_int(2, 4), random_int(2, 4)
    net = nn.Sequential(
        nn.Linear(d, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU()
    )
    with torch.no_grad():
        net[0].bias -= 100.0 * torch.randint(2, (first,))
        net[2].bias -= 100.0 * torch.randint(2, (second,))
    return net


@dead_relus.inputs
def dead_relus_inputs():
    net = mlp_with_dead_units()
    return net, torch.randn(random_int(3, 5), net[0].in_features)


@dead_relus.must
def dead_units_are_known(dead_relus):
    net = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Sequential(nn.Linear(6, 4)))
    net[2].append(nn.ReLU())
    with torch.no_grad():
        net[0].bias[:4] = -100
        net[2][0].bias[:] = torch.tensor([-100.0, 100, 100, 100])
    x = torch.randn(50, 3)
    counts = dead_relus(net, x)
    assert list(counts) == [4, 1], (
        f"Biases of -100 kill 4 and 1 units, but {counts} were found."
    )
    assert net.training, "The network is in another mode than before."
    hooks = sum(len(module._forward_hooks) for module in net.modules())
    assert hooks == 0, (
        f"The numbers are right, but {hooks} hooks stayed behind. They will be called "
        "at every later pass."
    )


@dead_relus.mistake
def zeros_counted(net, x):
    """That counts zeros. A unit is dead only if it is 0 for all samples."""
    return counted(net, x, lambda out: (out == 0).sum().item())


@dead_relus.mistake
def once_0_is_enough(net, x):
    """A unit that is 0 for one sample may learn from another: it takes all of them."""
    return counted(net, x, lambda out: (out == 0).any(dim=0).sum().item())


@dead_relus.mistake
def samples_counted(net, x):
    """
    That counts samples for which all units are 0. The units are dimension 1, so look
    along the samples.
    """
    return counted(net, x, lambda out: (out == 0).all(dim=1).sum().item())


@dead_relus.mistake
def hooks_left(net, x):
    """They will be called at every later pass."""
    counts = []

    def count(module, inputs, output):
        counts.append((output == 0).all(dim=0).sum().item())

    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(count)
    net(x)
    return counts


def counted(net, x, count):
    """What ``count`` says of each ReLU, without hooks."""
    counts = []
    for module in net.modules():
        if isinstance(module, nn.Linear):
            x = F.relu(module(x))
            counts.append(count(x))
    return counts
