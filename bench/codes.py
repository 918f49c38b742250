"""The sheet of 1,300 door labels beside the `qrcode` encoding alone, and the weight of the resident's pages (P9, P10)."""

import base64
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode
from sqlalchemy import Engine

from backend.app import create_app
from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import load
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from backend.edge.db import db
from backend.services import codes
from bench.figures import Figure
from qr.codes import Label, LabelKind, code_url, label_sheet_pdf, new_token
from tests.factories import create_household
from tests.ground import lay_ground
from tests.people import acting, make_people

LABELS = 1300
ROUNDS = 3


def run() -> list[Figure]:
    """Sheet and encoding interleaved, the best of each; pages rendered by the application itself."""
    labels = _labels()
    pdf = b""

    def sheet() -> None:
        nonlocal pdf
        pdf = label_sheet_pdf(labels)

    def encoding() -> None:
        for label in labels:
            code: QRCode = QRCode(error_correction=ERROR_CORRECT_Q)  # type: ignore[type-arg]
            code.add_data(label.url)
            code.make()

    best_sheet = best_encoding = float("inf")
    for _ in range(ROUNDS):
        best_sheet = min(best_sheet, _seconds(sheet))
        best_encoding = min(best_encoding, _seconds(encoding))
    ratio = best_sheet / best_encoding
    anchor = f"qrcode encoding alone, {LABELS / best_encoding:,.0f}/s"
    return [
        Figure("sheet of 1,300 door labels: codes per CPU second", LABELS / best_sheet, "codes/s", anchor),
        Figure("sheet of 1,300 door labels: CPU time", best_sheet, "s", anchor, ratio, "≤ 1.3 ×"),
        Figure(
            "sheet of 1,300 door labels: size",
            len(pdf) / 1000,
            "KB",
            "reportlab 1,140 KB",
            len(pdf) / 1_140_000,
            "≤ 400 KB",
        ),
        *_pages(),
    ]


def _pages() -> list[Figure]:
    weights = _weights()
    return [
        Figure(
            f"{name}, compressed, whole page in one request",
            size,
            "bytes",
            "one window, 10,240",
            size / 10_240,
            "≤ 10,240",
        )
        for name, size in weights.items()
    ]


def _weights() -> dict[str, int]:
    """Bytes on the wire of the pages of one ward, from the real application on a database of its own."""
    key = base64.b64encode(bytes(range(32))).decode()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            settings = load({"GOCUA_DATA_DIR": folder, "GOCUA_SECRET_KEY": key, "GOCUA_DATA_KEY": key})
            crypto.configure(Keyring.from_secret(settings.data_key))
            engine = make_engine(server.url)
            paths = _make_codes(engine)
            engine.dispose()
            app = create_app(settings, server.url, testing=True)
            client = app.test_client()
            weights = {
                name: len(client.get(path, headers={"Accept-Encoding": "gzip"}).data)
                for name, path in paths.items()
            }
            with app.app_context():
                db.engine.dispose()
            return weights
        finally:
            server.stop()


def _make_codes(engine: Engine) -> dict[str, str]:
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        people = make_people(session)
        actor = acting(session, people.lan)
        household = create_household(session, people.neighbourhood)
        return {
            "guide page": f"/G/{codes.code_for_guide(session, actor, 'vneid-muc-2').token}",
            "household page": f"/H/{codes.code_for_household(session, actor, household.id).token}",
            "badge page": f"/B/{codes.code_for_account(session, actor, people.minh.id).token}",
        }


def _labels() -> list[Label]:
    made = []
    for number in range(LABELS):
        token = new_token()
        url = code_url("https://abcd.vn", "H", token)
        made.append(
            Label(LabelKind.HOUSEHOLD, url, token, f"Số {number} ngõ 34/5", f"H{number:04d} · Tổ dân phố 7")
        )
    return made


def _seconds(work: Callable[[], None]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
