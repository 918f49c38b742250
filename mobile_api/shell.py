"""The phone app's files at /m/: built by `mobile_api/pwa/build.py`, served as they are, personal data in none of them.

Without a build, or where script is off, the plain page at /m/tuyen takes its place.
"""

from pathlib import Path
from typing import cast

from flask import Response, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from backend.edge.access import PUBLIC, Door

DIST = Path(__file__).parent / "pwa" / "dist"
KILL_SWITCH = "phone-kill-switch"  # a file of this name in the data folder takes the service worker back
_PAGE, _WORKER, _KILL = "index.html", "sw.js", "kill.js"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
# Names under assets/ carry a hash of their content; everything else is asked for again each time.
_FOR_EVER, _ASK, _NEVER = "public, max-age=31536000, immutable", "no-cache", "no-store"

door = Door("phone_shell", __name__)


def dist() -> Path:
    """Where the build stands; tests put another one there."""
    return Path(current_app.config.get("PHONE_DIST", DIST))


@door.page("/m/", who=PUBLIC)
def page() -> ResponseReturnValue:
    """The app, or the plain page when there is none."""
    if not (dist() / _PAGE).is_file():
        return redirect("/m/tuyen", 303)
    return _file(_PAGE, _ASK)


@door.page("/m/<path:slug>", who=PUBLIC)
def file(slug: str) -> ResponseReturnValue:
    """One file of the build."""
    if slug == _WORKER:
        killed = (current_app.config["GOCUA"].data_dir / KILL_SWITCH).exists()
        response = _file(_KILL if killed else _WORKER, _ASK)
        response.headers["Service-Worker-Allowed"] = "/m/"
        return response
    if slug == "version.json":
        return _file(slug, _NEVER)
    return _file(slug, _FOR_EVER if slug.startswith("assets/") else _ASK)


def _file(name: str, cache: str) -> Response:
    path = safe_join(str(dist()), name)
    if path is None or not Path(path).is_file() or name.endswith(".gz"):
        raise NotFound
    packed = Path(f"{path}.gz").is_file()
    small = packed and request.accept_encodings["gzip"] > 0
    response = Response(Path(f"{path}.gz" if small else path).read_bytes())
    response.add_etag()
    response.headers["Content-Type"] = _TYPES.get(Path(name).suffix, "application/octet-stream")
    if small:
        response.headers["Content-Encoding"] = "gzip"
    if packed:
        response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = cache
    return cast(Response, response.make_conditional(request))
