"""
Exercises of lesson 42: residual networks

``python check.py 42`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise


@exercise(
    "Write the change as one ``nn.Sequential`` of six layers. Nothing follows the sum.",
    "norm, ReLU, convolution, norm, ReLU, convolution. The shortcut is x as it comes, "
    "before the first norm.",
)
class PreBlock(nn.Module):
    """
    The block of He et al. (2016): norm, ReLU, convolution, twice, then x is added.

    The convolutions are 3 x 3 with padding 1 and keep the c channels. The second norm
    has numbers of its own.
    """

    def __init__(self, c):
        super().__init__()
        self.change = nn.Sequential(
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1),
        )

    def forward(self, x):
        return x + self.change(x)


def parts_of(net, kind):
    return [module for module in net.modules() if isinstance(module, kind)]


@PreBlock.must
def empty_change_hands_x_through(PreBlock):
    block, x = PreBlock(3), torch.randn(2, 3, 5, 5)
    for convolution in parts_of(block, nn.Conv2d):
        for parameter in convolution.parameters():
            nn.init.zeros_(parameter)
    out = block(x)
    assert not torch.equal(out, x.relu()), (
        "With an empty change the block has to hand x through. A ReLU behind the sum "
        "takes the negative numbers away."
    )
    assert torch.any(out != 0), (
        "With an empty change the block gives 0: x is not added to it."
    )
    assert torch.equal(out, x), (
        "With an empty change the block has to hand x through. The shortcut begins "
        "before the first norm, with x itself."
    )


@PreBlock.must
def the_order_is_norm_relu_convolution(PreBlock):
    block, x, seen = PreBlock(3), torch.randn(2, 3, 5, 5), []
    norms, convolutions = parts_of(block, nn.BatchNorm2d), parts_of(block, nn.Conv2d)
    assert len(convolutions) == 2, f"{len(convolutions)} convolutions, not 2."
    assert len(norms) != 1, (
        "Both places share one norm. Their numbers differ, and its running statistics "
        "would be a mixture."
    )
    assert len(norms) == 2, f"{len(norms)} norms, not 2."
    for module in norms + convolutions:
        module.register_forward_hook(lambda *call: seen.append(call))
    out = block(x)
    kinds = [type(module).__name__ for module, _, _ in seen]
    assert kinds == ["BatchNorm2d", "Conv2d"] * 2, (
        f"The order is {', '.join(kinds)}. In this block each norm stands before its "
        "convolution."
    )
    for i in 1, 3:
        assert torch.equal(seen[i][1][0], seen[i - 1][2].relu()), (
            "Between a norm and the convolution behind it there has to be a ReLU alone."
        )
    assert torch.allclose(out, x + seen[3][2], atol=1e-6), (
        "The result is not x plus what the second convolution gives."
    )


@PreBlock.mistake
class ReluBehindTheSum(PreBlock.solution):
    """
    With an empty change the block has to hand x through. A ReLU behind the sum takes
    the negative numbers away.
    """

    def forward(self, x):
        return super().forward(x).relu()


@PreBlock.mistake
class NormBeforeTheShortcut(PreBlock.solution):
    """The shortcut begins before the first norm, with x itself."""

    def forward(self, x):
        x = self.change[0](x).relu()
        return x + self.change[2:](x)


@PreBlock.mistake
class OneNormForBoth(PreBlock.solution):
    """
    Both places share one norm. Their numbers differ, and its running statistics would
    be a mixture.
    """

    def __init__(self, c):
        super().__init__(c)
        self.change[3] = self.change[0]


@PreBlock.mistake
class OlderOrder(PreBlock.solution):
    """In this block each norm stands before its convolution."""

    def __init__(self, c):
        super().__init__(c)
        norm1, relu1, convolution1, norm2, relu2, convolution2 = self.change
        self.change = nn.Sequential(
            convolution1, norm1, relu1, convolution2, norm2, relu2
        )


@PreBlock.mistake
class WithoutShortcut(PreBlock.solution):
    """With an empty change the block gives 0: x is not added to it."""

    def forward(self, x):
        return self.change(x)
