"""The ward's list comes in: upload, say what the columns are, look, import. And the history of all that."""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import make_response, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.place import chosen_neighbourhood
from backend.core.i18n import sentence
from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.models import AreaUnit, ImportState
from backend.services.desk import surroundings
from backend.services.importing import batches, fixing, undoing
from backend.services.importing.grouping import GroupBy
from backend.services.importing.labels import Field
from backend.services.importing.plan import BY_VALUES, Plan
from backend.services.importing.refused import refused_file
from backend.services.importing.table import text

door = Door("imports", __name__, template_folder="templates")
_SHOWN = 50  # refused rows on a page; the file has them all
_FIRST_HOUSEHOLDS = 6
_SAMPLES = 3

FIELDS: dict[Field, str] = {
    Field.NAME: N_("Họ và tên"),
    Field.HEAD_NAME: N_("Họ và tên chủ hộ"),
    Field.ADDRESS: N_("Địa chỉ"),
    Field.STT_HO: N_("Số hộ trong danh sách"),
    Field.STT: N_("Số thứ tự người"),
    Field.RELATION: N_("Quan hệ với chủ hộ"),
    Field.DOB: N_("Ngày hoặc năm sinh (chỉ giữ năm)"),
    Field.DOB_M: N_("Năm sinh của nam"),
    Field.DOB_F: N_("Năm sinh của nữ"),
    Field.SEX: N_("Giới tính"),
    Field.PHONE: N_("Số điện thoại"),
    Field.OLD_ADDRESS: N_("Địa chỉ cũ"),
    Field.GROUP: N_("Tổ, thôn (chỉ để xem)"),
    Field.MEMBERS: N_("Số người trong hộ"),
    Field.RESIDENCE: N_("Thường trú, tạm trú (không giữ)"),
    Field.NOTE: N_("Ghi chú (không giữ)"),
}
LEFT_OUT: dict[str, str] = {
    "national ID number": N_("số định danh, căn cước"),
    "date of issue of the ID card": N_("ngày cấp giấy tờ"),
    "place of issue of the ID card": N_("nơi cấp giấy tờ"),
    "social or health insurance number": N_("số bảo hiểm"),
    "health insurance status": N_("tình trạng bảo hiểm"),
    "passport number": N_("số hộ chiếu"),
    "tax code": N_("mã số thuế"),
    "bank account number": N_("số tài khoản"),
    "ethnicity": N_("dân tộc"),
    "religion": N_("tôn giáo"),
    "poor-household status": N_("hộ nghèo, cận nghèo"),
    BY_VALUES: N_("các ô có dạng số định danh"),
}
GROUPINGS: dict[GroupBy, str] = {
    GroupBy.FILE: N_("Như trong danh sách"),
    GroupBy.ROW: N_("Mỗi dòng là một hộ"),
    GroupBy.ADDRESS: N_("Cùng địa chỉ là một hộ"),
    GroupBy.STT: N_("Số thứ tự bắt đầu lại từ 1 là hộ mới"),
}


class UploadForm(Schema):
    """Where the list goes; the file itself comes beside the form."""

    class Meta:
        unknown = EXCLUDE

    neighbourhood = fields.UUID(required=True)


class GroupForm(Schema):
    """Which rows are one household."""

    class Meta:
        unknown = EXCLUDE

    group_by = forms.Choice(list(GroupBy), required=True)


@door.page("/nhap", who=LEADERS)
def start() -> str:
    """The upload form and what was imported before."""
    return _start()


@door.page("/nhap", who=LEADERS, methods=("POST",))
def upload() -> ResponseReturnValue:
    """Read the file; a file that cannot be read is answered with its reason beside the form."""
    file = request.files.get("file")
    try:
        form = forms.read(UploadForm())
        if file is None or not file.filename:
            raise Refusal("bad_form", fields={"file": "needed"})
        batch = batches.upload(session(), actor(), form["neighbourhood"], file.filename, file.read())
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _start(**forms.problems(refusal)), refusal.status
    return redirect(f"/nhap/{batch.id}/cot", 303)


