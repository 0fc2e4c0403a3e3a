"""
Exercises of lesson 54: the KL divergence

``python check.py 54`` checks them whenever you save this file.
"""

import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "``F.kl_div`` takes the prediction first, as logarithms. Then it takes the target, "
    "as probabilities.",
    "``F.log_softmax`` gives logarithms that do not underflow. Its ``reduction`` has a "
    "value for the mean over the samples of a batch.",
)
def kl_loss(logits, p):
    """
    KL(p, q) of a target p and the prediction q = softmax(logits), a mean over samples.

    :param logits: what the network says, any size of number, [b, k]
    :param p: the probabilities it should give, [b, k]; some may be 0
    :returns: a tensor of shape []
    """
    return F.kl_div(F.log_softmax(logits, dim=1), p, reduction="batchmean")


@kl_loss.inputs
def kl_loss_inputs():
    b, k = random_int(1, 3), random_int(2, 3)
    logits, p = torch.randn(b, k), torch.randn(b, k).softmax(dim=1)
    if random_int(0, 2) == 0:
        p[0] = F.one_hot(torch.tensor(0), k)
    if random_int(0, 2) == 0:
        logits[0, 0] = -150
    return logits, p


@kl_loss.must
def distributions_agree(kl_loss):
    logits, p = torch.randn(4, 3), torch.randn(4, 3).softmax(dim=1)
    found = kl_loss(logits, p)
    expected = kl_divergence(Categorical(p), Categorical(logits=logits)).mean()
    assert torch.isclose(found, expected, atol=1e-6), (
        f"For 4 samples torch.distributions gives {expected:.4f}, not {found:.4f}."
    )
    perfect = kl_loss(p.log(), p)
    assert abs(perfect) < 1e-6, f"A perfect prediction has {perfect:.4f}, not 0."


@kl_loss.must
def large_logits_are_finite(kl_loss):
    found = kl_loss(torch.tensor([[0.0, -200.0]]), torch.tensor([[0.5, 0.5]])).item()
    assert abs(found - 99.3069) < 0.01, (
        f"p = 1/2, 1/2 and logits 0 and -200 give 100 - log 2 = 99.307, not {found}."
    )
    found = kl_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]])).item()
    assert abs(found - 0.6931) < 0.001, (
        f"p = 1, 0 and equal logits give log 2 = 0.693, not {found}."
    )


@kl_loss.broken
def without_logarithm(logits, p):
    """
    ``F.kl_div`` expects logarithms in the first place and does not check it. Even a
    negative result, which no KL divergence has, gives no error.
    """
    return F.kl_div(logits.softmax(dim=1), p, reduction="batchmean")


@kl_loss.mistake
def logits_as_logarithms(logits, p):
    """
    Logits are no logarithms of probabilities: their exponentials do not sum to 1. The
    softmax is missing.
    """
    return F.kl_div(logits, p, reduction="batchmean")


@kl_loss.mistake
def order_of_the_formula(logits, p):
    """
    This is KL(q, p). The formula names p first, and ``F.kl_div`` takes the prediction
    first.
    """
    return F.kl_div(p.log(), logits.softmax(dim=1), reduction="batchmean")


@kl_loss.mistake
def mean_over_elements(logits, p):
    """
    ``"mean"`` divides by all b k elements. The sum over the k classes is the divergence
    of a sample, so divide by b alone.
    """
    return kl_loss(logits, p) / p.shape[1]


@kl_loss.mistake
def summed_over_samples(logits, p):
    """This is the sum over the samples: it grows with the batch."""
    return F.kl_div(F.log_softmax(logits, dim=1), p, reduction="sum")


@kl_loss.mistake
def log_after_softmax(logits, p):
    """
    A small probability underflows to 0, and its logarithm is minus infinity. Softmax
    and logarithm in one function avoid this.
    """
    return F.kl_div(logits.softmax(dim=1).log(), p, reduction="batchmean")


@kl_loss.mistake
def cross_entropy(logits, p):
    """
    This is the cross entropy. It has the same gradient, but it exceeds the KL
    divergence by the entropy of p, so a perfect prediction is not 0.
    """
    return F.cross_entropy(logits, p)
