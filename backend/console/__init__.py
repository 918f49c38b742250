"""The team leader's door: server-rendered pages. This file is its table of contents."""

from flask import Flask

from backend.console import (
    attendance,
    board,
    buildings,
    campaigns,
    codes,
    erasing,
    guides,
    handover,
    held,
    help,
    households,
    households_many,
    households_twice,
    imports,
    imports_after,
    paper,
    people,
    place,
    places,
    referrals,
    reports,
    sign_in,
    spots,
    teams,
    visit_codes,
    walk,
    words,
)


def register(app: Flask) -> None:
    """Attach every room of the console; each room is a module with a `door`."""
    place.register(app)
    words.register(app)
    app.register_blueprint(sign_in.door)
    app.register_blueprint(board.door)
    app.register_blueprint(households.door)
    app.register_blueprint(households_many.door)
    app.register_blueprint(referrals.door)
    app.register_blueprint(households_twice.door)
    app.register_blueprint(buildings.door)
    app.register_blueprint(people.door)
    app.register_blueprint(attendance.door)
    app.register_blueprint(held.door)
    app.register_blueprint(erasing.door)
    app.register_blueprint(teams.door)
    app.register_blueprint(walk.door)
    app.register_blueprint(paper.door)
    app.register_blueprint(handover.door)
    app.register_blueprint(places.door)
    app.register_blueprint(campaigns.door)
    app.register_blueprint(codes.door)
    app.register_blueprint(help.door)
    app.register_blueprint(visit_codes.door)
    app.register_blueprint(reports.door)
    app.register_blueprint(guides.door)
    app.register_blueprint(spots.door)
    app.register_blueprint(imports.door)
    app.register_blueprint(imports_after.door)
