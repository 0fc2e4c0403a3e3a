"""
Exercises of lesson 21: back-propagation by hand

``python check.py 21`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "A gradient has one number for each number of its parameter.",
    "From 5 inputs to 7 units leads a weight of 7 rows. Its bias is added to [b, 7].",
)
def gradient_shapes(sizes):
    """
    The shapes of all gradients of an MLP, in the order w1, b1, w2, b2, ...

    A weight is [out, in], and a bias is [1, out], as in lesson 21.

    :param sizes: the numbers of inputs, of units in each layer, and of outputs
    :returns: a list of shapes, each a list of two ints
    """
    shapes = []
    for i in range(len(sizes) - 1):
        shapes.append([sizes[i + 1], sizes[i]])
        shapes.append([1, sizes[i + 1]])
    return shapes


@gradient_shapes.inputs
def gradient_shapes_inputs():
    return ([random_int(2, 9) for _ in range(random_int(2, 4))],)


@gradient_shapes.must
def shapes_fit_a_forward_pass(gradient_shapes):
    shapes = [list(shape) for shape in gradient_shapes([5, 7, 3])]
    w1, b1, w2, b2 = (torch.ones(shape, requires_grad=True) for shape in shapes)
    h = torch.sigmoid(torch.ones(8, 5) @ w1.t() + b1)
    o = h @ w2.t() + b2
    o.sum().backward()
    assert o.shape == (8, 3), f"8 samples give {list(o.shape)}, expected [8, 3]."
    assert list(b1.grad.shape) == [1, 7], "A bias is [1, out] in this lesson."


@gradient_shapes.mistake
def inputs_first(sizes):
    """A weight is [out, in] in PyTorch, and a gradient has the shape of its weight."""
    shapes = []
    for i in range(len(sizes) - 1):
        shapes += [[sizes[i], sizes[i + 1]], [1, sizes[i + 1]]]
    return shapes


@gradient_shapes.mistake
def bias_of_the_inputs(sizes):
    """A bias is added to what comes out of a layer, so it has one number for each."""
    shapes = []
    for i in range(len(sizes) - 1):
        shapes += [[sizes[i + 1], sizes[i]], [1, sizes[i]]]
    return shapes


@gradient_shapes.mistake
def each_sample_apart(sizes):
    """
    The gradient of a bias sums over the samples. What is left is [1, out], for any
    number of samples.
    """
    shapes = []
    for i in range(len(sizes) - 1):
        shapes += [[sizes[i + 1], sizes[i]], [sizes[0], sizes[i + 1]]]
    return shapes


@gradient_shapes.mistake
def weights_only(sizes):
    """Each layer has a bias as well, and the bias has a gradient."""
    return [[sizes[i + 1], sizes[i]] for i in range(len(sizes) - 1)]


@exercise(
    "There are two factors between h and the input of its sigmoid. Which one is "
    "missing?",
    "The slope of the sigmoid follows from h, elementwise: h times 1 - h.",
    without="autograd grad backward",
)
def hidden_delta(delta, w, h):
    """
    Send delta one layer back: the derivative of E for the input of the hidden sigmoid.

    :param delta: the derivative for the input of the next layer's sigmoid, [b, k]
    :param w: the weight of the next layer, [k, j]
    :param h: what came out of the hidden sigmoid, [b, j]
    :returns: [b, j]
    """
    dE_dh = delta @ w  # [b, k] @ [k, j] => [b, j]
    return dE_dh * h * (1 - h)


@hidden_delta.inputs
def hidden_delta_inputs():
    b, k, j = random_int(1, 3), random_int(2, 4), random_int(2, 4)
    return torch.randn(b, k), torch.randn(k, j), torch.rand(b, j)


@hidden_delta.must
def hidden_delta_is_autograds(hidden_delta):
    z, w, delta = (
        torch.randn(4, 3, requires_grad=True),
        torch.randn(2, 3),
        torch.rand(4, 2),
    )
    h = torch.sigmoid(z)
    gradient = torch.autograd.grad(h @ w.t(), z, delta)[0]
    mine = hidden_delta(delta, w, h.detach())
    assert torch.allclose(mine, gradient, atol=1e-5), "Autograd disagrees."


@hidden_delta.broken
def slope_forgotten(delta, w, h):
    """
    This is the derivative for h itself. On its way to the input of the sigmoid it is
    multiplied by the slope of the sigmoid.
    """
    return delta @ w  # [b, k] @ [k, j] => [b, j]


@hidden_delta.mistake
def transposed_again(delta, w, h):
    """Forward multiplies by the transposed weight, backward by the weight itself."""
    return delta @ w.t() * h * (1 - h)


@hidden_delta.mistake
def slope_of_h(delta, w, h):
    """
    h is what came out of the sigmoid already. Its slope is h (1 - h), without another
    sigmoid.
    """
    s = torch.sigmoid(h)
    return delta @ w * s * (1 - s)


@hidden_delta.mistake
def one_minus_square(delta, w, h):
    """1 - h^2 is the slope of tanh. This unit is a sigmoid."""
    return delta @ w * (1 - h**2)


@exercise(
    "Forward, keep x and what comes out of each layer in a list. Backward, go through "
    "the layers from the last to the first.",
    "The last delta is (o - t) o (1 - o). A layer's gradients are delta^T @ input and "
    "the sum of delta over the samples. Then send delta back, as in ``hidden_delta``.",
    without="autograd grad backward",
)
def backprop(x, t, weights, biases):
    """
    All gradients of an MLP of any depth with sigmoids, without autograd.

    Each layer is sigmoid(input w^T + b), and E is the sum of all (o - t)^2 / 2.

    :param x: inputs, [b, n]
    :param t: targets, [b, k]
    :param weights: a list of [out, in]
    :param biases: a list of [1, out]
    :returns: the gradients of the weights and those of the biases, two lists in the
        order of the layers
    """
    layers = [x]
    for w, b in zip(weights, biases, strict=True):
        layers.append(torch.sigmoid(layers[-1] @ w.t() + b))
    dE_do = layers[-1] - t
    weight_gradients, bias_gradients = [], []
    for i in reversed(range(len(weights))):
        o = layers[i + 1]
        delta = dE_do * o * (1 - o)  # [b, out]
        weight_gradients.insert(0, delta.t() @ layers[i])  # [out, b] @ [b, in]
        bias_gradients.insert(0, delta.sum(dim=0, keepdim=True))  # => [1, out]
        dE_do = delta @ weights[i]  # [b, out] @ [out, in] => [b, in]
    return weight_gradients, bias_gradients


def new_mlp(depth, low=1):
    """x, t, weights and biases for a batch."""
    sizes = [random_int(low, 3) for _ in range(depth + 1)]
    b = random_int(2, 3)
    weights = [torch.randn(sizes[i + 1], sizes[i]) for i in range(depth)]
    biases = [torch.randn(1, sizes[i + 1]) for i in range(depth)]
    return torch.randn(b, sizes[0]), torch.rand(b, sizes[-1]), weights, biases


@backprop.inputs
def backprop_inputs():
    return new_mlp(random_int(1, 3), low=2)


@backprop.must
def backprop_is_autograds(backprop):
    for depth in 1, 2, 4:
        x, t, weights, biases = new_mlp(depth)
        mine = [*backprop(x, t, weights, biases)]
        for p in weights + biases:
            p.requires_grad_()
        out = x
        for i in range(depth):
            out = torch.sigmoid(out @ weights[i].t() + biases[i])
        gradients = torch.autograd.grad(((out - t) ** 2 / 2).sum(), weights + biases)
        for i, name in enumerate(["weight"] * depth + ["bias"] * depth):
            g = mine[i // depth][i % depth]
            told = f"Of {depth} layers, the {name} of number {i % depth + 1}: "
            assert g.shape == gradients[i].shape, (
                f"{told}the gradient is {list(g.shape)}."
            )
            assert torch.allclose(g, gradients[i], atol=1e-5), (
                f"{told}autograd disagrees."
            )


@backprop.mistake
def last_layer_first(x, t, weights, biases):
    """
    The gradients are right, but in the reverse order: the walk back begins at the end.
    """
    dw, db = backprop(x, t, weights, biases)
    return dw[::-1], db[::-1]


@backprop.mistake
def hidden_slopes_missing(x, t, weights, biases):
    """
    Each layer has a sigmoid, and each sigmoid its slope: o (1 - o) belongs into the
    loop.
    """
    layers = [x]
    for w, b in zip(weights, biases, strict=True):
        layers.append(torch.sigmoid(layers[-1] @ w.t() + b))
    o = layers[-1]
    delta = (o - t) * o * (1 - o)
    dw, db = [], []
    for i in reversed(range(len(weights))):
        dw.insert(0, delta.t() @ layers[i])
        db.insert(0, delta.sum(dim=0, keepdim=True))
        delta = delta @ weights[i]
    return dw, db


@backprop.mistake
def biases_not_summed(x, t, weights, biases):
    """
    These gradients of the biases have a row for each sample: sum over the samples.
    """
    layers = [x]
    for w, b in zip(weights, biases, strict=True):
        layers.append(torch.sigmoid(layers[-1] @ w.t() + b))
    dE_do, dw, db = layers[-1] - t, [], []
    for i in reversed(range(len(weights))):
        delta = dE_do * layers[i + 1] * (1 - layers[i + 1])
        dw.insert(0, delta.t() @ layers[i])
        db.insert(0, delta)
        dE_do = delta @ weights[i]
    return dw, db


@backprop.mistake
def averaged_over_samples(x, t, weights, biases):
    """E is the sum over the samples: their gradients add, and nothing is divided."""
    dw, db = backprop(x, t, weights, biases)
    return [g / len(x) for g in dw], [g / len(x) for g in db]
