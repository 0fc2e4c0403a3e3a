"""
The built site in a real browser, its links, its networks, and one of its notebooks.

Run after the build: ``python -m sphinx -W --keep-going docs docs/_build/html``, then
``python -m pytest -m site``.
"""

import functools
import http.server
import shutil
import subprocess
import tarfile
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import catalog
import digits
import pytest
import torch
from conftest import lacking
from lesson_runner import LESSONS, ROOT

import utils

BUILD = ROOT / "docs" / "_build"
HTML = BUILD / "html"
PAGES = ["index.html", "notes.html", "glossary.html", "draw.html", "lessons/index.html"]
PAGES += [f"lessons/{path.stem}.html" for path in LESSONS]
AXE = "axe-core@4.14.1"

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def site():
    """The address of the built site, served on loopback."""
    assert (HTML / "index.html").exists(), "build the site first, see this file's top"

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *message):
            pass

    handler = functools.partial(Handler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def page(browser, site):
    """A browser page that notes its files, console errors and what leaves the site."""
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    context.set_default_timeout(90_000)  # a busy machine is no failure
    page = context.new_page()
    page.problems, page.files = [], set()
    page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("requestfailed", lambda request: page.problems.append(request.url))
    page.on("request", lambda request: note_request(request.url, site, page))
    yield page
    context.close()


def note_request(url, site, page):
    if url.startswith(site):
        page.files.add(unquote(urlsplit(url).path)[1:])
    elif not url.startswith(("data:", "blob:")):
        page.problems.append(f"request to {url}")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_light_and_fits_a_phone(page, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(name)
    assert page.locator("h1").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    page.wait_for_load_state("networkidle")
    assert page.evaluate(broken) == 0
    assert page.problems == []
    size = sum((HTML / file).stat().st_size for file in page.files)
    assert size < (1_200_000 if name in ("index.html", "draw.html") else 600_000)


def test_networks_of_the_drawing_pad_are_small():
    assert (HTML / "_static" / "digits.bin").stat().st_size < 600_000
    lines = (HTML / "_static" / "network.js").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_page_shows_each_output_once(page, path):
    page.goto(f"lessons/{path.stem}.html")
    code = "\n".join(page.locator("div.highlight-Python pre").all_text_contents())
    assert "\n#:" not in code
    assert page.locator("div.sphx-glr-script-out").count() > 0
    assert page.locator("button.copybtn").count() > 0
    downloads = page.locator("div.sphx-glr-footer a.download").all()
    suffixes = {Path(link.get_attribute("href")).suffix for link in downloads}
    assert {".ipynb", ".py"} <= suffixes
    for image in page.locator("article img").all():
        assert len(image.get_attribute("alt")) > 30


def test_front_page_has_a_card_for_each_lesson(page):
    page.goto("index.html")
    measured = catalog.results()
    for lesson in catalog.lessons():
        card = page.locator(f".card:has(a[href='lessons/{lesson.path.stem}.html'])")
        heading = page.locator("section", has=card).locator("h2")
        assert heading.inner_text() == lesson.part
        text = card.inner_text()
        assert lesson.title in text
        assert lesson.chinese in text
        if row := measured.get(lesson.path.stem):
            assert row["reached"].replace("`", "") in text
        assert (ROOT / "docs" / "cards" / f"{lesson.number:02d}.svg").exists()
    boxes = page.locator(".pic svg").evaluate_all(
        "all => all.map(e => [e.clientWidth, e.clientHeight].join())"
    )
    assert len(boxes) == len(LESSONS)
    assert len(set(boxes)) == 1
    for door in page.locator(".doors a").all():
        assert door.bounding_box()["y"] < 720  # on the first screen


def test_side_bar_opens_the_current_part_only(page):
    page.goto("lessons/lesson29_mnist.html")
    assert page.locator(".side details[open] summary").all_inner_texts() == [
        next(x.part for x in catalog.lessons() if x.number == 29)
    ]
    assert page.locator(".side [aria-current]").inner_text().split("\n") == [
        "29",
        "An MLP that reads digits",
    ]


def test_previous_and_next_lesson_and_notes(page):
    page.goto("lessons/lesson28_activations_gpu.html")
    assert "Lesson 27" in page.locator("a.prev").inner_text()
    page.locator("a.next").click()
    assert "lesson29_mnist" in page.url
    page.locator("dl.field-list a", has_text="MNIST").click()
    assert page.url.endswith("notes.html#notes-29")


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        ("broadcasting", "lesson10_broadcasting"),
        ("维度变换", "lesson09_reshaping"),
        ("过拟合", "lesson31_overfitting"),
        ("交叉熵", "lesson25_cross_entropy"),
        ("梯度", "lesson16_gradients"),
    ],
)
def test_search(page, words, stem):
    page.goto("index.html")
    page.locator("header input").fill(words)
    page.locator("header input").press("Enter")
    page.wait_for_selector(f"ul.search a[href*='{stem}']")
    assert page.problems == []


