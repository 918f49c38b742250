"""The ward's guides: what is checked and what is due, which steps residents stumble over, the ward's own wording."""

from collections import Counter
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from backend.console import forms
from backend.core.clock import today
from backend.core.i18n import sentence
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.services import code_sheets, guide_languages, guide_reports, guide_rules, guide_texts, guides
from backend.services.guide_rules import Problem
from backend.services.guide_texts import AgainstTheRules, Draft
from backend.services.guides import Guide, Source
from qr.codes import card_pdf

door = Door("guides_desk", __name__, url_prefix="/ma/bai", template_folder="templates")

_PICTURES = sorted(file.name[:-4] for file in (guides.FOLDER / "pictures").iterdir())


class GuideIn(Schema):
    """A guide as it shall be. `needs`: one a line; `sources`: "name | address | date", one a line."""

    class Meta:
        unknown = EXCLUDE

    base = fields.Integer(required=True)
    title = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    summary = fields.String(required=True, validate=[forms.present, forms.up_to(160)])
    minutes = fields.Integer(required=True, validate=validate.Range(1, guide_rules.MOST_MINUTES))
    fee = fields.String(load_default="", validate=forms.up_to(120))
    taps = fields.String(required=True, validate=[forms.present, forms.up_to(300)])
    needs = fields.String(load_default="", validate=forms.up_to(1000))
    sources = fields.String(required=True, validate=[forms.present, forms.up_to(5000)])
    checked_on = forms.Day(required=True)
    review_by = forms.Day(required=True)
    body = fields.String(required=True, validate=[forms.present, forms.up_to(guide_texts.MOST_CHARACTERS)])


class RestoreIn(Schema):
    """Which version shall be live again (0: the delivered text); `base`: the version that is live now."""

    class Meta:
        unknown = EXCLUDE

    base = fields.Integer(required=True)
    number = fields.Integer(required=True, validate=validate.Range(0))


@door.page("", who=LEADERS)
def overview() -> ResponseReturnValue:
    """Every guide: valid until when, whose wording, how often a step was said to look otherwise."""
    found = guide_texts.guides_for(session(), actor().ward_id, "vi")
    said = guide_reports.reports(session(), actor())
    slugs = {one.slug: one for one in found}
    return render_template(
        "console/guides/list.html",
        groups=[
            (group.name(locale()), [slugs[slug] for slug in group.slugs if slug in slugs])
            for group in guides.groups()
        ],
        own=guide_texts.rewritten(session(), actor()),
        reports=said,
        counts=Counter({one.slug: 0 for one in found}) + _by_slug(said),
        titles={one.slug: one.title for one in found},
        window=guide_reports.WINDOW_DAYS,
        languages=guides.languages(),
        translated=_translated(),
        refused=guide_languages.refused,
        officer=actor().ward_wide,
        on=today(),
    )


@door.page("/<slug>/<lang>", who=OFFICERS, methods=("GET", "POST"))
def edit(slug: str, lang: str) -> ResponseReturnValue:
    """The form of one guide in one language: look (viec=xem) or save; ?ban=3 opens an older version."""
    if request.method == "GET":
        number = request.args.get("ban", type=int)
        draft = guide_texts.draft_of(session(), actor(), slug, lang, number)
        return _form(slug, lang, _values(draft), shown=guide_texts.check(slug, lang, draft)[0])
    guide_texts.live_number(session(), actor(), slug, lang)
    try:
        form = forms.read(GuideIn())
        draft = _draft(form)
        if request.form.get("viec") == "xem":
            shown, problems = guide_texts.check(slug, lang, draft)
            return _form(slug, lang, dict(request.form), shown=shown, broken=problems, looked=True)
        with session().begin_nested():
            guide_texts.save(session(), actor(), slug, lang, draft, base=form["base"])
    except NotFound:
        raise
    except AgainstTheRules as refusal:
        shown, _problems = guide_texts.check(slug, lang, draft)
        page = _form(slug, lang, dict(request.form), shown=shown, broken=refusal.problems, refusal=refusal)
        return page, refusal.status
    except Refusal as refusal:
        return _form(slug, lang, dict(request.form), refusal=refusal), refusal.status
    flash(_("Đã lưu. Ai quét mã của phường từ giờ đọc bản này; điện thoại của tổ nhận khi có mạng."))
    return redirect(f"/ma/bai/{slug}/{lang}", 303)


