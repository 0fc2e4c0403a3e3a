"""Every lesson runs, prints what it states, and proves its claims."""

import re

import catalog
import claims
import pytest
import torch
from lesson_runner import (
    LESSONS,
    ROOT,
    Run,
    check_ended_well,
    depends_on_quick,
    differences,
    run_lesson,
)

DEVICES = ["cpu"]
if torch.accelerator.is_available():
    DEVICES.append(torch.accelerator.current_accelerator().type)

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def check_outputs(path, run, exact, update):
    different = differences(run, exact)
    if update:
        path.write_text(run.source, encoding="utf-8")
    elif different:
        pytest.fail(
            f"{path.name} prints other than its #: lines; pytest --update-outputs "
            f"rewrites them\n\n{different}",
            pytrace=False,
        )


@pytest.mark.parametrize("device", DEVICES)
@each_lesson
def test_quick(path, device, tmp_path, pytestconfig):
    has_settings = "settings(" in path.read_text(encoding="utf-8")
    run = run_lesson(path, tmp_path, ["--device", device] if has_settings else [])
    check_ended_well(run)
    if not depends_on_quick(path):
        update = pytestconfig.getoption("update_outputs")
        check_outputs(path, run, exact=True, update=update)


@pytest.mark.full
@each_lesson
def test_full(path, tmp_path, pytestconfig):
    judge = path.stem if hasattr(claims, path.stem) else None
    run = run_lesson(path, tmp_path, quick=False, timeout=300, judge=judge)
    update = pytestconfig.getoption("update_outputs")
    check_ended_well(run)
    check_outputs(path, run, exact=not depends_on_quick(path), update=update)
    if pytestconfig.getoption("record"):
        catalog.record(path, run.reached or "outputs exact", run.seconds, run.memory_mb)


READMES = {"en": "README.md", "zh": "README.zh-CN.md"}


@pytest.mark.parametrize("language", READMES)
def test_readme_lists_every_lesson(language):
    """The table is the one that docs/catalog.py writes, with links that exist."""
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    assert catalog.readme_table(language) in text
    for link in re.findall(r"\]\(([^)h][^)]*)\)", text):
        assert (ROOT / link).exists(), link


def test_readme_shows_lines_of_a_real_lesson():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```python\n(.*?)```", text, re.S)[1].splitlines()
    lesson = (ROOT / "lessons" / "lesson10_broadcasting.py").read_text(encoding="utf-8")
    assert 8 <= len(shown) <= 10
    assert [line for line in shown if line not in lesson.splitlines()] == []


def test_both_readmes_have_the_same_commands_lessons_and_headings():
    found = []
    for name in READMES.values():
        text = (ROOT / name).read_text(encoding="utf-8")
        fences = re.findall(r"^```.*?^```$", text, re.M | re.S)
        rest = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
        code = sorted(set(re.findall(r"`[^`\n]+`", rest)))
        headings = re.findall(r"^#+ |^<details>", rest, re.M)
        found.append((fences, code, headings, re.findall(r"lessons/\w+\.py", rest)))
    assert found[0] == found[1]


def test_every_lesson_has_a_number_of_its_own():
    assert len({lesson.number for lesson in catalog.lessons()}) == len(LESSONS)


def test_results_table_is_complete_and_up_to_date():
    """Each lesson has a row, measured with the code that it has now."""
    measured = catalog.results()
    assert list(measured) == [path.stem for path in LESSONS]
    for path in LESSONS:
        row = measured[path.stem]
        stale = f"{path.stem} changed: pytest -m full -k {path.stem}"
        assert row["code"] == catalog.code_hash(path), stale
        assert row["reached"], path.stem


# --- the checks themselves: a fault planted in a copy of a lesson is seen ------------


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
        check_outputs(path, run, exact=True, update=False)
    before = path.read_text(encoding="utf-8")
    check_outputs(path, run, exact=True, update=True)
    assert path.read_text(encoding="utf-8") == before.replace("([8, ", "([9, ", 1)


def test_a_missing_output_is_seen(plant, tmp_path):
    path = plant("lesson11_merging_splitting", "# Try it\n", "\nprint(1)\n# Try it\n")
    assert "--- printed\n1" in differences(run_lesson(path, tmp_path), exact=True)


def test_a_network_request_is_seen(plant, tmp_path):
    request = "import urllib.request\nurllib.request.urlopen('http://192.0.2.1')\n"
    path = plant("lesson11_merging_splitting", "# Try it\n", f"\n{request}# Try it\n")
    assert "SocketConnectBlockedError" in run_lesson(path, tmp_path).error


@pytest.mark.full
def test_a_relu_on_the_logits_breaks_the_claim(plant, tmp_path):
    path = plant(
        "lesson26_softmax_from_scratch",
        "return F.relu(x) if relu_on_logits else x",
        "return F.relu(x)",
    )
    run = run_lesson(path, tmp_path, quick=False, timeout=300, judge=path.stem)
    assert "AssertionError: assert " in run.error  # with the numbers compared


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
