"""Symbols: the very ones `qrcode` makes, read back by zxing-cpp from every rendering."""

import re
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from qrcode import util
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

from qr.codes import LAYOUTS, NotAlphanumeric, TooLong, code_url, encode, new_token, png, svg, terminal
from qr.codes.symbol import MAX_VERSION, QUIET_ZONE, Symbol, penalty

SHORT = "HTTPS://ABCD.VN/H/7K3QX9ZP2M"
urls = st.builds(
    lambda host, letter, token: code_url(f"https://{host}.vn", letter, token),
    st.from_regex(r"[a-z0-9]{3,24}(\.[a-z0-9]{2,12})?", fullmatch=True),
    st.sampled_from("GHBE"),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=10, max_size=26),
)


def image_of(symbol: Symbol, scale: int = 4) -> Image.Image:
    side = symbol.size + 2 * QUIET_ZONE
    image = Image.new("L", (side, side), 255)
    for row, line in enumerate(symbol.rows()):
        for column in range(symbol.size):
            if line >> column & 1:
                image.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
    return image.resize((side * scale, side * scale), Image.Resampling.NEAREST)


def read(image: Image.Image) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(image)
    return found


@given(urls)
@settings(max_examples=60, deadline=None)
def test_our_faster_choice_of_mask_is_that_of_the_package(url: str) -> None:
    drawn: QRCode[object] = QRCode(error_correction=ERROR_CORRECT_Q)  # type: ignore[type-var]
    drawn.add_data(url)
    drawn.make()
    mine = encode(url)
    assert [
        [bool(line >> column & 1) for column in range(mine.size)] for line in mine.rows()
    ] == drawn.modules


@given(st.integers(0, 2**441 - 1))
@settings(max_examples=60, deadline=None)
def test_the_penalty_is_the_packages(bits: int) -> None:
    modules = [[bool(bits >> row * 21 + column & 1) for column in range(21)] for row in range(21)]
    assert penalty(bits, 21) == util.lost_point(modules)


@given(urls)
@settings(max_examples=60, deadline=None)
def test_a_camera_reads_every_address(url: str) -> None:
    found = read(image_of(encode(url)))
    assert (found.text, found.ec_level) == (url, "Q")


def test_a_short_address_is_version_2_q() -> None:
    symbol = encode(SHORT)
    assert (symbol.version, symbol.size) == (2, 25)
    assert read(image_of(symbol)).extra["Version"] == "2"


def test_an_address_too_long_says_how_long() -> None:
    with pytest.raises(TooLong) as error:
        encode("HTTPS://" + "A" * 120)
    assert (error.value.length, error.value.max_version) == (128, MAX_VERSION)


def test_lower_case_would_cost_a_version() -> None:
    assert encode(SHORT.lower()).version == 3


def test_addresses_are_upper_case_and_fixed() -> None:
    assert code_url("https://abcd.vn/", "H", "7k3qx9zp2m") == SHORT
    with pytest.raises(NotAlphanumeric) as error:
        code_url("https://a_b.vn", "H", new_token())
    assert error.value.odd == "_"
    with pytest.raises(ValueError, match="unknown kind"):
        code_url("https://abcd.vn", "X", new_token())


def test_png() -> None:
    image = Image.open(BytesIO(png(SHORT, scale=3)))
    assert image.size == (99, 99)
    assert read(image.convert("L")).text == SHORT


def test_svg_draws_the_same_modules_inside_a_quiet_zone() -> None:
    drawn = svg(SHORT, title="Cửa số 12 & <ngõ>")
    assert 'viewBox="0 0 33 33"' in drawn
    assert "<title>Cửa số 12 &amp; &lt;ngõ&gt;</title>" in drawn
    assert "style" not in drawn
    image = Image.new("L", (33 * 4, 33 * 4), 255)
    draw = ImageDraw.Draw(image)
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", drawn.split("/><path")[1]):
        left, top = int(x) * 4, int(y) * 4
        assert min(int(x), int(y)) >= QUIET_ZONE
        draw.rectangle((left, top, left + int(width) * 4 - 1, top + int(height) * 4 - 1), fill=0)
    assert read(image).text == SHORT
    assert len(drawn) < 3000


@pytest.mark.parametrize("url", [SHORT, "HTTP://127.0.0.1:8000/E/" + "7K3QX9ZP2M" * 2 + "ABCDEF"])
def test_terminal(url: str) -> None:
    lines = terminal(url, colour=False).split("\n")
    image = Image.new("L", (len(lines[0]), len(lines) * 2), 255)
    for row, line in enumerate(lines):
        for column, block in enumerate(line):
            for half, dark in enumerate((block in "▀█", block in "▄█")):
                if dark:
                    image.putpixel((column, row * 2 + half), 0)
    big = image.resize((image.width * 4, image.height * 4), Image.Resampling.NEAREST)
    assert read(big).text == url
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m") for line in terminal(url).split("\n"))


def test_a_quarter_of_damage_is_survived_in_most_places() -> None:
    symbol = encode(SHORT)
    survived = 0
    for place in range(40):
        image = image_of(symbol)
        x, y = (place % 8) * 9 + 30, (place // 8) * 14 + 30
        ImageDraw.Draw(image).rectangle((x, y, x + 18, y + 18), fill=255)
        survived += bool(zxingcpp.read_barcodes(image))
    assert survived >= 20


def test_label_papers_fit_a4() -> None:
    for layout in LAYOUTS.values():
        assert layout.per_page == int(layout.name)
        used = layout.left + layout.columns * layout.width + (layout.columns - 1) * layout.gap
        assert used <= 210.01
        assert layout.top + layout.rows * layout.height <= 297.01
