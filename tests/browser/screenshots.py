"""`python -m tests.browser.screenshots [word …]`: every page of the product at 360 and 1280 px under docs/screenshots.

On a demo ward of its own with an evening under way; with words only the pages whose name contains one of them.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import PROJECT
from backend.database.embedded import EmbeddedPostgres
from backend.services import badges
from tests.browser.conftest import SIZES, serve
from tests.browser.desk_pages import SHOTS, Shot, World, open_shot, world
from tests.browser.install import FLAGS, chromium_path

OUT = PROJECT / "docs" / "screenshots"
WIDTHS = {"phone": 360, "desk": 1280}
TALLEST = 2600  # px; longer pages are cut, a picture is no document
MOST_BYTES = 150_000


def main() -> None:
    """Make the world, serve it, take every picture."""
    crypto.configure(Keyring.from_secret(bytes(range(32))))
    badges.in_hours = lambda _moment: True  # pictures are taken by day, too
    wanted = sys.argv[1:] or [""]
    with tempfile.TemporaryDirectory(prefix="gocua-shots-") as folder:
        server = EmbeddedPostgres(Path(folder))
        made = world(server.url)
        with serve(server.url, Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            for size in SIZES:
                for shot in SHOTS:
                    if any(word in f"{shot.folder}/{shot.name}" for word in wanted):
                        _take(browser, made, address, shot, size)
            browser.close()
        made.engine.dispose()
        server.stop()


def _take(browser: Browser, world: World, address: str, shot: Shot, size: str) -> None:
    context = browser.new_context(base_url=address, locale="vi-VN", **SIZES[size])
    page = open_shot(context, world, address, shot)
    height = page.evaluate("document.documentElement.scrollHeight")
    width = WIDTHS[size]
    page.set_viewport_size({"width": width, "height": min(max(height, 740), TALLEST)})
    page.evaluate("window.scrollTo(0, 0)")
    path = OUT / shot.folder / f"{shot.name}-{width}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_small(page.screenshot()))
    print(f"{path.relative_to(PROJECT)}  {path.stat().st_size // 1024} KB  {height} px")
    context.close()


def few_colours(png: bytes, colours: int = 48) -> bytes:
    """The picture in so few colours that thirty of them weigh no more than one photograph."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return _saved(image.quantize(colours, kmeans=2, dither=Image.Dither.NONE))


def _small(png: bytes) -> bytes:
    """The picture as it is, or in as many colours as stay under the limit."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    found = _saved(image)
    for colours in (256, 128, 64, 32):
        if len(found) < MOST_BYTES:
            break
        found = _saved(image.quantize(colours, kmeans=2, dither=Image.Dither.NONE))
    return found


def _saved(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
