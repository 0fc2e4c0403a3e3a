"""
Exercises of lesson 53: names of different lengths

``python check.py 53`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from solutions import exercise, random_int


@exercise(
    "A name of n letters ends at the position n - 1, and each name has its own n.",
    "Two index tensors [b] are read in pairs: the name 0, 1, 2, ... and its last "
    "position.",
    without="for while",
)
def last_states(out, lengths):
    """
    The state after the last letter of each name, without a loop.

    :param out: the states of padded names at all positions, [b, t, h]
    :param lengths: the number of letters of each name, int64, from 1 to t, [b]
    :returns: [b, h]
    """
    return out[torch.arange(len(out)), lengths - 1]


@last_states.inputs
def last_states_inputs():
    b, t, h = random_int(2, 3), random_int(3, 4), random_int(2, 3)
    return torch.randint(10, (b, t, h)).float(), torch.randint(1, t + 1, (b,))


@last_states.must
def packed_names_end_so(last_states):
    lstm, lengths = nn.LSTM(3, 4, batch_first=True), torch.tensor([2, 5, 1])
    x = torch.randn(3, 5, 3)
    out, _ = lstm(x)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h_n, _) = lstm(packed)
    mine = last_states(out, lengths)
    assert mine.shape == (3, 4), (
        f"3 names with 4 units have the shape {list(mine.shape)}, not [3, 4]."
    )
    assert torch.allclose(mine, h_n[0], atol=1e-6), (
        "A packed batch of the same names gives other last states."
    )


@last_states.broken
def last_position_of_all(out, lengths):
    """
    The last position is the end of the longest name only. For a shorter name the state
    there has read the padding as well.
    """
    return out[:, -1]


@last_states.mistake
def one_too_far(out, lengths):
    """
    Positions begin at 0: a name of n letters ends at n - 1. The position n is padding,
    or it does not exist.
    """
    return out[torch.arange(len(out)), lengths]


@last_states.mistake
def each_name_with_each_length(out, lengths):
    """
    ``:`` takes all names, each at the ends of all names. An index tensor in its place
    is read in pairs with the lengths.
    """
    return out[:, lengths - 1]


@last_states.mistake
def one_unit_gathered(out, lengths):
    """
    ``gather`` takes as many numbers as its index has. Here the index has one for each
    name, so only the first unit is left.
    """
    return out.gather(1, (lengths - 1)[:, None, None]).squeeze(1)


@last_states.mistake
def mean_over_all(out, lengths):
    """
    That is the mean of all states, those of the padding included. The task asks for one
    state of each name.
    """
    return out.mean(dim=1)
