"""An import's second thoughts: rows put right in the page, and an import that nobody has worked on taken back."""

import re
from collections import OrderedDict
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.imports import FIELDS, say
from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.models import AreaUnit, ImportState
from backend.services.importing import batches, fixing, undoing
from backend.services.importing.labels import Field

door = Door("imports_after", __name__, template_folder="templates")
_CELL = re.compile(r"d([0-9]{1,7})-([a-z_]{2,12})")
_LONGEST = 200
WORK: dict[str, str] = {
    "visit": N_("đã có lần thăm"),
    "walk": N_("đã xếp vào tuyến"),
    "code": N_("đã có mã QR"),
    "merged": N_("đã gộp với hộ khác"),
    "edited": N_("đã được sửa sau đó"),
    "other": N_("đã có việc khác"),
}


# What to do about it here and now; elsewhere the same codes speak of the file.
HERE: dict[str, str] = {
    "row_birth_wrong": N_("Ngày sinh '{value}' chưa đúng. Ghi như 05/03/1975, hoặc chỉ năm 1975."),
    "row_birth_twice": N_("Năm sinh có ở cả hai ô nam, nữ. Giữ một ô, xoá ô kia."),
    "row_no_household": N_("Chưa rõ dòng này thuộc hộ nào. Ghi số hộ, hoặc “chủ hộ” ở ô quan hệ."),
    "row_head_unclear": N_("Ô số hộ nói đây là chủ hộ, ô quan hệ nói không phải. Sửa một trong hai ô."),
    "row_phone_wrong": N_("Số điện thoại chưa đúng. Không sửa thì ô này để trống."),
    "row_sex_unclear": N_("Giới tính ghi nam hoặc nữ. Không sửa thì ô này để trống."),
}


@door.page("/nhap/<uuid:batch_id>/sua", who=LEADERS)
def problems(batch_id: UUID) -> ResponseReturnValue:
    """The rows that are not right, each with its cells to edit and the reasons beside them."""
    batch = batches.find(session(), actor(), batch_id)
    if batch.state != ImportState.READY or batch.staged_enc is None:
        return redirect(f"/nhap/{batch_id}", 303)
    return _problems(batch_id)


@door.page("/nhap/<uuid:batch_id>/sua", who=LEADERS, methods=("POST",))
def correct(batch_id: UUID) -> ResponseReturnValue:
    """Take what was typed; it meets the same rules, and what is not right yet stays with its new reason."""
    try:
        fixed = fixing.correct(session(), actor(), batch_id, _typed())
    except Refusal as refusal:
        if refusal.status in (404, 409):
            raise
        return _problems(batch_id, request.form, **forms.problems(refusal)), refusal.status
    left = fixing.problems(session(), actor(), batch_id)
    if not left.rows:
        flash(_("Đã sửa xong mọi dòng. Xem lại rồi nhập."))
        return redirect(f"/nhap/{batch_id}/xem", 303)
    if left.refused:
        flash(
            _(
                "Đã lưu. {fixed} dòng đã đúng, còn {left} dòng chưa vào được.",
                fixed=number(fixed),
                left=number(left.refused),
            )
        )
    else:
        flash(_("Đã lưu. Mọi dòng đều vào được; {n} dòng còn chỗ nên xem.", n=number(left.doubtful)))
    return redirect(f"/nhap/{batch_id}/sua?trang={_page()}", 303)


@door.page("/nhap/<uuid:batch_id>/sua-tiep", who=LEADERS, methods=("POST",))
def take_up(batch_id: UUID) -> ResponseReturnValue:
    """Put the refused rows of a finished import right here, instead of in the Excel file."""
    batch = fixing.take_up_refused(session(), actor(), batch_id)
    return redirect(f"/nhap/{batch.id}/sua", 303)


@door.page("/nhap/<uuid:batch_id>/hoan-tac", who=LEADERS)
def ask_undo(batch_id: UUID) -> ResponseReturnValue:
    """Exactly which households would go and which would be as before, and what stands in the way."""
    batch = batches.find(session(), actor(), batch_id)
    if not undoing.can_be_undone(batch):
        return redirect(f"/nhap/{batch_id}", 303)
    return _undo(batch_id)


@door.page("/nhap/<uuid:batch_id>/hoan-tac", who=LEADERS, methods=("POST",))
def undo(batch_id: UUID) -> ResponseReturnValue:
    """Take the import back, or say why not."""
    try:
        done = undoing.undo(session(), actor(), batch_id)
    except Refusal as refusal:
        if refusal.code != "import_worked_on":
            raise
        return _undo(batch_id, **forms.problems(refusal)), refusal.status
    flash(
        _(
            "Đã hoàn tác: bỏ {going} hộ, {back} hộ trở lại như trước.",
            going=number(done.going),
            back=number(done.back),
        )
    )
    return redirect(f"/nhap/{batch_id}", 303)


def _here(code: str, values: dict[str, Any]) -> str:
    return _(HERE[code], **values) if code in HERE else say(code, **values)


def _page() -> int:
    raw = request.args.get("trang", "1")
    return int(raw) if raw.isdigit() and len(raw) < 7 else 1


def _typed() -> dict[tuple[int, Field], str]:
    """The cells of the form by row and field. Raises Refusal with the cells that are too long."""
    names = [name for name in request.form if _CELL.fullmatch(name)]
    asked: dict[str, fields.Field[Any]] = {
        name: fields.String(validate=forms.up_to(_LONGEST)) for name in names
    }
    values = forms.read(Schema.from_dict(asked)(unknown=EXCLUDE))
    typed: dict[tuple[int, Field], str] = {}
    for name, value in values.items():
        found = _CELL.fullmatch(name)
        if found and found[2] in tuple(Field):
            typed[int(found[1]), Field(found[2])] = value
    return typed


def _problems(batch_id: UUID, typed: Any = None, **problem: Any) -> str:
    batch = batches.find(session(), actor(), batch_id)
    found = fixing.problems(session(), actor(), batch_id, _page())
    return render_template(
        "console/imports/fix.html",
        batch=batch,
        place=session().get_one(AreaUnit, batch.neighbourhood_id),
        found=found,
        reasons={one.row: [_here(code, values) for code, values in one.reasons] for one in found.rows},
        names={of: _(words) for of, words in FIELDS.items()},
        typed=typed or {},
        link=lambda page: f"/nhap/{batch_id}/sua?trang={page}",
        **(forms.NO_PROBLEM | problem),
    )


def _undo(batch_id: UUID, **problem: Any) -> str:
    batch = batches.find(session(), actor(), batch_id)
    found = undoing.effects(session(), actor(), batch_id, _page())
    work = OrderedDict(
        (_(words), found.work[reason]) for reason, words in WORK.items() if reason in found.work
    )
    return render_template(
        "console/imports/undo.html",
        batch=batch,
        place=session().get_one(AreaUnit, batch.neighbourhood_id),
        found=found,
        work=work,
        words={reason: _(words) for reason, words in WORK.items()},
        link=lambda page: f"/nhap/{batch_id}/hoan-tac?trang={page}",
        **(forms.NO_PROBLEM | problem),
    )
