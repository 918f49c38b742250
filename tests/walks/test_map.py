"""The drawing of a neighbourhood: a schematic without coordinates, dots with them, the ward's tiles only where set."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.core.settings import BadSettings, load
from backend.services import planning
from backend.services.walk_map import WIDTH, Alley, draw, holders, short
from tests.people import People, sign_in
from tests.walks.test_planning import SHAPES, doors_at


def alleys(shape: str, *, located: bool) -> list[Alley]:
    doors = doors_at(SHAPES[shape])
    if located:
        doors = [
            replace(door, point=(21.03 + n % 40 / 5000, 105.82 + n / 90_000)) for n, door in enumerate(doors)
        ]
    return [
        Alley(run[0].alley, f"Ngõ {n} phố Hoa Mẫu", run) for n, run in enumerate(planning.in_alleys(doors))
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("located", [True, False])
def test_every_alley_is_drawn_once_inside_the_drawing(shape: str, located: bool) -> None:
    given = alleys(shape, located=located)
    drawn = draw(given)
    assert drawn.known is located
    assert [shape.id for shape in drawn.shapes] == [alley.id for alley in given]
    for one in drawn.shapes:
        assert 0 <= one.x <= WIDTH
        assert 0 <= one.y <= drawn.height
    assert not drawn.tiles


def test_too_few_points_are_a_schematic() -> None:
    given = alleys("narrow alleys", located=True)
    half = [
        Alley(one.id, one.name, [replace(door, point=None) for door in one.doors] if n % 2 else one.doors)
        for n, one in enumerate(given)
    ]
    assert not draw(half).known
    assert not draw([]).shapes


def test_tiles_cover_the_drawing() -> None:
    drawn = draw(alleys("narrow alleys", located=True), "https://bando.phuong.vn/{z}/{x}/{y}.png")
    assert 1 <= len(drawn.tiles) <= 40
    assert all(
        tile.href.startswith("https://bando.phuong.vn/") and "{" not in tile.href for tile in drawn.tiles
    )
    assert min(tile.x for tile in drawn.tiles) <= 0
    assert max(tile.x + tile.side for tile in drawn.tiles) >= WIDTH
    assert max(tile.y + tile.side for tile in drawn.tiles) >= drawn.height


def test_names_are_short_and_holders_named_by_the_larger_part() -> None:
    assert short("Ngõ 34 phố Hoa Mẫu") == "Ngõ 34"
    assert short("Ngách 34/12 phố Hoa Mẫu") == "Ngách 34/12"
    assert short("phố Hoa Mẫu") == "phố Hoa Mẫu"
    assert len(short("Khu tập thể nhà máy cơ khí Trần Hưng Đạo")) <= 20
    one, two = uuid4(), uuid4()
    doors = doors_at(["1 Láng"] * 5)
    split = {1: [replace(doors[0], alley=one)], 2: [replace(door, alley=one) for door in doors[1:3]]}
    assert holders({**split, 3: [replace(doors[4], alley=two)]}) == {one: (2, 1), two: (3,)}


def test_only_the_wards_own_host_enters_the_content_policy(
    app: Flask, client: FlaskClient, session: Session, people: People
) -> None:
    desk = sign_in(client, session, people.lan)
    assert "img-src 'self' data:" in desk.get("/tuyen").headers["Content-Security-Policy"]
    before = app.config["GOCUA"]
    app.config["GOCUA"] = replace(before, map_tiles="https://bando.phuong.vn/{z}/{x}/{y}.png")
    try:
        policy = desk.get("/tuyen").headers["Content-Security-Policy"]
    finally:
        app.config["GOCUA"] = before
    assert "img-src 'self' https://bando.phuong.vn data:" in policy
    assert policy.count("bando") == 1


@pytest.mark.parametrize(
    "odd",
    ["bando.vn/{z}/{x}/{y}", "https://bando.vn/{z}/{x}", "https://a b/{z}{x}{y}", "https://x;y/{z}/{x}/{y}"],
)
def test_an_odd_address_of_tiles_stops_the_start(tmp_path: Path, odd: str) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    given = {"GOCUA_DATA_DIR": str(tmp_path), "GOCUA_SECRET_KEY": key, "GOCUA_DATA_KEY": key}
    assert load(given).map_host == ""
    with pytest.raises(BadSettings, match="GOCUA_MAP_TILES"):
        load({**given, "GOCUA_MAP_TILES": odd})
