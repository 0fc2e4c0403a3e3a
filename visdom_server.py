"""
Visdom's server for one lesson, which ``dashboard.py`` starts, and its page's scripts.

``python visdom_server.py PORT`` listens on this machine alone. It ends when its
standard input does, a pipe of the program that started it, however that one ends.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

HOST = "127.0.0.1"
STATIC = Path(find_spec("visdom").origin).parent / "static"  # what its page is made of
LIMIT = 60  # seconds; behind some firewalls visdom's own download never ends

# What the page loads and visdom does not bring: visdom's version, npm package, place
# below STATIC, files. In a place that ends in / a file has its name, at a * its path.
_FILES = """
    0. jquery@3.1.1 js/ dist/jquery.min.js
    0. bootstrap@3.3.7 js/ dist/js/bootstrap.min.js
    0. bootstrap@3.3.7 css/ dist/css/bootstrap.min.css
    0. bootstrap@3.3.7 fonts/ dist/fonts/glyphicons-halflings-regular.woff2
    0. react@16.2.0 js/react-react.min.js umd/react.production.min.js
    0. react-dom@16.2.0 js/react-dom.min.js umd/react-dom.production.min.js
    0. plotly.js-dist-min@2.11.1 js/plotly-plotly.min.js plotly.min.js
    0. layout-bin-packer@1.4.0 js/layout_bin_packer.js dist/layout-bin-packer.js
    0. d3@3.5.17 js/d3.v3.min.js d3.min.js
    0. d3-selection-multi@1.0.1 js/d3-selection-multi.v1.js build/d3-selection-multi.js
    0. save-svg-as-png@1.4.17 js/ lib/saveSvgAsPng.js
    0.2 react-resizable@1.4.6 css/react-resizable-styles.css css/styles.css
    0.2 react-grid-layout@0.16.3 css/react-grid-layout-styles.css css/styles.css
    0.2 mathjax@2.7.5 js/mathjax/2.7.5/* MathJax.js config/TeX-AMS-MML_HTMLorMML.js
    0.2 mathjax@2.7.5 js/mathjax/2.7.5/* jax/output/SVG/config.js jax/output/SVG/jax.js
    0.2 mathjax@2.7.5 js/mathjax/2.7.5/* jax/output/SVG/fonts/TeX/fontdata.js
    0.2 mathjax@2.7.5 js/mathjax/2.7.5/* jax/output/SVG/fonts/TeX/Size1/Regular/Main.js
    0.3 react-resizable@3.1.3 css/react-resizable-styles.css css/styles.css
    0.3 react-grid-layout@2.2.3 css/react-grid-layout-styles.css css/styles.css
    0.3 mathjax@3.2.2 js/mathjax/3.2.2/* es5/tex-mml-svg.js
"""


async def serve(port: int) -> None:
    """Run visdom's server until standard input ends."""
    sys.modules.update(torch=None, openTSNE=None)  # it imports them, for seconds
    from visdom.server import app

    app.tornado_settings["autoreload"] = False  # edited files do not restart it
    os.environ.setdefault("LOGNAME", "reader")  # for a user whom the system has no name
    with tempfile.TemporaryDirectory(prefix="visdom-") as folder:
        server = app.Application(port=port, base_url="", env_path=folder)
        server.listen(port, HOST, max_buffer_size=2**30)
        await asyncio.to_thread(sys.stdin.buffer.read)


def page_lacks() -> list[str]:
    """The scripts and styles that the page names and that are not in STATIC."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    lacks = []
    for name in re.findall(r"static_url\(\s*[\"'](\w[^\"']+)", page):
        file = STATIC / name
        if not file.is_file() or file.read_bytes()[:1] in (b"", b"<"):  # a login page
            lacks.append(name)
    return lacks


def fetch_page(say: Callable[[str], None]) -> None:
    """Fetch what the page lacks, once for each installation of visdom."""
    for source, fetch in ("visdom's own download", _download), ("npm pack", _npm_pack):
        if lacks := page_lacks():
            say(f"the dashboard's page lacks {len(lacks)} scripts and styles: {source}")
            try:
                fetch()
            except Exception as error:  # whatever it is, the lesson goes on
                say(f"{source} fails: {' '.join(str(error).split())[-300:]}")
    if lacks := page_lacks():
        say(f"the page stays empty without {', '.join(lacks)}; all data are kept")


def _download() -> None:
    code = "from visdom.server.build import download_scripts; download_scripts()"
    subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=LIMIT)


def _npm_pack() -> None:
    npm = shutil.which("npm") or "npm"
    version = (STATIC.parent / "VERSION").read_text()
    rows = [row.split() for row in _FILES.strip().splitlines()]
    rows = [row for version_of, *row in rows if version.startswith(version_of)]
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--loglevel=error", "--fetch-retries=0"]
        command += {package for package, *_ in rows}
        done = subprocess.run(command, capture_output=True, cwd=folder, timeout=LIMIT)
        if done.returncode:  # what it says is in an encoding that nobody knows
            raise OSError(done.stderr.decode(errors="replace"))
        for package, place, *names in rows:
            with tarfile.open(f"{folder}/{package.replace('@', '-')}.tgz") as tar:
                for name in names:
                    end = Path(name).name if place.endswith("/") else ""
                    target = STATIC / (place.replace("*", name) + end)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(tar.extractfile(f"package/{name}").read())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
