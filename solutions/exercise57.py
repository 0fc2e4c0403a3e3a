"""
Exercises of lesson 57: two networks, one game

``python check.py 57`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Both losses judge the same samples. Only one of them may change the generator.",
    "``detach`` cuts the graph. The discriminator's loss takes the cut samples, the "
    "generator's loss the others. -log D is a cross entropy with label 1.",
)
def gan_losses(discriminator, generator, x, z):
    """
    The losses of both networks, of which the first sends the generator no gradient.

    The discriminator's is -log D(x) - log(1 - D(y)) with y = G(z), the generator's is
    -log D(y). Each logarithm is a mean over the samples.

    :param discriminator: a network [b, d] => [b, 1], logits
    :param generator: a network [b, k] => [b, d]
    :param x: real samples, [b, d]
    :param z: random numbers, [b, k]
    :returns: the discriminator's loss and the generator's, two tensors of shape []
    """
    y = generator(z)
    real, fake = discriminator(x), discriminator(y.detach())
    discriminator_loss = -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
    return discriminator_loss, -F.logsigmoid(discriminator(y)).mean()


@gan_losses.inputs
def gan_losses_inputs():
    b, d, k = random_int(1, 4), random_int(1, 3), random_int(1, 3)
    return nn.Linear(d, 1), nn.Linear(k, d), torch.randn(b, d), torch.randn(b, k)


@gan_losses.must
def each_trains_its_own(gan_losses):
    discriminator, generator = nn.Linear(2, 1), nn.Linear(3, 2)
    x, z = torch.randn(5, 2), torch.randn(5, 3)
    loss_d, loss_g = gan_losses(discriminator, generator, x, z)
    weight = generator.weight
    found = torch.autograd.grad(loss_d, weight, retain_graph=True, allow_unused=True)
    assert found[0] is None or not found[0].any(), (
        "The discriminator's loss reaches the generator's weights: it would teach the "
        "generator to be found out."
    )
    found = torch.autograd.grad(loss_g, weight, retain_graph=True, allow_unused=True)
    assert found[0] is not None, (
        "The generator's loss does not reach the generator's weights: nothing would "
        "train it."
    )
    with torch.no_grad():
        real, fake = discriminator(x).sigmoid(), discriminator(generator(z)).sigmoid()
        expected = (
            F.binary_cross_entropy(real, torch.ones_like(real))
            + F.binary_cross_entropy(fake, torch.zeros_like(fake)),
            F.binary_cross_entropy(fake, torch.ones_like(fake)),
        )
    assert torch.isclose(loss_d, expected[0]), (
        f"The discriminator's loss is {loss_d:.4f}, by cross entropy {expected[0]:.4f}."
    )
    assert torch.isclose(loss_g, expected[1]), (
        f"The generator's loss is {loss_g:.4f}, by cross entropy {expected[1]:.4f}."
    )


@gan_losses.mistake
def never_detached(discriminator, generator, x, z):
    """The discriminator's loss reaches the generator's weights"""
    real, fake = discriminator(x), discriminator(generator(z))
    discriminator_loss = -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
    return discriminator_loss, -F.logsigmoid(fake).mean()


@gan_losses.mistake
def always_detached(discriminator, generator, x, z):
    """The generator's loss does not reach the generator's weights"""
    real, fake = discriminator(x), discriminator(generator(z).detach())
    discriminator_loss = -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
    return discriminator_loss, -F.logsigmoid(fake).mean()


@gan_losses.mistake
def label_0_for_both(discriminator, generator, x, z):
    """
    The generator's loss is -log(1 - D): it falls when the generator is found out. Its
    samples need the label of real ones.
    """
    loss, _ = gan_losses(discriminator, generator, x, z)
    return loss, -F.logsigmoid(-discriminator(generator(z))).mean()


@gan_losses.mistake
def minimax(discriminator, generator, x, z):
    """
    The generator's loss is log(1 - D), the minimax loss. Its slope vanishes where D is
    sure. The task asks for -log D.
    """
    loss, _ = gan_losses(discriminator, generator, x, z)
    return loss, F.logsigmoid(-discriminator(generator(z))).mean()


@gan_losses.mistake
def sigmoid_twice(discriminator, generator, x, z):
    """
    The logits passed a sigmoid twice. A loss with logits computes the sigmoid by
    itself.
    """
    twice = nn.Sequential(discriminator, nn.Sigmoid())
    return gan_losses(twice, generator, x, z)


@gan_losses.mistake
def mean_of_halves(discriminator, generator, x, z):
    """
    The discriminator's loss is half of what it should be: its two means are added, not
    averaged.
    """
    loss_d, loss_g = gan_losses(discriminator, generator, x, z)
    return loss_d / 2, loss_g
