"""
Exercises of lesson 40: batch norm

``python check.py 40`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise


@exercise(
    "What is trained is a Parameter; what is only kept is registered by "
    "``register_buffer``. ``self.training`` tells the mode.",
    "In training, normalise with the variance that divides by n, and keep the one that "
    "divides by n - 1. Move what is kept a tenth of the way, under ``no_grad``.",
    without="BatchNorm1d batch_norm",
)
class Norm(nn.Module):
    """
    Batch norm of [n, features] in both modes, as ``nn.BatchNorm1d``, without using it.

    The names are those of PyTorch: weight and bias are trained, running_mean and
    running_var are kept. They begin with 1, 0, 0 and 1. Momentum is 0.1, eps is 1e-5.
    """

    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
            with torch.no_grad():
                self.running_mean += 0.1 * (mean - self.running_mean)
                self.running_var += 0.1 * (x.var(dim=0) - self.running_var)
        return (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias


@Norm.must
def norm_holds_what_pytorch_holds(Norm):
    norm, right = Norm(3), nn.BatchNorm1d(3)
    missing = [name for name, _ in right.named_parameters() if not is_in(name, norm)]
    assert not missing, f"An optimizer does not find {missing} among its parameters."
    kept = [name for name in norm.state_dict() if name.startswith("running")]
    assert len(kept) == 2, (
        f"state_dict holds {kept} of the running statistics. "
        "A plain attribute is neither saved nor moved with the network."
    )


def is_in(name, net):
    return name in dict(net.named_parameters())


def trained(Norm):
    """A norm and PyTorch's, after the same three batches, and the last outputs."""
    norm, right = Norm(3), nn.BatchNorm1d(3)
    for layer in norm, right:
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
            layer.bias.copy_(torch.tensor([0.0, -1.0, 1.0]))
    for _ in range(3):
        x = (2 * torch.randn(4, 3) + 3).requires_grad_()  # as behind another layer
        out, right_out = norm(x), right(x)
    return norm, right, out, right_out


@Norm.must
def norm_trains_as_pytorchs(Norm):
    norm, right, out, right_out = trained(Norm)
    assert torch.allclose(out, right_out, atol=1e-4), (
        "In training the output differs. It takes the statistics of this batch, with a "
        "variance that divides by n."
    )
    assert not norm.running_mean.requires_grad, (
        "The running statistics remember the graph of every batch: the memory fills. "
        "They are no part of the loss."
    )
    ratio = (norm.running_mean / right.running_mean).mean().item()
    assert abs(ratio - 1) < 1e-3, (
        f"After three batches the running mean is {ratio:.2f} times PyTorch's. "
        "PyTorch's momentum is the share of the new batch."
    )
    assert torch.allclose(norm.running_var, right.running_var, atol=1e-4), (
        "The running variance differs: it estimates that of all data, and divides by "
        "n - 1."
    )


@Norm.must
def norm_evaluates_as_pytorchs(Norm):
    norm, right, _, _ = trained(Norm)
    norm.eval()
    right.eval()
    x, before = torch.randn(2, 3) + 1, norm.running_mean.clone()
    out = norm(x)
    assert torch.allclose(out, right(x), atol=1e-4), (
        "In evaluation the output depends on the other samples. It takes the running "
        "statistics."
    )
    assert torch.equal(norm.running_mean, before), (
        "Evaluation changes the running statistics: test data leak into the network."
    )


class InParts(Norm.solution):
    """The solution in parts, for mistakes in one of them."""

    def forward(self, x):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
            self.keep(mean, x.var(dim=0))
        return (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias

    @torch.no_grad()
    def keep(self, mean, variance):
        self.running_mean += 0.1 * (mean - self.running_mean)
        self.running_var += 0.1 * (variance - self.running_var)


@Norm.mistake
class VarianceOverLess(InParts):
    """
    In training the output differs. It takes the statistics of this batch, with a
    variance that divides by n.
    """

    def forward(self, x):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(dim=0), x.var(dim=0)
            self.keep(mean, variance)
        return (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias


@Norm.mistake
class RunningVarianceOverN(InParts):
    """
    The running variance differs: it estimates that of all data, and divides by n - 1.
    """

    def forward(self, x):
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
            self.keep(mean, variance)
        return (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias


@Norm.mistake
class MomentumTurned(InParts):
    """PyTorch's momentum is the share of the new batch."""

    @torch.no_grad()
    def keep(self, mean, variance):
        self.running_mean.copy_(0.1 * self.running_mean + 0.9 * mean)
        self.running_var.copy_(0.1 * self.running_var + 0.9 * variance)


@Norm.mistake
class PlainAttributes(InParts):
    """A plain attribute is neither saved nor moved with the network."""

    def __init__(self, features):
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.running_mean = torch.zeros(features)
        self.running_var = torch.ones(features)


@Norm.mistake
class GraphRemembered(InParts):
    """
    The running statistics remember the graph of every batch: the memory fills. They are
    no part of the loss.
    """

    def keep(self, mean, variance):
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean
        self.running_var = 0.9 * self.running_var + 0.1 * variance


@Norm.mistake
class BatchInEvaluation(InParts):
    """
    In evaluation the output depends on the other samples. It takes the running
    statistics.
    """

    def forward(self, x):
        mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
        if self.training:
            self.keep(mean, x.var(dim=0))
        return (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias


@Norm.mistake
class KeptInEvaluation(InParts):
    """Evaluation changes the running statistics: test data leak into the network."""

    def forward(self, x):
        out = super().forward(x)
        if not self.training:
            self.keep(x.mean(dim=0), x.var(dim=0))
        return out
