"""The volunteer's guide is one printed page that a person with reading glasses gets through, the leader's two."""

import re

import pypdfium2
import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from backend.core.settings import PROJECT

GUIDES = PROJECT / "docs" / "huong-dan"
# 12 points and a hand's breadth of margin: what an office prints without being told anything.
LOOK = "@page { size: A4; margin: 15mm } body { font: 12pt/1.3 'Be Vietnam Pro', Arial, sans-serif; margin: 0 } h1 { margin: 0 }"


@pytest.mark.parametrize(
    ("name", "pages", "most_words"), [("tinh-nguyen-vien", 1, 420), ("to-truong", 2, 760)]
)
def test_the_guide_prints_on_its_pages(browser: Browser, name: str, pages: int, most_words: int) -> None:
    guide = GUIDES / f"{name}.md"
    text = guide.read_text()
    assert len(re.sub("<img[^>]*>", "", text).split()) <= most_words
    page = browser.new_page()
    # From the folder itself, so that its pictures are found.
    page.goto(guide.as_uri())
    page.set_content(f"<style>{LOOK}</style>" + MarkdownIt("commonmark").enable("table").render(text))
    page.wait_for_function("[...document.images].every((each) => each.complete && each.naturalWidth)")
    assert page.locator("img").count() >= 3
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(pypdfium2.PdfDocument(printed)) == pages
