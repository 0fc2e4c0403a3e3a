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
    assert lesson.equal == [True] * 3
    assert lesson.same_flatten
    assert lesson.trained == ["head.weight", "head.bias"]
    assert lesson.same_answers
    assert lesson.devices == {"scale": "meta", "mean": "meta", "std": "cpu"}
    assert lesson.moved == {"list": False, "ModuleList": True}
    left = {name: losses[-1] for name, losses in lesson.losses.items()}
    assert left["ModuleList"] < 0.1 < 0.5 < left["list"]
    return "MyLinear equal to nn.Linear; layers in a plain list never move"


def lesson41_classic_networks(lesson):
    accuracies = lesson.accuracies
    assert accuracies["LeNet-5"] >= 0.97
    assert accuracies["LeNet-5"] > accuracies["MLP"] + 0.005
    assert lesson.shares["vgg16"] > 0.85 > lesson.shares["googlenet"]
    assert lesson.table["alexnet"][0] < lesson.table["mobilenet_v3_large"][0]
    return (
        f"LeNet-5 {accuracies['LeNet-5']:.3f}, an MLP as large {accuracies['MLP']:.3f}"
    )


def lesson38_cnn(lesson):
    assert len(lesson.calls) == 1
    cnn, mlp = lesson.parameters["cnn"], lesson.parameters["mlp"]
    assert abs(cnn - mlp) < 0.01 * cnn
    assert lesson.accuracy >= 0.985
    assert len(lesson.accuracies["cnn"]) == 3
    mlp_accuracy = lesson.accuracies["mlp"][-1]
    assert 1 - lesson.accuracy < (1 - mlp_accuracy) / 2
    return f"test accuracy {lesson.accuracy:.3f}, of an MLP as large {mlp_accuracy:.3f}"


def lesson44_data_augmentation(lesson):
    final = lesson.final
    assert final["shift"] > final["none"] + 0.005
    assert final["rotation ±15°"] > final["none"] + 0.005
    assert final["vertical flip"] < final["none"] - 0.01
    assert final["horizontal flip"] < final["none"] - 0.01
    return (
        f"1000 images {final['none']:.3f}, with shifts {final['shift']:.3f}, "
        f"with vertical flips {final['vertical flip']:.3f}"
    )


def lesson40_batch_norm(lesson):
    assert len(lesson.differences) == 18
    assert max(lesson.differences) < 1e-5
    without, with_norm = lesson.spread["without"], lesson.spread["with"]
    assert without[-1] < without[0] / 100
    assert with_norm[-1] > with_norm[0] / 1.5
    accuracies = lesson.accuracies
    for lr in 0.01, 0.1, 1.0:
        assert accuracies[lr, "without"] < 0.2
        assert accuracies[lr, "with"] > 0.85
    best = max(accuracies.values())
    return f"test accuracy {best:.3f} with it, {accuracies[0.1, 'without']:.3f} without"


def lesson39_pooling_sampling(lesson):
    assert lesson.equal == [True] * 11
    lost = {way: runs[:, 0] - runs[:, 2] for way, runs in lesson.runs.items()}
    assert lost["max"].max() < lost["every second"].min()
    assert lost["average"].max() < lost["every second"].min()
    kept = [runs.mean(dim=0) for runs in lesson.runs.values()]
    assert all(means[0] > 0.9 and means[4] < 0.6 for means in kept)
    pooled, strided = lost["max"].mean(), lost["every second"].mean()
    return f"two pixels cost {pooled:.3f} with max pooling, {strided:.3f} without"


def lesson42_resnet(lesson):
    first_to_last = {k: v[0] / v[-1] for k, v in lesson.gradients.items()}
    assert first_to_last["plain"] < 1e-5
    assert first_to_last["residual"] > 0.05
    assert first_to_last["plain, norm"] > 0.5
    runs = lesson.accuracies
    assert max(runs["plain"]) < 0.2
    assert min(runs["residual"]) > 0.83
    assert min(runs["residual, norm"]) > max(runs["plain, norm"]) + 0.05
    assert min(runs["residual, norm, no ReLU"]) > 0.8
    plain, residual = (sum(runs[k]) / 3 for k in ("plain, norm", "residual, norm"))
    return f"20 layers: plain {plain:.3f}, residual {residual:.3f}"
