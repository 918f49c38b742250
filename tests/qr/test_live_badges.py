"""The rotating badge: who is refused, for how long a code lives, what a guesser can hope for, what a report stores."""

import os
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, now
from backend.models import Account, BadgeKey, Membership, ReportState, ScamReport
from backend.services import badges, codes, enrol, live_badges
from backend.services.actor import Actor
from backend.services.live_badges import Verdict, verify, verify_all
from backend.services.sessions import actor_of_device
from qr.codes.live import LENGTH, live_token, step_at
from qr.codes.tokens import ALPHABET
from tests import factories as make
from tests.people import People, acting, on_phone

GUESSES = 1_000_000
# A half minute begins here: a Tuesday evening.
EVENING = datetime(2030, 11, 19, 19, 30, tzinfo=VIETNAM)


class Phone:
    """A paired phone with a badge key, and what its app would show."""

    def __init__(self, session: Session, token: str) -> None:
        actor = actor_of_device(session, token)
        assert actor is not None
        self.actor: Actor = actor
        self.handle, self.secret = live_badges.new_key(session, actor)

    def code(self, at: datetime, *, clock_off: float = 0, measured: bool = True) -> str:
        """The code shown at this moment by a phone whose clock is `clock_off` seconds ahead (negative: behind).

        `measured`: the phone has met the server since and knows by how much.
        """
        phone = at.timestamp() + clock_off
        server = phone - clock_off if measured else phone
        return live_token(self.handle, self.secret, step_at(server))


@pytest.fixture
def phone(session: Session, people: People) -> Phone:
    return Phone(session, people.minh_token)


