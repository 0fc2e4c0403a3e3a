"""
Exercises of lesson 30: watching a network train

``python check.py 30`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "After the first call the curve has per_call points, after the second twice as "
    "many. What does each call copy?",
    "The sum of 1 to n is n (n + 1) / 2. Each term stands for per_call points.",
)
def points_copied(points, per_call):
    """
    How many points a server copies that copies the whole curve at each call.

    A call adds its points first, and then everything that is there is copied.

    :param points: all points of the curve, a multiple of per_call, an int
    :param per_call: points in one call, an int
    :returns: the points copied in all calls together, an int
    """
    calls = points // per_call
    return per_call * calls * (calls + 1) // 2


@points_copied.inputs
def points_copied_inputs():
    per_call = random_int(1, 5)
    return per_call * random_int(2, 6), per_call


@points_copied.must
def a_curve_that_is_copied(points_copied):
    for points, per_call in (3000, 1), (3000, 50), (50, 50):
        curve, copied = [], 0
        for _ in range(points // per_call):
            curve += [0.0] * per_call
            copied += len(curve)
        mine = points_copied(points, per_call)
        assert mine == copied, (
            f"{points} points, {per_call} a call: {copied} were copied, not {mine}."
        )


@points_copied.mistake
def each_point_once(points, per_call):
    """Each call copies the old points again. That is why a longer curve is slower."""
    return points


@points_copied.mistake
def the_whole_curve_each_time(points, per_call):
    """
    The curve is not complete at the first call. A call copies what is there by then.
    """
    return points * (points // per_call)


@points_copied.mistake
def before_it_is_added(points, per_call):
    """
    A call adds its points first, so they are copied as well: the first one copies
    per_call points, not 0.
    """
    calls = points // per_call
    return per_call * calls * (calls - 1) // 2


@points_copied.mistake
def calls_counted(points, per_call):
    """Each unit of this sum stands for the per_call points of a call."""
    calls = points // per_call
    return calls * (calls + 1) // 2


@exercise(
    "Try 5 points with the size 2. Which point is in no call?",
    "After the loop, what is still waiting makes a call of its own, if there is any.",
)
def calls_for(points, size):
    """
    Collect points and send them together, a call whenever ``size`` points wait.

    :param points: a list of floats
    :param size: points in a call; only the last call may have fewer
    :returns: the calls, a list of lists, in which every point is once
    """
    calls, waiting = [], []
    for point in points:
        waiting.append(point)
        if len(waiting) == size:
            calls.append(waiting)
            waiting = []
    if len(waiting) > 0:
        calls.append(waiting)
    return calls


@calls_for.inputs
def calls_for_inputs():
    points = [float(i) for i in range(random_int(0, 7))]
    return points, random_int(1, 3)


@calls_for.must
def every_point_is_sent(calls_for):
    for count in 0, 1, 6, 7, 8:
        points = torch.rand(count).tolist()
        calls = calls_for(points, 3)
        sent = [point for call in calls for point in call]
        assert sent == points, f"Of {count} points {len(sent)} were sent."
        sizes = [len(call) for call in calls]
        right = [3] * (count // 3) + [count % 3] * (count % 3 > 0)
        assert sizes == right, f"{count} points, 3 a call: sizes {sizes}, not {right}."


@calls_for.broken
def rest_never_sent(points, size):
    """The last points still waited when the loop ended, and nothing sent them."""
    calls, waiting = [], []
    for point in points:
        waiting.append(point)
        if len(waiting) == size:
            calls.append(waiting)
            waiting = []
    return calls


@calls_for.mistake
def sent_and_cleared(points, size):
    """
    ``clear`` empties the list that was sent: both names mean the same list. Begin a new
    one.
    """
    calls, waiting = [], []
    for point in points:
        waiting.append(point)
        if len(waiting) == size:
            calls.append(waiting)
            waiting.clear()
    if waiting:
        calls.append(waiting)
    return calls


@calls_for.mistake
def empty_last_call(points, size):
    """Where nothing waits at the end, no call is needed."""
    full = len(points) % size == 0
    return calls_for(points, size) + [[]] * full


@calls_for.mistake
def one_too_late(points, size):
    """These calls have one point too many: send as soon as ``size`` points wait."""
    return calls_for(points, size + 1)


@exercise(
    "The mean is m = weight m + (1 - weight) value, from m = 0. What is m after the "
    "first value, and what should it be?",
    "The values in m weigh 1 - weight^t together after t values. Divide by this, and "
    "leave m itself as it is.",
)
def smoothed(values, weight):
    """
    The moving average of a curve, as a dashboard draws it, right from the first value.

    Each value counts ``weight`` times as much as the one after it, and the weights of
    all values so far add up to 1.

    :param values: a list of floats
    :param weight: from 0.0 (no smoothing) to 0.99
    :returns: a list of floats, as long as values
    """
    m, result = 0.0, []
    for t, value in enumerate(values, start=1):
        m = weight * m + (1 - weight) * value
        result.append(m / (1 - weight**t))
    return result


@smoothed.inputs
def smoothed_inputs():
    values = [float(random_int(1, 9)) for _ in range(random_int(2, 5))]
    return values, random_int(1, 9) / 10


@smoothed.must
def weighted_means(smoothed):
    constant = smoothed([3.0] * 5, 0.9)
    assert all(abs(m - 3) < 1e-6 for m in constant), (
        f"A constant curve of 3 became {constant}."
    )
    values = torch.randn(8)
    for weight in 0.0, 0.5, 0.9:
        mine = smoothed(values.tolist(), weight)
        assert len(mine) == 8, f"8 values became {len(mine)}."
        for t in range(8):
            weights = torch.tensor(weight) ** torch.arange(t, -1, -1)
            right = ((weights * values[: t + 1]).sum() / weights.sum()).item()
            assert abs(mine[t] - right) < 1e-4, (
                f"Weight {weight}: mean {t + 1} is {mine[t]:.4f}, expected {right:.4f}."
            )


@smoothed.mistake
def drawn_to_0(values, weight):
    """
    This begins near 0, whatever the values are. The weights add up to 1 - weight^t and
    not to 1.
    """
    m, result = 0.0, []
    for value in values:
        m = weight * m + (1 - weight) * value
        result.append(m)
    return result


@smoothed.mistake
def first_value_counts_most(values, weight):
    """
    Starting from the first value gives it a weight as if it had come for ever: it pulls
    at the curve too long.
    """
    m, result = values[0], []
    for value in values:
        m = weight * m + (1 - weight) * value
        result.append(m)
    return result


@smoothed.mistake
def weights_swapped(values, weight):
    """
    The new value got ``weight``, and the old mean the rest. A larger weight has to
    smooth more.
    """
    return smoothed(values, 1 - weight)


@smoothed.mistake
def correction_kept(values, weight):
    """
    The corrected mean went into the next step. The correction is for the result alone.
    """
    m, result = 0.0, []
    for t, value in enumerate(values, start=1):
        m = (weight * m + (1 - weight) * value) / (1 - weight**t)
        result.append(m)
    return result
