"""The volunteer's guide is one printed page that a person with reading glasses gets through."""

import re

import pypdfium2
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from backend.core.settings import PROJECT

GUIDE = PROJECT / "docs" / "huong-dan" / "tinh-nguyen-vien.md"
MOST_WORDS = 420
# 12 points and a hand's breadth of margin: what an office prints without being told anything.
LOOK = "@page { size: A4; margin: 15mm } body { font: 12pt/1.3 'Be Vietnam Pro', Arial, sans-serif; margin: 0 } h1 { margin: 0 }"


def test_the_guide_prints_on_one_page(browser: Browser) -> None:
    text = GUIDE.read_text()
    assert len(re.sub("<img[^>]*>", "", text).split()) <= MOST_WORDS
    page = browser.new_page()
    # From the folder itself, so that its pictures are found.
    page.goto(GUIDE.as_uri())
    page.set_content(f"<style>{LOOK}</style>" + MarkdownIt("commonmark").render(text))
    page.wait_for_function("[...document.images].every((each) => each.complete && each.naturalWidth)")
    assert page.locator("img").count() >= 3
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(pypdfium2.PdfDocument(printed)) == 1
