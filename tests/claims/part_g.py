"""What the lessons of part G claim, asserted on the names that a full run leaves."""

import math


def lesson46_embedding(lesson):
    assert max(lesson.ratios["learned"]) < 0.6
    assert max(lesson.ranks["learned"]) <= 10
    assert min(lesson.ranks["control"]) > 30
    assert lesson.y_in_best
    worst = max(lesson.ranks["learned"])
    return f"vowels part from consonants better than all but {worst - 1} of 3003 fives"


def lesson47_rnn(lesson):
    assert lesson.sizes[20] < 1e-6 * lesson.sizes[0]
    assert lesson.h_tanh.max() < 1 < 1e17 < lesson.h_relu.max()
    assert min(lesson.curves["with the state"][-10:]) > 0.999
    assert max(lesson.curves["state cut"]) < 0.6
    return "bit of two steps before: all right with the state, a guess without"


def lesson53_name_classifier(lesson):
    means = {name: sum(values) / 3 for name, values in lesson.results.items()}
    assert min(lesson.results["LSTM"]) >= 0.88
    assert 0.8 < means["majority"] < means["sorted letters"] < means["LSTM"] - 0.03
    assert means["last letter"] < means["LSTM"] - 0.03
    assert not lesson.female & lesson.male & set(lesson.names)
    assert lesson.called_female["unseen, male list"] > 0.15
    assert lesson.sure["in both lists"] > 0.3
    return (
        f"unseen names {means['LSTM']:.3f}, last letter alone "
        f"{means['last letter']:.3f}, majority {means['majority']:.3f}"
    )


def lesson54_kl_divergence(lesson):
    bumps, gaussians = lesson.curves.values()
    infinite = [value == math.inf for value in bumps["KL(p, q)"]]
    assert infinite == [shift > 2 for shift in lesson.shifts]
    log_2 = [abs(value - math.log(2)) < 1e-6 for value in bumps["JS"]]
    assert log_2 == [shift > 3.9 for shift in lesson.shifts]
    for group in bumps, gaussians:
        assert sorted(group["W"]) == group["W"]
        assert abs(group["W"][60] - 6) < 1e-6
    assert abs(gaussians["KL(p, q)"][60] - 6**2 / 2) < 1e-6
    assert max(abs(error) for error in lesson.errors) < 4
    for start, hill in (2, 1), (5, 6):
        mean, std = lesson.fits["KL(p, q)", start]
        assert abs(mean - 3.5) < 0.05
        assert abs(std - 2.6) < 0.05
        mean, std = lesson.fits["KL(q, p)", start]
        assert abs(mean - hill) < 0.05
        assert abs(std - 0.7) < 0.05
    return "KL infinite from a shift of 2.1, JS flat from 4, W grows on"


def lesson50_rnn_training(lesson):
    norms, final_losses = lesson.gradient_norms, lesson.final_losses
    assert norms["PyTorch's start"][-1] < 1e-15
    assert norms["scale 2"][-1] > 1e6
    assert all(loss < lesson.baseline for loss in final_losses["clipped"])
    assert all(loss > 10 * lesson.baseline for loss in final_losses["not clipped"])
    assert max(lesson.active_units["not clipped"]) == 0
    return "clipped 3 of 3 runs learn, not clipped 0 of 3"


def lesson49_time_series(lesson):
    sine, errors, free = lesson.sine_errors, lesson.errors, lesson.free_errors
    assert sine["one step ahead"] < 0.1 * sine["persistence"]
    assert sine["free running"] < sine["persistence"]
    assert errors["RNN"] < 0.75 * errors["persistence"]
    assert 0.8 < errors["RNN"] / errors["linear fit"] < 1.2
    assert free["RNN"] < 0.95 * free["last 11 years"]
    assert free["last 11 years"] < free["mean"] < free["last value"]
    return (
        f"error {errors['RNN']:.1f} in the test years, "
        f"{errors['persistence']:.1f} with persistence"
    )


def lesson51_lstm(lesson):
    over_100_steps = {kind: norms[-1] for kind, norms in lesson.gradient_norms.items()}
    assert over_100_steps["RNN"] < over_100_steps["LSTM"] < 1e-15
    assert over_100_steps["LSTM, keeping"] > 1e-4
    accuracies = lesson.accuracies
    lstm, rnn = accuracies["LSTM, keeping", 100], accuracies["RNN", 100]
    assert min(accuracies["RNN", 5]) > 0.95
    assert max(rnn + accuracies["LSTM", 100]) < 0.6
    assert min(lstm) > 0.99
    return f"first of 100 symbols known: LSTM {min(lstm):.2f}, RNN {max(rnn):.2f}"
