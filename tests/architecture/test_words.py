"""Every word that a person can see is in the English catalogue, and every refusal code has its sentence."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from backend.core.i18n import catalogues, translations
from backend.core.messages import MESSAGES
from backend.core.settings import PROJECT

ROOMS = ("backend", "mobile_api", "qr")


def _files(pattern: str) -> Iterator[Path]:
    for room in ROOMS:
        yield from (PROJECT / room).rglob(pattern)


def _messages() -> Iterator[tuple[Path, int, str]]:
    for path in _files("*.html"):
        found = extract_from_file(
            "jinja2.ext:babel_extract", path, options={"newstyle_gettext": "true", "silent": "false"}
        )
        for line, message, _comments, _context in found:
            yield path, line, message if isinstance(message, str) else message[0]
    for path in _files("*.py"):
        for line, message, _comments, _context in extract_from_file(
            "python", path, keywords={"_": None, "N_": None}
        ):
            yield path, line, message if isinstance(message, str) else message[0]


def test_every_string_has_an_english_one() -> None:
    english = translations("en")
    missing = sorted(
        {
            f"{path.relative_to(PROJECT)}:{line}: {text}"
            for path, line, text in _messages()
            if text and not english._catalog.get(text)
        }  # type: ignore[attr-defined]
    )
    assert not missing, "\n".join(missing)


def test_placeholders_survive_translation() -> None:
    english = translations("en")
    slot = re.compile(r"%\((\w+)\)|\{(\w*)\}")
    for _path, _line, text in _messages():
        translated = english._catalog.get(text)  # type: ignore[attr-defined]
        if isinstance(translated, str) and text:
            assert set(slot.findall(text)) == set(slot.findall(translated)), text


def test_no_catalogue_is_half_merged() -> None:
    """A reader skips what it does not understand, and says so only on its screen."""
    entry = re.compile(r'(?:$|#|"|msgid |msgid_plural |msgstr |msgstr\[|msgctxt )')
    strange = [
        f"{path.name}:{number}: {line}"
        for path in _files("*.po")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if not entry.match(line)
    ]
    assert not strange, "\n".join(strange)


def test_no_entry_is_fuzzy_or_obsolete() -> None:
    for path in catalogues("en"):
        text = path.read_text()
        assert "#, fuzzy" not in text, path
        assert "#~" not in text, path


def test_every_refusal_code_has_a_sentence() -> None:
    raised = re.compile(r"Refusal\(\s*\"(\w+)\"")
    for path in _files("*.py"):
        for code in raised.findall(path.read_text()):
            assert code in MESSAGES, f"{path.relative_to(PROJECT)}: {code}"


# Vietnamese letters that English words never have: found outside _() in a template, a text was forgotten.
_VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
_MARKED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
_TRANS = re.compile(r"\{%-?\s*trans.*?endtrans\s*-?%\}", re.DOTALL)


@pytest.mark.parametrize("path", sorted(_files("*.html")), ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_template_speaks_outside_the_catalogue(path: Path) -> None:
    bare = _MARKED.sub("", _TRANS.sub("", path.read_text()))
    left = [
        line.strip()
        for line in bare.splitlines()
        if _VIETNAMESE.search(line.replace("gõ cửa", "").replace("Tiếng Việt", ""))
    ]
    assert not left, left
