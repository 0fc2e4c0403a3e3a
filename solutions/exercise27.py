"""
Exercises of lesson 27: linear layers as modules

``python check.py 27`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "A ``Sequential`` counts all modules from 0. Which of them are linear layers?",
    "A ReLU has a number and no parameter. A linear layer has a weight [out, in] and "
    "then a bias [out].",
    without="nn torch",
)
def parameter_list(sizes):
    """
    What ``named_parameters`` of an MLP gives: names and shapes, in their order.

    The MLP is an ``nn.Sequential`` of ``nn.Linear``, ``nn.ReLU``, ``nn.Linear``, ...
    The last module is linear.

    :param sizes: the numbers of inputs, of units in each layer, and of outputs
    :returns: a list of pairs of a name and a shape, such as ``("0.bias", [3])``
    """
    pairs = []
    for i in range(len(sizes) - 1):
        pairs.append((f"{2 * i}.weight", [sizes[i + 1], sizes[i]]))
        pairs.append((f"{2 * i}.bias", [sizes[i + 1]]))
    return pairs


@parameter_list.inputs
def parameter_list_inputs():
    return ([random_int(2, 9) for _ in range(random_int(2, 4))],)


@parameter_list.must
def names_are_those_of_sequential(parameter_list):
    net = nn.Sequential(
        nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)
    )
    right = [(name, list(p.shape)) for name, p in net.named_parameters()]
    mine = [(name, list(shape)) for name, shape in parameter_list([5, 4, 3, 2])]
    assert mine == right, f"PyTorch lists {right}, and you list {mine}."


@parameter_list.mistake
def relus_not_counted(sizes):
    """A ReLU has no parameters, but it takes a place: the linear layers are 0, 2, 4."""
    pairs = []
    for i in range(len(sizes) - 1):
        pairs.append((f"{i}.weight", [sizes[i + 1], sizes[i]]))
        pairs.append((f"{i}.bias", [sizes[i + 1]]))
    return pairs


@parameter_list.mistake
def in_before_out(sizes):
    """``nn.Linear(5, 4)`` is told in, out, but its weight is [out, in], [4, 5]."""
    pairs = []
    for i in range(len(sizes) - 1):
        pairs.append((f"{2 * i}.weight", [sizes[i], sizes[i + 1]]))
        pairs.append((f"{2 * i}.bias", [sizes[i + 1]]))
    return pairs


@parameter_list.mistake
def biases_forgotten(sizes):
    """Each linear layer has a bias as well, after its weight."""
    return [pair for pair in parameter_list(sizes) if "weight" in pair[0]]


@parameter_list.mistake
def biases_as_rows(sizes):
    """``nn.Linear`` keeps its bias as a vector, [out]. It broadcasts over the batch."""
    pairs = []
    for name, shape in parameter_list(sizes):
        pairs.append((name, [1] * (2 - len(shape)) + shape))
    return pairs


@exercise(
    "Print ``len(list(net.parameters()))``. Which modules does PyTorch see?",
    "A module is found if it is an attribute of its own. A list of modules hides them, "
    "and ``nn.ModuleList`` or ``nn.Sequential`` does not.",
)
class TwoLayers(nn.Module):
    """
    Two linear layers with a ReLU between them, whose parameters an optimizer finds.

    ``TwoLayers(784, 200, 10)`` takes [..., 784] and gives [..., 10].
    """

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.second(F.relu(self.first(x)))


@TwoLayers.must
def parameters_are_found(TwoLayers):
    told = ""
    try:
        net = TwoLayers(3, 5, 2)
    except AttributeError as error:
        told = str(error)
    assert "Module.__init__" not in told, (
        f"{told}. The list of modules is made by ``super().__init__()``: it comes "
        "first."
    )
    count = sum(p.numel() for p in net.parameters())
    assert count > 0, (
        "An optimizer finds no parameter in it. PyTorch does not look into a plain "
        "list."
    )
    assert count == 3 * 5 + 5 + 5 * 2 + 2, (
        f"TwoLayers(3, 5, 2) has {count} numbers to train, expected are 32."
    )


@TwoLayers.must
def forward_is_a_relu_between(TwoLayers):
    net = TwoLayers(3, 5, 2)
    w1, b1, w2, b2 = net.parameters()
    with torch.no_grad():
        b1.sub_(0.2)
    x = torch.randn(4, 6, 3)
    right = F.linear(F.linear(x, w1, b1).clamp(min=0), w2, b2)
    out = net(x)
    assert out.shape == right.shape, f"[4, 6, 3] gave {list(out.shape)}."
    told = "The result for random inputs is not that of the formula. "
    linear = torch.allclose(out, F.linear(F.linear(x, w1, b1), w2, b2), atol=1e-5)
    assert not linear, f"{told}Without a ReLU between them, two linear layers are one."
    assert not torch.allclose(out, right.clamp(min=0), atol=1e-5), (
        f"{told}The ReLU stands between the layers, and the last one has none."
    )
    assert torch.allclose(out, right, atol=1e-5), told
    net.double()(x.double())


@TwoLayers.broken
class PlainList(nn.Module):
    """PyTorch does not look into a plain list."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.layers = [nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)]

    def forward(self, x):
        first, second = self.layers
        return second(F.relu(first(x)))