@door.page("/<slug>/<lang>/lay-lai", who=OFFICERS, methods=("POST",))
def restore(slug: str, lang: str) -> ResponseReturnValue:
    """Make an older version, or the delivered text, the live one again."""
    wanted = forms.read(RestoreIn())
    try:
        with session().begin_nested():
            guide_texts.restore(session(), actor(), slug, lang, wanted["number"], base=wanted["base"])
    except NotFound:
        raise
    except AgainstTheRules as refusal:
        draft = guide_texts.draft_of(session(), actor(), slug, lang, wanted["number"])
        page = _form(slug, lang, _values(draft), broken=refusal.problems, refusal=refusal)
        return page, refusal.status
    except Refusal as refusal:
        draft = guide_texts.draft_of(session(), actor(), slug, lang)
        return _form(slug, lang, _values(draft), refusal=refusal), refusal.status
    flash(_("Đã lấy lại bản cũ. Lịch sử vẫn giữ đủ các bản."))
    return redirect(f"/ma/bai/{slug}/{lang}", 303)


@door.page("/<slug>/the", who=LEADERS, methods=("POST",))
def card(slug: str) -> ResponseReturnValue:
    """The take-home card of a guide: A5, large type, with the ward's code."""
    lang = request.form.get("lang", "vi")
    base_url = str(current_app.config["GOCUA"].base_url)
    made = code_sheets.guide_card(session(), actor(), slug, lang, base_url)
    return Response(
        card_pdf(made),
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="gocua-the-{slug}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _by_slug(said: list[guide_reports.Reported]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in said:
        counted[one.slug] += one.n
    return counted


def _translated() -> dict[str, list[str]]:
    """The languages in which each guide has a text of its own."""
    known: dict[str, list[str]] = {}
    for slug, lang in sorted(guides.texts(), key=lambda key: (key[0], key[1] != "vi", key[1])):
        known.setdefault(slug, []).append(lang)
    return known


def _draft(form: dict[str, Any]) -> Draft:
    """Raises Refusal bad_form for a line of sources that is none."""
    sources = []
    for line in form["sources"].splitlines():
        parts = [part.strip() for part in line.split("|")]
        if line.strip() and len(parts) != 3:
            raise Refusal("bad_form", fields={"sources": "guide_source_line"})
        if line.strip():
            sources.append(Source(*parts))
    needs = tuple(line.strip() for line in form["needs"].splitlines() if line.strip())
    words = {name: form[name].strip() for name in ("title", "summary", "fee", "taps", "body")}
    dates = {name: form[name] for name in ("minutes", "checked_on", "review_by")}
    return Draft(**words, **dates, needs=needs, sources=tuple(sources))


def _values(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "summary": draft.summary,
        "minutes": draft.minutes,
        "fee": draft.fee,
        "taps": draft.taps,
        "needs": "\n".join(draft.needs),
        "sources": "\n".join(f"{one.name} | {one.url} | {one.date}" for one in draft.sources),
        "checked_on": draft.checked_on,
        "review_by": draft.review_by,
        "body": draft.body,
    }


def _form(
    slug: str,
    lang: str,
    values: dict[str, Any],
    *,
    shown: Guide | None = None,
    broken: tuple[Problem, ...] | list[Problem] = (),
    refusal: Refusal | None = None,
    looked: bool = False,
) -> str:
    live = guide_texts.live_number(session(), actor(), slug, lang)
    said = [one for one in guide_reports.reports(session(), actor()) if (one.slug, one.lang) == (slug, lang)]
    return render_template(
        "console/guides/form.html",
        slug=slug,
        lang=lang,
        languages={code: guides.languages().get(code, code) for code in _translated()[slug]},
        values=values,
        base=values.get("base", live),
        live=live,
        versions=guide_texts.history(session(), actor(), slug, lang),
        shown=shown,
        broken=[sentence(one.code, locale(), **one.values) for one in broken],
        looked=looked,
        reports=said,
        window=guide_reports.WINDOW_DAYS,
        pictures=_PICTURES,
        **(forms.problems(refusal) if refusal else forms.NO_PROBLEM),
    )
