"""
What each lesson claims, asserted on the names that a full run of it leaves.

A function a lesson, in the order of their numbers. It gets the lesson's names and
returns what the table of results says.
"""

import math

import pytest


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
    # normalising helps at the notes' rate, and not where each has its best rate
    assert lesson.normalised[0.01] > lesson.raw[0.01] + 0.1
    assert abs(max(lesson.normalised.values()) - max(lesson.raw.values())) < 0.01
    return f"test accuracy {lesson.accuracy:.3f}"


def lesson10_broadcasting(lesson):
    assert lesson.wrong_losses == [2.5, 1.25]
    assert lesson.losses == [0.0, 1.25]
    return "the silent [n, n]: loss 2.5 for perfect predictions, 1.25 for useless ones"


def lesson14_where_gather(lesson):
    assert lesson.where_seconds * 100 < lesson.loop_seconds
    return "`where` more than 100 times as fast as a loop over 10000 numbers"


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
    for lr in 1, 10, 100:
        assert lesson.ends["cross entropy", lr] > 0.9
        assert lesson.ends["squared error", lr] < 0.001
    return "finite at logits of 1000"


def lesson26_softmax_from_scratch(lesson):
    last = {name: [run[-1] for run in runs] for name, runs in lesson.curves.items()}
    kaiming, plain = last["Kaiming"], last["plain randn"]
    assert len(kaiming) == len(plain) == 3
    assert min(kaiming) >= 0.96
    assert 0.8 <= min(plain) <= max(plain) <= min(kaiming) - 0.05
    assert max(last["plain randn, ReLU on logits"]) <= 0.12
    assert lesson.dead_classes >= 6
    bent = last["Kaiming, ReLU on logits"]
    assert max(bent) >= min(kaiming) - 0.015
    lost = sum(accuracy < 0.9 for accuracy in bent)
    assert lost >= 1
    return (
        f"test accuracy {min(kaiming):.3f} with Kaiming, {max(plain):.3f} without; "
        f"ReLU on the logits loses a class from {lost} of {len(bent)} starts"
    )


def lesson27_linear_layers(lesson):
    assert lesson.parameter_count == 784 * 200 + 200 * 200 + 200 * 10 + 410
    assert lesson.largest_difference < 1e-4
    assert lesson.accuracy >= 0.88
    return "same weights as raw tensors"


def lesson28_activations_gpu(lesson):
    assert lesson.dead_units == {"ReLU": 200, "LeakyReLU": 0}
    assert lesson.accuracies["ReLU"] < 0.12 < 0.3 < lesson.accuracies["LeakyReLU"]
    for lr in 0.03, 0.3:
        free = lesson.curves[lr, "free logits"].mean(dim=0)
        bent = lesson.curves[lr, "LeakyReLU on logits"].mean(dim=0)
        assert len(free) == 10
        assert abs(free[-1] - bent[-1]) < 0.005
    free = lesson.curves[0.03, "free logits"].mean(dim=0)
    bent = lesson.curves[0.03, "LeakyReLU on logits"].mean(dim=0)
    assert free[0] >= 0.82
    assert bent[0] <= free[0] - 0.05
    return (
        f"LeakyReLU on the logits: {bent[0]:.3f} for {free[0]:.3f} after one epoch, "
        f"{bent[-1]:.3f} for {free[-1]:.3f} after ten"
    )


def lesson29_mnist(lesson):
    assert lesson.accuracy >= 0.98
    assert lesson.losses[-1] < 0.1 < lesson.losses[0]
    return f"test accuracy {lesson.accuracy:.3f}"


def lesson30_visdom(lesson):
    assert lesson.accuracy >= 0.975
    assert lesson.one_append[3000] > 3 * lesson.one_append[100]
    assert lesson.plotted[200] == pytest.approx(50, abs=0.1)
    assert lesson.plotted[1000] == pytest.approx(10, abs=0.1)
    ratio = lesson.one_append[3000] / lesson.one_append[100]
    return (
        f"test accuracy {lesson.accuracy:.3f}; one more point costs {ratio:.0f} times "
        f"as much on 3000 points as on 100"
    )


