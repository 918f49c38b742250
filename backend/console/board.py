"""The board: how tonight goes, who is left, what is stuck, who needs the leader."""

from flask import render_template
from flask.typing import ResponseReturnValue

from backend.console.place import chosen_campaign, chosen_neighbourhood, is_officer
from backend.edge.access import OVERSEERS, Door, actor
from backend.edge.db import session
from backend.services import help_desk, scam_reports
from backend.services.board import board

door = Door("board", __name__, template_folder="templates")

MOST_REASONS = 12


@door.page("/bang", who=OVERSEERS)
def show() -> ResponseReturnValue:
    """The whole page; htmx asks for /bang/so every 30 seconds."""
    return render_template("console/board/show.html", **_figures())


@door.page("/bang/so", who=OVERSEERS)
def figures() -> ResponseReturnValue:
    """The part with the numbers."""
    return render_template("console/board/_figures.html", **_figures())


def _figures() -> dict[str, object]:
    here = chosen_neighbourhood()
    counts = board(session(), actor(), here, chosen_campaign())
    return {
        "new_reports": scam_reports.how_many_new(session(), actor()) if is_officer() else 0,
        "board": counts,
        "here": here,
        "volunteers": counts.volunteers,
        "reasons": counts.reasons[:MOST_REASONS],
        "asking": help_desk.waiting(session(), actor(), here),
        "more_reasons": sum(one.people for one in counts.reasons[MOST_REASONS:]),
    }
