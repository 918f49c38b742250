"""`gocua backup FILE` and `gocua restore FILE` (sync.md, section 12): phones heal what came after the backup."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine, func, select, text
from sqlalchemy.engine import make_url

from backend.cli.stand import Ground, Mistake, bring_up, ground
from backend.core import ledger
from backend.core.clock import now
from backend.database import archive, dump, migrate, work
from backend.database.engine import make_engine
from backend.models import Base


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Sao lưu cơ sở dữ liệu vào TỆP, mã hoá bằng GOCUA_DATA_KEY; máy chủ vẫn chạy."""
    if not file.parent.is_dir():
        raise Mistake(f"Không có thư mục {file.parent}.")
    with ground() as base:
        manifest, size = _write(base, file)
    doors, visits = manifest["counts"]["household"], manifest["counts"]["visit_event"]
    click.echo(f"Đã sao lưu {doors} hộ, {visits} lần ghi vào {file} ({size / 1024 / 1024:.1f} MB).")
    click.echo(
        f"Cất riêng: khoá ({base.settings.data_dir}/keys.env) và sổ xoá ({base.settings.data_dir}/{ledger.FILE})."
    )


def _write(base: Ground, file: Path) -> tuple[dict[str, Any], int]:
    with base.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        major = dump.server_major(connection)
        manifest = {
            "made_at": now().isoformat(timespec="seconds"),
            "postgres": major,
            "revision": connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one(),
            "epoch": str(connection.execute(text("SELECT epoch FROM server_meta")).scalar_one()),
            "counts": {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in sorted(Base.metadata.tables.items())
            },
        }
        with dump.dumping(base.url, major, snapshot) as stream:
            return manifest, archive.write(file, base.settings.data_key, manifest, stream)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Không hỏi lại.")
def restore(file: Path, yes: bool) -> None:
    """Khôi phục từ TỆP sao lưu. Dữ liệu đang chạy được giữ lại bên cạnh, không xoá."""
    with ground(prepare=False) as base, tempfile.TemporaryDirectory(dir=base.settings.data_dir) as folder:
        # All of the file is read and checked before anything of the database is touched.
        plain = Path(folder) / "dump"
        with plain.open("wb") as stream:
            manifest = archive.read(file, base.settings.data_key, stream)
        if manifest["revision"] not in migrate.known():
            raise archive.BadBackup(
                "Bản sao lưu này từ phiên bản Gõ Cửa mới hơn. Cập nhật phần mềm rồi làm lại."
            )
        made = datetime.fromisoformat(manifest["made_at"])
        click.echo(
            f"Bản sao lưu lúc {made:%H:%M ngày %d/%m/%Y}, {manifest['counts']['household']} hộ. Tệp nguyên vẹn."
        )
        if not yes:
            click.confirm(
                "Dữ liệu sau lúc ấy sẽ chỉ còn ở bản giữ bên cạnh và trên các điện thoại. Tiếp tục?",
                abort=True,
            )
        live = make_url(base.url).database or ""
        new = f"{live}_khoi_phuc"
        dump.create_database(base.url, new)
        try:
            told = _prepare(dump.beside(base.url, new), plain, manifest)
            old = f"{live}_truoc_{now():%Y%m%d%H%M%S}"
            base.engine.dispose()
            dump.swap(base.url, new, old)
        except BaseException:
            dump.drop_database(base.url, new)
            raise
    for line in told:
        click.echo(line)
    click.echo(f"Xong. Dữ liệu trước khi khôi phục nằm ở cơ sở dữ liệu {old}; khi chắc chắn rồi thì xoá nó.")


def _prepare(url: str, plain: Path, manifest: dict[str, Any]) -> list[str]:
    """Everything that must be right before anybody is served from the restored database; what to tell about it."""
    from backend.services import feed, recount

    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            major = max(dump.server_major(connection), manifest["postgres"])
        dump.restore(url, major, plain)
        _check_counts(engine, manifest)
        bring_up(engine)  # migrations, and the ledger of erasures
        with work.unit_of_work(engine) as session:
            erased = len(session.execute(text("SELECT FROM erasure")).all())
            epoch = feed.rotate_epoch(session).epoch
        mended = recount.mend(engine)
        lines = [f"Lịch sử mới: {epoch}. Điện thoại sẽ tự gửi lại những gì còn giữ (30 ngày)."]
        lines.append(f"Đối chiếu với các sự kiện gốc: viết lại {mended} hộ. Sổ xoá: {erased} hộ.")
        if len(ledger.read()) < erased:
            lines.append(
                f"CHÚ Ý: sổ xoá ({ledger.FILE}) thiếu dòng. Chép bản mới nhất vào rồi khởi động lại."
            )
        return lines
    finally:
        engine.dispose()


def _check_counts(engine: Engine, manifest: dict[str, Any]) -> None:
    with engine.connect() as connection:
        for name, wanted in manifest["counts"].items():
            found = connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()  # noqa: S608
            if found != wanted:
                raise archive.BadBackup(f"Bảng {name} khôi phục được {found} dòng, bản sao lưu ghi {wanted}.")
