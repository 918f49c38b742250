"""Commands on the database itself: migrate, epoch."""

from uuid import uuid4

import click

from backend.cli.stand import ground
from backend.core.clock import now
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
        meta = feed.ensure_epoch(session)
        meta.epoch, meta.epoch_since = uuid4(), now()
        session.flush()
        click.echo(f"Lịch sử mới: {meta.epoch}")
