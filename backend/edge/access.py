"""Authorisation, stated where a route registers and enforced around its view.

`guard` authenticates, checks the policy, runs the view, flushes the feed and commits once; any exception rolls
back. A test walks the registry of routes and fails the build when one has no policy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from backend.core.refusal import Refusal
from backend.database import work
from backend.edge.db import session
from backend.models import Role
from backend.services import sessions
from backend.services.actor import LEADING, WARD_ROLES, Actor

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class Credential(StrEnum):
    """What a request must carry."""

    NONE = "none"
    BROWSER = "browser"  # the session cookie of a signed-in person
    DEVICE = "device"  # the cookie of an enrolled phone
    LEFT_DEVICE = "left_device"  # the same cookie after the phone was shut out: upload only


@dataclass(frozen=True)
class Policy:
    """Who may use a route: `credential`, and one of `roles` (empty: any role)."""

    name: str
    credential: Credential
    roles: frozenset[Role] = frozenset()


PUBLIC = Policy("public", Credential.NONE)
SIGNED_IN = Policy("signed_in", Credential.BROWSER)
LEADERS = Policy("leaders", Credential.BROWSER, LEADING | WARD_ROLES)
OVERSEERS = Policy("overseers", Credential.BROWSER, LEADING | WARD_ROLES | {Role.WARD_VIEWER})
OFFICERS = Policy("officers", Credential.BROWSER, WARD_ROLES)
VOLUNTEERS = Policy("volunteers", Credential.DEVICE)
SHUT_OUT = Policy("shut_out", Credential.LEFT_DEVICE)

SESSION_COOKIE = "gocua_session"
DEVICE_COOKIE = "gocua_device"
# A browser adds this header only from our own scripts: with SameSite=Strict it keeps other sites from pushing.
CLIENT_HEADER = "X-Gocua-Client"


def cookie_name(name: str) -> str:
    """With HTTPS the __Host- prefix: the cookie belongs to exactly this host and is never sent in clear."""
    return f"__Host-{name}" if current_app.config["GOCUA"].secure else name


def set_cookie(response: Response, name: str, value: str, *, days: int) -> None:
    """A cookie that scripts cannot read and other sites cannot send."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=days * 86400,
        path="/",
        secure=current_app.config["GOCUA"].secure,
        httponly=True,
        samesite="Lax" if name == SESSION_COOKIE else "Strict",
    )


def actor() -> Actor:
    """The actor of this request; only inside a view whose policy demands one."""
    return cast(Actor, g.actor)


def guard(view: View, policy: Policy) -> View:
    """`view` behind `policy`, with one commit at its end."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        try:
            g.policy = policy
            g.actor = _authenticate(policy)
            if policy.credential is not Credential.NONE and g.actor is None:
                if policy.credential is Credential.BROWSER and not _wants_json():
                    return redirect("/vao", 303)
                raise Refusal("sign_in", status=401)
            if policy.roles and not (g.actor and g.actor.roles & policy.roles):
                raise Refusal("not_allowed", status=403)
            if (
                g.actor
                and g.actor.first_password
                and policy.roles
                and policy.credential is Credential.BROWSER
            ):
                # Somebody else knows this password: until it is changed it opens nothing but that page.
                if _wants_json():
                    raise Refusal("password_first", status=403)
                return redirect("/toi", 303)
            response = current_app.make_response(view(*args, **kwargs))
            work.commit(session())
            return response
        except BaseException:
            session().rollback()
            raise

    guarded.gocua_policy = policy  # type: ignore[attr-defined]  # read by tests/architecture
    return cast(View, guarded)


class Door(Blueprint):
    """A blueprint whose every route names its policy: `@door.get("/ho", who=OVERSEERS)`."""

    def page(
        self, rule: str, *, who: Policy, methods: tuple[str, ...] = ("GET",), **options: Any
    ) -> Callable[[View], View]:
        """Register a view at `rule` for the people of policy `who`."""

        endpoint = options.pop("endpoint", None)

        def register(view: View) -> View:
            guarded = guard(view, who)
            self.add_url_rule(rule, endpoint or view.__name__, guarded, methods=list(methods), **options)
            return view

        return register


def _authenticate(policy: Policy) -> Actor | None:
    if policy.credential is Credential.BROWSER:
        token = request.cookies.get(cookie_name(SESSION_COOKIE), "")
        return sessions.actor_of_session(session(), token, request_id=g.request_id) if token else None
    if policy.credential in (Credential.DEVICE, Credential.LEFT_DEVICE):
        # A plain page of the phone carries the form token instead, as every page outside the API does.
        if request.method != "GET" and _wants_json() and CLIENT_HEADER not in request.headers:
            raise Refusal("bad_request", status=400)
        token = request.cookies.get(cookie_name(DEVICE_COOKIE), "")
        left = policy.credential is Credential.LEFT_DEVICE
        actor_of = sessions.actor_of_left_device if left else sessions.actor_of_device
        return actor_of(session(), token, request_id=g.request_id) if token else None
    return None


def _wants_json() -> bool:
    return request.path.startswith("/api/")
