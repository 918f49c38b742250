"""The real application in a process of its own, so that a test can kill it at any moment: `python -m tests.phone.server`."""

import argparse
import base64
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from backend.app import create_app
from backend.core.settings import load


class _Quiet(WSGIRequestHandler):
    """Werkzeug's own request lines carry paths, which carry codes. HTTP/1.1, as real servers speak it."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dist", type=Path)
    given = parser.parse_args()
    key = base64.b64encode(bytes(range(32))).decode()
    environment = {
        "GOCUA_DATA_DIR": str(given.data),
        "GOCUA_SECRET_KEY": key,
        "GOCUA_DATA_KEY": key,
        "GOCUA_BASE_URL": f"http://localhost:{given.port}",
        "GOCUA_LOG_LEVEL": "ERROR",
    }
    app = create_app(load(environment), given.database)
    if given.dist:
        app.config["PHONE_DIST"] = given.dist
    make_server("127.0.0.1", given.port, app, threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
