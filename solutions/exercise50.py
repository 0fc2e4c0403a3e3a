"""
Exercises of lesson 50: training recurrent networks

``python check.py 50`` checks them whenever you save this file.
"""

import copy

import torch
from torch import nn, optim
from torch.nn import functional as F

from solutions import exercise


@exercise(
    "The state of a piece is the first state of the next one. Only its numbers are "
    "handed on, and not its graph.",
    "``x.split(length, dim=1)`` gives all pieces, a shorter last one included. "
    "``detach`` gives the numbers of a state without its graph.",
)
def train_in_pieces(net, optimizer, x, y, length):
    """
    Train on long sequences in pieces, with one step of the optimizer for each piece.

    The state goes on from piece to piece, and the gradient ends where a piece begins.
    The loss of a piece is ``F.mse_loss``. The last piece may be shorter.

    :param net: ``net(x, h)`` returns the predictions and the next state, a tensor; the
        first h is None
    :param optimizer: the optimizer of the net's parameters
    :param x: [b, t, d]
    :param y: the targets, [b, t, 1]
    :param length: the number of time steps of a piece
    :returns: the losses of all pieces, a list of floats
    """
    h, losses = None, []
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        prediction, h = net(x_piece, h)
        loss = F.mse_loss(prediction, y_piece)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        h = h.detach()
        losses.append(loss.item())
    return losses


class Memory(nn.Module):
    """[b, t, 1] to [b, t, 1]; it remembers the states and pieces that it is given."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 4, batch_first=True)
        self.linear = nn.Linear(4, 1)
        self.given, self.sizes = [], []

    def forward(self, x, h=None):
        self.given.append(h)
        self.sizes.append(x.shape[1])
        out, h = self.rnn(x, h)
        return self.linear(out), h


def what_it_does(train_in_pieces, t, length):
    """The trained network, an untrained copy, the series, and the losses."""
    torch.manual_seed(1)
    net, x = Memory(), torch.randn(3, t, 1)
    untrained = copy.deepcopy(net)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    losses, error = None, None
    try:
        losses = train_in_pieces(net, optimizer, x, x.cumsum(dim=1), length)
    except RuntimeError as raised:
        error = raised
    assert "a second time" not in str(error), (
        "The second piece goes back into the graph of the first one, and backward has "
        "freed it. The state that is handed on needs no graph."
    )
    assert "inplace" not in str(error), (
        "The graph of the first piece was kept, but the optimizer has changed the "
        "weights in it. Do not keep the graph: end the gradient at the cut."
    )
    if error:
        raise error
    return net, untrained, x, losses


@train_in_pieces.must
def pieces_are_read_in_order(train_in_pieces):
    net, _, _, losses = what_it_does(train_in_pieces, 10, 4)
    assert sum(net.sizes) == 10, (
        f"Of 10 time steps the network has read {sum(net.sizes)}. A rest that is "
        "shorter than a piece belongs to the data, too."
    )
    assert net.sizes == [4, 4, 2], (
        f"10 time steps in pieces of 4 are 4, 4 and 2, not {net.sizes}."
    )
    assert all(h is not None for h in net.given[1:]), (
        "Each piece began with an empty state. What the network has read before is "
        "lost: hand on the numbers of the state."
    )
    assert isinstance(losses, list), f"It returns {losses!r}, not a list of losses."
    assert all(isinstance(loss, float) for loss in losses), (
        "The losses are no floats: a tensor keeps the graph of its piece in memory."
    )
    assert len(losses) == 3, f"3 pieces have 3 losses, not {len(losses)}."


@train_in_pieces.must
def weights_are_those_of_two_plain_steps(train_in_pieces):
    net, plain, x, losses = what_it_does(train_in_pieces, 6, 3)
    h, y, expected = torch.zeros(1, 3, 4), x.cumsum(dim=1), []
    for piece in slice(0, 3), slice(3, 6):
        prediction, after = plain(x[:, piece], h)
        loss = F.mse_loss(prediction, y[:, piece])
        gradients = torch.autograd.grad(loss, list(plain.parameters()))
        with torch.no_grad():
            for p, gradient in zip(plain.parameters(), gradients, strict=True):
                p -= 0.1 * gradient
        expected.append(loss.item())
        h = torch.tensor(after.tolist())
    assert abs(losses[0] - expected[0]) < 1e-5, (
        f"The loss of the first piece is {expected[0]:.4f}, not {losses[0]:.4f}."
    )
    assert abs(losses[1] - expected[1]) < 1e-5, (
        f"The loss of the second piece is {expected[1]:.4f}, not {losses[1]:.4f}. Each "
        "piece has its own step: the second piece meets changed weights."
    )
    for p, right in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(p, right, atol=1e-6), (
            "The losses are right, but the weights after two pieces are not. The "
            "gradient of a piece is added to what is in ``grad`` already, unless it is "
            "set to zero."
        )


@train_in_pieces.mistake
def graph_handed_on(net, optimizer, x, y, length):
    """The second piece goes back into the graph of the first one"""
    h, losses = None, []
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        prediction, h = net(x_piece, h)
        loss = F.mse_loss(prediction, y_piece)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_in_pieces.mistake
def graph_kept(net, optimizer, x, y, length):
    """Do not keep the graph: end the gradient at the cut."""
    h, losses = None, []
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        prediction, h = net(x_piece, h)
        loss = F.mse_loss(prediction, y_piece)
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_in_pieces.mistake
def state_forgotten(net, optimizer, x, y, length):
    """Each piece began with an empty state."""
    losses = []
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        loss = F.mse_loss(net(x_piece, None)[0], y_piece)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_in_pieces.mistake
def rest_left_out(net, optimizer, x, y, length):
    """A rest that is shorter than a piece belongs to the data, too."""
    whole = x.shape[1] // length * length
    return train_in_pieces(net, optimizer, x[:, :whole], y[:, :whole], length)


@train_in_pieces.mistake
def gradients_added_up(net, optimizer, x, y, length):
    """
    The gradient of a piece is added to what is in ``grad`` already, unless it is set to
    zero.
    """
    h, losses = None, []
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        prediction, h = net(x_piece, h)
        loss = F.mse_loss(prediction, y_piece)
        loss.backward()
        optimizer.step()
        h = h.detach()
        losses.append(loss.item())
    return losses


@train_in_pieces.mistake
def one_step_at_the_end(net, optimizer, x, y, length):
    """Each piece has its own step: the second piece meets changed weights."""
    h, losses = None, []
    optimizer.zero_grad()
    for x_piece, y_piece in zip(x.split(length, 1), y.split(length, 1), strict=True):
        prediction, h = net(x_piece, h)
        loss = F.mse_loss(prediction, y_piece)
        loss.backward()
        h = h.detach()
        losses.append(loss.item())
    optimizer.step()
    return losses


@train_in_pieces.mistake
def losses_with_their_graphs(net, optimizer, x, y, length):
    """a tensor keeps the graph of its piece in memory."""
    losses = train_in_pieces(net, optimizer, x, y, length)
    return [torch.tensor(loss) for loss in losses]
