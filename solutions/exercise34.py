"""
Exercises of lesson 34: momentum and learning-rate decay

``python check.py 34`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "There are two cases. How many steps does the second one have?",
    "Behind the warm-up, the share of its total - warmup steps grows from 0 to 1. "
    "(1 + cos(pi * share)) / 2 falls from 1 to 0 with it.",
)
def learning_rate(step, warmup, total, peak):
    """
    The learning rate at a step: a straight line up, then a cosine down to 0.

    The line begins with 0 at step 0 and reaches the peak at step ``warmup``. From there
    half a wave of a cosine leads to 0 at step ``total``.

    :param step: from 0 to ``total``
    :param warmup: how many steps the line takes; 0 means that there is no line
    :param total: more than ``warmup``
    :param peak: the highest rate, a float
    :returns: a float
    """
    if step < warmup:
        return peak * step / warmup
    share = (step - warmup) / (total - warmup)
    return peak * (1 + math.cos(math.pi * share)) / 2


@learning_rate.inputs
def learning_rate_inputs():
    warmup = random_int(0, 4)
    total = warmup + random_int(2, 6)
    steps = 0, warmup, random_int(0, total), random_int(warmup, total)
    return steps[random_int(0, 3)], warmup, total, random_int(1, 10) / 10


@learning_rate.must
def scheduler_gives_the_same(learning_rate):
    for step in range(5):
        rate = learning_rate(step, 4, 10, 0.4)
        assert abs(rate - 0.1 * step) < 1e-6, (
            f"On a line to 0.4 at step 4, step {step} has {0.1 * step:.1f}, not {rate}."
        )
    for warmup in 0, 3:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        for step in range(11):
            right = schedule.get_last_lr()[0]
            rate = learning_rate(warmup + step, warmup, warmup + 10, 0.4)
            assert abs(rate - right) < 1e-6, (
                f"{step} steps behind the peak, CosineAnnealingLR has {right:.3f}, "
                f"not {rate:.3f}."
            )
            optimizer.step()
            schedule.step()


@learning_rate.mistake
def cosine_from_step_0(step, warmup, total, peak):
    """
    The rate jumps where the warm-up ends. The cosine begins there, and it has total -
    warmup steps.
    """
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + math.cos(math.pi * step / total)) / 2


@learning_rate.mistake
def quarter_wave(step, warmup, total, peak):
    """
    A quarter of a wave is steep at its end. Half a wave is flat at both ends: it falls
    from 1 to -1, and has to be moved up and halved.
    """
    if step < warmup:
        return peak * step / warmup
    return peak * math.cos(math.pi / 2 * (step - warmup) / (total - warmup))


@learning_rate.mistake
def below_zero(step, warmup, total, peak):
    """A cosine falls to -1: with a negative rate, SGD climbs."""
    if step < warmup:
        return peak * step / warmup
    return peak * math.cos(math.pi * (step - warmup) / (total - warmup))


@learning_rate.mistake
def zero_by_zero(step, warmup, total, peak):
    """
    Without a warm-up, step 0 has nothing to divide by. The step ``warmup`` itself can
    belong to the cosine, which begins with the peak.
    """
    if step <= warmup:
        return peak * step / warmup
    return learning_rate(step, warmup, total, peak)
