"""Every lesson runs, prints what it states, and proves its claims."""

import claims
import pytest
import torch
from catalog import record
from lesson_runner import LESSONS, depends_on_quick, differences, run_lesson

DEVICES = ["cpu"]
if torch.accelerator.is_available():
    DEVICES.append(torch.accelerator.current_accelerator().type)

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def check_ended_well(run):
    if run.status:
        pytest.fail(run.error or run.stderr, pytrace=False)


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
        record(path, run.reached or "outputs exact", run.seconds, run.memory_mb)
