"""Levels 2 and 3: every lesson runs, prints what it states, and proves its claims."""

import importlib

import pytest
import torch
from catalog import record
from lesson_runner import LESSONS, crash, differences, run_lesson, trains

DEVICES = ["cpu"]
if torch.accelerator.is_available():
    DEVICES.append(torch.accelerator.current_accelerator().type)

CLAIMS = {
    name: claim
    for part in "abcdefgh"
    for name, claim in vars(importlib.import_module(f"claims.part_{part}")).items()
    if name.startswith("lesson")
}


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
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_quick(path, device, tmp_path, pytestconfig):
    flags = ["--device", device] if trains(path) else []
    run = run_lesson(path, tmp_path, flags)
    assert run.status == 0, run.stderr
    assert not crash(run), crash(run)
    if not trains(path):
        update = pytestconfig.getoption("update_outputs")
        check_outputs(path, run, exact=True, update=update)


@pytest.mark.full
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_full(path, tmp_path, pytestconfig):
    run = run_lesson(path, tmp_path, quick=False, timeout=300)
    assert run.status == 0, run.stderr
    assert not crash(run), crash(run)
    update = pytestconfig.getoption("update_outputs")
    check_outputs(path, run, exact=not trains(path), update=update)
    reached = CLAIMS[path.stem](run.values) if path.stem in CLAIMS else "outputs exact"
    record(path, reached, run.seconds, run.memory_mb)
