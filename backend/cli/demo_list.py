"""`gocua demo-list`: a made-up ward's Excel list, to practise with."""

from pathlib import Path

import click

from backend.services.demo_list import household_list


@click.command("demo-list")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--households", default=1300, type=click.IntRange(1, 5000), help="Bao nhiêu hộ.")
@click.option("--seed", default=1, help="Số khác cho danh sách khác.")
def demo_list(file: Path, households: int, seed: int) -> None:
    """Ghi vào FILE (.xlsx) một danh sách hộ mẫu, không có người thật, để tập nhập và chia tuyến."""
    file.write_bytes(household_list(households, seed))
    click.echo(f"Đã ghi {households} hộ mẫu vào {file}")
