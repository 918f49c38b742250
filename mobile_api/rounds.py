"""Soát mã on the volunteer's phone: a plain page, no script; a code that hangs there is intact, missing or covered."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from backend.core.i18n import sentence
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import VOLUNTEERS, Door, actor
from backend.edge.db import session
from backend.edge.words import locale
from backend.models import CheckState
from backend.services import code_rounds

door = Door("phone_rounds", __name__, template_folder="templates")
STATES: dict[str, str] = {
    CheckState.INTACT: N_("Còn nguyên"),
    CheckState.MISSING: N_("Bị mất"),
    CheckState.COVERED: N_("Bị dán đè"),
}
SEEN: dict[str, str] = {
    CheckState.INTACT: N_("còn nguyên"),
    CheckState.MISSING: N_("bị mất"),
    CheckState.COVERED: N_("bị dán đè"),
}


@door.page("/m/soat-ma", who=VOLUNTEERS, methods=("GET", "POST"))
def rounds() -> ResponseReturnValue:
    """The codes of the round, the longest unseen first; a code found elsewhere is typed in."""
    if request.method == "GET":
        return _page()
    try:
        if "ma" in request.form:
            found = code_rounds.check_typed(
                session(), actor(), request.form["ma"], request.form.get("noi", "")
            )
            return redirect(f"/m/soat-ma?vua={found.state}", 303)
        code_id, state = request.form.get("code", ""), request.form.get("state", "")
        if state not in STATES:
            raise Refusal("bad_form", fields={"state": "bad_value"})
        code_rounds.check(session(), actor(), code_rounds.as_id(code_id), CheckState(state))
        return redirect(f"/m/soat-ma?vua={state}", 303)
    except NotFound:
        raise
    except Refusal as refusal:
        session().rollback()
        return _page(refusal)


def _page(refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = {name: sentence(code, locale()) for name, code in refusal.fields.items()} if refusal else {}
    page = render_template(
        "phone/rounds.html",
        placed=code_rounds.on_round(session(), actor()),
        states=STATES,
        seen=SEEN,
        just=request.args.get("vua", ""),
        form=request.form,
        errors=errors,
        limit=code_rounds.PLACE_LIMIT,
    )
    return page, refusal.status if refusal else 200
