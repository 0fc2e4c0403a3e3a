"""
The web site, built from the lessons alone:

    python -m sphinx -W --keep-going docs docs/_build/html

With ``LESSONS_QUICK=1`` in the environment each lesson runs on a small part of the
data; otherwise in full, which takes some 10 minutes the first time. A lesson that did
not change is not run again.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in "docs", "lessons", ".":
    sys.path.insert(0, str(ROOT / folder))
OUTPUTS = ROOT / "docs" / "_build" / "outputs"
os.environ["MPLBACKEND"] = "agg"
os.environ["TQDM_DISABLE"] = "1"
os.environ["LESSONS_OUTPUTS"] = str(OUTPUTS)

import pages

import utils

# What a lesson says on stderr would stand on its page.
utils.say = lambda message: None
utils.say_once = lambda message, topic="": None

project = "Annotated PyTorch lessons"
author = "the authors of the annotated PyTorch lessons"
project_copyright = "2026, the authors. Code and text under the MIT licence"
language = "en"

extensions = ["sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build", "**/*.md5", "lessons/sg_execution_times.rst"]
html_theme = "basic"  # everything that is seen is in _templates and _static
templates_path = ["_templates"]
html_static_path = ["_static"]
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
html_permalinks = False
html_math_renderer = "mathml"


# Pages of a quick build are not those of a full one: a change of mode runs all lessons.
MODE = "quick" if os.environ.get("LESSONS_QUICK") == "1" else "full"
mode_file = ROOT / "docs" / "lessons" / ".mode"
mode_changed = mode_file.exists() and mode_file.read_text() != MODE
mode_file.parent.mkdir(exist_ok=True)
mode_file.write_text(MODE)

sphinx_gallery_conf = {
    "examples_dirs": "../lessons",
    "gallery_dirs": "lessons",
    "filename_pattern": r"lesson\d\d_",
    "ignore_pattern": r"(^|[/\\])utils\.py",
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": ("matplotlib", "pages.reset_lesson"),
    "run_stale_examples": mode_changed,
    "first_notebook_cell": pages.FIRST_NOTEBOOK_CELL,
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
}


def setup(app):
    """Connect what the pages hold beside the lessons' text."""
    pages.setup(app)
