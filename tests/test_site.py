"""
The built site in a real browser, its links, and one of its notebooks.

Run after the build: ``python -m sphinx -W --keep-going docs docs/_build/html``, then
``python -m pytest -m site``.
"""

import functools
import http.server
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import catalog
import pytest
from lesson_runner import LESSONS, ROOT

HTML = ROOT / "docs" / "_build" / "html"
PAGES = ["index.html", "notes.html", "glossary.html", "lessons/index.html"]
PAGES += [f"lessons/{path.stem}.html" for path in LESSONS]

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
    """A browser page that notes console errors and requests off the machine."""
    context = browser.new_context(base_url=site)
    context.set_default_timeout(90_000)  # a busy machine is no failure
    page = context.new_page()
    page.problems = []
    page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("requestfailed", lambda request: page.problems.append(request.url))
    page.on("request", lambda request: off_machine(request.url, site, page.problems))
    yield page
    context.close()


def off_machine(url, site, problems):
    if not url.startswith((site, "data:", "blob:")):
        problems.append(f"request to {url}")


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_clean_and_fits_a_phone(page, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(name)
    assert page.locator("h1").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(broken) == 0
    assert page.problems == []


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


def test_front_page_has_a_card_for_each_lesson(page):
    page.goto("index.html")
    links = page.locator(".sd-card a.sd-stretched-link").all()
    stems = [Path(link.get_attribute("href")).stem for link in links]
    assert stems == [path.stem for path in LESSONS]
    assert page.locator("table.results tbody tr").count() == len(catalog.results())
    headings = page.locator("article h2").all_text_contents()
    for part in {lesson.part for lesson in catalog.lessons()}:
        assert any(heading.startswith(part) for heading in headings)


def test_previous_and_next_lesson_and_notes(page):
    page.goto("lessons/lesson28_activations_gpu.html")
    assert "Lesson 27" in page.locator("a.left-prev").inner_text()
    page.locator("a.right-next").click()
    assert "lesson29_mnist" in page.url
    page.locator("dl.field-list a", has_text="MNIST").click()
    assert page.url.endswith("notes.html#notes-29")


def test_search_finds_broadcasting(page):
    page.goto("search.html?q=broadcasting")
    page.wait_for_selector("ul.search a")
    hits = page.locator("ul.search a").all_text_contents()
    assert any("broadcasting" in hit for hit in hits)
    assert page.problems == []


def test_a_figure_and_a_formula_are_drawn(page):
    page.goto("lessons/lesson16_gradients.html")
    assert page.locator("img.sphx-glr-single-img").first.evaluate(
        "image => image.naturalWidth"
    )
    box = page.locator("math").first.bounding_box()
    assert box["width"] > 5
    assert box["height"] > 5


def test_dark_mode(page):
    page.emulate_media(color_scheme="dark")
    page.goto("lessons/lesson29_mnist.html")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(c) for c in colour.strip("rgba()").split(",")[:3])
    assert max(red, green, blue) < 60
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != colour


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