def lesson31_overfitting(lesson):
    train_errors, test_errors = lesson.train_errors, lesson.test_errors
    assert train_errors == sorted(train_errors, reverse=True)
    assert 3 <= lesson.degrees[test_errors.index(min(test_errors))] <= 5
    assert test_errors[0] > 1.5 * min(test_errors)
    assert test_errors[-1] > 2 * min(test_errors)
    few_train, few_lowest, few_end, few_accuracy = lesson.results[500]
    many_train, many_lowest, many_end, many_accuracy = lesson.results[5000]
    assert few_train < 0.01 < many_train
    assert few_end > 1.1 * few_lowest
    assert many_end < 1.1 * many_lowest
    assert many_accuracy > few_accuracy + 0.05
    test_losses = [scores[2] for scores in lesson.widths.values()]
    assert test_losses == sorted(test_losses, reverse=True)
    assert lesson.widths[2][1] < 0.8 < 0.999 < lesson.widths[8][1]
    return (
        f"500 images {few_accuracy:.3f} on test images, 5000 images {many_accuracy:.3f}"
    )


def lesson32_train_val_test(lesson):
    assert lesson.same_split
    assert lesson.shared == 0
    loss = {rule: result["loss"] for rule, result in lesson.results.items()}
    assert loss["lowest loss"] < loss["last epoch"] - 0.01
    optimism = [c["there"] - c["elsewhere"] for c in lesson.claims.values()]
    assert optimism == sorted(optimism, reverse=True)
    assert optimism[0] > 0.03 > 0.005 > optimism[-1] > -0.005
    truth = [claim["elsewhere"] for claim in lesson.claims.values()]
    assert truth == sorted(truth)
    means = {width: sum(s) / len(s) for width, s in lesson.widths.items()}
    assert means[5] < 0.8 < 0.85 < min(means[20], means[100])
    assert lesson.leaks[True] > 0.9 > 0.6 > lesson.leaks[False] > 0.4
    claim = lesson.claims[100]
    return (
        f"chosen on 100 images: {claim['there']:.3f} there, "
        f"{claim['elsewhere']:.3f} on others"
    )


def lesson33_regularization(lesson):
    assert lesson.l2_zeros < 0.01 < 0.3 < lesson.l1_zeros
    assert max(lesson.sgd_errors) < 1e-6
    assert (lesson.adam - lesson.with_penalty).abs().max() < 1e-6
    assert (lesson.adamw - lesson.with_decay).abs().max() < 1e-6
    assert (lesson.adam - lesson.with_decay).abs().max() > 1e-3
    free = lesson.results["none", 0]
    l1, l2 = lesson.results["L1", 0.001], lesson.results["L2", 0.03]
    assert max(l1["loss"], l2["loss"]) < free["loss"] - 0.02
    assert lesson.results["L2", 0.1]["loss"] > l2["loss"] + 0.03
    best = max(result["accuracy"] for result in lesson.results.values())
    assert best < free["accuracy"] + 0.01
    free_loss, free_accuracy = lesson.test_results["none"]
    for kind in "L1", "L2":
        loss, accuracy = lesson.test_results[kind]
        assert loss < free_loss
        assert abs(accuracy - free_accuracy) < 0.015
    assert free["zeros"] < 0.05
    assert l2["zeros"] < 0.15 < 0.6 < l1["zeros"]
    return f"near-zero weights: L1 {l1['zeros']:.0%}, L2 {l2['zeros']:.0%}"


