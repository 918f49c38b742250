"""Commands on the database itself: migrate, epoch, recount."""

import json
import sys

import click

from backend.cli.stand import ground
from backend.database import work


@click.command()
def migrate() -> None:
    """Đưa cơ sở dữ liệu lên phiên bản mới nhất."""
    with ground():
        click.echo("Cơ sở dữ liệu đã ở phiên bản mới nhất.")


@click.group()
def epoch() -> None:
    """Lịch sử mà máy chủ này kể cho các điện thoại."""


@epoch.command()
def rotate() -> None:
    """Bắt đầu một lịch sử mới, sau khi khôi phục từ bản sao lưu: mọi điện thoại tải lại và đối chiếu."""
    from backend.services import feed

    with ground() as base, work.unit_of_work(base.engine) as session:
        click.echo(f"Lịch sử mới: {feed.rotate_epoch(session).epoch}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="In một đối tượng JSON.")
@click.option("--repair", is_flag=True, help="Viết lại những hộ lệch từ các sự kiện gốc.")
def recount(as_json: bool, repair: bool) -> None:
    """Tính lại mọi con số từ các sự kiện gốc và so với bảng; mã thoát 1 khi có chỗ lệch (và không sửa)."""
    from backend.services import recount as recounting

    found: list[str] = []
    differing = repaired = 0
    with ground() as base:
        for difference in recounting.check(base.engine):
            differing += 1
            if as_json:
                found.append(str(difference))
            else:
                click.echo(str(difference))
        if repair:
            repaired = recounting.mend(base.engine)
    if as_json:
        click.echo(json.dumps({"differences": found, "repaired": repaired}, ensure_ascii=False))
    else:
        click.echo(f"Lệch {differing} chỗ, đã viết lại {repaired} hộ." if differing else "Khớp.")
    sys.exit(1 if differing and not repair else 0)
