"""Print sheets and posters: every code is decoded from the rendered PDF, at the resolution of a cheap printer."""

import ctypes
import random
import unicodedata
from pathlib import Path

import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image, ImageChops
from pypdfium2 import raw
from reportlab.pdfbase import pdfmetrics

from backend.models import CodeKind
from backend.services.codes import LETTERS
from qr.codes import (
    LAYOUTS,
    Label,
    LabelKind,
    Poster,
    TooDense,
    code_url,
    label_sheet_pdf,
    new_token,
    poster_pdf,
)
from qr.codes.pdf import BOLD, FONTS, LOOKS, MIN_MODULE_MM, REGULAR, fonts
from qr.codes.symbol import QUIET_ZONE, encode
from qr.codes.tokens import ALPHABET

DPI = 150
BASE = "https://abcd.vn"


def pictures(pdf: bytes, dpi: int = DPI) -> list[Image.Image]:
    return [page.render(scale=dpi / 72).to_pil().convert("L") for page in pdfium.PdfDocument(pdf)]


def labels(
    count: int, kind: LabelKind = LabelKind.HOUSEHOLD, base: str = BASE, chance: random.Random | None = None
) -> list[Label]:
    """`chance`: where the tokens shall be the same at every run."""
    letter = LETTERS[CodeKind(kind.value)]
    made = []
    for number in range(count):
        token = "".join(chance.choices(ALPHABET, k=10)) if chance else new_token()
        made.append(
            Label(
                kind,
                code_url(base, letter, token),
                token,
                f"Số {number} ngõ 34/5",
                f"H{number:04d} · Tổ dân phố 7",
            )
        )
    return made


def assert_quiet(image: Image.Image, found: zxingcpp.Barcode, size: int) -> None:
    """Four light modules lie around the symbol on every side."""
    corners = found.position
    left, top = corners.top_left.x, corners.top_left.y
    module = (corners.top_right.x - left) / size
    margin = (QUIET_ZONE - 0.6) * module
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    for box in (
        (left - margin, top - margin, right + margin, top - module * 0.6),
        (left - margin, bottom + module * 0.6, right + margin, bottom + margin),
        (left - margin, top, left - module * 0.6, bottom),
        (right + module * 0.6, top, right + margin, bottom),
    ):
        darkest, _ = image.crop(tuple(round(edge) for edge in box)).getextrema()
        assert darkest > 200, found.text


def test_every_code_of_1300_is_read_from_the_rendered_sheet() -> None:
    wanted = labels(1300)
    pdf = label_sheet_pdf(wanted)
    assert len(pdf) <= 400_000
    pages = pictures(pdf)
    assert len(pages) == 55
    found = []
    for page in pages:
        for code in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCodeModel2):
            assert (code.extra["Version"], code.ec_level) == ("2", "Q")
            assert_quiet(page, code, 25)
            found.append(code.text)
    assert sorted(found) == sorted(label.url for label in wanted)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
@pytest.mark.parametrize("kind", LabelKind)
@pytest.mark.parametrize("base", [BASE, "https://gocua.phuongbadinh.hanoi.gov.vn"])
def test_every_paper_and_kind(layout, kind: LabelKind, base: str) -> None:  # type: ignore[no-untyped-def]
    wanted = labels(layout.per_page + 1, kind, base)
    pages = pictures(label_sheet_pdf(wanted, layout))
    assert len(pages) == 2
    found = [
        code.text
        for page in pages
        for code in zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    ]
    assert sorted(found) == sorted(label.url for label in wanted)
    side = encode(wanted[0].url).size + 2 * QUIET_ZONE
    assert layout.code / side >= MIN_MODULE_MM


# What a cheap printer, a lamp and a hand-held phone do to a sheet, the same at every run.
NOISE = 24  # standard deviation of grey values of 255, pixel by pixel
TILT = 0.04  # how far each corner of a label wanders, of its width


