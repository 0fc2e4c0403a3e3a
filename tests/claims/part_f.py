"""What the lessons of part F claim, asserted on the names that a full run leaves."""


def lesson37_convolution(lesson):
    assert lesson.largest_difference < 1e-5
    assert lesson.wrong_sizes == 0
    assert lesson.numbers == 9
    assert lesson.parameters == (785 * 8 * 784, 80)
    assert lesson.moves_along == {"Conv2d": True, "Linear": False}
    assert list(lesson.fields.values()) == [3, 5, 7, 15]
    return "equal to F.conv2d; 80 parameters for 4.9 million"


def lesson43_nn_module(lesson):
    assert lesson.equal == [True] * 6
    assert lesson.devices == {"factor": "meta", "mean": "meta", "plain": "cpu"}
    assert lesson.trained == ["2.weight", "2.bias"]
    assert lesson.same_answers
    assert lesson.counts == [5, 65]
    assert lesson.moved == [False, True]
    return "MyLinear equal to nn.Linear; a list hides 60 of 65 numbers"
