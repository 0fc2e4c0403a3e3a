"""The guards themselves: a fault planted in a copy of a lesson raises the alarm."""

import pytest
import test_lessons
import test_style
from lesson_runner import ROOT, Run, crash, differences, run_lesson


@pytest.fixture
def plant(tmp_path):
    """A copy of a lesson with one piece of its text replaced."""

    def copy(stem, old, new):
        text = (ROOT / "lessons" / f"{stem}.py").read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path = tmp_path / f"{stem}.py"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return copy


def test_a_wrong_output_is_seen(plant, tmp_path):
    path = plant(
        "lesson11_merging_splitting", "#: torch.Size([9, ", "#: torch.Size([8, "
    )
    run = run_lesson(path, tmp_path)
    with pytest.raises(pytest.fail.Exception, match=r"stated\ntorch.Size\(\[8, "):
        test_lessons.check_outputs(path, run, exact=True, update=False)
    before = path.read_text(encoding="utf-8")
    test_lessons.check_outputs(path, run, exact=True, update=True)
    assert path.read_text(encoding="utf-8") == before.replace("([8, ", "([9, ", 1)
    assert not differences(run_lesson(path, tmp_path), exact=True)


def test_a_missing_output_is_seen(plant, tmp_path):
    path = plant("lesson11_merging_splitting", "# Try it\n", "\nprint(1)\n# Try it\n")
    assert "--- printed\n1" in differences(run_lesson(path, tmp_path), exact=True)


def test_an_error_is_seen(plant, tmp_path):
    path = plant("lesson11_merging_splitting", "# Try it\n", "\n1 / 0\n# Try it\n")
    assert "ZeroDivisionError" in crash(run_lesson(path, tmp_path))


def test_a_network_request_is_seen(plant, tmp_path):
    request = "import urllib.request\nurllib.request.urlopen('http://192.0.2.1')\n"
    path = plant("lesson11_merging_splitting", "# Try it\n", f"\n{request}# Try it\n")
    assert "SocketConnectBlockedError" in crash(run_lesson(path, tmp_path))


@pytest.mark.full
def test_a_relu_on_the_logits_breaks_the_claim(plant, tmp_path):
    path = plant(
        "lesson26_softmax_from_scratch",
        "return F.relu(x) if relu_on_logits else x",
        "return F.relu(x)",
    )
    run = run_lesson(path, tmp_path, quick=False, timeout=300)
    assert not crash(run)
    with pytest.raises(AssertionError):
        test_lessons.CLAIMS[path.stem](run.values)
    assert run.values.accuracies["plain randn"] < 0.6


@pytest.mark.parametrize(
    ("stem", "old", "new", "guard"),
    [
        ("lesson29_mnist", ":Needs: lessons 26 to 28\n", "", "header"),
        ("lesson29_mnist", "Lesson 29:", "Lesson 28:", "header"),
        ("lesson29_mnist", "# - Build", "# - Make", "try_it"),
        ("lesson29_mnist", "\ntest_loader = ", "\ninput = test_loader = ", "names"),
        ("lesson29_mnist", "to(opt.device)", "to('cuda')", "no_device_is_hard_coded"),
        ("lesson29_mnist", "to(opt.device)", "cuda()", "no_device_is_hard_coded"),
        ("lesson29_mnist", "# Try it\n", "#\n" * 150 + "# Try it\n", "size"),
        ("lesson29_mnist", "manual_seed(opt.seed)", "manual_seed(0)", "seed"),
    ],
)
def test_a_breach_of_style_is_seen(plant, stem, old, new, guard):
    check = getattr(test_style, f"test_{guard}")
    check(ROOT / "lessons" / f"{stem}.py")
    with pytest.raises(AssertionError):
        check(plant(stem, old, new))


@pytest.mark.parametrize(
    ("stated", "printed", "same"),
    [
        ("accuracy 0.981, 0.9 s", "accuracy 0.978, 2.5 s", True),
        ("accuracy 0.981", "accuracy 0.901", False),
        ("accuracy 0.981", "accuracy 0.981 at last", False),
        ("3 of 10", "4 of 10", False),
        ("loss 0.5", "loss 0.5\nloss 0.4", False),
    ],
)
def test_trained_numbers_may_move_only_a_little(stated, printed, same):
    run = Run(outputs=[("print(...)", stated, printed)])
    assert (differences(run, exact=False) == "") == same
