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
    assert lesson.losses[50][-1] < lesson.losses[150][-1] < lesson.losses[500][-1]
    stopped_loss, _, loss, _ = lesson.results[0.0]
    return f"test loss {stopped_loss:.3f} stopped, {loss:.3f} at the end"


def lesson32_train_val_test(lesson):
    assert lesson.same_split
    assert lesson.shared == 0
    loss = {way: result[2] for way, result in lesson.results.items()}
    assert loss["lowest loss"] < loss["last epoch"] - 0.01
    optimism = [said - true for said, true in lesson.claims.values()]
    assert optimism == sorted(optimism, reverse=True)
    assert optimism[0] > 0.03 > 0.005 > optimism[-1] > 0
    truth = [true for _, true in lesson.claims.values()]
    assert truth == sorted(truth)
    means = {width: sum(s) / len(s) for width, s in lesson.widths.items()}
    assert means[5] < 0.8 < 0.85 < min(means[20], means[100])
    assert lesson.leaks[True] > 0.9 > 0.6 > lesson.leaks[False] > 0.4
    said, true = lesson.claims[100]
    return f"chosen on 100 images: {said:.3f} there, {true:.3f} in truth"


def lesson33_regularization(lesson):
    assert lesson.zero_shares[0] < 0.01 < 0.3 < lesson.zero_shares[1]
    same = {n: [e < 1e-6 for e in errors] for n, errors in lesson.errors.items()}
    assert same["SGD"] == [True, True]
    assert same["Adam"] == [True, False]
    assert same["AdamW"] == [False, True]
    _, free_loss, free_accuracy, free_near_zero = lesson.results["no penalty"]
    l1, l2 = lesson.results["L1 0.001"], lesson.results["L2 0.03"]
    assert max(lesson.results["L1 0.0003"][1], l2[1]) < free_loss
    assert max(row[2] for row in lesson.results.values()) < free_accuracy + 0.01
    assert free_near_zero < 0.05
    assert l2[3] < 0.15 < 0.6 < l1[3]
    return f"near-zero weights: L1 {l1[3]:.0%}, L2 {l2[3]:.0%}"


def lesson34_momentum_lr_decay(lesson):
    assert lesson.difference < 1e-12
    assert lesson.ravine_ends[0.9] < lesson.ravine_ends[0.0] / 100
    assert lesson.ravine_ends[0.99] > lesson.ravine_ends[0.0]
    plain, momentum, faster = lesson.last_losses.values()
    assert momentum < plain / 2
    assert abs(momentum - faster) < 0.1
    assert list(lesson.plateau_rates) == [0.1, 0.5]
    accuracies = lesson.accuracies
    constant = accuracies["constant"]
    tenth = accuracies["constant, a tenth"]
    assert constant < tenth < min(accuracies[n] for n in ("StepLR", "cosine"))
    assert tenth < accuracies["warm-up"]
    return f"loss {momentum:.2f} with momentum, {plain:.2f} without"
