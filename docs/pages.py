"""
What the site's pages hold beside the lessons' own text.

The front page's cards and results, the way from the notes to the lessons, links from
prose to lessons and to the glossary, and formulas as MathML.
"""

import re
import textwrap
from pathlib import Path

import catalog
import latex2mathml.converter
import torch
from docutils import nodes
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sphinx import addnodes

import utils

DOCS = Path(__file__).resolve().parent

FIRST_NOTEBOOK_CELL = """\
# This notebook needs a clone of the lessons' repository: its utils.py and its data.
# It finds the clone that it lies in; elsewhere, write the clone's folder here.
import sys
from pathlib import Path

CLONE = ""

here = Path(CLONE).resolve()
found = [p for p in [here, *here.parents] if (p / "lessons" / "utils.py").exists()]
if not found:
    raise FileNotFoundError(
        f"{here} is not inside a clone of the lessons: set CLONE to the folder that "
        "has utils.py and data/, and run this cell again"
    )
sys.path.insert(0, str(found[0] / "lessons"))
"""


def setup(app) -> None:
    """Connect to Sphinx; the gallery's own work comes first, at priority 500."""
    app.connect("builder-inited", draw_thumbnails, priority=600)
    app.connect("env-get-outdated", lambda *event: ["index", "notes"])
    app.connect("source-read", fill_page)
    app.connect("doctree-read", link_prose)
    app.add_html_math_renderer(
        "mathml", (visit_inline_math, None), (visit_display_math, None)
    )


def reset_lesson(gallery_conf, fname) -> None:
    """Give each lesson the state that a process of its own would have."""
    plt.rcParams.update(utils.STYLE)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.manual_seed(0)


# --- pages that are made from the lessons' headers -----------------------------------


def thumbnail(lesson) -> Path:
    """Where the gallery puts the lesson's thumbnail."""
    return DOCS / "lessons" / f"images/thumb/sphx_glr_{lesson.path.stem}_thumb.png"


def draw_thumbnails(app) -> None:
    """Give a lesson that draws nothing a thumbnail that says what it is about."""
    for lesson in catalog.lessons():
        images = DOCS / "lessons" / "images"
        if not list(images.glob(f"sphx_glr_{lesson.path.stem}_0*.png")):
            figure = Figure(figsize=(4, 2.8), dpi=100, facecolor="white")
            text = textwrap.fill(lesson.idea.replace("`", ""), 34)
            figure.text(0.06, 0.9, text, va="top", fontsize=11, linespacing=1.4)
            figure.savefig(thumbnail(lesson))


def fill_page(app, docname, source) -> None:
    """Fill in what is derived, and drop from a lesson's page what would stand twice."""
    if docname.startswith("lessons/lesson"):
        # The captured output follows below; the downloads keep these lines.
        source[0] = re.sub(r"^    #:.*\n", "", source[0], flags=re.M)
        found = re.search(r"^:Notes: (.*)$", source[0], flags=re.M)
        words = found[1].replace("`", "")
        link = f":Notes: :ref:`{words} <notes-{int(docname[14:16])}>`"
        source[0] = source[0].replace(found[0], link, 1)
    for name, make in {"cards": cards, "results": results, "notes": notes}.items():
        mark = f".. {name} of the lessons\n"
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())


def cards() -> str:
    """A heading a part, and below it a card a lesson."""
    text = []
    lessons = catalog.lessons()
    for part in sorted({lesson.part for lesson in lessons}):
        text += [part, "-" * len(part), "", ".. grid:: 1 2 3 4", "   :gutter: 3", ""]
        for lesson in lessons:
            if lesson.part == part:
                image = thumbnail(lesson).relative_to(DOCS).as_posix()
                text += [
                    f"   .. grid-item-card:: {lesson.number} · {lesson.title}",
                    f"      :img-top: {image}",
                    f"      :img-alt: a figure of lesson {lesson.number}",
                    f"      :link: lessons/{lesson.path.stem}",
                    "      :link-type: doc",
                    "",
                    f"      {lesson.chinese or lesson.notes}",
                    "",
                ]
    return "\n".join(text) + "\n"


