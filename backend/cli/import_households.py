"""`gocua import-households`: the ward's list for scripts. One JSON object on standard output, progress beside it."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from backend.core.clock import today
from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.services.importing.grouping import GroupBy
from backend.services.importing.plan import Choice, Plan, make_plan
from backend.services.importing.reading import read_path
from backend.services.importing.records import Records, build


@click.command("import-households")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--neighbourhood", "code", help="Mã tổ dân phố, thôn nhận danh sách (ví dụ 29980-T07).")
@click.option("--dry-run", is_flag=True, help="Chỉ xem sẽ nhập thế nào, không ghi gì.")
@click.option("--json", "as_json", is_flag=True, help="Chỉ in một đối tượng JSON.")
@click.option("--sheet", help="Tên trang tính, khi tệp có nhiều trang.")
@click.option(
    "--group-by",
    type=click.Choice([str(by) for by in GroupBy]),
    default=str(GroupBy.FILE),
    help="Những dòng nào là một hộ: theo tệp, mỗi dòng, cùng địa chỉ, hay STT bắt đầu lại từ 1.",
)
@click.option("--each-row-a-household", is_flag=True, help="Như --group-by row.")
def import_households(
    file: Path,
    code: str | None,
    dry_run: bool,
    as_json: bool,
    sheet: str | None,
    group_by: str,
    each_row_a_household: bool,
) -> None:
    """Nhập danh sách hộ từ FILE (.xlsx, .xls, .csv) vào một tổ dân phố."""
    choice = Choice(sheet=sheet, group_by=GroupBy.ROW if each_row_a_household else GroupBy(group_by))
    if not dry_run and not code:
        raise click.UsageError("Cần --neighbourhood, trừ khi --dry-run.")
    try:
        answer = _try_out(file, choice) if dry_run else _commit(file, choice, code or "")
    except Refusal as refusal:
        message = sentence(refusal.code, "vi", **refusal.values)
        click.echo(_dump({"error": {"code": refusal.code, "message": message}}) if as_json else message)
        sys.exit(1)
    click.echo(_dump(answer) if as_json else _read_out(answer))


def _try_out(file: Path, choice: Choice) -> dict[str, Any]:
    """The plan as the vectors write it; needs no database."""
    plan, records = _read(file, choice)
    if plan.grouping.households is None:
        click.echo(sentence("import_ask"), err=True)
    return plan.as_json((told.row, sentence(told.code, **told.values)) for told in records.refused)


def _read(file: Path, choice: Choice) -> tuple[Plan, Records]:
    from backend.cli.stand import read_settings

    plan = make_plan(read_path(file, limit=read_settings().upload_limit), choice)
    if len(plan.sheets) > 1:
        click.echo(
            f"Tệp có {len(plan.sheets)} trang, đang đọc trang “{plan.table.name}” (--sheet để đổi).", err=True
        )
    for column, why in sorted(plan.left_out.items()):
        click.echo(f"Bỏ cột {column}: {why}", err=True)
    return plan, build(plan, this_year=today().year)


def _commit(file: Path, choice: Choice, code: str) -> dict[str, Any]:
    from backend.cli.stand import ground
    from backend.services.importing.running import import_file

    plan, records = _read(file, choice)
    with ground() as stand:
        digest = hashlib.sha256(file.read_bytes()).digest()
        counts = import_file(
            stand.engine, code, plan, records, file_name=file.name, file_sha256=digest, progress=_progress
        )
    told = {"refused_rows": records.refused, "notice_rows": records.notices}
    return counts | {
        name: [{"row": one.row, "reason": sentence(one.code, **one.values)} for one in listed]
        for name, listed in told.items()
    }


def _progress(done: int, total: int) -> None:
    """A bar on standard error: redrawn where somebody watches, a line for each step in a log."""
    width = 30 * done // max(1, total)
    bar = f"[{'█' * width}{'·' * (30 - width)}] {done}/{total} hộ"
    click.echo(
        f"\r{bar}" if sys.stderr.isatty() else bar, err=True, nl=done == total or not sys.stderr.isatty()
    )


def _dump(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _read_out(answer: dict[str, Any]) -> str:
    rows = [*answer.get("refused_rows", answer.get("refused", [])), *answer.get("notice_rows", [])]
    lines = [f"Dòng {row['row']}: {row['reason']}" for row in rows]
    told = {name: value for name, value in answer.items() if name not in ("refused_rows", "notice_rows")}
    return "\n".join([*lines, json.dumps(told, ensure_ascii=False, indent=1)])
