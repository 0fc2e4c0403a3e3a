"""
Exercises of lesson 35: early stopping and dropout

``python check.py 35`` checks them whenever you save this file.
"""

import copy

import torch
from torch import nn

from solutions import exercise


@exercise(
    "Three things are to be remembered: the lowest loss, its weights, and how many "
    "epochs have passed since.",
    "``state_dict`` refers to the tensors of the network, which go on changing; "
    "``copy.deepcopy`` makes a copy.",
)
class EarlyStop:
    """
    Early stopping for any training loop.

    ``update(loss, net)`` is called after each epoch. It returns True once ``patience``
    epochs in a row have brought no new minimum of the loss, else False.
    ``restore(net)`` gives the network the weights of the epoch with the lowest loss.
    """

    def __init__(self, patience):
        self.patience, self.waited = patience, 0
        self.best_loss, self.best_state = float("inf"), None

    def update(self, loss, net):
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best_state = copy.deepcopy(net.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self, net):
        net.load_state_dict(self.best_state)


def training(EarlyStop, losses):
    """The epoch that stops with patience 2, and the epoch whose weight is restored."""
    stop, net = EarlyStop(2), nn.Linear(1, 1, bias=False)
    for epoch, loss in enumerate(losses, start=1):
        with torch.no_grad():
            net.weight.fill_(epoch)
        if stop.update(loss, net):
            break
    else:
        epoch = None
    stop.restore(net)
    return epoch, net.weight.item()


@EarlyStop.must
def early_stop_waits_for_a_minimum(EarlyStop):
    epoch, _ = training(EarlyStop, [5.0, 6.0, 6.0, 6.0, 6.0])
    assert epoch != 4, (
        "It stops one epoch too late: with patience 2, the second epoch without a new "
        "minimum is the last."
    )
    assert epoch == 3, f"5, 6, 6 with patience 2 ends after epoch 3, not {epoch}."
    epoch, _ = training(EarlyStop, [5.0, 6.0, 4.0, 6.0, 6.0])
    assert epoch == 5, (
        f"5, 6, 4, 6, 6 with patience 2 ended after epoch {epoch}, not 5. "
        "A new minimum starts the count again."
    )
    epoch, _ = training(EarlyStop, [5.0, 8.0, 7.0, 6.0])
    assert epoch == 3, (
        f"5, 8, 7 with patience 2 ends after epoch 3, not {epoch}. Compare with the "
        "lowest loss, not with the last one: 7 after 8 is no new minimum."
    )


@EarlyStop.must
def best_weights_come_back(EarlyStop):
    _, weight = training(EarlyStop, [5.0, 4.0, 6.0, 6.0])
    assert weight != 4, (
        "The weights of the last epoch came back. The state went on with the network, "
        "since ``state_dict`` does not copy."
    )
    assert weight == 2, f"Epoch 2 was best, the weights of epoch {weight:.0f} are back."


@EarlyStop.mistake
class Uncopied(EarlyStop.solution):
    """
    The weights of the last epoch came back. The state went on with the network, since
    ``state_dict`` does not copy.
    """

    def update(self, loss, net):
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best_state = net.state_dict()
        else:
            self.waited += 1
        return self.waited >= self.patience


@EarlyStop.mistake
class NeverReset(EarlyStop.solution):
    """A new minimum starts the count again."""

    def update(self, loss, net):
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_state = copy.deepcopy(net.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


@EarlyStop.mistake
class ComparedWithTheLast(EarlyStop.solution):
    """
    Compare with the lowest loss, not with the last one: 7 after 8 is no new minimum.
    """

    def update(self, loss, net):
        if loss < self.best_loss:
            self.waited = 0
            self.best_state = copy.deepcopy(net.state_dict())
        else:
            self.waited += 1
        self.best_loss = loss
        return self.waited >= self.patience


@EarlyStop.mistake
class OneTooLate(EarlyStop.solution):
    """
    It stops one epoch too late: with patience 2, the second epoch without a new minimum
    is the last.
    """

    def update(self, loss, net):
        super().update(loss, net)
        return self.waited > self.patience