def results() -> str:
    """The results table, a row a lesson."""
    measured = catalog.results()
    text = [".. list-table::", "   :header-rows: 1", "   :class: results", ""]
    text += ["   * - lesson", "     - reached", "     - s", "     - MB"]
    for lesson in catalog.lessons():
        if row := measured.get(lesson.path.stem):
            text += [
                f"   * - :doc:`{lesson.number} <lessons/{lesson.path.stem}>`",
                f"     - {row['reached']}",
                f"     - {row['seconds']}",
                f"     - {row['memory_mb']}",
            ]
    rows = measured.values()
    machines = sorted({f"torch {row['torch']} on {row['cpu']}" for row in rows})
    dates = sorted(row["date"] for row in rows)
    text += ["", f"Measured with {'; '.join(machines)}, {dates[0]} to {dates[-1]}.", ""]
    return "\n".join(text)


def notes() -> str:
    """The sections of the notes in their order, each with its lesson."""
    text = []
    for lesson in catalog.lessons():
        text += [
            f".. _notes-{lesson.number}:",
            "",
            f"{lesson.notes}",
            f"    :doc:`lessons/{lesson.path.stem}`",
            "",
        ]
    return "\n".join(text)


# --- links from prose ---------------------------------------------------------------

LESSON = re.compile(r"\b[Ll]esson (\d+)\b")
TERM = re.compile(r"^   (?! )(.+)$", re.M)
EVERYDAY = {"step", "view"}  # terms that are plain words more often than not


def link_prose(app, doctree) -> None:
    """
    Link "lesson 25" to its page, and the first mention of each term to the glossary.
    """
    if not app.env.docname.startswith("lessons/lesson"):
        return
    pages = {
        lesson.number: f"/lessons/{lesson.path.stem}" for lesson in catalog.lessons()
    }
    terms = glossary_terms()
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.paragraph):
            continue  # headings, code, formulas and what is a link already
        parts = [text]
        for match in LESSON.finditer(text):
            number = int(match[1])
            if number in pages and pages[number] != f"/{app.env.docname}":
                parts = _link(parts, match[0], "std", "doc", pages[number])
        for term in list(terms):
            found = re.search(rf"\b{re.escape(term)}\b", str(text))
            if found:
                parts = _link(parts, term, "std", "term", term)
                terms.remove(term)
        if len(parts) > 1:
            text.parent.replace(text, parts)


def glossary_terms() -> list[str]:
    """The English terms of the glossary, the longest first."""
    text = (DOCS / "glossary.rst").read_text(encoding="utf-8")
    entries = text.split(".. glossary::")[1]
    return sorted(
        (t for t in TERM.findall(entries) if t.isascii() and t not in EVERYDAY),
        key=len,
        reverse=True,
    )


def _link(parts: list, words: str, domain: str, kind: str, target: str) -> list:
    """Turn the first of ``words`` within the plain parts into a cross-reference."""
    for i, part in enumerate(parts):
        if isinstance(part, nodes.Text) and words in part:
            before, _, after = part.partition(words)
            link = addnodes.pending_xref(
                "",
                nodes.inline("", words, classes=["xref", kind]),
                refdomain=domain,
                reftype=kind,
                reftarget=target,
                refexplicit=True,
                refwarn=True,
            )
            new = [nodes.Text(before), link, nodes.Text(after)]
            return [*parts[:i], *(p for p in new if p), *parts[i + 1 :]]
    return parts


# --- formulas -----------------------------------------------------------------------


def visit_inline_math(self, node) -> None:
    """Write an inline formula."""
    self.body.append(latex2mathml.converter.convert(node.astext()))
    raise nodes.SkipNode


def visit_display_math(self, node) -> None:
    """Write a formula on a line of its own."""
    tex = node.astext()
    if "&" in tex or r"\\" in tex:
        tex = rf"\begin{{align}}{tex}\end{{align}}"
    formula = latex2mathml.converter.convert(tex, display="block")
    self.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode
