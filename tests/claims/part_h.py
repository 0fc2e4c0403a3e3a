"""What the lesson of part H claims, asserted on the names that a full run leaves."""


def lesson64_distributed(lesson):
    assert lesson.accuracy >= 0.98
    assert lesson.averaged
    assert lesson.weights_equal
    return f"test accuracy {lesson.accuracy:.3f}"