@TwoLayers.mistake
class NothingMade(TwoLayers.solution):
    """The list of modules is made by ``super().__init__()``: it comes first."""

    def __init__(self, inputs, hidden, outputs):
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, outputs)


@TwoLayers.mistake
class OneAfterTheOther(TwoLayers.solution):
    """Without a ReLU between them, two linear layers are one."""

    def forward(self, x):
        return self.second(self.first(x))


@TwoLayers.mistake
class ReluAtTheEnd(TwoLayers.solution):
    """The ReLU stands between the layers, and the last one has none."""

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))))


@exercise(
    "How many linear layers belong to a list of sizes? How many activations?",
    "Keep the layers in an ``nn.ModuleList``. In ``forward`` go through all but the "
    "last with the activation, and through the last without.",
)
class Perceptrons(nn.Module):
    """
    An MLP of any depth, with an activation between its linear layers.

    ``Perceptrons([784, 200, 10], torch.tanh)`` takes [..., 784] and gives [..., 10],
    for any dimensions in front. The activation is a function of a tensor.
    """

    def __init__(self, sizes, activation):
        super().__init__()
        self.activation = activation
        self.layers = nn.ModuleList()
        for i in range(len(sizes) - 1):
            self.layers.append(nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


@Perceptrons.must
def parameters_fit_the_sizes(Perceptrons):
    for sizes in [4, 3], [4, 5, 3], [2, 6, 5, 4]:
        net = Perceptrons(sizes, torch.tanh)
        count = sum(p.numel() for p in net.parameters())
        right = sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 1))
        assert count == right, (
            f"Perceptrons({sizes}) has {count} numbers to train, expected are {right}."
        )


@Perceptrons.must
def logits_are_free(Perceptrons):
    net = Perceptrons([4, 30, 20, 3], F.relu)
    assert net(torch.randn(200, 4)).min() < 0, (
        "With F.relu no output is ever negative: no activation stands after the last "
        "layer."
    )


@Perceptrons.must
def dimensions_in_front_pass(Perceptrons):
    net = Perceptrons([4, 5, 3], torch.tanh)
    x = torch.randn(2, 7, 4)
    told, shape = "", None
    try:
        shape = list(net(x).shape)
    except RuntimeError as error:
        told = f" ({error})"
    assert shape == [2, 7, 3], (
        f"x [2, 7, 4] gave {shape}, expected [2, 7, 3]{told}. A linear layer takes any "
        "dimensions in front, so nothing has to be flattened."
    )


@Perceptrons.must
def layers_follow_each_other(Perceptrons):
    net = Perceptrons([4, 5, 6, 3], torch.sin)
    p, x = list(net.parameters()), torch.randn(8, 4)
    right = F.linear(F.linear(x, p[0], p[1]).sin(), p[2], p[3]).sin()
    right = F.linear(right, p[4], p[5])
    told = "With torch.sin the result is not that of the formula. "
    linear = F.linear(F.linear(F.linear(x, p[0], p[1]), p[2], p[3]), p[4], p[5])
    assert not torch.allclose(net(x), linear, atol=1e-5), (
        f"{told}Between two linear layers the activation is called."
    )
    relu = F.linear(F.linear(x, p[0], p[1]).relu(), p[2], p[3]).relu()
    assert not torch.allclose(net(x), F.linear(relu, p[4], p[5]), atol=1e-5), (
        f"{told}It was ReLU: use the activation that is given."
    )
    assert torch.allclose(net(x), right, atol=1e-5), told


@Perceptrons.mistake
class ActivatedLogits(Perceptrons.solution):
    """
    With F.relu no output is ever negative: no activation stands after the last layer.
    """

    def forward(self, x):
        return self.activation(super().forward(x))


@Perceptrons.mistake
class FlattenedFirst(Perceptrons.solution):
    """A linear layer takes any dimensions in front, so nothing has to be flattened."""

    def forward(self, x):
        return super().forward(x.flatten(1))


@Perceptrons.mistake
class NeverCalled(Perceptrons.solution):
    """Between two linear layers the activation is called."""

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@Perceptrons.mistake
class AlwaysRelu(Perceptrons.solution):
    """It was ReLU: use the activation that is given."""

    def __init__(self, sizes, activation):
        super().__init__(sizes, F.relu)
