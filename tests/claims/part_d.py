"""What the lessons of part D claim, asserted on the names that a full run leaves."""


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
