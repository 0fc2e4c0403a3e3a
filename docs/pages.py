"""
What the site's pages hold beside the lessons' own text.

The parts of the front page and of the side bar, the way from the notes to the lessons,
what a lesson takes and reaches, its exercises, texts for its figures, links from prose
to lessons and to the glossary, and formulas as MathML.
"""

import os
import re
from pathlib import Path

import catalog
import digits
import latex2mathml.converter
import practice
import torch
from docutils import nodes
from matplotlib import pyplot as plt
from PIL import Image
from sphinx import addnodes, search

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
    search.languages["en"] = Search
    app.connect("builder-inited", reduce_figures, priority=600)
    app.connect("env-get-outdated", lambda app, env, *changes: env.found_docs)
    app.connect("source-read", fill_page)
    app.connect("doctree-read", link_prose)
    app.connect("html-page-context", add_context)
    app.connect("build-finished", write_weights)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))


def reset_lesson(gallery_conf, fname) -> None:
    """Give each lesson the state that a process of its own would have."""
    plt.rcParams.update(utils.STYLE)
    utils._shown.clear()
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.manual_seed(0)


class Search(search.SearchEnglish):
    """English words, and of Chinese ones also their parts: 梯度 finds 什么是梯度."""

    def split(self, input: str) -> list[str]:
        """The words to index."""
        words = super().split(input)
        for run in re.findall("[\u4e00-\u9fff]{3,12}", input):
            ends = [(i, j) for i in range(len(run)) for j in range(i + 2, len(run) + 1)]
            words += [run[i:j] for i, j in ends]
        return words


def reduce_figures(app) -> None:
    """Store each new figure with 256 colours, and with fewer if it is still large."""
    for path in (DOCS / "lessons" / "images").glob("*.png"):
        with Image.open(path) as image:
            if image.mode == "P":
                continue
            figure = image.convert("RGB")
        for colours in 256, 64, 32:
            figure.quantize(colours).save(path, optimize=True)
            if path.stat().st_size < 200_000:
                break


def write_weights(app, error) -> None:
    """Put the networks of the drawing pad beside its script."""
    outputs = Path(os.environ["LESSONS_OUTPUTS"])
    if not error and app.builder.name == "html":
        digits.write(outputs, Path(app.outdir, "_static", "digits.bin"))


def add_context(app, pagename, templatename, context, doctree) -> str | None:
    """Give the templates the lessons, and say which template a page has."""
    lessons = catalog.lessons()
    context["parts"] = [
        (part, [lesson for lesson in lessons if lesson.part == part])
        for part in sorted({lesson.part for lesson in lessons})
    ]
    here = [x for x in lessons if pagename == f"lessons/{x.path.stem}"]
    context["lesson"] = here[0] if here else None
    context["description"] = here[0].idea if here else "Annotated PyTorch lessons"
    context["measured"] = catalog.results()
    if pagename == "index":
        drawings = (DOCS / "cards").glob("*.svg")
        context["pictures"] = {int(p.stem): p.read_text("utf-8") for p in drawings}
    if pagename in ("index", "draw"):  # their headings stand in their templates
        context["body"] = re.sub("<h1>.*?</h1>", "", context["body"], count=1)
    templates = {"index": "front.html", "draw": "draw.html"}
    return {**templates, "lessons/index": "lessons.html"}.get(pagename)


# --- pages that are made from the lessons' headers -----------------------------------


def fill_page(app, docname, source) -> None:
    """Fill in what is derived, and drop from a lesson's page what would stand twice."""
    if docname.startswith("lessons/lesson"):
        source[0] = lesson_page(docname.removeprefix("lessons/"), source[0])
    if docname == "lessons/index":
        source[0] = source[0].partition(".. raw:: html")[0]
    if docname == "notes":
        source[0] = notes(source[0])


def lesson_page(stem: str, text: str) -> str:
    """The gallery's page of a lesson, with what stands elsewhere put in its place."""
    number = int(stem[6:8])
    text = re.sub(r"\.\. only:: html\n\n    \.\. note.*?code\.\n", "", text, flags=re.S)
    # The captured output follows below; the downloads keep these lines.
    text = re.sub(r"^    #:.*\n", "", text, flags=re.M)
    found = re.search(r"^:Notes: (.*)$", text, flags=re.M)
    words = found[1].replace("`", "")
    fields = f":Notes: :ref:`{words} <notes-{number}>`"
    if row := catalog.results().get(stem):
        fields += f"\n:Reached: {row['reached'].replace('`', '``')}"
        fields += f"\n:Time: {row['seconds']} s on {row['cpu']}"
    if stem in [net[0] for net in digits.NETS.values()]:
        fields += "\n:Try it: :doc:`draw a digit </draw>`, and this network answers"
    text = describe_figures(text.replace(found[0], fields, 1))
    body, mark, footer = text.rpartition(".. _sphx_glr_download_")
    return f"{body}{practice.practice_rst(number)}\n\n{mark}{footer}"


