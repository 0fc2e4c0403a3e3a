"""
Exercises of lesson 56: a code that is a distribution

``python check.py 56`` checks them whenever you save this file.
"""

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Both terms belong to a whole image. Over which dimension is each of them summed?",
    "``reduction`` tells the cross entropy what to do with the pixels. Divide by the "
    "number of images afterwards.",
)
def negative_elbo(logits, x, mean, log_variance):
    """
    The loss of a VAE, minus the ELBO: the mean over the images of cross entropy and KL.

    An image's cross entropy is the sum over its pixels. Its KL from N(0, 1) is the sum
    over the numbers of its code.

    :param logits: the decoder's result, [b, d]
    :param x: the pixels, from 0 to 1, [b, d]
    :param mean: of each number of the code, [b, k]
    :param log_variance: the logarithm of the variance of each number, [b, k]
    :returns: a tensor of shape []
    """
    error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
    return (error + kl) / len(x)


@negative_elbo.inputs
def negative_elbo_inputs():
    b, d, k = random_int(1, 3), random_int(2, 5), random_int(1, 3)
    return torch.randn(b, d), torch.rand(b, d), torch.randn(b, k), torch.randn(b, k)


@negative_elbo.must
def distributions_give_the_same(negative_elbo):
    logits, x = torch.randn(3, 6), torch.rand(3, 6)
    mean, log_variance = torch.randn(3, 2), torch.randn(3, 2)
    pixels = Bernoulli(logits=logits, validate_args=False)
    code = Normal(mean, log_variance.exp().sqrt())
    kl = kl_divergence(code, Normal(0.0, 1.0)).sum(dim=1)  # [b]
    expected = (kl - pixels.log_prob(x).sum(dim=1)).mean()
    loss = negative_elbo(logits, x, mean, log_variance)
    assert torch.isclose(loss, expected, rtol=1e-4), (
        f"torch.distributions gives {expected:.4f}, not {loss:.4f}."
    )


@negative_elbo.broken
def pixels_averaged(logits, x, mean, log_variance):
    """
    The cross entropy is a mean over the pixels here. KL then weighs d times as much,
    and the codes may forget their images.
    """
    error = F.binary_cross_entropy_with_logits(logits, x)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    return error + kl.sum(dim=1).mean()


@negative_elbo.mistake
def both_averaged(logits, x, mean, log_variance):
    """
    Both terms are means of single numbers. There are many more pixels than numbers of
    the code, so KL weighs too much.
    """
    error = F.binary_cross_entropy_with_logits(logits, x)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    return error + kl.mean()


@negative_elbo.mistake
def code_averaged(logits, x, mean, log_variance):
    """KL is a mean over the numbers of the code here. The KL of a code is their sum."""
    error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    return error / len(x) + kl.mean()


@negative_elbo.mistake
def images_summed(logits, x, mean, log_variance):
    """That is the sum over the images: it grows with the batch."""
    return len(x) * negative_elbo(logits, x, mean, log_variance)


@negative_elbo.mistake
def log_deviation(logits, x, mean, log_variance):
    """
    That takes log_variance for the logarithm of the standard deviation. The logarithm
    of the variance is twice that.
    """
    return negative_elbo(logits, x, mean, 2 * log_variance)


@negative_elbo.mistake
def kl_subtracted(logits, x, mean, log_variance):
    """KL has the wrong sign: the loss would reward clouds far from N(0, 1)."""
    error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return (error + kl) / len(x)
