"""What the lessons of part E claim, asserted on the names that a full run leaves."""


def lesson31_overfitting(lesson):
    train_errors, test_errors = lesson.train_errors, lesson.test_errors
    assert train_errors == sorted(train_errors, reverse=True)
    assert 3 <= lesson.degrees[test_errors.index(min(test_errors))] <= 5
    assert test_errors[0] > 1.5 * min(test_errors)
    assert test_errors[-1] > 2 * min(test_errors)
    few, many = lesson.results[500], lesson.results[5000]
    assert few[0] < 0.01 < many[0]
    assert few[2] > 1.1 * few[1]
    assert many[2] < 1.1 * many[1]
    assert many[3] > few[3] + 0.05
    test_losses = [scores[2] for scores in lesson.widths.values()]
    assert test_losses == sorted(test_losses, reverse=True)
    assert lesson.widths[2][1] < 0.8 < 0.999 < lesson.widths[8][1]
    assert lesson.memorised > 0.95 > 0.2 > lesson.guessed
    return f"500 images {few[3]:.3f} on test images, 5000 images {many[3]:.3f}"


def lesson35_early_stopping_dropout(lesson):
    assert all(lesson.equal)
    assert lesson.modes["eval", False] == (False, True)  # gradients are on
    assert lesson.modes["train", True] == (True, False)  # dropout is on
    for stopped_loss, stopped_accuracy, loss, accuracy in lesson.results.values():
        assert stopped_loss < loss
        assert stopped_accuracy < accuracy
    assert lesson.results[0.5][2] < lesson.results[0.0][2]
    for b, noise in lesson.noise.items():
        assert 0.85 < lesson.noise[1] / noise / b**0.5 < 1.15
    assert lesson.losses[20][-1] < lesson.losses[100][-1] < lesson.losses[500][-1]
    stopped_loss, _, loss, _ = lesson.results[0.0]
    return f"test loss {stopped_loss:.3f} stopped, {loss:.3f} at the end"
