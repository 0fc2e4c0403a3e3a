"""
Exercises of lesson 47: recurrent networks

``python check.py 47`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise, random_int


@exercise(
    "Where has the backward direction read the whole sequence: at the last position or "
    "at the first?",
    "Take the left half of ``out[-1]`` and the right half of ``out[0]``, and join them "
    "with ``torch.cat``.",
)
def both_ends(out):
    """
    The two states of a bidirectional RNN that have read the whole sequence.

    :param out: the states at all positions, as ``nn.RNN`` returns them, [t, b, 2 h]
    :returns: those of the forward direction beside the backward direction, [b, 2 h]
    """
    h = out.shape[2] // 2
    return torch.cat([out[-1, :, :h], out[0, :, h:]], dim=1)


@both_ends.inputs
def both_ends_inputs():
    t, b, h = random_int(2, 4), random_int(2, 3), random_int(1, 3)
    return (torch.randint(10, (t, b, 2 * h)).float(),)


@both_ends.must
def last_states_are_the_same(both_ends):
    rnn = nn.RNN(3, 4, bidirectional=True)
    out, h_n = rnn(torch.randn(6, 2, 3))
    expected = torch.cat([h_n[0], h_n[1]], dim=1)
    assert torch.equal(both_ends(out), expected), "nn.RNN gives other states as h_n."


@both_ends.broken
def last_position(out):
    """
    The backward direction begins at the last position: there it has read one step only.
    Its state after the whole sequence stands at position 0.
    """
    return out[-1]


@both_ends.mistake
def first_position(out):
    """
    At position 0 the backward direction has read everything, but the forward direction
    has read one step only. Each direction has its own end.
    """
    return out[0]


@both_ends.mistake
def halves_exchanged(out):
    """
    These are the two states after one step. The left half is the forward direction,
    which ends at the last position.
    """
    h = out.shape[2] // 2
    return torch.cat([out[0, :, :h], out[-1, :, h:]], dim=1)


@both_ends.mistake
def batch_for_time(out):
    """
    Without ``batch_first`` time is the first dimension. This takes the states of one
    sequence at all positions.
    """
    h = out.shape[2] // 2
    return torch.cat([out[:, -1, :h], out[:, 0, h:]], dim=1)


@both_ends.mistake
def stacked_in_the_batch(out):
    """
    The two states of a sequence belong side by side: joined along dimension 0 they look
    like twice as many sequences.
    """
    h = out.shape[2] // 2
    return torch.cat([out[-1, :, :h], out[0, :, h:]])
