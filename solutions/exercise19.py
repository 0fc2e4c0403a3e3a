"""
Exercises of lesson 19: the gradient of a perceptron

``python check.py 19`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "z changes o, and o changes E. Which two derivatives does the chain rule multiply?",
    "The slope of a sigmoid follows from what came out of it: o times "
    "what is left to 1.",
)
def output_delta(o, t):
    """
    The derivative of E with respect to z, of a perceptron with one output.

    The output is o = sigmoid(z), and E = (o - t)^2 / 2.

    :param o: the output, a float between 0 and 1
    :param t: the target, 0.0 or 1.0
    :returns: the derivative, a float
    """
    return (o - t) * o * (1 - o)


@output_delta.inputs
def output_delta_inputs():
    o = [0.999, 0.001, random_int(1, 9) / 10, random_int(1, 9) / 10][random_int(0, 3)]
    return o, float(random_int(0, 1))


@output_delta.must
def delta_is_autograds(output_delta):
    for start, t in (6.9, 0.0), (-6.9, 1.0), (0.5, 1.0), (0.5, 0.0):
        z = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        o = torch.sigmoid(z)
        gradient = torch.autograd.grad((o - t) ** 2 / 2, z)[0].item()
        delta = output_delta(o.item(), t)
        assert abs(delta - gradient) < 1e-6, (
            f"z = {start}, t = {t}: autograd gives {gradient:.4f}, not {delta:.4f}."
        )


@output_delta.mistake
def for_o(o, t):
    """
    That is the derivative for o. The slope of the sigmoid is missing, which makes it
    tiny at o = 0.999.
    """
    return o - t


@output_delta.mistake
def target_minus_output(o, t):
    """
    The sign is turned: where o is above t, E grows with z. A step goes against it.
    """
    return (t - o) * o * (1 - o)


@output_delta.mistake
def sigmoid_twice(o, t):
    """
    o is already what came out of the sigmoid. Its slope is o (1 - o), without another
    sigmoid.
    """
    s = torch.tensor(o).sigmoid().item()
    return (o - t) * s * (1 - s)


@exercise(
    "The given code is right for a sigmoid. Which factor belongs to the sigmoid?",
    "The slope of tanh follows from what came out of it as well: 1 minus its square.",
    without="autograd grad backward",
)
def tanh_gradient(x, w, t):
    """
    The gradient for the weights of a layer with tanh, without autograd.

    The outputs are o = tanh(x w^T), and E is the sum of all (o - t)^2 / 2.

    :param x: inputs, [b, n]
    :param w: weights, [k, n]
    :param t: targets, [b, k]
    :returns: the gradient of E for w, [k, n]
    """
    o = torch.tanh(x @ w.t())  # [b, n] @ [n, k] => [b, k]
    delta = (o - t) * (1 - o**2)
    return delta.t() @ x  # [k, b] @ [b, n] => [k, n]


@tanh_gradient.inputs
def tanh_gradient_inputs():
    b, n, k = random_int(2, 4), random_int(2, 3), random_int(1, 3)
    return torch.randn(b, n), torch.randn(k, n), torch.randn(b, k)


@tanh_gradient.must
def tanh_gradient_is_autograds(tanh_gradient):
    x, t = torch.randn(5, 3), torch.randn(5, 2)
    w = torch.randn(2, 3, requires_grad=True)
    E = ((torch.tanh(x @ w.t()) - t) ** 2 / 2).sum()
    gradient = torch.autograd.grad(E, w)[0]
    mine = tanh_gradient(x, w.detach(), t)
    assert mine.shape == w.shape, f"The gradient for w [2, 3] is {list(mine.shape)}."
    assert torch.allclose(mine, gradient, atol=1e-5), "Autograd disagrees."


@tanh_gradient.broken
def slope_of_a_sigmoid(x, w, t):
    """
    o (1 - o) is the slope of a sigmoid. That of tanh is 1 - o^2, which is never
    negative.
    """
    o = torch.tanh(x @ w.t())  # [b, n] @ [n, k] => [b, k]
    delta = (o - t) * o * (1 - o)
    return delta.t() @ x  # [k, b] @ [b, n] => [k, n]


@tanh_gradient.mistake
def slope_at_z(x, w, t):
    """1 - o^2 takes what came out of tanh, not the z that went in."""
    z = x @ w.t()
    return ((torch.tanh(z) - t) * (1 - z**2)).t() @ x


@tanh_gradient.mistake
def mean_over_samples(x, w, t):
    """
    E is a sum over the samples here, so the gradients of all samples add, undivided.
    """
    return tanh_gradient(x, w, t) / len(x)


@tanh_gradient.mistake
def inputs_by_outputs(x, w, t):
    """A gradient has the shape of its weight, [k, n]. This one is transposed."""
    return tanh_gradient(x, w, t).t()


@exercise(
    "A bias is the weight of a third input that is always 1. So x is [4, 3].",
    "In each step: outputs of all four rows, delta as in ``output_delta``, gradient "
    "[3] = delta @ x, and then one step of w.",
    without="autograd grad backward optim",
)
def learn_gate(outputs, lr, steps):
    """
    Teach a perceptron a logic gate by hand, without autograd.

    The rows of inputs are (0, 0), (0, 1), (1, 0), (1, 1). The weights begin at 0. E is
    the sum of (o - t)^2 / 2 over all four rows, and each step uses all of them.

    :param outputs: the wanted output of each row, 0.0 or 1.0, [4]
    :returns: the weights of both inputs, and the bias, [3]
    """
    x = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    w = torch.zeros(3)
    for _ in range(steps):
        o = torch.sigmoid(x @ w)  # [4, 3] @ [3] => [4]
        delta = (o - outputs) * o * (1 - o)
        w -= lr * delta @ x  # [4] @ [4, 3] => [3]
    return w


@learn_gate.inputs
def learn_gate_inputs():
    outputs = torch.randint(2, (4,)).float()
    outputs[0] = 1 - outputs[3]
    return outputs, float(random_int(1, 3)), random_int(1, 5)


GATES = {
    "AND": [0.0, 0, 0, 1],
    "OR": [0.0, 1, 1, 1],
    "NAND": [1.0, 1, 1, 0],
    "NOR": [1.0, 0, 0, 0],
}


@learn_gate.must
def one_step_is_autograds(learn_gate):
    outputs = torch.tensor([0.0, 1, 1, 1])
    w = torch.tensor([0.0, 0, 0], requires_grad=True)
    z = torch.stack([w[2], w[1] + w[2], w[0] + w[2], w.sum()])
    step = torch.autograd.grad(((z.sigmoid() - outputs) ** 2 / 2).sum(), w)[0]
    mine = learn_gate(outputs, 2.0, 1)
    assert torch.allclose(mine, -2 * step, atol=1e-5), (
        f"The first step of OR with lr 2 leads to {(-2 * step).tolist()}."
    )


@learn_gate.must
def gates_are_learned(learn_gate):
    for name, outputs in GATES.items():
        w = learn_gate(torch.tensor(outputs), 5.0, 300).tolist()
        z = [w[2], w[1] + w[2], w[0] + w[2], sum(w)]
        right = sum((z > 0) == (t == 1) for z, t in zip(z, outputs, strict=True))
        assert right == 4, f"Of {name} only {right} of 4 rows are right."
    w = learn_gate(torch.tensor([0.0, 1, 1, 0]), 5.0, 300)
    assert w.abs().max() < 0.1, "XOR cannot be learned: every output stays at 0.5."


@learn_gate.mistake
def without_bias(outputs, lr, steps):
    """
    Without a bias the row (0, 0) always gives 0.5: NAND and NOR cannot be learned.
    """
    x = torch.tensor([[0.0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]])
    w = torch.zeros(3)
    for _ in range(steps):
        o = torch.sigmoid(x @ w)
        w -= lr * ((o - outputs) * o * (1 - o)) @ x
    return w


@learn_gate.mistake
def uphill(outputs, lr, steps):
    """The gradient points to where E grows. A step goes against it."""
    return learn_gate(outputs, -lr, steps)


@learn_gate.mistake
def row_after_row(outputs, lr, steps):
    """
    w moved after each row, so that the next row saw another w. A step uses all rows.
    """
    x = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    w = torch.zeros(3)
    for _ in range(steps):
        for i in range(4):
            o = torch.sigmoid(x[i] @ w)
            w = w - lr * (o - outputs[i]) * o * (1 - o) * x[i]
    return w


@learn_gate.mistake
def mean_of_rows(outputs, lr, steps):
    """E is the sum over the rows. With a mean each step is a quarter as long."""
    return learn_gate(outputs, lr / 4, steps)
