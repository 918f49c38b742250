"""The language of a request, and the words, dates and numbers of its pages."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request

from backend.core.clock import local, today
from backend.core.i18n import LOCALES, translate, translations
from backend.services.actor import Actor
from backend.services.guides import languages

LANGUAGE_COOKIE = "gocua_lang"
_SPOKEN = "gocua.language"


def locale() -> str:
    """Vietnamese, unless the person chose otherwise (?lang=en, kept in a cookie, or set in the account)."""
    if not has_request_context():
        return "vi"
    actor: Actor | None = g.get("actor")
    known: tuple[Actor | None, str] | None = request.environ.get(_SPOKEN)
    if known is None or known[0] is not actor:  # a page asks some hundred times
        known = request.environ[_SPOKEN] = (actor, _chosen(actor))
    return known[1]


def _chosen(actor: Actor | None) -> str:
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen not in LOCALES and actor:
        chosen = actor.locale
    return chosen if chosen in LOCALES else "vi"


def reading() -> str:
    """The language in which guides are read: the chosen one also where only guides speak it (a file of the ward)."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE) or ""
    return chosen if chosen in languages() else locale()


def _(text: str, **values: object) -> str:
    """`text` (Vietnamese, as written in the code) in the language of the request, its {values} filled in."""
    found = translate(text, locale())
    return found.format(**values) if values else found


def day(value: date | datetime | None) -> str:
    """21/11/2026, or nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = local(value).date()
    return value.strftime("%d/%m/%Y")


def moment(value: datetime | None) -> str:
    """ "hôm nay 19:42", "hôm qua 19:42", "21/11/2026 19:42"."""
    if value is None:
        return ""
    clock = local(value)
    distance = (today() - clock.date()).days
    word = {0: _("hôm nay"), 1: _("hôm qua")}.get(distance, day(clock))
    return f"{word} {clock:%H:%M}"


def age(value: timedelta) -> str:
    """ "25 phút", "7 giờ", "3 ngày": how long something has been waiting, roughly."""
    minutes = int(value.total_seconds() // 60)
    if minutes < 120:
        return _("{n} phút", n=max(1, minutes))
    return _("{n} giờ", n=minutes // 60) if minutes < 2880 else _("{n} ngày", n=minutes // 1440)


def number(value: int | float | None) -> str:
    """1.234,5 in Vietnamese; "chưa có số liệu" for what is not known, which is not zero."""
    if value is None:
        return _("chưa có số liệu")
    return _number(value, locale())


@lru_cache(maxsize=4096)
def _number(value: int | float, language: str) -> str:
    return str(format_decimal(value, locale=language))


def rate(numerator: int | None, denominator: int | None) -> str:
    """A truncated percentage ("99,92 %"): never rounded up, never 100 % unless all are done; "" without a base."""
    if numerator is None or not denominator:
        return ""
    hundredths = numerator * 10000 // denominator
    text = (
        f"{hundredths // 100}"
        if hundredths % 100 == 0
        else f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0")
    )
    return (text.replace(".", ",") if locale() == "vi" else text) + " %"


def register(app: Flask) -> None:
    """Give templates `_()` and the filters day, moment, number; keep a chosen language in a cookie."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        lambda text: translate(text, locale()),
        lambda one, many, n: translations(locale()).ungettext(one, many, n) if locale() != "vi" else many,
        newstyle=True,
    )
    app.jinja_env.filters.update(day=day, moment=moment, number=number, age=age)
    app.jinja_env.globals.update(rate=rate, locale=locale, today=today)

    @app.after_request
    def remember(response):  # type: ignore[no-untyped-def]
        if request.args.get("lang") in languages():
            response.set_cookie(
                LANGUAGE_COOKIE,
                request.args["lang"],
                max_age=365 * 86400,
                samesite="Lax",
                httponly=True,
                secure=app.config["GOCUA"].secure,
            )
        return response