def noisy(image: Image.Image, chance: random.Random) -> Image.Image:
    """`image` with grey noise: bytes from a seeded generator, made bell-shaped by adding four of them."""
    size = image.width * image.height
    layers = [Image.frombytes("L", image.size, chance.randbytes(size)) for _ in range(4)]
    # The mean of four even distributions over 0…255 has a standard deviation of 36.9.
    bell = Image.blend(Image.blend(layers[0], layers[1], 0.5), Image.blend(layers[2], layers[3], 0.5), 0.5)
    scaled = bell.point(lambda value: round(128 + (value - 127.5) * NOISE / 36.9))
    return ImageChops.add(image, scaled, scale=1, offset=-128)


def tilted(image: Image.Image, chance: random.Random) -> Image.Image:
    """`image` seen from a corner: each of its four corners moved by up to TILT of the width, paper white around it."""
    width, height = image.size
    room = round(TILT * width) + 2
    wide = Image.new("L", (width + 2 * room, height + 2 * room), 255)
    wide.paste(image, (room, room))
    corners = [(0, 0), (0, wide.height), (wide.width, wide.height), (wide.width, 0)]
    # Inwards only, so that no module becomes smaller than it was; the white edge is as wide as the way.
    moved = [
        (
            x + (1 if x == 0 else -1) * chance.random() * room,
            y + (1 if y == 0 else -1) * chance.random() * room,
        )
        for x, y in corners
    ]
    return wide.transform(
        wide.size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, moved),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )


