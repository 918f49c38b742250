"""Draw the PNG icons from their SVG in a real browser: `python mobile_api/pwa/tools/icons.py` after a change."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.install import FLAGS, chromium_path

ICONS = Path(__file__).parents[1] / "public" / "icons"
SIZES = (("door", 192), ("door", 512), ("door-full", 512), ("door-full", 180))


def main() -> None:
    """Write public/icons/<name>-<size>.png."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for name, size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            drawn = (ICONS / f"{name}.svg").read_text("utf-8")
            page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:100vw}}</style>{drawn}")
            page.screenshot(path=ICONS / f"{name}-{size}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