def describe_figures(text: str) -> str:
    """Let each figure's text say its name and what the lesson says before it."""
    parts = re.split(r"(?=^\.\. GENERATED FROM)", text, flags=re.M)
    prose = ""
    for i, part in enumerate(parts):
        body = part.partition("\n")[2].strip()
        if ".. code-block" not in part:
            paragraphs = [p for p in body.split("\n\n") if p[:2] not in ("..", "- ")]
            drawn = [p for p in paragraphs if "Drawn:" in p]
            prose = (drawn or paragraphs or [prose])[-1]
            prose = re.sub(r".*\n([-=~])\1+\n", "", prose)  # a heading
            prose = " ".join(re.sub(r":\w+:|[`*\"]", "", prose).split())
            prose = prose.partition("Drawn: ")[2] or prose
            continue
        shown = re.findall(r"(?:show\(|plot_image\([^\"]*)\"([^\"]+)\"", body)
        names = iter(shown)

        def alt(found, names=names, prose=prose):
            name = next(names, "figure").replace("_", " ")
            return f"{found[1]}:alt: {name}: {prose}"[:300]

        parts[i] = re.sub(r"^( +):alt: .*$", alt, part, flags=re.M)
    return "".join(parts)


def notes(text: str) -> str:
    """
    The sections of the notes, with links to the lessons.

    Below a heading, ``:lessons: 37, 38`` names the section's lessons. The first of them
    holds what an item names, unless the item ends with ``[other, lessons]``.
    """
    lessons = {lesson.number: lesson for lesson in catalog.lessons()}

    def links(numbers: list[int], titles: bool = False) -> str:
        found = [lessons[n] for n in numbers if n in lessons]
        names = {x: f"{x.number} {x.title}" if titles else x.number for x in found}
        return ", ".join(f":doc:`{names[x]} <lessons/{x.path.stem}>`" for x in found)

    seen, lines, numbers = set(), [], []
    for line in text.splitlines():
        own = re.search(r"(?: \[([\d, ]+)\])?$", line)
        if line.startswith(":lessons:"):
            numbers = [int(n) for n in re.findall(r"\d+", line)]
            lines += [f".. _notes-{n}:\n" for n in numbers if n not in seen]
            seen.update(numbers)
            line = links(numbers, titles=True)
        elif line.startswith("- "):
            wanted = [int(n) for n in own[1].split(",")] if own[1] else numbers[:1]
            line = f"{line[: own.start()]} {links(wanted)}"
        lines.append(line)
    for number in sorted(set(lessons) - seen):
        lines += [f"\n.. _notes-{number}:\n", links([number], titles=True)]
    return "\n".join([*lines, ""])


# --- links from prose ---------------------------------------------------------------

# Terms that are plain words more often than not.
# fmt: off
EVERYDAY = {
    "bit", "bound", "class", "code", "control", "copy", "device", "edge", "gate",
    "generator", "head", "index", "key", "layer", "leaf", "mask", "mean", "memory",
    "mode", "model", "pack", "period", "range", "ring", "rotate", "scale", "score",
    "server", "split", "step", "value", "view", "window",
}
# fmt: on


def link_prose(app, doctree) -> None:
    """Link "lesson 25" to its page and each term, once, to the glossary."""
    here = app.env.docname
    if not here.startswith(("lessons/lesson", "draw")):
        return
    pages = {x.number: f"/lessons/{x.path.stem}" for x in catalog.lessons()}
    glossary = (DOCS / "glossary.rst").read_text("utf-8").split(".. glossary::")[1]
    terms = re.findall(r"^   (?! )([ -~]+)$", glossary, re.M)
    terms = sorted(set(terms) - EVERYDAY, key=len, reverse=True)
    words = re.compile(rf"\b(?:[Ll]esson (\d+)|{'|'.join(map(re.escape, terms))})\b")
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.paragraph):
            continue  # headings, code, formulas and what is a link already
        parts, end = [], 0
        for match in words.finditer(text):
            kind, target = "term", match[0]
            if match[1]:
                kind, target = "doc", pages.get(int(match[1]))
            elif target in terms:
                terms.remove(target)
            else:
                continue
            if target and target != f"/{here}":
                parts += [nodes.Text(text[end : match.start()]), xref(kind, target)]
                parts[-1] += nodes.inline("", match[0])
                end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def xref(kind: str, target: str) -> addnodes.pending_xref:
    """A link that Sphinx resolves, or warns of."""
    where = {"refdomain": "std", "reftype": kind, "reftarget": target}
    return addnodes.pending_xref("", refexplicit=True, refwarn=True, **where)


# --- formulas -----------------------------------------------------------------------


def visit_math(self, node) -> None:
    """Write a formula, within a line or on a line of its own."""
    tex, block = node.astext(), isinstance(node, nodes.math_block)
    if "&" in tex or r"\\" in tex:
        tex = rf"\begin{{align}}{tex}\end{{align}}"
    formula = latex2mathml.converter.convert(
        tex, display="block" if block else "inline"
    )
    self.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode
