"""A ward adds a language as a file: it is offered, read, and falls back to Vietnamese where it is silent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.services import guide_languages, guides
from backend.services.guides import source_of
from tests.people import People, sign_in


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of the installation with one guide in Tày (its words are made up for the test)."""
    text = source_of("vneid-muc-2", "vi")
    text = text.replace("lang: vi", "lang: tyz").replace(
        "title: Kích hoạt VNeID mức 2", "title: Khay VNeID mức 2 (Tày)"
    )
    (tmp_path / "vneid-muc-2.tyz.md").write_text(text, "utf-8")
    yield tmp_path
    guide_languages.add_from(tmp_path / "nothing")


def test_a_file_is_a_language(client: FlaskClient, session: Session, people: People, folder: Path) -> None:
    session.commit()
    assert "Tày" not in client.get("/huong-dan").text
    guide_languages.add_from(folder)
    assert guide_languages.refused == {}
    assert list(guides.languages()) == ["vi", "en", "tyz"]
    offered = client.get("/huong-dan/vneid-muc-2")
    assert '<a class="lang" href="?lang=tyz" lang="tyz" hreflang="tyz">Tày</a>' in offered.text
    page = client.get("/huong-dan/vneid-muc-2?lang=tyz")
    assert "gocua_lang=tyz" in page.headers["Set-Cookie"]
    assert '<h1 lang="tyz" data-say>Khay VNeID mức 2 (Tày)</h1>' in page.text
    assert '<html lang="vi">' in page.text  # the words of the page itself fall back
    assert "Bắt đầu bước 1" in page.text


def test_what_the_language_lacks_is_vietnamese_and_says_so(
    client: FlaskClient, session: Session, people: People, folder: Path
) -> None:
    session.commit()
    guide_languages.add_from(folder)
    client.set_cookie("gocua_lang", "tyz")
    page = client.get("/huong-dan/so-suc-khoe").text
    assert "Bài này chưa có bản Tày" in page
    assert "<h1 data-say>Mở sổ sức khỏe điện tử</h1>" in page
    listed = client.get("/huong-dan").text
    assert "Khay VNeID mức 2 (Tày)" in listed
    assert "Mở sổ sức khỏe điện tử" in listed
    assert client.get("/quyen-rieng-tu").status_code == 200


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("vneid-muc-2.nut.md", ("lang: tyz", "lang: tyz"), "the file is called"),
        ("vneid-muc-2.en.md", ("lang: tyz", "lang: en"), "delivered already"),
        ("vneid-muc-2.tyz.md", ("{card}", "{heart}"), "other steps"),
        ("vneid-muc-2.tyz.md", ("review_by: 2027", "review_by: 2030"), "guide_review"),
        ("vneid-muc-2.tyz.md", ("1900 0368", "1900 9068"), "guide_number"),
        ("vneid-muc-2.tyz.md", ("title:", "tilte:"), "title"),
        ("vneid-muc-2.tyz.md", ("---\n", ""), "ValueError"),
    ],
)
def test_a_file_that_is_not_right_is_left_out_and_named_at_the_desk(
    client: FlaskClient,
    session: Session,
    people: People,
    folder: Path,
    name: str,
    change: tuple[str, str],
    why: str,
) -> None:
    text = (folder / "vneid-muc-2.tyz.md").read_text("utf-8").replace(*change)
    (folder / "vneid-muc-2.tyz.md").unlink()
    (folder / name).write_text(text, "utf-8")
    guide_languages.add_from(folder)
    assert why in guide_languages.refused[name]
    assert list(guides.languages()) == ["vi", "en"]
    session.commit()
    assert name in sign_in(client, session, people.officer).get("/ma/bai").text
