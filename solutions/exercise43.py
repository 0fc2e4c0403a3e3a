"""
Exercises of lesson 43: what a Module gives

``python check.py 43`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise, random_int


@exercise(
    "``parameters()`` gives the tensors of all parts, ``numel()`` counts in one.",
    "A frozen parameter has ``requires_grad`` False.",
)
def trainable_numbers(net):
    """
    How many numbers of a network an optimizer would change.

    :param net: any module; some of its parameters may be frozen
    :returns: an int
    """
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


@trainable_numbers.inputs
def trainable_numbers_inputs():
    first, second = nn.Linear(random_int(1, 5), 4), nn.BatchNorm1d(4)
    if random_int(0, 1):
        first.weight.requires_grad_(False)
    return (nn.Sequential(first, nn.Sequential(second, nn.ReLU())),)


@trainable_numbers.must
def linear_layer_counts(trainable_numbers):
    count = trainable_numbers(nn.Linear(3, 4))
    assert count == 16, (
        f"A linear layer from 3 to 4 has 12 weights and 4 biases: {count}?"
    )
    net = nn.Linear(3, 4)
    net.bias.requires_grad_(False)
    count = trainable_numbers(net)
    assert count == 12, f"With its biases frozen it has 12 to train, not {count}."


@trainable_numbers.mistake
def count_of_tensors(net):
    """That counts tensors; each holds many numbers."""
    return sum(1 for p in net.parameters() if p.requires_grad)


@trainable_numbers.mistake
def frozen_too(net):
    """Frozen parameters are counted, too."""
    return sum(p.numel() for p in net.parameters())


@trainable_numbers.mistake
def state_dict_numbers(net):
    """``state_dict`` has buffers as well, and the frozen parameters: both stay."""
    return sum(t.numel() for t in net.state_dict().values())


@exercise(
    "What is moved by ``to`` and saved by ``state_dict`` has to be registered.",
    "``register_buffer(name, tensor)`` registers a tensor that is not trained.",
)
class Standardize(nn.Module):
    """
    (x - mean) / std with fixed numbers that are moved and saved with the network, and
    not trained.
    """

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("std", torch.as_tensor(std))

    def forward(self, x):
        return (x - self.mean) / self.std


@Standardize.must
def standardize_moves_and_saves(Standardize):
    layer = Standardize(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    out = layer(torch.tensor([[3.0, 2.0]]))
    assert torch.equal(out, torch.tensor([[1.0, 0.0]])), (
        f"[3, 2] became {out.tolist()}."
    )
    assert not list(layer.parameters()), "The numbers would be trained: no Parameter."
    saved = list(layer.state_dict())
    assert saved == ["mean", "std"], f"state_dict holds {saved}: they are not saved."
    out = layer.double()(torch.zeros(1, 2, dtype=torch.float64))
    assert out.dtype == torch.float64, "double() did not reach the two numbers."


@Standardize.broken
class Plain(nn.Module):
    """state_dict holds []"""

    def __init__(self, mean, std):
        super().__init__()
        self.mean = torch.as_tensor(mean)
        self.std = torch.as_tensor(std)

    def forward(self, x):
        return (x - self.mean) / self.std


@Standardize.mistake
class Trained(nn.Module):
    """The numbers would be trained: no Parameter."""

    def __init__(self, mean, std):
        super().__init__()
        self.mean = nn.Parameter(torch.as_tensor(mean))
        self.std = nn.Parameter(torch.as_tensor(std))

    def forward(self, x):
        return (x - self.mean) / self.std


@exercise(
    "The module that is given has to be an attribute, or its parameters are not found.",
    "``forward`` computes the change first, compares the two shapes, and then adds.",
)
class Residual(nn.Module):
    """
    Any module with a shortcut around it: x + module(x).

    A change of another shape than x raises ValueError, even where it would broadcast.
    """

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        change = self.module(x)
        if change.shape != x.shape:
            raise ValueError(f"{list(change.shape)} cannot be added to {list(x.shape)}")
        return x + change


@Residual.must
def residual_adds(Residual):
    linear = nn.Linear(3, 3)
    net, x = Residual(linear), torch.randn(2, 3)
    assert torch.allclose(net(x), x + linear(x)), "The result is not x + module(x)."
    found = len(list(net.parameters()))
    assert found == 2, f"An optimizer finds {found} parameters in it, not 2."
    try:
        Residual(nn.Linear(3, 1))(x)
    except ValueError:
        return
    raise AssertionError("A change [2, 1] was added to x [2, 3]: it broadcasts unseen.")


@Residual.mistake
class Broadcast(nn.Module):
    """A change [2, 1] was added to x [2, 3]: it broadcasts unseen."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return x + self.module(x)


@Residual.mistake
class Hidden(nn.Module):
    """An optimizer finds 0 parameters in it, not 2."""

    def __init__(self, module):
        super().__init__()
        self.parts = [module]

    def forward(self, x):
        return x + self.parts[0](x)