def lesson34_momentum_lr_decay(lesson):
    assert lesson.difference < 1e-12
    assert lesson.ravine_ends[0.9] < lesson.ravine_ends[0.0] / 100
    assert lesson.ravine_ends[0.99] > lesson.ravine_ends[0.0]
    loss = lesson.last_losses
    assert loss[0.9, 0.01] < loss[0.0, 0.01] / 2
    assert abs(loss[0.9, 0.01] - loss[0.0, 0.1]) < 0.1
    best_plain, best_momentum = lesson.best_plain, lesson.best_momentum
    assert best_momentum < best_plain - 0.03
    for momentum, best in (0.0, best_plain), (0.9, best_momentum):
        ends = lesson.rates[momentum][0], lesson.rates[momentum][-1]
        assert best < min(loss[momentum, lr] for lr in ends)
    accuracies = lesson.schedule_accuracies
    best = {name: max(found) for name, found in accuracies.items()}
    at = lesson.peaks.index(0.15)
    at_015 = {name: found[at] for name, found in accuracies.items()}
    assert at_015["constant"] + 0.01 < min(at_015["StepLR"], at_015["cosine"])
    assert best["constant"] > best["cosine"] - 0.01
    for i in range(lesson.peaks.index(0.1), len(lesson.peaks)):
        assert accuracies["warm-up, linear"][i] > accuracies["linear"][i]
    assert best["warm-up, linear"] > max(best["linear"], best["constant"])
    return (
        f"loss {best_momentum:.2f} with momentum, {best_plain:.2f} without, best rates"
    )


def lesson35_early_stopping_dropout(lesson):
    assert lesson.modes["eval"] == {"random": False, "gradients": True}
    assert lesson.modes["train"]["random"]
    assert not lesson.modes["eval, no_grad"]["gradients"]
    assert lesson.epoch == lesson.best_epoch + lesson.opt.patience < lesson.opt.epochs
    for p in 0.0, 0.5:
        for lr in 0.01, 0.03:
            loss, accuracy = lesson.results[p, lr]["stopped"]
            end_loss, end_accuracy = lesson.results[p, lr]["end"]
            assert loss < end_loss - 0.02
            assert accuracy < end_accuracy
    slow = lesson.results[0.0, 0.003]
    assert abs(slow["stopped"][0] - slow["end"][0]) < 0.02
    assert lesson.results[0.5, 0.01]["end"][0] < lesson.results[0.0, 0.01]["end"][0]
    stopped, end = (
        lesson.results[0.0, 0.01]["stopped"],
        lesson.results[0.0, 0.01]["end"],
    )
    return f"test loss {stopped[0]:.3f} stopped, {end[0]:.3f} at the end"


def lesson36_stochastic_gradients(lesson):
    for b, noise in lesson.noise.items():
        assert 0.85 < lesson.noise[1] / noise / b**0.5 < 1.15
    assert lesson.noise_after > 2 * lesson.noise_before
    assert lesson.epoch_seconds[1] > 3 * lesson.epoch_seconds[256]
    loss = {b: lesson.results[b, lr]["loss"] for b, lr in lesson.best_lr.items()}
    assert loss[50] < loss[150] < loss[500]
    assert list(lesson.worse.values()) == [True] * 3
    mean = {"exact": 0.0, "noisy": 0.0}
    for name in mean:
        mean[name] = sum(getattr(lesson, name)) / lesson.opt.seeds
    assert mean["exact"] > mean["noisy"] - 0.01
    for lr in 0.02, 0.05, 0.1:
        assert lesson.escaped[64, lr] == 0
        assert lesson.escaped[1, lr] > 0.2
    assert lesson.escaped[4, 0.1] > 0.8 < lesson.stayed[4, 0.1]
    return (
        f"a local minimum left by {lesson.escaped[4, 0.1]:.0%} with batches of 4, "
        "by none without noise"
    )


def lesson37_convolution(lesson):
    assert lesson.largest_difference < 1e-5
    assert lesson.compared == 180
    assert lesson.wrong_sizes == 0
    assert lesson.same
    assert lesson.numbers == 9
    assert lesson.parameters == {"dense": 785 * 8 * 784, "convolution": 80}
    assert lesson.conv_moves
    assert not lesson.dense_moves
    assert list(lesson.fields.values()) == [3, 5, 7, 15]
    return "equal to F.conv2d; 80 parameters for 4.9 million"