def test_a_figure_and_a_formula_are_drawn(page):
    page.goto("lessons/lesson16_gradients.html")
    assert page.locator("img.sphx-glr-single-img").first.evaluate(
        "image => image.naturalWidth"
    )
    box = page.locator("math").first.bounding_box()
    assert box["width"] > 5
    assert box["height"] > 5


def test_colours_follow_the_system_and_the_button(page):
    colour = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    page.goto("lessons/lesson29_mnist.html")
    dark = page.evaluate(colour)
    assert max(int(c) for c in dark.strip("rgba()").split(",")[:3]) < 60
    page.locator("#mode").click()
    light = page.evaluate(colour)
    assert light != dark
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.evaluate(colour) == light


# --- accessibility ------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The text of axe-core, fetched by npm."""
    if not (npm := shutil.which("npm")):
        lacking("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True)
    if done.returncode:
        lacking(f"npm cannot fetch {AXE}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    [
        *["index.html", "notes.html", "glossary.html", "draw.html", "search.html"],
        "lessons/index.html",
        "lessons/lesson08_indexing_slicing.html",
        "lessons/lesson29_mnist.html",
    ],
)
def test_no_violation_of_wcag_2_a_and_aa(page, axe, name, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(name)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in found["violations"]
        for node in rule["nodes"]
    ] == []
    assert len(found["passes"]) > 5


# --- the drawing pad ----------------------------------------------------------------


@pytest.fixture
def pad(page):
    """The drawing page, its networks loaded."""
    page.goto("draw.html")
    page.wait_for_selector("#mlp li[data-logit]")
    return page


def logits(pad, name):
    bars = pad.locator(f"#{name} li")
    return torch.tensor([float(bar.get_attribute("data-logit")) for bar in bars.all()])


def test_pixels_give_the_numbers_of_pytorch(pad):
    test_set = utils.mnist(ROOT / "data")[1]
    images, labels = test_set.tensors
    pad.locator("#prepare").uncheck()
    set_pixels = """pixels => {
        const pen = document.getElementById("ink").getContext("2d");
        pixels.forEach((v, i) => {
            pen.fillStyle = `rgb(${v} ${v} ${v})`;
            pen.fillRect(10 * (i % 28), 10 * Math.floor(i / 28), 10, 10);
        });
        document.getElementById("prepare").dispatchEvent(new Event("change"));
    }"""
    nets = {name: digits.network(name, BUILD / "outputs") for name in digits.NETS}
    for image in images[:12]:
        pixels = (image * utils.MNIST_STD + utils.MNIST_MEAN).mul(255).round()
        pad.evaluate(set_pixels, pixels.flatten().tolist())
        for name, net in nets.items():
            expected = net(image[None])[0].detach()
            torch.testing.assert_close(logits(pad, name), expected, rtol=0, atol=1e-2)
    assert len(set(labels[:12].tolist())) > 5


def stroke(pad, *points):
    """Draw a line through points of the paper, in shares of its width and height."""
    box = pad.locator("#ink").bounding_box()
    places = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points
    ]
    pad.mouse.move(*places[0])
    pad.mouse.down()
    for x, y in places[1:]:
        pad.mouse.move(x, y, steps=5)
    pad.mouse.up()


