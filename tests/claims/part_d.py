"""What the lessons of part D claim, asserted on the names that a full run leaves."""

import math

import pytest


def lesson24_logistic_regression(lesson):
    shares = [lesson.zero_share[h] for h in (1e-2, 1e-4, 1e-6)]
    assert shares == sorted(shares)
    assert shares[-1] > 0.999
    assert max(lesson.loss_zero_share.values()) == 0
    assert max(lesson.errors.values()) < 1e-6
    assert min(lesson.accuracies.values()) > 0.9
    assert lesson.accuracy3 > 0.85
    return f"accuracy {lesson.accuracies['cross entropy']:.3f}, its slope zero"


def lesson25_cross_entropy(lesson):
    fair, loaded, certain = lesson.entropies.values()
    assert math.isclose(fair, math.log(6))
    assert fair > loaded > certain == 0
    assert max(lesson.sum_errors) < 1e-12
    assert math.isclose(lesson.in_steps, lesson.in_one, rel_tol=1e-5)
    assert lesson.separate.isinf()
    assert lesson.together == lesson.by_hand == 1000
    assert lesson.together_gradient.tolist() == [[1, -1, 0]]
    assert lesson.error < 1e-6
    slopes = lesson.slope_at_wrong
    assert slopes["cross entropy"] < -0.99
    assert slopes["squared error"] > -0.001
    assert lesson.ends["cross entropy"] > 0.9
    assert lesson.ends["squared error"] < 0.001
    return "finite at logits of 1000"


def lesson26_softmax_from_scratch(lesson):
    accuracies = lesson.accuracies
    assert accuracies["Kaiming"] >= 0.95
    assert 0.6 <= accuracies["plain randn"] <= 0.8
    assert accuracies["plain randn, ReLU on logits"] <= 0.12
    assert lesson.dead_classes >= 6
    return (
        f"test accuracy {accuracies['Kaiming']:.3f} with Kaiming, "
        f"{accuracies['plain randn']:.3f} without"
    )


def lesson27_linear_layers(lesson):
    assert lesson.parameter_count == 784 * 200 + 200 * 200 + 200 * 10 + 410
    assert lesson.largest_difference < 1e-4
    assert lesson.accuracy >= 0.88
    return "same weights as raw tensors"


def lesson28_activations_gpu(lesson):
    assert lesson.dead_units == {"ReLU": 200, "LeakyReLU": 0}
    assert lesson.accuracies["ReLU"] < 0.12 < 0.3 < lesson.accuracies["LeakyReLU"]
    free = lesson.accuracies["free logits"]
    bent = lesson.accuracies["LeakyReLU on logits"]
    assert free >= 0.84
    assert bent <= 0.78
    return f"first epoch {free:.3f} with free logits, {bent:.3f} with LeakyReLU on them"


def lesson29_mnist(lesson):
    assert lesson.accuracy >= 0.98
    assert lesson.losses[-1] < 0.1 < lesson.losses[0]
    assert len(lesson.epoch_seconds) == 10
    assert lesson.confusion.sum() == 10_000
    return f"test accuracy {lesson.accuracy:.3f}"


def lesson30_visdom(lesson):
    assert lesson.accuracy >= 0.975
    assert len(lesson.losses) == 3000
    assert lesson.one_append[3000] > 3 * lesson.one_append[100]
    assert lesson.plotted[200] == pytest.approx(50, abs=0.1)
    assert lesson.plotted[1000] == pytest.approx(10, abs=0.1)
    ratio = lesson.one_append[3000] / lesson.one_append[100]
    return (
        f"test accuracy {lesson.accuracy:.3f}; one more point costs {ratio:.0f} times "
        f"as much on 3000 points as on 100"
    )