def lesson38_cnn(lesson):
    assert lesson.seen == 1
    cnn, mlp = lesson.parameters["cnn"], lesson.parameters["mlp"]
    assert abs(cnn - mlp) < 0.01 * cnn
    ends = {"mlp": [], "cnn": []}
    for (name, _), run in lesson.runs.items():
        assert len(run["accuracies"]) == 3
        ends[name].append(run["accuracies"][-1])
    assert len(ends["mlp"]) == len(ends["cnn"]) == 3
    assert min(ends["cnn"]) >= 0.985
    assert 1 - min(ends["cnn"]) < (1 - max(ends["mlp"])) / 2
    best = max(ends["cnn"])
    return f"test accuracy {best:.3f}, of an MLP as large {max(ends['mlp']):.3f}"


def lesson39_pooling_sampling(lesson):
    assert len(lesson.equal) == 11
    assert all(lesson.equal.values())
    lost = {way: runs[:, 0] - runs[:, 2] for way, runs in lesson.best.items()}
    for way in "max", "average":
        assert lost[way].max() < lost["every second"].min()
    means = {run: runs.mean(dim=0) for run, runs in lesson.runs.items()}
    assert len(means) == 9
    for lr in lesson.rates:
        strided = means["every second", lr][0] - means["every second", lr][2]
        for way in "max", "average":
            assert means[way, lr][0] - means[way, lr][2] < strided
    kept = [runs.mean(dim=0) for runs in lesson.best.values()]
    assert all(means[0] > 0.9 and means[4] < 0.6 for means in kept)
    pooled, strided = lost["max"].mean(), lost["every second"].mean()
    return f"two pixels cost {pooled:.3f} with max pooling, {strided:.3f} without"


def lesson40_batch_norm(lesson):
    assert len(lesson.differences) == 10
    assert max(lesson.differences) < 1e-5
    assert list(lesson.axes_equal.values()) == [True] * 4
    for kind, factor in ("batch norm", 1.5), ("better start", 3):
        assert lesson.spread[kind][-1] > lesson.spread[kind][0] / factor
    assert lesson.spread["five layers"][-1] < lesson.spread["five layers"][0] / 100
    assert lesson.amplification[0.5] < 0.2 < lesson.amplification[1.0] < 1
    assert 1 < lesson.amplification[2.0] < lesson.amplification[4.0]
    accuracies, best = lesson.accuracies, {}
    for kind in lesson.kinds:
        means = [sum(accuracies[kind, lr]) / lesson.opt.seeds for lr in lesson.rates]
        best[kind] = max(means)
    for lr in lesson.rates:
        assert max(accuracies["five layers", lr]) < 0.2
        assert min(accuracies["batch norm", lr]) > 0.85
        assert min(accuracies["one layer", lr]) > 0.85
        assert lesson.drifts["better start", lr] > 2 * lesson.drifts["batch norm", lr]
    assert best["better start"] > 0.85
    assert abs(best["better start"] - best["batch norm"]) < 0.03
    assert lesson.drifts["one layer", 0.3] > 10 * lesson.drifts["batch norm", 0.1]
    assert lesson.gaps["one layer", 0.3] < lesson.gaps["batch norm", 0.1]
    return (
        f"five layers {best['five layers']:.3f}, with a better start "
        f"{best['better start']:.3f}, with batch norm {best['batch norm']:.3f}"
    )


def lesson41_classic_networks(lesson):
    accuracies = {"LeNet-5": 0.0, "MLP": 0.0}
    for (name, _), accuracy in lesson.accuracies.items():
        accuracies[name] = max(accuracies[name], accuracy)
    assert accuracies["LeNet-5"] >= 0.97
    assert accuracies["LeNet-5"] > accuracies["MLP"] + 0.005
    assert lesson.same_as_linear
    multiply_adds = lesson.weights.meta["_ops"]
    assert 1.98 < lesson.gflop / multiply_adds < 2.02
    assert lesson.shares["VGG-16"] > 0.85 > lesson.shares["GoogLeNet"]
    alexnet, mobilenet = lesson.table["alexnet"], lesson.table["mobilenet_v3_large"]
    assert alexnet["accuracy"] < mobilenet["accuracy"]
    assert alexnet["operations"] > mobilenet["operations"]
    return (
        f"LeNet-5 {accuracies['LeNet-5']:.3f}, an MLP as large {accuracies['MLP']:.3f}"
    )


