"""
Exercises of lesson 51: LSTM and GRU

``python check.py 51`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise, random_int


@exercise(
    "Compute the sums for x and for h separately. The candidate needs them before they "
    "are added.",
    "``chunk(3, dim=1)`` cuts each sum into its parts, in the order r, z, n. Only the "
    "h part of the candidate is multiplied by the reset gate.",
    without="GRU GRUCell gru_cell",
)
def gru_step(x, h, w_ih, w_hh, b_ih, b_hh):
    """
    One step of a GRU, a cell with two gates and without a cell state.

    The sums ``x @ w_ih.t() + b_ih`` and ``h @ w_hh.t() + b_hh`` have three parts each,
    in the order r, z, n. The reset gate is ``r = sigmoid(x_r + h_r)``. The update gate
    is ``z = sigmoid(x_z + h_z)``. The candidate is ``n = tanh(x_n + r * h_n)``. The
    next state is ``(1 - z) * n + z * h``.

    :param x: the input, [b, d]
    :param h: the state, [b, h]
    :param w_ih: [3 h, d]
    :param w_hh: [3 h, h]
    :param b_ih: [3 h]
    :param b_hh: [3 h]
    :returns: the next state, [b, h]
    """
    x_r, x_z, x_n = (x @ w_ih.t() + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ w_hh.t() + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


def weights_of(cell):
    return tuple(p.detach() for p in cell.parameters())


@gru_step.inputs
def gru_step_inputs():
    b, d, h = random_int(1, 2), random_int(1, 2), random_int(1, 2)
    return torch.randn(b, d), torch.randn(b, h), *weights_of(nn.GRUCell(d, h))


@gru_step.must
def cell_gives_the_same(gru_step):
    cell = nn.GRUCell(5, 4)
    x, h = torch.randn(3, 5), torch.randn(3, 4)
    out = gru_step(x, h, *weights_of(cell))
    assert torch.allclose(out, cell(x, h), atol=1e-6), "nn.GRUCell gives another state."


@gru_step.must
def update_gate_of_1_keeps(gru_step):
    weights = torch.zeros(6, 1), torch.zeros(6, 2), torch.zeros(6)
    b_hh = torch.tensor([0.0, 0.0, 50.0, 50.0, 0.0, 0.0])
    h = torch.tensor([[0.5, -2.0]])
    out = gru_step(torch.ones(1, 1), h, *weights, b_hh)
    assert torch.equal(out, h), (
        f"With z = 1 the state stays [0.5, -2.0]. Here it became {out[0].tolist()}."
    )


@gru_step.mistake
def z_and_its_rest_exchanged(x, h, w_ih, w_hh, b_ih, b_hh):
    """
    This is the formula of some papers. In PyTorch z is the share of the old state that
    is kept, and 1 - z is the share of the candidate.
    """
    x_r, x_z, x_n = (x @ w_ih.t() + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ w_hh.t() + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return z * torch.tanh(x_n + r * h_n) + (1 - z) * h


@gru_step.mistake
def reset_before_the_product(x, h, w_ih, w_hh, b_ih, b_hh):
    """
    Here the state is reset before its product with the matrix, as in the first paper.
    PyTorch multiplies first: r meets the product and its bias.
    """
    x_r, x_z, x_n = (x @ w_ih.t() + b_ih).chunk(3, dim=1)
    h_r, h_z, _ = (h @ w_hh.t() + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    h_n = (r * h) @ w_hh.chunk(3)[2].t() + b_hh.chunk(3)[2]
    return (1 - z) * torch.tanh(x_n + h_n) + z * h


@gru_step.mistake
def reset_without_its_bias(x, h, w_ih, w_hh, b_ih, b_hh):
    """
    The second bias of the candidate stands inside the bracket: the reset gate
    multiplies it, too. This is why PyTorch has two biases.
    """
    x_r, x_z, x_n = (x @ w_ih.t() + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ w_hh.t() + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    b_n = b_hh.chunk(3)[2]
    return (1 - z) * torch.tanh(x_n + r * (h_n - b_n) + b_n) + z * h


@gru_step.mistake
def sums_added_first(x, h, w_ih, w_hh, b_ih, b_hh):
    """
    The two sums may be added at once in an LSTM. In a GRU the reset gate multiplies the
    h part of the candidate alone, so x is not reset.
    """
    total = x @ w_ih.t() + b_ih + h @ w_hh.t() + b_hh
    r, z, n = total.chunk(3, dim=1)
    r, z = r.sigmoid(), z.sigmoid()
    return (1 - z) * (r * n).tanh() + z * h


@gru_step.mistake
def update_gate_first(x, h, w_ih, w_hh, b_ih, b_hh):
    """PyTorch stacks the parts in the order r, z, n: here both gates are exchanged."""
    x_z, x_r, x_n = (x @ w_ih.t() + b_ih).chunk(3, dim=1)
    h_z, h_r, h_n = (h @ w_hh.t() + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h
