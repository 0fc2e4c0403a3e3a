"""What the lessons of part B claim, asserted on the names that a full run leaves."""


def lesson10_broadcasting(lesson):
    assert lesson.wrong_losses == [2.5, 1.25]
    assert lesson.losses == [0.0, 1.25]
    return "the silent [n, n]: loss 2.5 for perfect predictions, 1.25 for useless ones"


def lesson14_where_gather(lesson):
    assert lesson.where_seconds * 100 < lesson.loop_seconds
    return "`where` more than 100 times as fast as a loop over 10000 numbers"
