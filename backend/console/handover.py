"""What each volunteer holds and until when; all of it to others when somebody is ill; walks with nothing left."""

from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from backend.console.place import chosen_neighbourhood
from backend.console.walks import attempt
from backend.core.i18n import sentence
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, OVERSEERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale, number
from backend.services import walk_handover

door = Door("handover", __name__, url_prefix="/tuyen", template_folder="templates")


@door.page("/ai-giu", who=OVERSEERS)
def index() -> ResponseReturnValue:
    """Who holds what, until when."""
    return render_template(
        "console/walks/holders.html", holders=walk_handover.holders(session(), actor()), may_lead=_may_lead()
    )


@door.page("/ban-giao/<uuid:account_id>", who=LEADERS)
def choose(account_id: UUID) -> ResponseReturnValue:
    """Choose who takes over (?cho=), and see who would get what before it happens."""
    return _page(account_id, _receivers(request.args.getlist("cho")))


@door.page("/ban-giao/<uuid:account_id>", who=LEADERS, methods=("POST",))
def hand_over(account_id: UUID) -> ResponseReturnValue:
    """Hand everything over."""
    receivers = _receivers(request.form.getlist("cho"))
    try:
        with session().begin_nested():
            done = walk_handover.hand_over_all(session(), actor(), account_id, receivers)
    except NotFound:
        raise
    except Refusal as refusal:
        said = sentence(refusal.code, locale(), **refusal.values)
        return _page(account_id, receivers, said), refusal.status
    flash(_("Đã bàn giao {n} hộ. Máy của người nhận sẽ báo ngay.", n=number(done.doors)))
    return redirect("/tuyen/ai-giu", 303)


@door.page("/dong-xong", who=LEADERS, methods=("POST",))
def close_finished() -> ResponseReturnValue:
    """Close the walks with nothing left to do."""

    def act() -> None:
        closed = walk_handover.close_finished(session(), actor(), chosen_neighbourhood())
        flash(_("Đã đóng {n} tuyến đã xong. Các lần thăm vẫn giữ nguyên.", n=closed))

    attempt(act)
    return redirect("/tuyen", 303)


def _page(account_id: UUID, receivers: list[UUID], problem: str = "") -> str:
    holders = walk_handover.holders(session(), actor())
    person = next((one for one in holders if one.account_id == account_id), None)
    if person is None:
        raise NotFound
    plan = None
    if person.walks and (receivers or not problem):
        try:
            plan = walk_handover.preview(session(), actor(), account_id, receivers)
        except Refusal as refusal:
            # Nobody was chosen yet: that is no mistake, only the first look at the page.
            problem = problem or ("" if not receivers else sentence(refusal.code, locale(), **refusal.values))
    return render_template(
        "console/walks/handover.html",
        person=person,
        others=[one for one in holders if one.account_id != account_id and one.team_id == person.team_id],
        chosen=set(receivers),
        plan=plan,
        problem=problem,
    )


def _receivers(raw: list[str]) -> list[UUID]:
    found = []
    for each in raw:
        try:
            found.append(UUID(each))
        except ValueError:
            raise NotFound from None
    return found


def _may_lead() -> bool:
    return bool(actor().roles & LEADERS.roles)
