"""`gocua open-ward`: the first officer of a real ward."""

import json

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.stand import Mistake, ground
from backend.cli.up import running_address
from backend.database import work
from backend.models import AreaUnit, Level
from backend.services import places, ward_start


@click.command("open-ward")
@click.argument("ward")
@click.option("--officer", required=True, help="Họ tên cán bộ phường, xã.")
@click.option("--login", default="", help="Tên đăng nhập; bỏ trống thì đặt theo họ tên.")
@click.option("--json", "as_json", is_flag=True, help="In một đối tượng JSON.")
def open_ward(ward: str, officer: str, login: str, as_json: bool) -> None:
    """Mở phường WARD (mã 5 số, hoặc một phần tên) và tạo cán bộ đầu tiên."""
    with ground() as base, work.unit_of_work(base.engine) as session:
        unit = _the_one(session, ward)
        given = ward_start.open_ward(session, unit.code, officer, login)
        address = running_address(base.settings.data_dir) or base.settings.base_url
    if as_json:
        told = {
            "ward": unit.code,
            "login": given.login,
            "password": given.password,
            "sign_in": f"{address}/vao",
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"Đã mở {unit.name} ({unit.code}). Mời cán bộ đăng nhập ở {address}/vao")
    click.echo(f"  Tên đăng nhập: {given.login}")
    click.echo(f"  Mật khẩu lần đầu: {given.password}   (chỉ hiện một lần; lần đầu vào sẽ phải đổi)")


def _the_one(session: Session, wish: str) -> AreaUnit:
    """The ward of a code or of a part of its name; several of one name are listed with their codes."""
    units = [found.unit for found in places.find_units(session, wish, level=Level.WARD, limit=12)]
    if wish.isdigit():
        units = list(
            session.scalars(select(AreaUnit).where(AreaUnit.level == Level.WARD, AreaUnit.code == wish))
        )
    if not units:
        raise Mistake("Không thấy phường, xã nào như vậy. Gõ một phần tên, hoặc mã 5 số.")
    exact = [unit for unit in units if unit.name.casefold() == wish.casefold()]
    if len(exact or units) > 1:
        province = {unit.id: session.get_one(AreaUnit, unit.parent_id).name for unit in exact or units}
        lines = "\n".join(f"  {unit.code}  {unit.name}, {province[unit.id]}" for unit in exact or units)
        raise Mistake(f"Có nhiều nơi trùng tên. Gọi lại với mã:\n{lines}")
    return (exact or units)[0]
