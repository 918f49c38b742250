"""A household takes its consent back: what will be gone, and for whom; then it is gone."""

from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.services import erasure, household_story

door = Door("erasing", __name__, template_folder="templates")


@door.page("/ho/<uuid:household_id>/xoa", who=LEADERS, methods=("GET", "POST"))
def erase(household_id: UUID) -> ResponseReturnValue:
    """Say what will happen to whom, then erase what is known of this household."""
    household = household_story.household_for(session(), actor(), household_id)
    effects = erasure.erasing(session(), actor(), household_id)
    if request.method == "GET":
        return render_template("console/households/erase.html", household=household, effects=effects)
    code = household.code
    erasure.erase(session(), actor(), household_id)
    flash(_("Đã xoá dữ liệu của hộ {code}. Không ai đến hộ này nữa.", code=code))
    return redirect("/ho", 303)