def lesson42_resnet(lesson):
    first_to_last = {k: v[0] / v[-1] for k, v in lesson.gradients.items()}
    assert first_to_last["plain"] < 1e-5
    assert first_to_last["residual"] > 0.05
    assert first_to_last["plain, norm"] > 0.5
    runs = lesson.accuracies
    assert max(runs["plain"]) < 0.2
    assert min(runs["residual"]) > 0.83
    assert min(runs["residual, norm"]) > max(runs["plain, norm"]) + 0.05
    plain, residual = (sum(runs[k]) / 3 for k in ("plain, norm", "residual, norm"))
    assert residual > plain + 0.1
    return f"20 layers: plain {plain:.3f}, residual {residual:.3f}"


def lesson43_nn_module(lesson):
    assert list(lesson.equal.values()) == [True] * 3
    assert lesson.same_flatten
    assert lesson.trained == ["head.weight", "head.bias"]
    assert lesson.same_answers
    assert lesson.devices == {"scale": "meta", "mean": "meta", "std": "cpu"}
    assert lesson.moved == {"list": False, "ModuleList": True}
    left = {name: losses[-1] for name, losses in lesson.losses.items()}
    assert left["ModuleList"] < 0.1 < 0.5 < left["list"]
    return "MyLinear equal to nn.Linear; layers in a plain list never move"


def lesson44_data_augmentation(lesson):
    final = lesson.final
    assert lesson.same_tensor
    assert not lesson.same_twice
    assert min(lesson.best_runs["shift"]) > max(lesson.best_runs["none"])
    assert final["shift"] > final["none"] + 0.02
    assert final["rotation ±15°"] > final["none"] + 0.005
    for name in "vertical flip", "horizontal flip":
        assert max(lesson.best_runs[name]) < min(lesson.best_runs["none"])
        assert final[name] < final["none"] - 0.01
    return (
        f"1000 images {final['none']:.3f}, with shifts {final['shift']:.3f}, "
        f"with vertical flips {final['vertical flip']:.3f}"
    )


def lesson45_transfer_learning(lesson):
    assert lesson.same
    for scratch, fine_tuned in zip(
        lesson.results["scratch"], lesson.results["fine-tuned"], strict=True
    ):
        assert fine_tuned > scratch + 0.01
    gain = [
        fine_tuned - scratch
        for fine_tuned, scratch in zip(
            lesson.curves["fine-tuned"], lesson.curves["scratch"], strict=True
        )
    ]
    assert min(gain[:3]) > 0.02
    assert gain[0] > 0.03 > gain[-1] > 0
    assert (lesson.after_training_mode - 0.5).abs().max() < 0.1
    assert lesson.unchanged
    mean = {way: sum(scores) / 3 for way, scores in lesson.results.items()}
    return (
        f"ten images a class: fine-tuned {mean['fine-tuned']:.3f}, "
        f"from scratch {mean['scratch']:.3f}"
    )


def lesson46_embedding(lesson):
    learned, control = lesson.ratios["learned"], lesson.ratios["control"]
    assert learned["vowels"].max() < 0.6
    assert learned["vowels"].max() < control["vowels"].min()
    assert learned["both groups"].max() < 0.65
    assert control["both groups"].min() > 0.75
    assert max(lesson.losses["learned"]) < min(lesson.losses["control"]) - 0.3
    return (
        f"distance of two vowels {learned['vowels'].mean():.2f} of that to a "
        f"consonant, control {control['vowels'].mean():.2f}"
    )


