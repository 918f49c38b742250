"""A door sent on to a desk, the police, a bank … and what came of it."""

from uuid import UUID

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import ReferralPlace, ReferralState
from backend.services import referrals
from backend.services.household_story import household_for

door = Door("referrals", __name__, url_prefix="/ho/<uuid:household_id>/gioi-thieu")


class ReferIn(Schema):
    """Where to, and what about."""

    class Meta:
        unknown = EXCLUDE

    place = forms.Choice(list(ReferralPlace), required=True)
    service = fields.String(load_default="")


class CloseIn(Schema):
    """What came of it."""

    class Meta:
        unknown = EXCLUDE

    state = forms.Choice([ReferralState.DONE, ReferralState.DROPPED], required=True)


@door.page("", who=LEADERS, methods=("POST",))
def refer(household_id: UUID) -> ResponseReturnValue:
    """Send a door on."""
    household_for(session(), actor(), household_id)
    try:
        form = forms.read(ReferIn())
        place = ReferralPlace(form.get("place") or "")
        referrals.refer(session(), actor(), household_id, place, form["service"] or None)
        flash(_("Đã ghi giới thiệu."))
    except NotFound:
        raise
    except (Refusal, ValueError):
        flash(_("Chưa ghi được. Chọn nơi giới thiệu rồi bấm lại."), "attention")
    return redirect(f"/ho/{household_id}#referrals", 303)


@door.page("/<uuid:referral_id>", who=LEADERS, methods=("POST",))
def close(household_id: UUID, referral_id: UUID) -> ResponseReturnValue:
    """It is settled, or not needed any more."""
    found = referrals.find(session(), actor(), household_id, referral_id)
    try:
        state = ReferralState(forms.read(CloseIn()).get("state") or "")
    except (Refusal, ValueError):
        flash(_("Chưa ghi được. Bấm lại một trong hai nút."), "attention")
        return redirect(f"/ho/{household_id}#referrals", 303)
    referrals.close(session(), actor(), found, state)
    flash(_("Đã ghi."))
    return redirect(f"/ho/{household_id}#referrals", 303)
