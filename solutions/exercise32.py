"""
Exercises of lesson 32: three sets, and cross validation

``python check.py 32`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "Begin with the positions: ``torch.arange(len(x)).tensor_split(k)`` holds k folds.",
    "In round i, ``torch.cat`` joins all folds but fold i. A new model is fitted to "
    "them, and fold i judges it.",
)
def cross_validated(fit, score, x, y, k):
    """
    The scores of k-fold cross validation.

    The samples stay in their order. ``tensor_split(k)`` divides them into folds: if k
    does not divide n, the first ones hold one sample more.

    :param fit: ``fit(x, y)`` returns a new model that is trained on x and y
    :param score: ``score(model, x, y)`` returns how good it is there, a float
    :param x: [n], and y: [n]: the samples
    :param k: the number of folds
    :returns: the score on each fold, a list of k floats
    """
    folds = torch.arange(len(x)).tensor_split(k)
    scores = []
    for i in range(k):
        others = torch.cat([folds[j] for j in range(k) if j != i])
        model = fit(x[others], y[others])
        scores.append(score(model, x[folds[i]], y[folds[i]]))
    return scores


def fit_slope(x, y):
    return (x * y).sum() / (x * x).sum()


def slope_error(slope, x, y):
    return (slope * x - y).abs().mean().item()


@cross_validated.inputs
def cross_validated_inputs():
    n, k = random_int(4, 8), random_int(2, 4)
    x = torch.arange(1.0, n + 1)
    return fit_slope, slope_error, x, x + torch.randn(n), k


@cross_validated.must
def each_sample_judges_once(cross_validated):
    judges, x = [], torch.arange(8)

    def fit(x, y):
        return x.tolist()

    def score(seen, x, y):
        judges.extend(x.tolist())
        both = [i for i in x.tolist() if i in seen]
        assert not both, f"Sample {both[0]} trained the model that it judges."
        kept = len(seen) + len(x)
        assert kept == 8, f"Of 8 samples {kept} train or judge; it has to be all."
        return float(len(x))

    scores = cross_validated(fit, score, x, x, 3)
    assert sorted(judges) == x.tolist(), f"Of 0 to 7, {judges} judge."
    assert scores == [3.0, 3.0, 2.0], f"8 samples in 3 folds judged as {scores}."


@cross_validated.mistake
def trained_on_all(fit, score, x, y, k):
    """
    Each model was trained on all samples. Its own fold is among them, so the score says
    nothing about new samples.
    """
    return cross_validated(lambda *part: fit(x, y), score, x, y, k)


@cross_validated.mistake
def roles_swapped(fit, score, x, y, k):
    """
    The roles are swapped: one fold trains, and the others judge. Then most samples do
    not train.
    """
    scores = []
    for fold in torch.arange(len(x)).tensor_split(k):
        others = torch.ones(len(x), dtype=torch.bool)
        others[fold] = False
        scores.append(score(fit(x[fold], y[fold]), x[others], y[others]))
    return scores


@cross_validated.mistake
def rest_left_out(fit, score, x, y, k):
    """With n // k samples in each fold, the last n % k samples are in no fold."""
    n = len(x) // k * k
    return cross_validated(fit, score, x[:n], y[:n], k)


@cross_validated.mistake
def rest_only_trains(fit, score, x, y, k):
    """The last n % k samples train each time, but they never judge."""
    size, scores = len(x) // k, []
    for i in range(k):
        fold = slice(i * size, (i + 1) * size)
        others = torch.ones(len(x), dtype=torch.bool)
        others[fold] = False
        scores.append(score(fit(x[others], y[others]), x[fold], y[fold]))
    return scores


@cross_validated.mistake
def fitted_once(fit, score, x, y, k):
    """
    One model, fitted before the loop, judges all folds. It has seen all of them but the
    first: each round needs a new model.
    """
    folds = torch.arange(len(x)).tensor_split(k)
    others = torch.cat(folds[1:])
    model = fit(x[others], y[others])
    return [score(model, x[fold], y[fold]) for fold in folds]