def lesson47_rnn(lesson):
    assert lesson.sizes[20] < 1e-6 * lesson.sizes[0]
    assert lesson.h_tanh.max() < 1 < 1e17 < lesson.h_relu.max()
    assert min(lesson.curves["with the state"][-10:]) > 0.999
    assert max(lesson.curves["state cut"]) < 0.6
    return "bit of two steps before: all right with the state, a guess without"


def lesson49_time_series(lesson):
    sine, errors, free = lesson.sine_errors, lesson.errors, lesson.free_errors
    assert sine["one step ahead"] < 0.1 * sine["persistence"]
    assert sine["free running"] < sine["persistence"]
    assert errors["RNN"] < 0.75 * errors["persistence"]
    assert 0.8 < errors["RNN"] / errors["linear fit"] < 1.2
    assert free["RNN"] < 0.95 * free["last 11 years"]
    assert free["RNN"] < free["linear fit"] < free["last 11 years"]
    assert free["last 11 years"] < free["mean"] < free["last value"]
    assert len(lesson.validation) == 4
    assert lesson.validation[0.002] < 1.03 * min(lesson.validation.values())
    return (
        f"error {errors['RNN']:.1f} in the test years, "
        f"{errors['persistence']:.1f} with persistence"
    )


def lesson50_rnn_training(lesson):
    norms, final_losses = lesson.gradient_norms, lesson.final_losses
    assert norms["PyTorch's start"][-1] < 1e-15
    assert norms["scale 2"][-1] > 1e6
    for lr in 0.0003, 0.001:
        assert max(final_losses["clipped", lr]) < lesson.baseline
        assert min(final_losses["not clipped", lr]) > 2 * lesson.baseline
    assert lesson.active_units["not clipped", 0.001] == 0
    assert min(final_losses["not clipped", 0.001]) > 10 * lesson.baseline
    assert max(final_losses["not clipped", 0.0001]) < lesson.baseline
    return "lr 0.001: clipped 3 of 3 runs learn, not clipped 0 of 3"


def lesson51_lstm(lesson):
    over_100_steps = {kind: norms[-1] for kind, norms in lesson.gradient_norms.items()}
    assert over_100_steps["RNN"] < over_100_steps["LSTM"] < 1e-15
    assert over_100_steps["LSTM, keeping"] > 1e-4
    assert over_100_steps["RNN, keeping"] > 1e-4
    found = lesson.accuracies
    assert min(found["RNN", 5]) > 0.95
    assert max(found["RNN", 100] + found["LSTM", 100]) < 0.6
    assert min(found["LSTM, keeping", 100]) > 0.99
    assert max(found["RNN, keeping", 100]) > 0.8  # in some runs only
    return (
        f"first of 100 symbols known: RNN {max(found['RNN', 100]):.2f}, "
        f"LSTM {max(found['LSTM', 100]):.2f}, "
        f"LSTM with open gates {min(found['LSTM, keeping', 100]):.2f}"
    )


