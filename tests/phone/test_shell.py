"""The app's files at /m/: right types, right caching, nothing outside the build, a way back without a build."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mobile_api import shell


@pytest.fixture
def build(app: Flask, tmp_path: Path) -> Path:
    """A small build of its own."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    for name, text in {
        "index.html": "<!doctype html><title>app</title>",
        "sw.js": "// worker",
        "kill.js": "// kill",
        "version.json": '{"build":"1"}',
        "assets/a-1.js": "let a",
        "assets/a-1.js.gz": "packed",
    }.items():
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("not for you")
    app.config["PHONE_DIST"] = folder
    return folder


def test_the_page_is_asked_for_again_each_time(client: FlaskClient, build: Path) -> None:
    reply = client.get("/m/")
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-cache"
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert client.get("/m/", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304


def test_named_files_are_kept_for_ever(client: FlaskClient, build: Path) -> None:
    reply = client.get("/m/assets/a-1.js")
    assert (reply.text, reply.headers["Cache-Control"]) == ("let a", "public, max-age=31536000, immutable")
    packed = client.get("/m/assets/a-1.js", headers={"Accept-Encoding": "gzip"})
    assert (packed.text, packed.headers["Content-Encoding"]) == ("packed", "gzip")
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_the_version_is_never_kept(client: FlaskClient, build: Path) -> None:
    assert client.get("/m/version.json").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/m/../secret.txt", "/m/assets/../../secret.txt", "/m/nope", "/m/assets/a-1.js.gz"]
)
def test_nothing_outside_the_build(client: FlaskClient, build: Path, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_operator_can_take_the_worker_back(client: FlaskClient, build: Path, app: Flask) -> None:
    assert client.get("/m/sw.js").text == "// worker"
    (app.config["GOCUA"].data_dir / shell.KILL_SWITCH).touch()
    reply = client.get("/m/sw.js")
    assert (reply.text, reply.headers["Service-Worker-Allowed"]) == ("// kill", "/m/")


def test_without_a_build_the_plain_page_answers(client: FlaskClient, app: Flask, tmp_path: Path) -> None:
    app.config["PHONE_DIST"] = tmp_path
    reply = client.get("/m/")
    assert (reply.status_code, reply.location) == (303, "/m/tuyen")


@pytest.mark.parametrize("name", ["sw.js", "version.json", "index.html"])
def test_no_other_page_hides_the_apps_files(client: FlaskClient, build: Path, name: str) -> None:
    """A letter of a code (/M/…, typed in small letters) must never stand before the service worker."""
    assert client.get(f"/m/{name}").data == (build / name).read_bytes()
