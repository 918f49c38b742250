"""Every guide keeps the rules of domain/guides.md: its facts, its words, its length, its date."""

import json
import re
from datetime import date, timedelta

import pytest

from backend.core.settings import PROJECT
from backend.services.guides import CERTAIN, FOLDER, Guide, Section, guide, guides, hotlines, parse

LANGUAGES = ("vi", "en")
ALL = [found for lang in LANGUAGES for found in guides(lang)]
NAMES = [f"{found.slug}-{found.lang}" for found in ALL]
SERVICES = json.loads((PROJECT / "backend" / "data" / "services.json").read_text())["services"]
every_guide = pytest.mark.parametrize("found", ALL, ids=NAMES)

# What may never be asked for: a section that names one says that the resident does it alone, or forbids it.
_SECRET = re.compile(
    r"OTP|mật khẩu|mật mã|passcode|password|số tài khoản|account number|gõ mã|the code\b", re.IGNORECASE
)
_ALONE = re.compile(r"\btự\b|\bkhông\b|\byourself\b|\bnot\b|\bnobody\b|\bonly you\b", re.IGNORECASE)
_ASKING = re.compile(
    r"(đọc|gửi|đưa|nói|cho) (mã|mật khẩu|mật mã|số tài khoản) (cho|tới) (tôi|tổ|chúng tôi|tình nguyện viên|cán bộ)"
    r"|(tell|give|send|read) (us|me|the team|the volunteer) (the|your) (code|password|passcode)",
    re.IGNORECASE,
)


def texts(found: Guide) -> list[str]:
    parts = [found.title, found.summary, found.taps, *found.needs, re.sub(r"<[^>]+>", "", found.intro)]
    for section in (*found.steps, *found.troubles):
        parts += [section.title, plain(section)]
    return parts


def plain(section: Section) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", section.html)).strip()


def sentences(found: Guide) -> list[str]:
    return [
        sentence.strip()
        for part in texts(found)
        for sentence in re.split(r"(?<=[.!?:;])\s+", part)
        if sentence.strip()
    ]


def test_three_guides_in_both_languages() -> None:
    for lang in LANGUAGES:
        assert [found.slug for found in guides(lang)] == ["vneid-muc-2", "tai-khoan-an-sinh", "so-suc-khoe"]


def test_every_guide_that_a_service_names_exists() -> None:
    named = {service["guide"] for service in SERVICES if service["guide"]}
    assert named == {found.slug for found in guides()}


@every_guide
def test_dates_and_version(found: Guide) -> None:
    assert found.version >= 1
    assert date(2026, 11, 21) <= found.checked_on < found.review_by
    assert found.review_by - found.checked_on <= timedelta(days=90)


@every_guide
def test_sources_carry_address_and_date(found: Guide) -> None:
    assert len(found.sources) >= 2
    for source in found.sources:
        assert re.fullmatch(r"https?://[a-z0-9.-]+\.vn/\S+", source.url), source
        assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", source.date), source
        assert source.date <= found.checked_on.isoformat()


@every_guide
def test_length(found: Guide) -> None:
    assert 2 <= len(found.steps) <= 9
    assert 1 <= found.minutes <= 15
    long = [sentence for sentence in sentences(found) if len(sentence.split()) > 20]
    assert not long, long


@every_guide
def test_who_taps_is_said_at_every_step(found: Guide) -> None:
    word = "ông/bà" if found.lang == "vi" else "you"
    assert word in found.taps.lower()
    for step in found.steps:
        text = plain(step).lower()
        imperative = re.match(r"(no app|type|choose|open|tap|log|set|tick|read|find|go|wait|a message)", text)
        assert word in text or imperative, step.title


@every_guide
def test_what_can_go_wrong_is_answered(found: Guide) -> None:
    assert len(found.troubles) >= 4
    assert all(len(plain(trouble)) > 20 for trouble in found.troubles)


@every_guide
def test_nothing_asks_for_a_secret(found: Guide) -> None:
    naming = [
        section
        for section in (*found.steps, *found.troubles)
        if _SECRET.search(f"{section.title} {plain(section)}")
    ]
    assert naming
    for section in naming:
        assert _ALONE.search(plain(section)), section.title
    assert not _ASKING.search(" ".join(texts(found)))


def test_a_guide_that_asks_would_be_seen() -> None:
    """The control of the test above."""
    assert _ASKING.search("Ông/bà đọc mã cho tình nguyện viên.")
    assert _ASKING.search("Read us the code.")


@every_guide
def test_address_and_tone(found: Guide) -> None:
    joined = " ".join(texts(found))
    if found.lang == "vi":
        assert not re.search(
            r"\b(bạn|người dùng|anh/chị|yêu cầu phải|lỗi không xác định)\b", joined, re.IGNORECASE
        )
        assert "ông/bà" in joined.lower()
    assert not re.search(r"\d{9,}", joined)


@every_guide
def test_pictures_exist_and_are_small(found: Guide) -> None:
    for step in found.steps:
        picture = (FOLDER / "pictures" / f"{step.picture}.svg").read_text("utf-8")
        assert picture.startswith("<svg ")
        assert len(picture) < 500
        assert not re.search(r"style=|<script|href|<image|url\(", picture)


@every_guide
def test_numbers_come_from_the_one_file(found: Guide) -> None:
    certain = {line.number for line in hotlines(found.lang)}
    for number in re.findall(r"\b(?:1[89]00 ?\d{4}|11[2-9]|156|024 ?\d+)\b", " ".join(texts(found))):
        assert number in certain, number


@every_guide
def test_the_two_languages_have_the_same_steps(found: Guide) -> None:
    twin = guide(found.slug, "en" if found.lang == "vi" else "vi")
    assert twin is not None
    assert [step.picture for step in twin.steps] == [step.picture for step in found.steps]
    assert len(twin.troubles) == len(found.troubles)
    assert (twin.version, twin.review_by, twin.sources[0].url) == (
        found.version,
        found.review_by,
        found.sources[0].url,
    )


def test_a_guide_is_withdrawn_the_day_after_its_review_date() -> None:
    found = guides()[0]
    assert not found.withdrawn(found.review_by)
    assert found.withdrawn(found.review_by + timedelta(days=1))


def test_uncertain_hotlines_are_not_shown() -> None:
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
        assert date.fromisoformat(row["checked_on"]) >= date(2026, 11, 21)
        assert row["certainty"] != "found" or row["sources"]


def test_an_unknown_language_falls_back_to_vietnamese() -> None:
    found = guide("vneid-muc-2", "tyz")
    assert found is not None
    assert found.lang == "vi"
    assert guide("khong-co") is None


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '<img src="https://evil.example/x">'])
def test_markdown_cannot_smuggle_html(hostile: str) -> None:
    source = next(file for file in FOLDER.iterdir() if file.name == "vneid-muc-2.vi.md").read_text("utf-8")
    made = parse(source.replace("Chưa có ứng dụng", hostile + " Chưa có ứng dụng"))
    assert "<script" not in made.steps[0].html
    assert "<img" not in made.steps[0].html
