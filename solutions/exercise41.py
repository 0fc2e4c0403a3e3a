"""
Exercises of lesson 41: classic networks

``python check.py 41`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise


@exercise(
    "Give every branch the same x. Which dimension of their outputs differs in size?",
    "``torch.cat`` joins the maps along the channels, dimension 1. The optimizer finds "
    "modules of a list only in an ``nn.ModuleList``.",
)
class Branches(nn.Module):
    """
    The idea of GoogLeNet: several branches see the same maps, side by side.

    ``branches`` is a list of modules. Each makes [b, c_i, h, w] of [b, c, h, w]; all
    their channels are the output, those of the first branch first.
    """

    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Branches.must
def branches_lie_side_by_side(Branches):
    narrow, wide = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 3, padding=1)
    net, x = Branches([narrow, wide]), torch.randn(2, 3, 4, 5)
    assert len(list(net.parameters())) == 4, (
        "An optimizer does not find the parameters of the branches: a plain list hides "
        "them."
    )
    out = net(x)
    assert out.shape != (4, 3, 4, 5), (
        "The batch has grown from 2 to 4 images. The channels are dimension 1."
    )
    assert out.shape not in ((2, 3, 8, 5), (2, 3, 4, 10)), (
        "The maps have grown: they are joined along their height or width."
    )
    assert not torch.equal(out, narrow(x) + wide(x)), (
        "The branches are added, as in a residual block. Then the next layer cannot "
        "tell one from the other."
    )
    assert not torch.equal(out, wide(narrow(x))), (
        "The second branch was given what the first one gives. Both have to see x."
    )
    assert torch.equal(out, torch.cat([narrow(x), wide(x)], dim=1)), (
        f"The result {list(out.shape)} is not that of both branches, side by side."
    )


@Branches.broken
class BatchGrows(nn.Module):
    """The batch has grown from 2 to 4 images. The channels are dimension 1."""

    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches])


@Branches.mistake
class HiddenInAList(nn.Module):
    """
    An optimizer does not find the parameters of the branches: a plain list hides them.
    """

    def __init__(self, branches):
        super().__init__()
        self.branches = branches

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Branches.mistake
class MapsGrow(Branches.solution):
    """The maps have grown: they are joined along their height or width."""

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=-1)


@Branches.mistake
class Added(Branches.solution):
    """
    The branches are added, as in a residual block. Then the next layer cannot tell one
    from the other.
    """

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)


@Branches.mistake
class Chained(Branches.solution):
    """The second branch was given what the first one gives. Both have to see x."""

    def forward(self, x):
        for branch in self.branches:
            x = branch(x)
        return x
