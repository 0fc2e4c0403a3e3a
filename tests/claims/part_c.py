"""What the lessons of part C claim, asserted on the names that a full run leaves."""

import math


def lesson16_gradients(lesson):
    gradient = lesson.gradient
    angle = math.degrees(math.atan2(gradient[1], gradient[0]))
    assert abs(lesson.best_angle - angle) <= 0.5
    assert math.isclose(lesson.directional.max(), gradient.norm(), rel_tol=1e-6)
    assert lesson.convex == {"convex": True, "saddle": False, "two minima": False}
    ends = {search[1:]: end for search, end in lesson.ends.items()}
    assert abs(ends[-1.5, 0.3, 0.0]) < abs(ends[-1.5, 0.03, 0.0]) < 1.5
    assert abs(ends[-1.5, 1.03, 0.0]) > 1.5
    assert ends[-2.0, 0.01, 0.0] < 0 < ends[2.2, 0.01, 0.0]
    assert ends[2.2, 0.01, 0.9] < 0
    return (
        f"steepest of 360 directions {lesson.best_angle}°, the gradient's {angle:.0f}°"
    )


def lesson17_function_gradients(lesson):
    assert len(lesson.errors) == 12 + 4 + 1
    assert max(lesson.errors.values()) < 1e-6
    assert lesson.smallest["torch.float64"] < 1e-8 < lesson.smallest["torch.float32"]
    assert lesson.partials == [0, 0]
    assert lesson.along_diagonal > 0.7
    return "17 formulas equal autograd to 1e-6"


def lesson18_activation_loss_gradients(lesson):
    assert len(lesson.errors) == 6
    assert max(lesson.errors.values()) < 1e-6
    for ratio, difference in zip(lesson.ratios, [1, 0.1, 10], strict=True):
        assert math.isclose(ratio, math.exp(difference))
    rows = lesson.jacobian
    assert (lesson.first - rows[1]).abs().max() < 1e-12
    assert (lesson.accumulated - rows[1] - rows[2]).abs().max() < 1e-12
    return "6 formulas equal autograd to 1e-6"


def lesson19_perceptron_gradients(lesson):
    assert len(lesson.errors) == 3
    assert max(lesson.errors.values()) < 1e-6
    for n, factor in lesson.mse_factors.items():
        assert math.isclose(factor, 2 / n)
    correct = (lesson.outputs > 0.5) == (lesson.t > 0.5)
    assert correct[:, :2].all()
    assert (lesson.outputs[:, 2] - 0.5).abs().max() < 0.05
    return "AND and OR learned by hand, XOR not"


def lesson20_chain_rule(lesson):
    assert len(lesson.errors) == 6
    assert max(lesson.errors.values()) < 1e-6
    assert lesson.plain_gradient < 1e-5
    assert lesson.residual_gradient > 1
    return "product of the steps equals the whole"


def lesson21_mlp_backprop(lesson):
    assert lesson.errors.keys() == {"w1", "b1", "w2", "b2"}
    assert max(lesson.errors.values()) < 1e-6
    assert lesson.correct == 4
    assert lesson.losses[-1] < 0.01 < lesson.losses[0]
    assert lesson.learned[2] < lesson.learned[4] == 8
    return "XOR 4 of 4 by handwritten back-propagation"


def lesson22_himmelblau(lesson):
    assert lesson.error < 1e-6
    assert max(lesson.values) < 1e-6
    for minimum in lesson.minima:
        assert ((lesson.ends - minimum).norm(dim=1) < 1e-3).sum() == 1
    assert lesson.reached > 0.99
    adam, momentum = (lesson.optimizer_ends[name] for name in ("Adam", "momentum"))
    assert math.dist(adam, momentum) > 5
    return "four starts reach four minima, f < 1e-6"
