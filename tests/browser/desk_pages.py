"""Every page of the product as the people of a demo ward meet it: its address, who looks, what is done first.

Pictures (screenshots.py) and the test that no page of the desk is out of reach for anybody (test_every_page.py) go by it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time, timedelta
from uuid import UUID

from playwright.sync_api import BrowserContext, Page
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.settings import PROJECT
from backend.database import work
from backend.database.engine import make_engine
from backend.models import (
    Account,
    Assignment,
    Campaign,
    Device,
    HelpDoor,
    HelpWhen,
    Household,
    PaperSheet,
    Spot,
    Visit,
    WalkMember,
)
from backend.services import (
    codes,
    demo,
    enrol,
    events,
    guide_reports,
    guides,
    help_asking,
    help_desk,
    paper,
    paper_print,
    places,
    rescue,
    sessions,
    visit_codes,
)
from backend.services.actor import Actor, load_actor
from backend.services.event_core import compose
from backend.services.help_asking import Asked, Origin
from backend.services.paper import Entry
from tests.big_ward import Size, make_big_ward
from tests.browser.resident_pages import DOORS, PAGES, Pages, make
from tests.ground import lay_ground
from tests.importing.files import xlsx

LIST = PROJECT / "tests" / "vectors" / "xlsx" / "b_merged_two_level.xlsx"
NARROW = 360  # px


@dataclass
class World:
    """The demo ward and the ids that the addresses of its pages need."""

    engine: Engine
    tokens: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    pages: Pages | None = None


@dataclass(frozen=True)
class Shot:
    """One page: its folder and name, its address (filled in with the world's names), who looks, what is done first."""

    folder: str
    name: str
    path: str
    who: str = "leader"
    then: Callable[[Page], None] | None = None


def _press(name: str) -> Callable[[Page], None]:
    def then(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        page.wait_for_load_state()

    return then


def _upload(page: Page) -> None:
    page.get_by_label("Danh sách của tổ dân phố, thôn nào?").select_option(label="Tổ dân phố 12")
    page.locator("input[type=file]").set_input_files(LIST)
    _press("Tải lên và xem")(page)


def _look(page: Page) -> None:
    _upload(page)
    _press("Xem trước")(page)


def _import(page: Page) -> None:
    _look(page)
    page.locator("form[action$='/ghi'] button.primary").click()
    page.wait_for_load_state()


def _wrong_rows(page: Page) -> None:
    page.get_by_label("Danh sách của tổ dân phố, thôn nào?").select_option(label="Tổ dân phố 12")
    head = ("STT hộ", "Họ và tên", "Năm sinh", "Quan hệ với chủ hộ", "Số điện thoại", "Địa chỉ")
    rows = [
        (1, "Nguyễn Văn An", 1975, "Chủ hộ", "0912345678", "Số 5 ngõ 34"),
        (None, "Trần Thị Bình", "31/02/1978", "Vợ", None, None),
        (2, "Phạm Văn Cường", "năm Tỵ", "Chủ hộ", None, "Số 7 ngõ 34"),
        (3, "Phan Thị Dung", 1960, "Chủ hộ", "113", "Căn 502 chung cư CT1"),
    ]
    file = {"name": "to dan pho 12.xlsx", "mimeType": "", "buffer": xlsx([head, *rows])}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    _press("Tải lên và xem")(page)
    _press("Xem trước")(page)


def _fix(page: Page) -> None:
    _wrong_rows(page)
    page.get_by_role("link", name="Sửa các dòng ngay ở đây").click()
    page.wait_for_load_state()


def _undo(page: Page) -> None:
    _wrong_rows(page)
    page.locator("form[action$='/ghi'] button.primary").click()
    page.get_by_role("link", name="Nhập nhầm? Hoàn tác lần nhập này").click()
    page.wait_for_load_state()


def _many(page: Page, doors: int = 12) -> None:
    for box in page.locator("input[name=chon]").all()[:doors]:
        box.check()
    _press("Làm với các hộ đã chọn")(page)


def _many_look(page: Page) -> None:
    _many(page)
    page.get_by_label("Tuyến đang đi và người đi").select_option(index=1)
    _press("Xem trước khi giao")(page)


def _many_done(page: Page) -> None:
    _many(page, 2)
    wide = (page.viewport_size or {"width": 0})["width"] > NARROW
    # The second size of the same page would find the doors marked already.
    page.get_by_label("Dấu", exact=True).select_option("asked_home" if wide else "first")
    _press("Xem trước khi đánh dấu")(page)
    page.locator("form[action$='/lam'] button.primary").click()
    page.wait_for_load_state()


def _pair_of_doors(page: Page) -> None:
    page.locator("a.cover").first.click()
    page.wait_for_load_state()


def _building(page: Page) -> None:
    page.locator("summary").filter(has_text="Thêm tòa nhà").click()
    form = page.locator("form[action='/ho/toa-nha']")
    form.get_by_label("Tên tòa nhà").fill("chung cư CT1")
    form.get_by_label("Đến tầng").fill("6")
    form.get_by_label("Số căn mỗi tầng").fill("8")
    _press("Thêm các căn")(page)


def _plan(page: Page) -> None:
    form = page.locator("main form").last
    form.get_by_label("Chỉ những hộ chưa giao cho ai").uncheck()
    for box in form.locator("select[name]").all()[:2]:
        if "crew" in (box.get_attribute("name") or ""):
            box.select_option(index=1)
    form.locator("button.primary").first.click()
    page.wait_for_load_state()


def _hand_over(page: Page) -> None:
    for place in (0, 1, 2):
        page.get_by_role("checkbox").nth(place).check()
    _press("Xem chia thử")(page)


def _targets(page: Page) -> None:
    for box, goal in zip(page.locator("input[name^='goal:']").all(), ("1500", "1200"), strict=False):
        box.fill(goal)
    _press("Lưu chỉ tiêu")(page)


def _pair(page: Page) -> None:
    _press("Ghép máy này")(page)
    page.get_by_text("Đã tải đủ").wait_for()


def _app(*clicks: str) -> Callable[[Page], None]:
    """Pair, begin, then click what carries these words, one after the other (an alley: its first door)."""

    def then(page: Page) -> None:
        _pair(page)
        page.get_by_role("button", name="Bắt đầu").click()
        page.wait_for_timeout(800)
        for words in clicks:
            page.locator("a, button").filter(has_text=words).first.click()
            page.wait_for_timeout(800)

    return then


SHOTS = (
    Shot("leader", "dang-nhap", "/vao", "nobody"),
    Shot("leader", "bang", "/bang"),
    Shot("leader", "bang-phuong", "/bang?khu=&dot=", "officer"),
    Shot("leader", "bang-110-to", "/bang", "coordinator"),
    Shot("leader", "bang-110-to-tim", "/bang?tim=dan+pho+7", "coordinator"),
    Shot("leader", "bang-nguoi-xem", "/bang", "viewer"),
    Shot("leader", "ho", "/ho"),
    Shot("leader", "ho-loc", "/ho?viec=eid_level_2&buoc=blocked"),
    Shot("leader", "ho-mot", "/ho/{household}"),
    Shot("leader", "ho-sua", "/ho/{household}/sua"),
    Shot("leader", "ho-nguoi", "/ho/{household}/nguoi?nguoi=1"),
    Shot("leader", "ho-them", "/ho/them"),
    Shot("leader", "ho-xoa", "/ho/{household}/xoa"),
    Shot("leader", "cho-duyet", "/cho-duyet"),
    Shot("leader", "nhap-1-tai-len", "/nhap", "officer"),
    Shot("leader", "nhap-2-cot", "/nhap", "officer", _upload),
    Shot("leader", "nhap-3-xem-truoc", "/nhap", "officer", _look),
    Shot("leader", "nhap-4-ket-qua", "/nhap", "officer", _import),
    Shot("leader", "nhap-5-sua-dong", "/nhap", "officer", _fix),
    Shot("leader", "nhap-6-hoan-tac", "/nhap", "officer", _undo),
    Shot("leader", "ho-nhieu", "/ho", "leader", _many),
    Shot("leader", "ho-nhieu-xem", "/ho", "leader", _many_look),
    Shot("leader", "ho-nhieu-xong", "/ho", "leader", _many_done),
    Shot("leader", "ho-trung", "/ho/trung?khu={neighbourhood}"),
    Shot("leader", "ho-gop", "/ho/trung?khu={neighbourhood}", "leader", _pair_of_doors),
    Shot("leader", "toa-nha", "/ho/toa-nha?khu={neighbourhood}", "leader", _building),
    Shot("leader", "toa-nha-moi", "/ho/toa-nha?khu={neighbourhood}"),
    Shot("leader", "ho-nhieu-gan-day", "/ho/viec"),
    Shot("leader", "tuyen", "/tuyen"),
    Shot("leader", "tuyen-mot", "/tuyen/{walk}"),
    Shot("leader", "tuyen-moi", "/tuyen/moi"),
    Shot("leader", "tuyen-ke-hoach", "/tuyen/moi", "leader", _plan),
    Shot("leader", "tuyen-ai-giu", "/tuyen/ai-giu"),
    Shot("leader", "tuyen-ban-giao", "/tuyen/ban-giao/{volunteer}", "leader", _hand_over),
    Shot("leader", "phieu-nhap", "/tuyen/phieu/{sheet}"),
    Shot("leader", "phieu-tim", "/tuyen/phieu?ma=00000-00000"),
    Shot("leader", "nguoi", "/nguoi"),
    Shot("leader", "nguoi-mot", "/nguoi/{volunteer}"),
    Shot("leader", "nguoi-them", "/nguoi/them"),
    Shot("leader", "nguoi-them-nhieu", "/nguoi/them-nhieu"),
    Shot("leader", "nguoi-ma-qr", "/nguoi/{volunteer}", "leader", _press("Đưa mã QR vào máy mới")),
    Shot("leader", "nguoi-thu-hoi", "/nguoi/{volunteer}/may/{device}"),
    Shot("leader", "nguoi-nghi", "/nguoi/{volunteer}/nghi/{team}"),
    Shot("leader", "to-them", "/to/them", "officer"),
    Shot("leader", "dia-ban", "/khu", "officer"),
    Shot("leader", "dia-ban-mot", "/khu/{neighbourhood}", "officer"),
    Shot("leader", "dot", "/dot", "officer"),
    Shot("leader", "dot-moi", "/dot/moi?mau=45-ngay-dem", "officer"),
    Shot("leader", "dot-sua", "/dot/{campaign}", "officer"),
    Shot("leader", "dot-chi-tieu", "/dot/{campaign}/chi-tieu", "officer", _targets),
    Shot("leader", "dot-ket-thuc", "/dot/{campaign}/ket-thuc", "officer"),
    Shot("leader", "ma", "/ma"),
    Shot("leader", "ma-mot", "/ma/{code}"),
    Shot("leader", "ma-hen", "/ma/hen"),
    Shot("leader", "ma-hen-loi-bao", "/ma/hen/{visit_code_id}"),
    Shot("leader", "bao-dang-ngo", "/ma/bao", "officer"),
    Shot("leader", "cham-cong", "/nguoi/cham-cong"),
    Shot("leader", "bai", "/ma/bai", "officer"),
    Shot("leader", "bai-sua", "/ma/bai/vneid-muc-2/vi", "officer", _press("Xem trước")),
    Shot("leader", "toi", "/toi"),
    Shot("leader", "bang-tieng-anh", "/bang?lang=en"),
    Shot("leader", "khong-co", "/ho/00000000-0000-0000-0000-000000000000"),
    *(Shot("resident", name, path, "nobody") for name, path in PAGES.items()),
    Shot("resident", "bao-xong", "/B/{badge}", "nobody", _press("Hỏi tiền")),
    Shot("leader", "nho-giup", "/yeu-cau"),
    Shot("leader", "nho-giup-mot", "/yeu-cau/{request}"),
    Shot("leader", "diem", "/diem"),
    Shot("leader", "diem-ho-tro", "/diem/{spot}"),
    Shot("leader", "diem-them", "/diem/them?loai=support_point"),
    Shot("leader", "diem-sua", "/diem/{spot}/sua"),
    Shot("leader", "soat-ma", "/soat-ma"),
    Shot("phone", "soat-ma", "/m/soat-ma", "volunteer"),
    Shot("phone", "ghep-may", "/E/{invitation}", "nobody"),
    Shot("phone", "bat-dau", "/E/{invitation}", "nobody", _pair),
    Shot("phone", "toi-nay", "/E/{invitation}", "nobody", _app()),
    Shot("phone", "mot-ho", "/E/{invitation}", "nobody", _app("1301")),
    Shot("phone", "ket-qua", "/E/{invitation}", "nobody", _app("1301", "Ghi kết quả")),
    Shot("phone", "the", "/E/{invitation}", "nobody", _app("Thẻ")),
    Shot("phone", "huong-dan", "/E/{invitation}", "nobody", _app("Hướng dẫn")),
    Shot("phone", "toi", "/E/{invitation}", "nobody", _app("Tôi")),
    Shot("phone", "toi-nay-khong-script", "/m/tuyen", "volunteer"),
)


def world(url: str) -> World:
    """The demo ward in an empty database, with an evening under way."""
    engine = make_engine(url)
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        made = demo.make(session, demo.Size(1300, 12, 7))
    there = World(engine)
    with work.unit_of_work(engine) as session:
        _tonight(session, made)
    with work.unit_of_work(engine) as session:
        _name(session, made, there)
    large = make_big_ward(engine, Size(teams=110, households=4400, visits=14_000, volunteers=2), code="00008")
    with work.unit_of_work(engine) as session:
        there.tokens["coordinator"] = sessions.open_session(session, large.officer)
        there.tokens["viewer"] = sessions.open_session(session, large.viewer)
    return there


def _tonight(session: Session, made: demo.Demo) -> None:
    """A few visits of this evening, so that the board has something to say."""
    outcomes = ("helped", "not_home", "no_need", "rescheduled", "helped", "refused")
    for account_id, _ in made.volunteers[:5]:
        device = session.scalars(select(Device).where(Device.account_id == account_id)).first()
        phone = load_actor(session, account_id, device_id=device.id if device else None)
        assert phone is not None
        doors = session.scalars(
            select(Assignment.household_id)
            .join(WalkMember, WalkMember.walk_id == Assignment.walk_id)
            .where(WalkMember.account_id == account_id)
            .order_by(Assignment.position.desc())
            .limit(len(outcomes))
        ).all()
        visits = [
            compose(account_id, door, "visit", {"outcome": outcome})
            for door, outcome in zip(doors, outcomes, strict=False)
        ]
        events.store(session, phone, visits)


def _name(session: Session, made: demo.Demo, world: World) -> None:
    officer = load_actor(session, made.officer.account_id)
    leader = load_actor(session, made.leader.account_id)
    assert officer is not None
    assert leader is not None
    places.create_neighbourhood(session, officer, kind="tdp", name="Tổ dân phố 12")
    volunteer = made.volunteers[0][0]
    device = session.scalars(select(Device).where(Device.account_id == volunteer)).one()
    device.waiting = 3
    household = session.scalars(
        select(Visit.household_id)
        .where(Visit.author == volunteer, Visit.results != [])
        .order_by(Visit.est_time.desc())
        .limit(1)
    ).one()
    place = session.get_one(Household, household).neighbourhood_id
    world.tokens = {
        who: sessions.open_session(session, session.get_one(Account, account_id))
        for who, account_id in (("leader", leader.account_id), ("officer", officer.account_id))
    }
    plate = codes.code_for_household(session, leader, household)
    _rescue(session, leader, volunteer, household)
    sheet = _sheet(session, leader, volunteer)
    world.names = {
        "household": str(household),
        "neighbourhood": str(place),
        "volunteer": str(volunteer),
        "device": str(device.id),
        "team": str(next(iter(leader.leads))),
        "walk": str(
            session.scalars(select(WalkMember.walk_id).where(WalkMember.account_id == volunteer)).first()
        ),
        "campaign": str(session.scalars(select(Campaign.id).where(Campaign.ward_id == made.ward_id)).one()),
        "code": str(plate.id),
        "sheet": str(sheet.id),
    }
    _visit_code(session, leader, world)
    _looks_otherwise(session, leader)
    _help(session, leader, world, volunteer, place)


def _visit_code(session: Session, leader: Actor, world: World) -> None:
    """A visit code for a few evenings."""
    made = visit_codes.announce(
        session,
        leader,
        next(iter(leader.leads)),
        starts_on=today(),
        ends_on=today() + timedelta(days=2),
        opens=time(19, 30),
        closes=time(21, 30),
    )
    world.names["visit_code_id"] = str(made)


def _rescue(session: Session, leader: Actor, volunteer: UUID, household: UUID) -> None:
    """A rescue file that waits for the leader's word."""
    items = [
        compose(volunteer, household, "visit", {"outcome": outcome})
        for outcome in ("helped", "not_home", "refused")
    ]
    listed = [{"id": str(item.id), "sha256": item.sha256, "core": item.core} for item in items]
    told = {"format": "gocua-rescue", "version": 1, "device": None, "items": listed}
    rescue.upload(session, leader, json.dumps(told).encode())


def _help(session: Session, leader: Actor, world: World, volunteer: UUID, place: UUID | None) -> None:
    """What the residents' pages show, and a request that names no door."""
    doors = session.scalars(
        select(Household.id)
        .where(Household.neighbourhood_id == place)
        .order_by(Household.walk_key)
        .limit(DOORS)
    ).all()
    device = session.scalars(select(Device).where(Device.account_id == volunteer)).one()
    phone = load_actor(session, volunteer, device_id=device.id)
    assert phone is not None
    assert place is not None
    world.pages = make(session, leader, phone, place, list(doors))
    asked = Origin(HelpDoor.HOME, leader.ward_id, place)
    told = Asked(("ehealth_book",), HelpWhen.WEEKEND, "Số 12, nhà có giàn hoa giấy", "0912 000 333")
    help_asking.ask(session, asked, told, "screenshot")
    waiting = [row for row in help_desk.list_requests(session, leader) if row.household_id is None]
    spot = session.scalars(select(Spot).where(Spot.kind == "support_point", Spot.closed_at.is_(None))).first()
    assert spot is not None
    world.names |= {"request": str(waiting[0].id), "spot": str(spot.id)}


def _sheet(session: Session, leader: Actor, volunteer: UUID) -> PaperSheet:
    """A day sheet of a volunteer's walk, some rows of it typed in."""
    walk_id = session.scalars(select(WalkMember.walk_id).where(WalkMember.account_id == volunteer)).one()
    paper_print.day_sheets(session, leader, [walk_id], today(), "https://gocua.example")
    sheet = session.scalars(select(PaperSheet)).one()
    for place, outcome in enumerate(("not_home", "not_home", "refused"), start=1):
        paper.enter(session, leader, sheet.id, place, Entry(outcome), rev=0)
    return sheet


def _looks_otherwise(session: Session, leader: Actor) -> None:
    """Reports of steps that no longer match."""
    said = guides.guide("vneid-muc-2")
    assert said is not None
    for step in (3, 3, 5):
        guide_reports.report(session, leader.ward_id, said, step)


def open_shot(context: BrowserContext, world: World, address: str, shot: Shot) -> Page:
    assert world.pages is not None
    names = world.names | world.pages.filled()
    with work.unit_of_work(world.engine) as session:
        leader = session.scalars(select(Account).where(Account.login == "totruong.mau")).one()
        actor = load_actor(session, leader.id)
        assert actor is not None
        if "{invitation}" in shot.path or shot.who == "volunteer":
            names["invitation"] = enrol.invite(session, actor, names["volunteer"])  # type: ignore[arg-type]
    if shot.who == "volunteer":
        with work.unit_of_work(world.engine) as session:
            _, token = enrol.enrol(session, names["invitation"], "Máy của Dung")
        context.add_cookies([{"name": "gocua_device", "value": token, "url": address}])
    if shot.who in world.tokens:
        context.add_cookies([{"name": "gocua_session", "value": world.tokens[shot.who], "url": address}])
    page = context.new_page()
    page.goto(shot.path.format(**names))
    if shot.then is not None:
        shot.then(page)
    return page
