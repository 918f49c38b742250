"""The composition root: one Flask application from the settings, every door attached."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import backend.console
import mobile_api
import qr.pages
from backend.core import crypto, ledger
from backend.core.crypto import Keyring
from backend.core.settings import Settings
from backend.database import migrate
from backend.edge import errors, security, words
from backend.edge.access import PUBLIC, Door
from backend.edge.db import db, session
from backend.services import guide_languages

csrf = CSRFProtect()
health = Door("health", __name__)


class _Site(Flask):
    """Flask without a look at each function of each request whether it is a coroutine: none here is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings, database_url: str, *, testing: bool = False) -> Flask:
    """The application on the PostgreSQL at `database_url` (an SQLAlchemy address), its schema already migrated."""
    crypto.configure(Keyring.from_secret(settings.data_key))
    ledger.configure(settings.data_dir)
    app = _Site(
        __name__, static_folder="edge/static", static_url_path="/static", template_folder="edge/templates"
    )
    app.config.update(
        GOCUA=settings,
        TESTING=testing,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=database_url,
        MAX_CONTENT_LENGTH=settings.upload_limit,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
        MAX_FORM_PARTS=1000,
        TRUSTED_HOSTS=[settings.host.partition(":")[0], "127.0.0.1", "localhost", *settings.trusted_hosts],
        SESSION_COOKIE_NAME="gocua_form",  # holds the form token only; sessions stand in the database
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    db.init_app(app)
    security.register(app)  # first: whatever refuses a request later, its answer has an id and a log line
    csrf.init_app(app)
    errors.register(app)
    words.register(app)
    if settings.proxies:
        proxies = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.register_blueprint(health)
    backend.console.register(app)
    mobile_api.register(app, csrf)
    guide_languages.add_from(settings.data_dir / "guides")
    qr.pages.register(app, csrf)
    return app


@health.page("/healthz", who=PUBLIC)
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@health.page("/readyz", who=PUBLIC)
def ready() -> tuple[dict[str, str], int]:
    """The database answers and stands at the newest revision."""
    try:
        current = migrate.is_current(session().connection())
    except Exception:
        return {"status": "database"}, 503
    return ({"status": "ok"}, 200) if current else ({"status": "migrate"}, 503)
