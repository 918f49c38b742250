"""Walks on paper: print day sheets, and type them in again, fast and with the keyboard only."""

from typing import Any
from uuid import UUID

from flask import Response, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.datastructures import MultiDict

from backend.console import forms, place
from backend.console.walks import PART, attempt
from backend.core.clock import today
from backend.core.i18n import sentence
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.models import Outcome
from backend.services import paper, paper_print, paper_rows
from backend.services.paper import LETTERS, Entry
from qr.codes import day_sheets_pdf

door = Door("paper", __name__, template_folder="templates")
# Key on the keyboard, outcome, words; in the order of the boxes on the sheet.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("G", Outcome.HELPED, N_("Giúp được")),
    ("V", Outcome.NOT_HOME, N_("Vắng nhà")),
    ("H", Outcome.RESCHEDULED, N_("Hẹn lại")),
    ("T", Outcome.REFUSED, N_("Từ chối")),
    ("D", Outcome.MOVED_AWAY, N_("Dời đi")),
    ("K", Outcome.NO_NEED, N_("Không cần")),
    ("O", Outcome.NO_ACCESS, N_("Không vào được")),
)
_WRITTEN = {state: letter for letter, state in LETTERS.items()}


class PrintIn(Schema):
    """What to print. `only_open`: doors with something left to do."""

    class Meta:
        unknown = EXCLUDE

    day = forms.Day(load_default=None)
    only_open = fields.Boolean(load_default=False)


class HeadIn(Schema):
    """Whose sheet, of which evening."""

    class Meta:
        unknown = EXCLUDE

    person = fields.UUID(required=True)
    day = forms.Day(required=True)


class RowIn(Schema):
    """One row; the boxes of people come beside it as "o:<person>:<service>"."""

    class Meta:
        unknown = EXCLUDE

    hang = fields.Integer(required=True)
    rev = fields.Integer(required=True)
    ket_qua = fields.String(required=True, validate=validate.OneOf(["", *tuple(Outcome)]))
    ngay = forms.Day(load_default=None)
    gio = forms.Clock(load_default=None)
    dong_y = fields.Boolean(load_default=False)


@door.page("/tuyen/<uuid:walk_id>/phieu", who=LEADERS, methods=("POST",))
def print_one(walk_id: UUID) -> ResponseReturnValue:
    """The day sheet of one walk as PDF."""
    return _print([walk_id], f"/tuyen/{walk_id}")


@door.page("/tuyen/in-phieu", who=LEADERS, methods=("POST",))
def print_all() -> ResponseReturnValue:
    """The day sheets of all walks in force (of the chosen neighbourhood) in one PDF."""
    walk_ids = paper_print.walks_in_force(session(), actor(), place.chosen_neighbourhood())
    if not walk_ids:
        flash(_("Chưa có tuyến nào đang đi để in."), "attention")
        return redirect("/tuyen", 303)
    return _print(walk_ids, "/tuyen")


@door.page("/tuyen/phieu", who=LEADERS)
def find() -> ResponseReturnValue:
    """The field for the code of a sheet (?ma=); a code that exists opens its sheet."""
    typed = request.args.get("ma", "")
    problems = forms.NO_PROBLEM
    if typed:
        try:
            return redirect(f"/tuyen/phieu/{paper.sheet_by_code(session(), actor(), typed)}", 303)
        except Refusal as refusal:
            problems = forms.problems(refusal)
    return render_template("console/paper/find.html", typed=typed, **problems)


@door.page("/T/<token>", who=LEADERS)
def scanned(token: str) -> ResponseReturnValue:
    """What the code on a sheet holds: opens it for whoever leads the walk."""
    try:
        return redirect(f"/tuyen/phieu/{paper.sheet_by_code(session(), actor(), token)}", 303)
    except Refusal:
        return redirect(f"/tuyen/phieu?ma={token[:16]}", 303)


@door.page("/tuyen/phieu/<uuid:sheet_id>", who=LEADERS)
def show(sheet_id: UUID) -> ResponseReturnValue:
    """A sheet to type in, row by row in its order."""
    return _page(sheet_id)


@door.page("/tuyen/phieu/<uuid:sheet_id>/dau", who=LEADERS, methods=("POST",))
def head(sheet_id: UUID) -> ResponseReturnValue:
    """Who carried it, on which evening."""
    paper.sheet_for(session(), actor(), sheet_id)

    def act() -> None:
        form = forms.read(HeadIn())
        paper.set_head(session(), actor(), sheet_id, form["person"], form["day"])
        flash(_("Đã lưu."))

    attempt(act)
    return redirect(f"/tuyen/phieu/{sheet_id}", 303)