@door.page("/nhap/<uuid:batch_id>", who=LEADERS)
def show(batch_id: UUID) -> ResponseReturnValue:
    """How far an import is, or what came of it."""
    batch = batches.find(session(), actor(), batch_id)
    if _is_waiting(batch_id):
        return redirect(f"/nhap/{batch_id}/cot", 303)
    told = batches.refused(session(), actor(), batch_id) if batch.refused_enc else None
    return render_template(
        "console/imports/result.html",
        batch=batch,
        place=session().get_one(AreaUnit, batch.neighbourhood_id),
        running=batch.state == ImportState.RUNNING,
        undoable=undoing.can_be_undone(batch),
        failed=batch.state == ImportState.FAILED,
        refused=_sentences((row, code, values) for row, code, values, _cells in told.rows) if told else [],
        notices=_sentences(told.notices) if told else [],
        shown=_SHOWN,
    )


@door.page("/nhap/<uuid:batch_id>/tien-do", who=LEADERS)
def progress(batch_id: UUID) -> ResponseReturnValue:
    """The progress bar by itself; once it is over the page is asked to load anew."""
    batch = batches.find(session(), actor(), batch_id)
    response = make_response(render_template("console/imports/_progress.html", batch=batch))
    if batch.state != ImportState.RUNNING:
        response.headers["HX-Refresh"] = "true"
    return response


@door.page("/nhap/<uuid:batch_id>/cot", who=LEADERS)
def columns(batch_id: UUID) -> ResponseReturnValue:
    """What each column is, with masked samples, and the columns that are left out."""
    return _columns(batch_id) if _is_waiting(batch_id) else redirect(f"/nhap/{batch_id}", 303)


@door.page("/nhap/<uuid:batch_id>/cot", who=LEADERS, methods=("POST",))
def choose_columns(batch_id: UUID) -> ResponseReturnValue:
    """Take the columns as chosen; another sheet starts over with its own suggestion."""
    plan = batches.plan_of(batches.find(session(), actor(), batch_id))
    listed = [*plan.columns, *plan.others]
    asked: dict[str, fields.Field[Any]] = {"sheet": forms.Choice(plan.sheets, load_default=None)}
    asked |= {f"c{column}": forms.Choice(list(Field), load_default=None) for column in listed}
    form = Schema.from_dict(asked)
    try:
        values = forms.read(form(unknown=EXCLUDE))
        chosen = {column: values[f"c{column}"] for column in listed}
        mapped = [of for of in chosen.values() if of]
        if len(set(mapped)) < len(mapped):
            raise Refusal("import_column_twice")
        sheet = values["sheet"]
        batches.choose(
            session(),
            actor(),
            batch_id,
            columns={column: Field(of) if of else None for column, of in chosen.items()},
            sheet=sheet,
        )
    except Refusal as refusal:
        return _columns(batch_id, **forms.problems(refusal)), refusal.status
    to = "cot" if sheet and sheet != plan.table.name else "xem"
    return redirect(f"/nhap/{batch_id}/{to}", 303)


@door.page("/nhap/<uuid:batch_id>/xem", who=LEADERS)
def look(batch_id: UUID) -> ResponseReturnValue:
    """What an import would do: counts, the first households, the rows that will not go in."""
    return _look(batch_id) if _is_waiting(batch_id) else redirect(f"/nhap/{batch_id}", 303)


@door.page("/nhap/<uuid:batch_id>/xem", who=LEADERS, methods=("POST",))
def answer(batch_id: UUID) -> ResponseReturnValue:
    """Say which rows are one household."""
    try:
        by = GroupBy(forms.read(GroupForm())["group_by"])
        batches.choose(session(), actor(), batch_id, group_by=by)
    except Refusal as refusal:
        return _look(batch_id, **forms.problems(refusal)), refusal.status
    return redirect(f"/nhap/{batch_id}/xem", 303)


@door.page("/nhap/<uuid:batch_id>/ghi", who=LEADERS, methods=("POST",))
def commit(batch_id: UUID) -> ResponseReturnValue:
    """Import."""
    try:
        batches.commit(session(), actor(), batch_id)
    except Refusal as refusal:
        if refusal.code not in ("import_ask", "import_nothing"):
            raise
        return _look(batch_id, **forms.problems(refusal)), refusal.status
    return redirect(f"/nhap/{batch_id}", 303)


@door.page("/nhap/<uuid:batch_id>/bo", who=LEADERS, methods=("POST",))
def drop(batch_id: UUID) -> ResponseReturnValue:
    """Throw the uploaded list away."""
    batches.drop(session(), actor(), batch_id)
    return redirect("/nhap", 303)