def test_strokes_are_answered_and_prepared(pad):
    said = pad.locator("#pad .said")
    assert "empty" in said.inner_text()
    stroke(pad, (0.1, 0.1), (0.1, 0.3))
    assert "MLP: " in said.inner_text()
    shares = pad.locator("#cnn .bars span:last-child").all_inner_texts()
    assert 97 <= sum(int(share.split()[0]) for share in shares) <= 103
    seen = """() => {
        const c = document.getElementById("seen");
        const rgba = c.getContext("2d").getImageData(0, 0, 28, 28).data;
        const bright = [...Array(784).keys()].filter(i => rgba[4 * i] > 130);
        const rows = bright.map(i => Math.floor(i / 28));
        return [Math.min(...rows), Math.max(...rows)];
    }"""
    top, bottom = pad.evaluate(seen)
    assert bottom - top + 1 in (19, 20, 21)  # the box of 20 x 20
    assert abs(top + bottom - 28) <= 1  # its centre of mass in the middle
    pad.locator("#prepare").uncheck()
    top, bottom = pad.evaluate(seen)
    assert top < 4
    assert bottom < 10
    pad.locator("#clear").click()
    assert "empty" in said.inner_text()


def test_keyboard_draws(pad):
    pad.locator("#ink").focus()
    pad.keyboard.press("Space")
    for _ in range(10):
        pad.keyboard.press("ArrowDown")
    pad.keyboard.press("Space")
    assert "MLP: " in pad.locator("#pad .said").inner_text()
    pad.keyboard.press("Delete")
    assert "empty" in pad.locator("#pad .said").inner_text()
    pad.keyboard.press("Tab")
    assert pad.evaluate("document.activeElement.id") == "clear"


def test_a_finger_draws(browser, site):
    context = browser.new_context(base_url=site, has_touch=True)
    page = context.new_page()
    page.goto("draw.html")
    page.wait_for_selector("#mlp li[data-logit]")
    page.locator("#ink").tap()
    page.wait_for_function(
        "document.querySelector('.said').textContent.includes('MLP')"
    )
    context.close()


# --- links --------------------------------------------------------------------------


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name in ("id", "name"):
                self.anchors.add(value)


def test_every_internal_link_leads_somewhere():
    paths = [p for p in HTML.rglob("*.html") if "_static" not in p.parts]
    pages = {path: Links(path) for path in paths}
    broken = []
    for path, parsed in pages.items():
        for link in parsed.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            wanted = unquote(url.fragment)
            if not target.exists() or (
                wanted and target in pages and wanted not in pages[target].anchors
            ):
                broken.append(f"{path.name}: {link}")
    assert not broken
    assert len(pages) > len(LESSONS)


def test_notes_lead_to_every_lesson():
    parsed = Links(HTML / "notes.html")
    for lesson in catalog.lessons():
        assert f"notes-{lesson.number}" in parsed.anchors
        assert f"lessons/{lesson.path.stem}.html" in parsed.links


# --- notebooks ----------------------------------------------------------------------


def run_notebook(stem, folder, monkeypatch, clone):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("LESSONS_QUICK", "1")
    monkeypatch.setenv("LESSONS_OUTPUTS", str(folder))
    path = ROOT / "docs" / "lessons" / f"{stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    first = notebook.cells[0]
    assert 'CLONE = ""' in first.source
    first.source = first.source.replace('CLONE = ""', f"CLONE = {clone!r}")
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute(cwd=str(folder))
    return notebook


def test_notebook_runs_outside_the_clone(tmp_path, monkeypatch):
    notebook = run_notebook("lesson29_mnist", tmp_path, monkeypatch, str(ROOT))
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    text = "".join(out.get("text", "") for out in outputs)
    assert "epoch  1: train loss" in text
    assert any("image/png" in out.get("data", {}) for out in outputs)
    assert (tmp_path / "notebook" / "checkpoint.pt").exists()


def test_notebook_says_what_is_missing(tmp_path, monkeypatch):
    from nbclient.exceptions import CellExecutionError

    with pytest.raises(CellExecutionError, match="is not inside a clone") as error:
        run_notebook("lesson29_mnist", tmp_path, monkeypatch, "")
    assert "set CLONE to the folder" in str(error.value)
