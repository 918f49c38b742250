"""`gocua run` (make run): the demo ward, made on the first start, served and explained on every start."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace

import click
from sqlalchemy import select

from backend.cli import demo, serving
from backend.cli.demo import Kept
from backend.cli.stand import Ground, Mistake, ground
from backend.cli.up import announced, local_address, stop_by_signal
from backend.database import work
from backend.models import Account
from backend.services.demo import Size
from qr.codes import terminal

_FIRST_PORT, _PORTS = 8000, 20


@click.command()
def run() -> None:
    """Chạy thử với phường mẫu: lần đầu dựng, các lần sau mở lại."""
    stop_by_signal()
    host = os.environ.get("LISTEN") or "127.0.0.1"
    port = _port(host)
    with ground(base_url=local_address(host, port)) as base:
        greeting = _prepare(base)
        base.engine.dispose()  # nothing of it may live in the children
        settings = base.settings
        if not os.environ.get("GOCUA_LOG_LEVEL"):
            settings = replace(settings, log_level="WARNING")  # so that the greeting stays on the screen
        with announced(settings.data_dir, settings.base_url):
            code = serving.serve(
                settings, base.url, host=host, port=port, embedded=base.embedded, ready=greeting
            )
    sys.exit(code)


def _port(host: str) -> int:
    """PORT when it is set; otherwise 8000 or the next free one."""
    wanted = os.environ.get("PORT", "")
    if wanted:
        if not wanted.isdigit() or not 1 <= int(wanted) <= 65535:
            raise Mistake("PORT: cần số từ 1 đến 65535")
        serving.check_port(host, int(wanted))
        return int(wanted)
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        if serving.is_free(host, port):
            return port
    raise Mistake(f"Các cổng {_FIRST_PORT}–{_FIRST_PORT + _PORTS - 1} đều bận. Chọn cổng: PORT=9000 make run")


def _prepare(base: Ground) -> Callable[[], None]:
    """Make or find the demo ward; returns what prints the greeting."""
    folder = base.settings.data_dir
    made = demo.read(folder)
    with work.unit_of_work(base.engine) as session:
        if made is not None and not demo.still_there(session, made):
            made = None
        in_use = session.scalars(select(Account.id).limit(1)).first() is not None
    if made is None and in_use:
        # Somebody works on this database already: it is no place for made-up people.
        address = base.settings.base_url
        return lambda: click.echo(
            f"\nGõ Cửa chạy ở {address} (cơ sở dữ liệu đã có người dùng: không dựng phường mẫu)"
        )
    if made is None:
        made = demo.make(base, Size())
        demo.keep(folder, made)
    text = _greeting(base, made)
    return lambda: click.echo(text)


def _greeting(base: Ground, made: Kept) -> str:
    base_url = base.settings.base_url
    with work.unit_of_work(base.engine) as session:
        volunteer, name = made.volunteers[0]
        invitation = demo.invitation(session, base_url, made, volunteer)
        guide = demo.guides(session, base_url, made)[0]
        unchanged = demo.password_unchanged(session, made)
    colour = sys.stdout.isatty()
    password = made.password if unchanged else "(đã đổi)"
    return f"""
Mời điện thoại của {name} vào tổ (mã dùng một lần, trong 24 giờ):
{terminal(invitation.upper(), colour=colour)}
{invitation}

Hướng dẫn cho người dân, ai quét cũng được:
{terminal(guide.upper(), colour=colour)}
{guide}

Gõ Cửa chạy ở {base_url}   (Ctrl-C để dừng)
  Phường mẫu {made.ward}, {made.campaign}: người và số liệu đều là bịa.
  Tổ trưởng       {base_url}/vao   tên: {made.login}   mật khẩu: {password}
  Tình nguyện viên {base_url}/m/
  Người dân       {base_url}/
  Thử bằng điện thoại thật: LISTEN=<địa chỉ máy này trong mạng> make run
"""
