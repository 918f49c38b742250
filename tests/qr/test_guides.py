"""Every guide in every language keeps the rules, and each rule can fail; services and guides fit together."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from backend.core.settings import PROJECT
from backend.services import guide_rules
from backend.services.guides import (
    CERTAIN,
    FOLDER,
    Guide,
    groups,
    guide,
    guides,
    hotlines,
    parse,
    slugs,
    source_of,
    texts,
)

LANGUAGES = ("vi", "en")
ALL = [found for lang in LANGUAGES for found in guides(lang)]
NAMES = [f"{found.slug}-{found.lang}" for found in ALL]
SERVICES = json.loads((PROJECT / "backend" / "data" / "services.json").read_text())["services"]
CHECKED = date(2026, 11, 25)  # the rules look at dates as of this day, whenever the tests run
# Reasons that are no obstacle on a screen: no guide answers them.
SOFT = {"wants_more_time", "needs_family", "network_or_system"}
every_guide = pytest.mark.parametrize("found", ALL, ids=NAMES)


def body_of(found: Guide) -> str:
    return source_of(found.slug, found.lang).split("---\n", 2)[2]


def broken(found: Guide, source: str = "") -> list[str]:
    return [problem.code for problem in guide_rules.problems(found, source, on=CHECKED)]


def test_every_guide_of_the_field_in_both_languages() -> None:
    assert set(slugs()) == {
        *("cai-vneid", "vneid-muc-1", "vneid-muc-2", "doi-may-moi", "doi-so-dien-thoai", "quen-mat-khau"),
        *("quen-mat-ma", "giay-to-vneid", "so-suc-khoe", "tai-khoan-an-sinh", "mo-tai-khoan"),
        *("sinh-trac-hoc", "mobile-money", "qr-nhan-tien", "dvc-dang-nhap", "dvc-nop-ho-so", "dvc-nop-tien"),
        *("dvc-theo-doi", "chu-ky-so", "an-toan", "bao-cong-an"),
    }
    assert {key for key in texts() if key[1] in LANGUAGES} == {
        (s, lang) for s in slugs() for lang in LANGUAGES
    }
    assert [found.slug for group in groups() for found in guides() if found.slug in group.slugs] == list(
        slugs()
    )


@every_guide
def test_every_rule_is_kept(found: Guide) -> None:
    assert guide_rules.problems(found, body_of(found), on=CHECKED) == []


BREAKS = {
    "guide_steps": lambda one: replace(one, steps=one.steps * 2),
    "guide_troubles": lambda one: replace(one, troubles=()),
    "guide_minutes": lambda one: replace(one, minutes=45),
    "needed": lambda one: replace(one, summary=" "),
    "guide_empty": lambda one: replace(one, steps=(*one.steps[:-1], replace(one.steps[-1], html=""))),
    "guide_picture": lambda one: replace(one, steps=(replace(one.steps[0], mark="dragon"), *one.steps[1:])),
    "guide_long_sentence": lambda one: replace(one, summary="một " * 21),
    "guide_secret": lambda one: replace(
        one, troubles=(*one.troubles, replace(one.troubles[0], title="Mã", html="<p>Gõ mật khẩu vào ô.</p>"))
    ),
    "guide_asks": lambda one: replace(one, summary="Ông/bà đọc mã cho tình nguyện viên."),
    "guide_no_source": lambda one: replace(one, sources=()),
    "guide_source_address": lambda one: replace(one, sources=(replace(one.sources[0], url="cafef.vn"),)),
    "guide_source_date": lambda one: replace(one, sources=(replace(one.sources[0], date="hôm qua"),)),
    "guide_checked_later": lambda one: replace(one, checked_on=CHECKED + timedelta(days=1)),
    "guide_review": lambda one: replace(one, review_by=one.checked_on + timedelta(days=91)),
    "guide_number": lambda one: replace(one, summary="Gọi 1900 9068 để hỏi."),
    "no_id_numbers": lambda one: replace(one, summary="Số 123456789 là của ai."),
}


@pytest.mark.parametrize("code", BREAKS)
def test_each_rule_can_fail(code: str) -> None:
    """The control: one change breaks exactly this rule (and at most what hangs on it)."""
    whole = guide("vneid-muc-2")
    assert whole is not None
    assert code in broken(BREAKS[code](whole))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("guide_html", "Bấm <b>đây</b>."),
        ("guide_html", "<script>alert(1)</script>"),
        ("guide_html", "<https://evil.example/>"),
        ("guide_link", "[đây](javascript:alert)"),
        ("guide_link", "[đây](http://evil.example/)"),
        ("guide_link", "![ảnh](data:image/png;base64,AAAA)"),
        ("guide_link", "[đây][1]\n\n[1]: javascript:alert"),
        ("guide_link", "[đây](/vao)"),
        ("guide_link_unknown", "[đây](/huong-dan/khong-co)"),
    ],
)
def test_rules_on_the_markdown_can_fail(code: str, text: str) -> None:
    whole = guide("vneid-muc-2")
    assert whole is not None
    assert broken(whole, text) == [code]


@pytest.mark.parametrize(
    "asking",
    [
        "Ông/bà đọc mã OTP cho cán bộ.",
        "Gửi mật khẩu cho tổ.",
        "Đưa số tài khoản cho tình nguyện viên.",
        "Read us the code.",
        "Tell the helper your passcode.",
    ],
)
def test_asking_is_seen(asking: str) -> None:
    whole = guide("an-toan")
    assert whole is not None
    assert "guide_asks" in broken(replace(whole, summary=asking))


@every_guide
def test_sources_are_several_and_vietnamese(found: Guide) -> None:
    assert len(found.sources) >= 2
    for source in found.sources:
        assert re.match(r"https?://[a-z0-9.-]+\.(vn|net)/", source.url), source


@every_guide
def test_who_taps_is_said_at_every_step(found: Guide) -> None:
    word = r"ông/bà" if found.lang == "vi" else r"\byou|yourself"
    assert re.search(word, found.taps.lower())
    # What a clerk does is said so; an English order is for the reader.
    theirs = (
        r"nhân viên"
        if found.lang == "vi"
        else (
            r"the clerk|open|get|tap|type|take|check|wait|read|go|look|choose|when|in the|answer|put|hold|send|call|scan|to "
        )
    )
    for step in found.steps:
        words = guide_rules.plain(step).lower()
        assert re.search(word, words) or re.match(theirs, words), (step.title, words)


@every_guide
def test_what_can_go_wrong_is_answered(found: Guide) -> None:
    assert len(found.troubles) >= 4
    assert all(len(guide_rules.plain(trouble)) > 20 for trouble in found.troubles)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one["code"])
def test_the_guide_of_a_service_answers_each_of_its_reasons(service: dict, lang: str) -> None:  # type: ignore[type-arg]
    found = guide(service["guide"], lang)
    assert found is not None
    answered = {code for trouble in found.troubles for code in trouble.mark.split()}
    assert set(service["reasons"]) - SOFT <= answered


def test_troubles_name_only_known_reasons() -> None:
    known = {code for service in SERVICES for code in service["reasons"]}
    for found in ALL:
        assert {code for trouble in found.troubles for code in trouble.mark.split()} <= known, found.slug


@every_guide
def test_address_and_tone(found: Guide) -> None:
    joined = " ".join(sentence for _, sentence in guide_rules.sentences(found))
    if found.lang == "vi":
        assert not re.search(
            r"\b(bạn|người dùng|anh/chị|yêu cầu phải|lỗi không xác định)\b", joined, re.IGNORECASE
        )
        assert "ông/bà" in joined.lower()


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "qr/guides/pictures").iterdir()), ids=lambda path: path.stem
)
def test_pictures_are_small_and_used(path) -> None:  # type: ignore[no-untyped-def]
    picture = path.read_text("utf-8")
    assert picture.startswith("<svg ")
    assert len(picture) < 500
    assert not re.search(r"style=|<script|href|<image|url\(", picture)
    assert any(step.mark == path.stem for found in ALL for step in found.steps)


@every_guide
def test_every_step_has_its_picture_and_the_languages_agree(found: Guide) -> None:
    twin = guide(found.slug, "en" if found.lang == "vi" else "vi")
    assert twin is not None
    assert all(step.mark for step in found.steps)
    assert [step.mark for step in twin.steps] == [step.mark for step in found.steps]
    assert [trouble.mark for trouble in twin.troubles] == [trouble.mark for trouble in found.troubles]
    same = ("version", "checked_on", "review_by", "minutes")
    assert [getattr(twin, name) for name in same] == [getattr(found, name) for name in same]
    assert [source.url for source in twin.sources] == [source.url for source in found.sources]


def test_a_guide_is_withdrawn_the_day_after_its_review_date() -> None:
    found = guides()[0]
    assert not found.withdrawn(found.review_by)
    assert found.withdrawn(found.review_by + timedelta(days=1))


def test_hotlines_stand_in_one_file_with_the_day_of_their_check() -> None:
    listed = json.loads((FOLDER / "hotlines.json").read_text("utf-8"))["hotlines"]
    shown = {line.number for line in hotlines()}
    assert shown == {"113", "1900 0368", "156"}
    assert {row["number"] for row in listed if row["certainty"] not in CERTAIN} == {
        "1900 0134",
        "024 1022",
        "1800 1096",
        "1900 9068",
    }
    for row in listed:
        assert date(2026, 11, 21) <= date.fromisoformat(row["checked_on"])
        assert row["certainty"] != "found" or row["sources"]


def test_an_unknown_language_falls_back_to_vietnamese() -> None:
    found = guide("vneid-muc-2", "tyz")
    assert found is not None
    assert found.lang == "vi"
    assert guide("khong-co") is None


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src="https://evil.example/x">',
        "[x](javascript:alert(1))",
        "![x](http://evil.example/x.png)",
        "[x](data:text/html,1)",
        "<https://evil.example/>",
    ],
)
def test_markdown_cannot_smuggle(hostile: str) -> None:
    """Also without the rules: what the parser makes of it runs, loads and links to nothing."""
    made = parse(source_of("vneid-muc-2", "vi").replace("Chưa có ứng dụng", hostile + " Chưa có ứng dụng"))
    assert not re.search(r"<script|<img|<a ", made.steps[0].html)