@pytest.fixture
def duty(session: Session, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minh has a walk, and it is evening."""
    door = make.create_household(session, people.neighbourhood)
    make.create_walk(session, people.team, [people.minh], [door])
    session.commit()
    for module in (badges, live_badges):
        monkeypatch.setattr(module, "now", lambda: EVENING)


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (0, Verdict.FRESH),
        (29, Verdict.FRESH),
        (59, Verdict.FRESH),
        (60, Verdict.OLD),
        (61, Verdict.OLD),
        (3600, Verdict.OLD),
        (-29, Verdict.FRESH),
        (-31, Verdict.EARLY),
        (200 * 86400, Verdict.EARLY),  # the short clock has turned by then: never fresh again in a year
        (340 * 86400, Verdict.EARLY),
    ],
)
def test_a_code_lives_for_a_minute(session: Session, phone: Phone, later: int, verdict: Verdict) -> None:
    code = phone.code(EVENING)
    found = verify(session, code, at=EVENING + timedelta(seconds=later)).verdict
    if later > 86400:
        assert found is not Verdict.FRESH
    else:
        assert found is verdict


@pytest.mark.parametrize("taken_after", [0, 10, 29])
def test_photographed_and_shown_again_a_minute_later(
    session: Session, phone: Phone, taken_after: int
) -> None:
    """Whenever in its half minute the picture was taken."""
    taken = EVENING + timedelta(seconds=taken_after)
    assert verify(session, phone.code(taken), at=taken).verdict is Verdict.FRESH
    assert verify(session, phone.code(taken), at=taken + timedelta(seconds=60)).verdict is Verdict.OLD


@pytest.mark.parametrize("minutes", [-2880, -2, -1, 1, 2, 2880])
def test_a_wrong_clock_is_tolerated_and_widens_nothing(session: Session, phone: Phone, minutes: int) -> None:
    """The phone knows by how much its clock is off; the picture of its code dies as soon as any other's."""
    code = phone.code(EVENING, clock_off=60 * minutes)
    assert verify(session, code, at=EVENING).verdict is Verdict.FRESH
    assert verify(session, code, at=EVENING + timedelta(seconds=60)).verdict is Verdict.OLD


def test_a_clock_moved_since_the_last_contact_is_not_green(session: Session, phone: Phone) -> None:
    ahead = phone.code(EVENING, clock_off=120, measured=False)
    behind = phone.code(EVENING, clock_off=-120, measured=False)
    assert [one.verdict for one in verify_all(session, [ahead, behind], at=EVENING)] == [
        Verdict.EARLY,
        Verdict.OLD,
    ]


@pytest.mark.parametrize("place", range(LENGTH))
def test_one_changed_character_is_forged(session: Session, phone: Phone, place: int) -> None:
    code = phone.code(EVENING)
    other = ALPHABET[(ALPHABET.index(code[place]) + 1) % 32]
    found = verify(session, code[:place] + other + code[place + 1 :], at=EVENING)
    assert (found.verdict, found.account_id) == (Verdict.FORGED, None)


def test_another_wards_key_proves_nothing_here(session: Session, people: People, phone: Phone) -> None:
    """Hoa's phone cannot speak for Minh's, and its own codes name its own ward."""
    _, token = make.create_device(session, people.hoa)
    hoa = Phone(session, token)
    forged = live_token(phone.handle, hoa.secret, step_at(EVENING.timestamp()))
    own = verify(session, hoa.code(EVENING), at=EVENING)
    assert verify(session, forged, at=EVENING).verdict is Verdict.FORGED
    assert (own.ward_id, own.account_id) == (people.other_ward.id, people.hoa.id)
    # A key that says another ward than its owner belongs to is nobody's.
    key = session.scalars(select(BadgeKey).where(BadgeKey.handle == hoa.handle)).one()
    key.ward_id = people.ward.id
    session.flush()
    assert verify(session, hoa.code(EVENING), at=EVENING).verdict is Verdict.FORGED


@pytest.mark.parametrize("how", ["device", "account", "newer key"])
def test_the_revoked_are_refused_at_once(session: Session, people: People, phone: Phone, how: str) -> None:
    if how == "device":
        enrol.revoke_device(session, acting(session, people.lan), people.minh_device.id)
    elif how == "account":
        session.get_one(Account, people.minh.id).disabled_at = now()
    else:
        live_badges.new_key(session, phone.actor)
    session.flush()
    assert verify(session, phone.code(EVENING), at=EVENING).verdict is Verdict.OVER


def test_a_million_guesses_find_nothing(session: Session, phone: Phone) -> None:
    """Half are wholly random, half know a live key's name and the half minute and guess the proof. One is genuine."""
    letters = (ALPHABET * 8).encode()
    raw = os.urandom(LENGTH * GUESSES).translate(letters).decode()
    code = phone.code(EVENING)
    half = GUESSES // 2
    guesses = [raw[at : at + LENGTH] for at in range(0, LENGTH * half, LENGTH)]
    guesses += [code[:14] + raw[at + 14 : at + LENGTH] for at in range(LENGTH * half, len(raw), LENGTH)]
    hits = 0
    for start in range(0, GUESSES, 50_000):
        some = [*guesses[start : start + 50_000], code]
        found = verify_all(session, some, at=EVENING)
        assert found[-1].verdict is Verdict.FRESH  # the control: the look-ups are real
        hits += sum(one.verdict is not Verdict.FORGED for one in found[:-1])
    assert hits == 0


def test_one_code_takes_one_statement_and_junk_none(session: Session, phone: Phone, statements: Any) -> None:
    with statements() as seen:
        verify(session, phone.code(EVENING), at=EVENING)
    assert len(seen) == 1, seen
    with statements() as seen:
        assert verify(session, "<b>", at=EVENING).verdict is Verdict.FORGED
    assert seen == []


class TestPage:
    def test_on_duty(self, client: FlaskClient, phone: Phone, duty: None) -> None:
        page = client.get(f"/V/{phone.code(EVENING)}")
        assert page.status_code == 200
        for said in ("Đúng là tình nguyện viên", ">Minh<", "đến 22:00", "Tổ dân phố 7", "Phường Ba Đình"):
            assert said in page.text
        assert "Nguyễn Văn" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in page.headers
        assert not re.findall(r"<(?:input|select|textarea|script)\b", page.text)
        assert "Không bao giờ" in page.text

    def test_lower_case_as_people_type(self, client: FlaskClient, phone: Phone, duty: None) -> None:
        assert client.get(f"/v/{phone.code(EVENING).lower()}").status_code == 200

    @pytest.mark.parametrize(
        ("seconds", "status", "said"),
        [(-90, 410, "Mã này đã hết hạn"), (90, 200, "Đồng hồ máy này bị sai")],
        ids=["old", "early"],
    )
    def test_not_of_this_minute(
        self, client: FlaskClient, phone: Phone, duty: None, seconds: int, status: int, said: str
    ) -> None:
        page = client.get(f"/V/{phone.code(EVENING + timedelta(seconds=seconds))}")
        assert (page.status_code, said in page.text, ">Minh<" in page.text) == (status, True, False)
        assert "đừng mở cửa" in page.text or "chưa nên mở cửa" in page.text

    def test_forged_and_unknown_look_the_same(self, client: FlaskClient, phone: Phone, duty: None) -> None:
        code = phone.code(EVENING)
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        pages = [client.get(f"/V/{token}") for token in (wrong, "0" * LENGTH, "x")]
        assert {page.status_code for page in pages} == {404}
        assert len({re.sub(r'action="[^"]*"', "", page.text) for page in pages}) == 1
        assert "Mã này là giả" in pages[0].text

    def test_left_the_team(
        self, client: FlaskClient, session: Session, people: People, phone: Phone, duty: None
    ) -> None:
        member = session.scalars(select(Membership).where(Membership.account_id == people.minh.id)).one()
        member.valid_to = now()
        session.commit()
        page = client.get(f"/V/{phone.code(EVENING)}")
        assert (page.status_code, "Thẻ này không còn giá trị" in page.text) == (410, True)

    def test_off_duty_is_amber(
        self, client: FlaskClient, phone: Phone, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        morning = EVENING.replace(hour=9)
        for module in (badges, live_badges):
            monkeypatch.setattr(module, "now", lambda: morning)
        page = client.get(f"/V/{phone.code(morning)}")
        assert "Không trong giờ làm việc" in page.text
        assert 'class="verdict off"' in page.text

    def test_the_printed_badge_points_to_the_phone(
        self, client: FlaskClient, session: Session, people: People, duty: None
    ) -> None:
        token = codes.code_for_account(session, acting(session, people.lan), people.minh.id).token
        session.commit()
        page = client.get(f"/B/{token}").text
        assert "Thẻ giấy có thể bị chụp lại" in page
        assert "quét mã đang hiện" in page


class TestReport:
    def _stored(self, session: Session) -> list[ScamReport]:
        return list(session.scalars(select(ScamReport)))

    def test_one_tap_reaches_the_ward(
        self, client: FlaskClient, session: Session, people: People, phone: Phone, duty: None
    ) -> None:
        page = client.get(f"/V/{phone.code(EVENING - timedelta(minutes=5))}")
        action = re.findall(r'<form method="post" action="([^"]+)"', page.text)[0]
        answer = client.post(action, data={"ly_do": "money"})
        assert (answer.status_code, "Phường đã nhận" in answer.text) == (200, True)
        (row,) = self._stored(session)
        assert (row.ward_id, row.account_id, row.about) == (people.ward.id, people.minh.id, "live_badge")
        assert (row.reason, row.verdict, row.state) == ("money", "old", ReportState.NEW)

    def test_of_a_printed_badge(self, client: FlaskClient, session: Session, people: People) -> None:
        token = codes.code_for_account(session, acting(session, people.lan), people.minh.id).token
        session.commit()
        client.post(f"/B/{token}/bao", data={"ly_do": "other_person"})
        (row,) = self._stored(session)
        assert (row.about, row.account_id, row.verdict) == ("paper_badge", people.minh.id, "known")

    def test_of_a_forged_code_asks_for_the_ward_when_there_are_several(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        asked = client.post(f"/V/{'0' * LENGTH}/bao", data={"ly_do": "secret"})
        assert self._stored(session) == []
        actions = re.findall(r'action="([^"]+)"', asked.text)
        assert len(actions) == 2
        mine = next(one for one in actions if str(people.ward.id) in one).replace("&amp;", "&")
        client.post(mine)
        (row,) = self._stored(session)
        assert (row.ward_id, row.account_id, row.reason, row.verdict) == (
            people.ward.id,
            None,
            "secret",
            "forged",
        )

    def test_a_flood_stops_and_says_to_call(
        self, client: FlaskClient, session: Session, phone: Phone
    ) -> None:
        address = {"REMOTE_ADDR": f"203.0.113.{os.getpid() % 250}"}
        path = f"/V/{phone.code(now())}/bao"
        session.commit()
        answers = [client.post(path, environ_base=address) for _ in range(12)]
        assert answers[-1].status_code == 429
        assert "Mời ông/bà gọi phường" in answers[-1].text
        assert len(self._stored(session)) <= 10


def test_the_phone_gets_its_key_once(client: FlaskClient, session: Session, people: People) -> None:
    session.commit()
    on_phone(client, people.minh_token)
    headers = {"X-Gocua-Client": "test"}
    assert client.get("/api/v1/badge", headers=headers).get_json()["live_handle"] is None
    answer = client.post("/api/v1/device/badge-key", headers=headers)
    told = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert told["address"] == "HTTP://LOCALHOST/V/"
    assert client.get("/api/v1/badge", headers=headers).get_json()["live_handle"] == told["handle"]
    key = session.scalars(select(BadgeKey)).one()
    assert told["secret"].encode() not in key.secret_enc
    assert client.post("/api/v1/device/badge-key", headers=headers).get_json()["handle"] != told["handle"]
    assert session.query(BadgeKey).filter(BadgeKey.revoked_at.is_(None)).count() == 1