@door.page("/tuyen/phieu/<uuid:sheet_id>/hang", who=LEADERS, methods=("POST",))
def row(sheet_id: UUID) -> ResponseReturnValue:
    """Store one row; the answer is that row alone (asked by the script) or the page at the next row."""
    paper.sheet_for(session(), actor(), sheet_id)
    stored: list[paper.Row] = []
    try:
        form = forms.load(RowIn(), _filled())
        with session().begin_nested():
            stored.append(
                paper.enter(session(), actor(), sheet_id, form["hang"], _entry(form), rev=form["rev"])
            )
    except NotFound:
        raise
    except Refusal as refusal:
        if PART in request.headers:
            return _refused_row(sheet_id, refusal), refusal.status
        return _page(sheet_id, refusal), refusal.status
    if PART in request.headers:
        return render_template("console/paper/_row.html", row=stored[0], **_words(sheet_id))
    return redirect(f"/tuyen/phieu/{sheet_id}#hang-{form['hang'] + 1}", 303)


def _print(walk_ids: list[UUID], back: str) -> ResponseReturnValue:
    made: list[bytes] = []

    def act() -> None:
        form = forms.load(PrintIn(), _filled())
        sheets = paper_print.day_sheets(
            session(),
            actor(),
            walk_ids,
            form["day"] or today(),
            str(current_app.config["GOCUA"].base_url),
            only_open=form["only_open"],
        )
        made.append(day_sheets_pdf(sheets))

    if not attempt(act):
        return redirect(back, 303)
    return Response(
        made[0],
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="phieu-{today():%Y%m%d}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _page(sheet_id: UUID, refusal: Refusal | None = None) -> str:
    page = paper.sheet_page(session(), actor(), sheet_id)
    return render_template(
        "console/paper/sheet.html",
        page=page,
        letters=list(LETTERS),
        typed_row=request.form.get("hang", type=int) if refusal else None,
        refused=sentence(refusal.code, locale(), **refusal.values) if refusal else "",
        **_words(sheet_id),
    )


def _refused_row(sheet_id: UUID, refusal: Refusal) -> str:
    """The row as it stands on the server, with what was typed and why it did not go in."""
    page = paper.sheet_page(session(), actor(), sheet_id)
    number = request.form.get("hang", 0, type=int)
    found = next((one for one in page.rows if one.door.place == number), None)
    if found is None:
        raise NotFound
    return render_template(
        "console/paper/_row.html",
        row=found,
        typed_row=number,
        refused=sentence(refusal.code, locale(), **refusal.values),
        **_words(sheet_id),
    )


def _words(sheet_id: UUID) -> dict[str, Any]:
    return {
        "sheet_id": sheet_id,
        "keys": KEYS,
        "services": paper_rows.service_names(session()),
        "reasons": paper_rows.reasons(session()),
        "boxes": _boxes,
    }


def _boxes(row: paper.Row) -> list[tuple[UUID, str, list[tuple[str, str]]]]:
    """Per person: id, label, and (service, letter as typed or stored) of what is open or was entered."""
    entered = row.entry.results if row.entry else {}
    reasons = paper_rows.reasons(session()) if any(reason for _s, reason in entered.values()) else {}
    found = []
    for person in row.door.people:
        codes = [*person.services, *(s for p, s in entered if p == person.id and s not in person.services)]
        label = f"{person.ordinal}. ({person.birth_year})" if person.birth_year else f"{person.ordinal}."
        boxes = [(code, _letter(entered.get((person.id, code)), reasons.get(code, []))) for code in codes]
        if boxes:
            found.append((person.id, label, boxes))
    return found


def _letter(result: tuple[str, str | None] | None, reasons: list[tuple[str, str]]) -> str:
    if result is None:
        return ""
    state, reason = result
    number = next((n for n, (code, _name) in enumerate(reasons, start=1) if code == reason), "")
    return f"{_WRITTEN[state]}{number}"


def _filled() -> MultiDict[str, str]:
    """The posted form without its empty fields, but an empty outcome, which takes a row back."""
    kept = [(name, value) for name, value in request.form.items(multi=True) if value or name == "ket_qua"]
    return MultiDict(kept)


def _entry(form: dict[str, Any]) -> Entry | None:
    if not form["ket_qua"]:
        return None
    return Entry(
        outcome=form["ket_qua"],
        results=_results(),
        on=form["ngay"],
        at=form["gio"] if form["ngay"] else None,
        consent=form["dong_y"],
    )


def _results() -> dict[tuple[UUID, str], tuple[str, str | None]]:
    """The filled boxes. Refuses `paper_letter`."""
    reasons = paper_rows.reasons(session())
    found: dict[tuple[UUID, str], tuple[str, str | None]] = {}
    for name, value in request.form.items():
        written = value.strip().upper()
        if not name.startswith("o:") or not written:
            continue
        _mark, person, service = name.split(":", 2)
        letter, number = written[:1], written[1:]
        known = reasons.get(service, [])
        if letter not in LETTERS or (number and not (letter == "K" and number.isdecimal())):
            raise Refusal("paper_letter")
        if number and not 1 <= int(number) <= len(known):
            raise Refusal("paper_letter")
        try:
            key = (UUID(person), service)
        except ValueError:
            raise Refusal("bad_form") from None
        found[key] = (LETTERS[letter], known[int(number) - 1][0] if number else None)
    return found