def lesson53_name_classifier(lesson):
    means = {name: sum(values) / 3 for name, values in lesson.results.items()}
    assert min(lesson.results["LSTM"]) >= 0.88
    assert 0.8 < means["larger class"] < means["sorted letters"] < means["LSTM"] - 0.03
    assert means["last letter"] < means["LSTM"] - 0.03
    assert not lesson.female & lesson.male & set(lesson.names)
    assert lesson.called_female["unseen, male list"] > 0.15
    assert lesson.confident["in both lists"] > 0.3
    assert lesson.same_logits
    assert not lesson.same_states
    return (
        f"unseen names {means['LSTM']:.3f}, last letter alone "
        f"{means['last letter']:.3f}, larger class {means['larger class']:.3f}"
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
    return "KL infinite from a shift of 2.1, JS flat from 4, W grows on"


def lesson55_autoencoder(lesson):
    assert lesson.pca_equal
    assert abs(lesson.train_error - lesson.left_out) < 0.01
    assert max(lesson.linear_errors) < 1.01 * lesson.pca_error
    assert min(min(lengths[:7]) for lengths in lesson.lengths) > 0.98
    for k, errors in lesson.errors.items():
        assert max(errors) < 0.9 * lesson.best_linear[k]
    *controls, auto_encoder = lesson.denoised.values()
    assert max(auto_encoder) < 0.8 * min(control[0] for control in controls)
    assert lesson.nearest["random codes"] > 1.5 * lesson.nearest["rebuilt"]
    return (
        f"error with 8 numbers: linear {max(lesson.linear_errors):.1f}, "
        f"PCA {lesson.pca_error:.1f}, auto-encoder {max(lesson.errors[8]):.1f}"
    )


def lesson56_vae(lesson):
    assert lesson.kl_equal
    assert max(lesson.elbo_errors) < 1e-5
    for row in lesson.bounds:
        assert abs(row["elbo"] + row["gap"] - lesson.log_p_x) < 1e-5
        assert row["elbo"] < lesson.log_p_x + 1e-6
    assert lesson.bounds[0]["elbo"] < lesson.log_p_x - 0.1
    assert lesson.rsample_passes
    assert not lesson.sample_passes
    assert abs(lesson.slope_mu - 1.4) < 0.01
    assert abs(lesson.slope_sigma - 0.6) < 0.01
    assert lesson.judge_accuracy > 0.97
    assert lesson.shares["random pixels"] < 0.5 < 0.9 < lesson.shares["test images"]
    shares = {}
    for name, values in lesson.results.items():
        shares[name] = [share for share, _ in values]
    vae, fitted = shares["VAE, N(0, 1)"], shares["auto-encoder, fitted"]
    assert min(vae) > 2 * max(shares["auto-encoder, N(0, 1)"])
    assert min(fitted) > max(vae)
    for i in range(3):
        small, one, large = (rows[i] for rows in lesson.table.values())
        assert small["reconstruction"] < one["reconstruction"] < large["reconstruction"]
        assert small["KL"] > 2 * one["KL"]
        assert small["share of digits"] < one["share of digits"]
        assert large["used"] == 0
        assert large["spread"] < 0.3 * one["spread"]
    return f"random codes that are digits: VAE {min(vae):.2f}, fitted {min(fitted):.2f}"


def lesson57_gan(lesson):
    assert lesson.loss_equal
    assert abs(lesson.best_d - 0.75) < 1e-3
    assert abs(lesson.best_loss - (math.log(4) - 2 * lesson.exact_js)) < 1e-6
    assert max(lesson.largest_differences) < 0.15
    for js in lesson.measured_js:
        assert abs(js - lesson.exact_js) < 0.01
    for row in lesson.slopes:
        assert abs(row["log(1 - D)"] - 2 * row["slope of JS"]) < 1e-4
    assert lesson.slopes[-1]["log(1 - D)"] < 1e-6
    assert lesson.slopes[-1]["-log D"] > 10
    for norms in lesson.norms:
        assert norms["log(1 - D)"][-1] < 0.1 * norms["log(1 - D)"][0]
        assert norms["-log D"][-1] > norms["-log D"][0]
    return f"modes found of 8: {lesson.modes['-log D']}"


def lesson58_wgan(lesson):
    assert lesson.exact_equal
    assert lesson.penalty_equal
    assert lesson.slope_equal
    for shift in 1, 2, 4:
        for row in lesson.distances[shift]:
            assert abs(row["penalty"] / row["expected"] - 1) < 0.05
            assert row["penalty, slope"] > 0.9
    for row in lesson.distances[1]:
        assert row["clipping"] > 1.4 * row["exact"]
    for near, far in zip(lesson.distances[1], lesson.distances[4], strict=True):
        assert far["clipping, slope"] < 0.9
        assert far["clipping, slope"] < 0.7 * near["clipping, slope"]
    critic, gan = (lesson.correlations[kind] for kind in ("penalty", "GAN"))
    for i in range(3):
        assert lesson.modes["penalty"][i] >= lesson.modes["GAN"][i]
        assert critic[i] > gan[i] + 0.2
    assert min(critic) > max(0.3, max(gan))
    return (
        f"rank correlation of estimate and exact distance: critic {min(critic):.2f} "
        f"or more, GAN {max(gan):.2f} or less"
    )


def lesson59_attention(lesson):
    ends = {}
    for run, curves in lesson.curves.items():
        ends[run] = [curve[-1] for curve in curves]
    digits, letters = "a letter, then digits", "letters only"
    for name in "LSTM, keeping", "attention", "attention, positions":
        assert min(ends[digits, name]) > 0.95
    steps = lesson.known[digits, "attention, positions"]
    assert steps < lesson.known[digits, "LSTM, keeping"]
    assert min(ends[letters, "attention, positions"]) > 0.95
    assert max(ends[letters, "attention"] + ends[letters, "LSTM, keeping"]) < 0.2
    assert lesson.weight_of_first[letters, "attention, positions"] > 0.8
    assert lesson.multi_equal
    assert lesson.same_without
    assert not lesson.same_with
    assert lesson.largest[1024]["divided"] < 0.4 < 0.9 < lesson.largest[1024]["plain"]
    assert 0.5 < lesson.far_to_near < 2
    assert lesson.growth["attention"] > 1.5 * lesson.growth["LSTM"]
    return (
        f"first of 100 symbols known after {steps:.0f} steps with positions, "
        f"LSTM {lesson.known[digits, 'LSTM, keeping']:.0f}"
    )


def lesson60_transformer(lesson):
    transformer = [run[-1] for run in lesson.losses["Transformer"]]
    lstm = [run[-1] for run in lesson.losses["LSTM"]]
    assert max(transformer) < lesson.bigram - 0.3
    assert max(lstm) < min(transformer)
    sizes = lesson.parameters
    assert 0.98 < sizes["LSTM"] / sizes["Transformer"] < 1.02
    for key in "new", "different":
        shares = [share[key] for share in lesson.shares.values()]
        assert shares == sorted(shares)
    assert lesson.shares[1.0]["new"] > 0.8
    assert lesson.shares[1.0]["held out"] > 0
    assert all(lesson.old_keys_equal)
    assert all(lesson.logits_equal)
    assert lesson.made["all steps"] == lesson.made["cache"]
    assert lesson.saved > 1.5
    return (
        f"{sum(transformer) / 3:.2f} nats a letter, LSTM {sum(lstm) / 3:.2f}, "
        f"bigram {lesson.bigram:.2f}"
    )


def lesson61_diffusion(lesson):
    assert abs(lesson.counted - lesson.two_points) < 0.03
    assert abs(lesson.by_autograd - lesson.score_of_two) < 1e-5
    least = min(lesson.squared_errors.values())
    assert lesson.squared_errors[lesson.two_points] == least
    assert lesson.score_equal
    assert max(lesson.errors) < 0.1
    for shares in lesson.ring_shares, lesson.digit_shares:
        means = {steps: sum(values) / 3 for steps, values in shares.items()}
        assert means[1] < means[2] < means[5] < means[10] < means[50]
    assert min(lesson.ring_shares[50]) > 0.8
    assert min(lesson.smallest[50]) > 0.05
    sources = lesson.sources
    assert min(sources["flow"]) > max(sources["Gaussian"]) + 0.1
    assert min(sources["Gaussian"]) > max(sources["normal"])
    assert min(sources["decoded"]) > max(sources["flow"])
    assert min(lesson.rarest["flow"]) > 0.02
    flow, normal = sum(sources["flow"]) / 3, sum(sources["normal"]) / 3
    return f"confident digits: flow {flow:.2f}, VAE {normal:.2f}"


def lesson64_distributed(lesson):
    assert lesson.accuracy >= 0.98
    assert lesson.averaged
    assert lesson.weights_equal
    return f"test accuracy {lesson.accuracy:.3f}"
