"""The room of codes: print sheets and posters, see how often each code is opened, revoke, print again."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from flask import Response, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import RAISE, Schema, fields, validate

from backend.console import forms
from backend.console.place import chosen_neighbourhood, desk, is_officer
from backend.core.clock import today
from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.models import CodeKind
from backend.services import code_sheets, codes, contacts, scam_reports
from backend.services.guides import guides
from qr.codes import (
    LAYOUTS,
    Label,
    Layout,
    SlipPad,
    TooDense,
    TooLong,
    grouped,
    label_sheet_pdf,
    poster_pdf,
    slip_pad_pdf,
    svg,
)

door = Door("codes", __name__, url_prefix="/ma", template_folder="templates")

KINDS = {
    CodeKind.HOUSEHOLD: N_("Mã cửa nhà"),
    CodeKind.GUIDE: N_("Mã hướng dẫn"),
    CodeKind.BADGE: N_("Thẻ tình nguyện viên"),
    CodeKind.NEIGHBOURHOOD: N_("Trang tổ dân phố"),
    CodeKind.SUPPORT_POINT: N_("Điểm hỗ trợ"),
    CodeKind.WIFI: N_("Wifi công cộng"),
    CodeKind.PLACE: N_("Di tích, nhà văn hoá"),
    CodeKind.STALL: N_("Sạp hàng"),
    CodeKind.SURVEY: N_("Khảo sát"),
}
# A list is for looking; 1,300 rows would be 300 KB.
MOST_ROWS = 100
PAPERS = {
    "4": N_("4 biển cửa (210 × 74 mm)"),
    "24": N_("24 nhãn (70 × 37 mm)"),
    "8": N_("8 nhãn to (105 × 74 mm)"),
    "14": N_("14 nhãn (99 × 38 mm)"),
    "40": N_("40 nhãn (52,5 × 29,7 mm)"),
    "65": N_("65 nhãn nhỏ (38 × 21 mm)"),
}


class SheetIn(Schema):
    """What to print. `ngo`: an alley; `noi`: where guide labels will hang; `ban`: copies of each.

    `bai`, `nguoi`: only these guides, only these people (none: all). `xem`: look at the first page, in the browser.
    """

    class Meta:
        unknown = RAISE

    csrf_token = fields.String(load_only=True)
    loai = fields.Enum(CodeKind, by_value=True, required=True)
    giay = fields.String(required=True, validate=validate.OneOf(LAYOUTS))
    khu = fields.UUID(load_default=None, allow_none=True)
    ngo = fields.UUID(load_default=None, allow_none=True)
    noi = fields.String(load_default="", validate=validate.Length(max=60))
    ban = fields.Integer(load_default=1, validate=validate.Range(1, 100))
    bai = fields.List(fields.String())
    nguoi = fields.List(fields.UUID())
    xem = fields.Boolean(load_default=False)


class PosterIn(Schema):
    """Which guide, for which wall, how large."""

    class Meta:
        unknown = RAISE

    csrf_token = fields.String(load_only=True)
    bai = fields.String(required=True)
    co = fields.String(required=True, validate=validate.OneOf(("A4", "A3", "A5")))
    noi = fields.String(load_default="", validate=validate.Length(max=60))


@door.page("/", who=LEADERS, strict_slashes=False)
def overview() -> ResponseReturnValue:
    """The forms for printing, and the codes of one kind (?loai=) with their scans."""
    wanted = request.args.get("loai")
    return _overview(CodeKind(wanted) if wanted in tuple(CodeKind) else CodeKind.HOUSEHOLD)


@door.page("/in", who=LEADERS, methods=("POST",))
def print_sheet() -> ResponseReturnValue:
    """A sheet of labels as PDF."""
    try:
        wanted = forms.read(SheetIn(), many=("bai", "nguoi"))
        labels = _LABELS[wanted["loai"]](wanted)
        if not labels:
            raise Refusal("no_codes_to_print")
        layout = LAYOUTS[wanted["giay"]]
        body = _pdf(labels[: layout.per_page] if wanted["xem"] else labels, layout)
    except Refusal as refusal:
        return _overview(refusal=refusal)
    return _download(body, f"gocua-{wanted['loai'].value}-{today():%Y%m%d}.pdf", look=wanted["xem"])


@door.page("/ap-phich", who=LEADERS, methods=("POST",))
def print_poster() -> ResponseReturnValue:
    """A poster of one guide as PDF."""
    try:
        wanted = forms.read(PosterIn())
    except Refusal as refusal:
        return _overview(refusal=refusal)
    poster = code_sheets.guide_poster(
        session(), actor(), wanted["bai"], _base_url(), placement=wanted["noi"].strip()
    )
    return _download(poster_pdf(poster, wanted["co"]), f"gocua-ap-phich-{wanted['bai']}.pdf")


@door.page("/phieu-tham.pdf", who=LEADERS)
def slip_pad() -> ResponseReturnValue:
    """A page of slips for volunteers to fill in after a visit; no door and nobody is on it."""
    here = contacts.contact_for(session(), ward_id=actor().ward_id)
    pad = SlipPad(f"{_base_url().rstrip('/')}/".upper(), here.ward, here.phone)
    return _download(slip_pad_pdf(pad), "gocua-phieu-tham.pdf", look=True)


@door.page("/<uuid:code_id>", who=LEADERS)
def show_code(code_id: UUID) -> ResponseReturnValue:
    """One code with its symbol, before it is revoked or replaced."""
    row = code_sheets.code_row(session(), actor(), code_id)
    code = codes.code_in_scope(session(), actor(), code_id)
    return render_template(
        "console/codes/show.html",
        code=row,
        token=grouped(row.token),
        symbol=svg(codes.url_of(code, _base_url()), title=row.target),
        address=f"{_base_url()}/{codes.LETTERS[row.kind]}/{row.token}",
        kinds=KINDS,
        days=code_sheets.scans_by_day(session(), actor(), code_id),
    )


@door.page("/<uuid:code_id>/in", who=LEADERS, methods=("POST",))
def print_again(code_id: UUID) -> ResponseReturnValue:
    """The same code once more, on a large label."""
    label = code_sheets.label_of(session(), actor(), code_id, _base_url())
    return _download(_pdf([label], LAYOUTS["8"]), f"gocua-{label.token}.pdf")


@door.page("/<uuid:code_id>/thu-hoi", who=LEADERS, methods=("POST",))
def revoke_code(code_id: UUID) -> ResponseReturnValue:
    """End a code."""
    code = codes.revoke(session(), actor(), code_id)
    flash(_("Đã thu hồi mã {token}. Ai quét sẽ thấy mã không dùng nữa.", token=grouped(code.token)), "ok")
    return redirect(f"/ma?loai={code.kind}", 303)


@door.page("/<uuid:code_id>/thay", who=LEADERS, methods=("POST",))
def replace_code(code_id: UUID) -> ResponseReturnValue:
    """End a code and issue its successor."""
    code = codes.replace(session(), actor(), code_id)
    flash(_("Mã cũ đã thu hồi. Mã mới là {token}, mời in nhãn mới.", token=grouped(code.token)), "ok")
    return redirect(f"/ma/{code.id}", 303)


def _household_labels(wanted: dict[str, object]) -> list[Label]:
    here = wanted["khu"]
    if not isinstance(here, UUID):
        raise Refusal("bad_form", fields={"khu": "needed"})
    alley = wanted["ngo"] if isinstance(wanted["ngo"], UUID) else None
    return code_sheets.household_labels(session(), actor(), here, _base_url(), alley_id=alley)


def _guide_labels(wanted: dict[str, object]) -> list[Label]:
    return code_sheets.guide_labels(
        session(),
        actor(),
        _base_url(),
        placement=str(wanted["noi"]).strip(),
        copies=int(str(wanted["ban"])),
        slugs=cast(list[str], wanted["bai"]),
    )


def _badge_labels(wanted: dict[str, object]) -> list[Label]:
    people = cast(list[UUID], wanted["nguoi"])
    return code_sheets.badge_labels(session(), actor(), _base_url(), account_ids=people)


_LABELS: dict[CodeKind, Callable[[dict[str, object]], list[Label]]] = {
    CodeKind.HOUSEHOLD: _household_labels,
    CodeKind.GUIDE: _guide_labels,
    CodeKind.BADGE: _badge_labels,
}


def _overview(kind: CodeKind = CodeKind.HOUSEHOLD, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    places = desk().neighbourhoods
    here = chosen_neighbourhood() or (places[0][0] if len(places) == 1 else None)
    page = render_template(
        "console/codes/list.html",
        kind=kind,
        kinds=KINDS,
        papers=PAPERS,
        rows=code_sheets.list_codes(session(), actor(), kind, neighbourhood_id=here, limit=MOST_ROWS),
        most=MOST_ROWS,
        here=here,
        alleys=code_sheets.alleys(session(), actor(), here) if here else (),
        guides=[found for found in guides(locale()) if not found.withdrawn()],
        people=code_sheets.badge_people(session(), actor()),
        grouped=grouped,
        made_at_spots=kind not in (*_LABELS, CodeKind.NEIGHBOURHOOD),
        new_reports=scam_reports.how_many_new(session(), actor()) if is_officer() else 0,
        **(forms.problems(refusal) if refusal else forms.NO_PROBLEM),
    )
    return page, refusal.status if refusal else 200


def _pdf(labels: list[Label], layout: Layout) -> bytes:
    try:
        return label_sheet_pdf(labels, layout)
    except (TooDense, TooLong):
        raise Refusal("codes_too_dense") from None


def _download(body: bytes, name: str, *, look: bool = False) -> Response:
    return Response(
        body,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'{"inline" if look else "attachment"}; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _base_url() -> str:
    return str(current_app.config["GOCUA"].base_url)
