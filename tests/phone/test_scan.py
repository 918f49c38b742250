"""The camera without the browser's own detector: a fallback decoder reads frames of a made-up camera, offline too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from backend.database import work
from backend.services import codes
from qr.codes.render import png
from tests.browser.install import FLAGS, chromium_path
from tests.people import acting
from tests.phone.app import pair
from tests.phone.conftest import FIRST, PHONE, Ground

WIDTH, HEIGHT, FRAMES = 640, 480, 4
# The browser's detector is there and knows no QR, or is not there at all: both are seen on real phones.
WITHOUT = {
    "no detector": "delete globalThis.BarcodeDetector",
    "an empty detector": "globalThis.BarcodeDetector = class { static async getSupportedFormats() { return [] } }",
}


def film(symbol: bytes, path: Path) -> Path:
    """What a camera would see of a label at arm's length, a little turned: a raw film (Y4M) for Chromium."""
    import io

    label = Image.open(io.BytesIO(symbol)).convert("L").resize((230, 230))
    scene = Image.new("L", (WIDTH, HEIGHT), 120)
    scene.paste(label.rotate(7, expand=True, fillcolor=120), (190, 105))
    grey = bytes([128]) * (WIDTH * HEIGHT // 4)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420mpeg2\n".encode())
        for _ in range(FRAMES):
            out.write(b"FRAME\n" + scene.tobytes() + grey + grey)
    return path


@pytest.fixture
def seeing(ground: Ground, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium whose camera looks at the plate of the ground's third door."""
    with work.unit_of_work(ground.server.engine) as session:
        code = codes.code_for_household(session, acting(session, ground.lan), ground.households[2].id)
        symbol = png(codes.url_of(code, ground.server.url))
    film(symbol, tmp_path / "plate.y4m")
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'plate.y4m'}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *camera])
        yield browser
        browser.close()


@pytest.mark.parametrize("without", WITHOUT.values(), ids=WITHOUT.keys())
def test_a_plate_opens_its_door_without_the_browsers_detector(
    ground: Ground, seeing: Browser, without: str
) -> None:
    phone = seeing.new_context(base_url=ground.server.url, **PHONE)  # type: ignore[arg-type]
    phone.grant_permissions(["camera"])
    phone.add_init_script(without)
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    page.reload()
    page.evaluate("location.hash = '#/quet'")
    page.get_by_role("button", name="Mở máy ảnh").tap()
    expect(page.get_by_role("heading", name=f"Số {FIRST + 2}")).to_be_visible()
    phone.close()
