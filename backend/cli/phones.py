"""`gocua phones`: which versions of the app are in use, and from which on a phone may fetch its list."""

import json
from dataclasses import asdict

import click

from backend.cli.stand import Mistake, ground
from backend.core.clock import local
from backend.database import work
from backend.services import phone_schema
from backend.services.phone_schema import Build, Minimums, NotAMinimum


@click.command()
@click.option("--remind", type=click.IntRange(1), help="Máy dưới số này hiện lời nhắc lên bản mới.")
@click.option("--refuse", type=click.IntRange(1), help="Máy dưới số này không nhận được danh sách mới nữa.")
@click.option("--yes", is_flag=True, help="Không hỏi lại.")
@click.option("--json", "as_json", is_flag=True, help="In một đối tượng JSON.")
def phones(remind: int | None, refuse: int | None, yes: bool, as_json: bool) -> None:
    """Xem các bản ứng dụng đang dùng trên điện thoại; nâng mức tối thiểu (không hạ lại được)."""
    with ground() as base:
        with work.unit_of_work(base.engine) as session:
            now, found = phone_schema.minimums(session), phone_schema.builds(session)
        if remind is None and refuse is None:
            return _tell(now, found, as_json)
        if not yes:
            _tell(now, found, False)
            _ask(found, refuse, remind)
        with work.unit_of_work(base.engine) as session:
            try:
                now = phone_schema.raise_minimums(session, refuse=refuse, remind=remind)
            except NotAMinimum as wrong:
                raise Mistake(_why(wrong)) from wrong
    _tell(now, found, as_json)


def _ask(found: list[Build], refuse: int | None, remind: int | None) -> None:
    if remind is not None:
        click.echo(f"Sẽ được nhắc: {_count(found, remind)} máy.")
    if refuse is not None:
        click.echo(
            f"Sẽ ngừng nhận danh sách mới: {_count(found, refuse)} máy (vẫn ghi và gửi lần thăm như thường)."
        )
    if not click.confirm("Nâng mức tối thiểu? Không hạ lại được."):
        raise Mistake("Chưa đổi gì.")


def _count(found: list[Build], minimum: int) -> int:
    return sum(build.phones for build in found if build.below(minimum))


def _why(wrong: NotAMinimum) -> str:
    if wrong.high:
        return f"Ứng dụng của chính máy chủ này chỉ đọc đến số {wrong.bound}, không nâng cao hơn được."
    return f"Mức tối thiểu đang là {wrong.bound}, chỉ nâng, không hạ."


def _tell(now: Minimums, found: list[Build], as_json: bool) -> None:
    if as_json:
        listed = [{**asdict(build), "last_seen": _iso(build)} for build in found]
        click.echo(
            json.dumps({**asdict(now), "spoken": phone_schema.SPOKEN, "builds": listed}, ensure_ascii=False)
        )
        return
    click.echo(
        f"Nhắc lên bản mới dưới số {now.remind}, ngừng gửi danh sách dưới số {now.refuse}. "
        f"Ứng dụng của máy chủ này: số {phone_schema.SPOKEN}."
    )
    for build in found:
        seen = f"{local(build.last_seen):%d/%m/%Y %H:%M}" if build.last_seen else "chưa lần nào"
        mark = (
            ", đã ngừng" if build.below(now.refuse) else ", đang được nhắc" if build.below(now.remind) else ""
        )
        click.echo(
            f"  số {build.schema or '?'}  bản {build.name or 'chưa rõ'}: {build.phones} máy, "
            f"liên lạc gần nhất {seen}{mark}"
        )
    if not found:
        click.echo("  Chưa có điện thoại nào.")


def _iso(build: Build) -> str | None:
    return build.last_seen.isoformat(timespec="seconds") if build.last_seen else None