def _perspective(to: list[tuple[int, int]], source: list[tuple[float, float]]) -> list[float]:
    """The eight coefficients that lead from the corners `to` to the corners `source` (Gauss with pivots)."""
    rows = []
    for (x, y), (u, v) in zip(to, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for column in range(8):
        pivot = max(range(column, 8), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(8):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [rows[column][8] / rows[column][column] for column in range(8)]


@pytest.mark.parametrize("kind", LabelKind)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_noise_and_perspective_at_two_and_a_half_pixels_a_module(layout, kind: LabelKind) -> None:  # type: ignore[no-untyped-def]
    """Each label of a page, drawn at 2.5 pixels a module, noisy and tilted: all are read."""
    chance = random.Random(f"{layout.name} {kind}")
    wanted = labels(layout.per_page, kind, chance=chance)
    side = encode(wanted[0].url).size + 2 * QUIET_ZONE
    dpi = 2.5 * side / layout.code * 25.4
    assert dpi <= DPI  # at 150 dpi there are at least as many pixels
    (page,) = pictures(label_sheet_pdf(wanted, layout), dpi)
    mm = dpi / 25.4
    read = []
    for number in range(layout.per_page):
        row, column = divmod(number, layout.columns)
        left = (layout.left + column * (layout.width + layout.gap)) * mm
        top = (layout.top + row * layout.height) * mm
        label = page.crop(
            tuple(round(edge) for edge in (left, top, left + layout.width * mm, top + layout.height * mm))
        )
        read += [
            code.text
            for code in zxingcpp.read_barcodes(
                noisy(tilted(label, chance), chance), formats=zxingcpp.BarcodeFormat.QRCodeModel2
            )
        ]
    assert sorted(read) == sorted(label.url for label in wanted)


@pytest.mark.parametrize("kind", LabelKind)
def test_a_whole_sheet_at_150_dpi_with_noise_and_perspective(kind: LabelKind) -> None:
    """A photograph of the whole sheet of plates, as printed."""
    chance = random.Random(f"whole {kind}")
    wanted = labels(LAYOUTS["24"].per_page, kind, chance=chance)
    (page,) = pictures(label_sheet_pdf(wanted))
    found = [
        code.text
        for code in zxingcpp.read_barcodes(
            noisy(tilted(page, chance), chance), formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
    ]
    assert sorted(found) == sorted(label.url for label in wanted)


def test_too_much_noise_is_not_read() -> None:
    """The control: at 1.2 pixels a module the same noise takes most labels."""
    wanted = labels(24, chance=random.Random("control"))
    (page,) = pictures(label_sheet_pdf(wanted), 35)
    found = zxingcpp.read_barcodes(noisy(page, random.Random(1)), formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    assert len(found) < len(wanted) // 2


def test_token_domain_and_address_stand_in_clear() -> None:
    (label,) = labels(1)
    for layout in LAYOUTS.values():
        text = pdfium.PdfDocument(label_sheet_pdf([label], layout))[0].get_textpage().get_text_range()
        # A hyphen at the end of a line reads back as U+FFFE.
        joined = "".join(text.split()).replace("\ufffe", "-")
        assert f"{label.token[:5]}-{label.token[5:]}" in joined
        assert "abcd.vn" in joined
        assert "Số0ngõ34/5" in joined


def test_guide_and_verify_look_different() -> None:
    guide, badge = LOOKS[LabelKind.GUIDE], LOOKS[LabelKind.BADGE]
    assert (guide.colour, badge.colour) == ("#1B3F8B", "#0B6B2E")
    assert guide.word != badge.word
    assert guide.radius_mm != badge.radius_mm
    assert (guide.tick, badge.tick) == (False, True)


def test_a_code_too_dense_for_its_paper_is_refused_with_numbers() -> None:
    base = "https://gocua.phuong-ba-dinh.thanh-pho-ha-noi.viet-nam.gov.vn"
    with pytest.raises(TooDense) as error:
        label_sheet_pdf(labels(1, base=base), LAYOUTS["65"])
    assert 0.3 < error.value.module_mm < MIN_MODULE_MM
    assert label_sheet_pdf(labels(1, base=base), LAYOUTS["24"])


@pytest.mark.parametrize("size", ["A4", "A3", "A5"])
@pytest.mark.parametrize("kind", LabelKind)
def test_a_poster_is_read_from_far(kind: LabelKind, size: str) -> None:
    (label,) = labels(1, kind)
    pdf = poster_pdf(
        Poster(kind, label.url, label.token, "Kích hoạt VNeID mức 2", "Quét mã.", "Gọi 024"), size
    )
    (page,) = pictures(pdf, 60 if size == "A5" else 40)
    (found,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
    assert found.text == label.url
    assert_quiet(page, found, 25)


def test_a_long_sheet_keeps_the_order_of_its_labels() -> None:
    wanted = labels(30)
    text = "".join(
        page.get_textpage().get_text_range() for page in pdfium.PdfDocument(label_sheet_pdf(wanted))
    )
    places = [text.index(f"{label.token[:5]}-{label.token[5:]}") for label in wanted]
    assert places == sorted(places)


def vietnamese_letters() -> set[str]:
    tones = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
    vowels = "aăâeêioôơuưy"
    letters = {
        unicodedata.normalize("NFC", vowel + tone) for vowel in vowels + vowels.upper() for tone in tones
    }
    return letters | set("đĐbcdghklmnpqrstvxBCDGHKLMNPQRSTVX0123456789 .,:;!?()/-·•…“”–")


@pytest.mark.parametrize("name", [REGULAR, BOLD])
def test_the_fonts_hold_every_vietnamese_letter(name: str) -> None:
    fonts()
    glyphs = pdfmetrics.getFont(name).face.charToGlyph
    missing = {letter for letter in vietnamese_letters() if not glyphs.get(ord(letter))}
    assert not missing


def test_the_fonts_bring_their_licence_and_stay_small() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text()
    assert all(file.stat().st_size < 40_000 for file in Path(FONTS).glob("*.ttf"))


def test_both_fonts_are_embedded() -> None:
    document = pdfium.PdfDocument(label_sheet_pdf(labels(1)))
    page = document[0]
    embedded = set()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3):
        font = raw.FPDFTextObj_GetFont(item.raw)
        assert raw.FPDFFont_GetIsEmbedded(font) == 1
        buffer = ctypes.create_string_buffer(80)
        raw.FPDFFont_GetBaseFontName(font, buffer, 80)
        embedded.add(buffer.value.decode().rpartition("+")[2])
    assert embedded == {"Arimo", "Arimo-Bold"}