@door.page("/nhap/<uuid:batch_id>/chua-vao.xlsx", who=LEADERS)
def refused_rows(batch_id: UUID) -> ResponseReturnValue:
    """The rows that did not go in, each with its reason, to correct and upload again; after a week they are gone."""
    if batches.find(session(), actor(), batch_id).refused_enc is None:
        return redirect(f"/nhap/{batch_id}", 303)
    data = refused_file(batches.download_refused(session(), actor(), batch_id), say)
    return send_file(
        BytesIO(data),
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        as_attachment=True,
        download_name="dong-chua-vao.xlsx",
        max_age=0,
    )


def _is_waiting(batch_id: UUID) -> bool:
    """True until an import has begun; afterwards its pages lead to the result."""
    batch = batches.find(session(), actor(), batch_id)
    return batch.state == ImportState.READY and batch.staged_enc is not None


def _start(**problem: Any) -> str:
    return render_template(
        "console/imports/start.html",
        neighbourhoods=surroundings(session(), actor()).neighbourhoods.items(),
        here=request.form.get("neighbourhood") or chosen_neighbourhood(),
        past=batches.history(session(), actor()),
        **(forms.NO_PROBLEM | problem),
    )


def _columns(batch_id: UUID, **problem: Any) -> str:
    batch = batches.find(session(), actor(), batch_id)
    plan = batches.plan_of(batch)
    listed = sorted([*plan.columns, *plan.others])
    return render_template(
        "console/imports/columns.html",
        batch=batch,
        plan=plan,
        sheets=[(name, name) for name in plan.sheets],
        columns=[(column, plan.labels.get(column, ""), _samples(plan, column)) for column in listed],
        fields=[(of, _(words)) for of, words in FIELDS.items()],
        left_out=[
            (plan.labels.get(column, ""), _(LEFT_OUT[why])) for column, why in sorted(plan.left_out.items())
        ],
        **(forms.NO_PROBLEM | problem),
    )


def _look(batch_id: UUID, **problem: Any) -> str:
    seen = batches.preview(session(), actor(), batch_id)
    batch = batches.find(session(), actor(), batch_id)
    return render_template(
        "console/imports/look.html",
        batch=batch,
        place=session().get_one(AreaUnit, batch.neighbourhood_id),
        seen=seen,
        people=sum(len(household.people) for household in seen.records.households),
        first=seen.records.households[:_FIRST_HOUSEHOLDS],
        refused=_sentences((told.row, told.code, told.values) for told in seen.records.refused),
        notices=_sentences((told.row, told.code, told.values) for told in seen.records.notices),
        groups=sorted({row.text(Field.GROUP) for row in seen.plan.rows} - {""})[:12],
        groupings=[(by, _(words)) for by, words in GROUPINGS.items()],
        group_by=batch.plan["group_by"],
        shown=_SHOWN,
        fixable=any(told.code in fixing.AT_FAULT for told in (*seen.records.refused, *seen.records.notices)),
        mask=mask,
        **(forms.NO_PROBLEM | problem),
    )


def _sentences(told: Iterable[tuple[int, str, dict[str, Any]]]) -> list[tuple[int, str]]:
    return [(row, say(code, **values)) for row, code, values in told]


def say(code: str, **values: Any) -> str:
    """What the import says about a row, as a sentence."""
    return sentence(code, locale(), **values)


def _samples(plan: Plan, column: int) -> list[str]:
    """A few different cells of a column, masked: enough to tell what it is, too little to read who."""
    of = plan.columns.get(column)
    found: list[str] = []
    for row in plan.rows:
        sample = mask(of, text(plan.table.cell(row.number - 1, column - 1)))
        if sample and sample not in found:
            found.append(sample)
        if len(found) == _SAMPLES:
            break
    return found


def mask(of: Field | None, value: str) -> str:
    """A cell as it may be shown before anybody agreed to keep it."""
    if of in (Field.NAME, Field.HEAD_NAME):
        family, *rest = value.split() or [""]
        return " ".join([family, *(f"{word[0]}." for word in rest)])
    if of in (Field.DOB, Field.DOB_M, Field.DOB_F):
        return re.sub(r"\d{1,2}([/.\-])", r"••\1", value)
    if of is Field.PHONE or of is None:
        return re.sub(r"(?<=\d\d)\d(?=.*\d\d)", "•", value[:40])
    return value[:60]
