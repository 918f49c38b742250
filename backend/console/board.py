"""The board: how tonight goes, who is left, what is stuck, who needs the leader; the ward's view of many teams."""

from math import ceil
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms, words
from backend.console.place import chosen_campaign, chosen_neighbourhood, is_officer, looks_on
from backend.core.clock import today
from backend.edge.access import OVERSEERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.services import board_live, board_sheet, held, help_desk, scam_reports
from backend.services.board import board
from backend.services.board_counts import Board, NeighbourhoodCount
from backend.text.vietnamese import search_key

door = Door("board", __name__, template_folder="templates")

MOST_REASONS = 12
MOST_NAMED = 10
PAGE = 25
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class BoardIn(Schema):
    """What of the board is looked at, by the names in its address; odd values count as none."""

    class Meta:
        unknown = EXCLUDE

    viec = fields.String(load_default="", validate=forms.up_to(60))
    tim = fields.String(load_default="", validate=forms.up_to(80))
    can = fields.String(load_default="")
    trang = fields.Integer(load_default=1)


@door.page("/bang", who=OVERSEERS)
def show() -> ResponseReturnValue:
    """The whole page; while it is looked at, its script asks for /bang/so every five seconds."""
    return render_template("console/board/show.html", **_figures())


@door.page("/bang/so", who=OVERSEERS)
def figures() -> ResponseReturnValue:
    """The part with the numbers; nothing (204) when those of ?ban= are still true."""
    here = chosen_neighbourhood()
    if request.args.get("ban") == board_live.version(session(), actor(), here):
        return "", 204
    return render_template("console/board/_figures.html", **_figures())


@door.page("/bang/so-lieu.xlsx", who=OVERSEERS)
def sheet() -> ResponseReturnValue:
    """The counts of all neighbourhoods of the actor's (or the chosen one) as an Excel file."""
    data = board_sheet.counts_file(
        session(),
        actor(),
        chosen_neighbourhood(),
        chosen_campaign(),
        _,
        lambda field: field if locale() == "vi" else field.replace("_vi", "_en"),
    )
    headers = {"Content-Disposition": f'attachment; filename="so-lieu-{today()}.xlsx"'}
    return Response(data, mimetype=_XLSX, headers=headers)


def _figures() -> dict[str, Any]:
    here = chosen_neighbourhood()
    given = forms.lenient(BoardIn(), request.args)
    version = board_live.version(
        session(), actor(), here
    )  # before the figures: what changes meanwhile is asked again
    counts = board(session(), actor(), here, chosen_campaign(), given["viec"])
    places = _chosen_places(counts, given)
    pages = max(1, ceil(len(places) / PAGE))
    page = min(max(1, given["trang"]), pages)
    return {
        "new_reports": scam_reports.how_many_new(session(), actor()) if is_officer() else 0,
        "board": counts,
        "here": here,
        "version": version,
        "given": given,
        "volunteers": counts.volunteers,
        "reasons": counts.reasons[:MOST_REASONS],
        "more_reasons": sum(one.people for one in counts.reasons[MOST_REASONS:]),
        "quiet": [one for one in counts.phones if one.quiet],
        "dead": [one for one in counts.phones if one.dead],
        "waiting": [one for one in counts.phones if one.waiting and not one.dead and not one.quiet],
        "most": MOST_NAMED,
        "asking": help_desk.waiting(session(), actor(), here),
        "held": held.count(session(), actor()),
        "places": places[(page - 1) * PAGE : page * PAGE],
        "found": len(places),
        "page": page,
        "pages": pages,
        "link": _link,
        "services": [(one.code, words.named(one)) for one in counts.services],
        "opens": not looks_on(),
        "asked": urlencode([pair for pair in request.args.items(multi=True) if pair[0] in given and pair[1]]),
    }


def _chosen_places(counts: Board, given: dict[str, Any]) -> list[NeighbourhoodCount]:
    """In the order of their names: nobody is ranked."""
    key = search_key(given["tim"])
    return [
        one
        for one in counts.neighbourhoods
        if (not given["can"] or one.needs_ward)
        and (not key or key in search_key(" ".join((one.name, *one.teams))))
    ]


def _link(number: int) -> str:
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] not in ("trang", "ban") and pair[1]]
    return f"/bang?{urlencode([*pairs, ('trang', str(number))])}#places"
