"""
What the lessons of part A claim, asserted on the names that a full run leaves.

A function is named after its lesson, takes its module-level names and returns what the
results table says that the lesson reached.
"""


def lesson00_vocabulary(lesson):
    assert lesson.steps_per_epoch == 300
    assert list(lesson.norms.values()) == [7, 5, 4]
    plain, residual = lesson.gradients
    assert plain < 1e-9 < 1 < residual
    assert lesson.w.item() == 3.25
    return f"{lesson.steps_per_epoch} steps an epoch"


def lesson05_mnist_first_look(lesson):
    assert lesson.accuracy >= 0.87
    assert len(lesson.losses) == 3 * 118
    return f"test accuracy {lesson.accuracy:.3f}"
