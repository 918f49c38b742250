"""The ward's counts as an Excel file: numerator and denominator of each service in each neighbourhood, no names of people."""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from sqlalchemy.orm import Session

from backend.core.messages import N_
from backend.services import audit
from backend.services.actor import Actor
from backend.services.board import steps_by_place
from backend.services.board_counts import Steps
from backend.services.importing.refused import neutral

Say = Callable[[str], str]


def counts_file(
    session: Session,
    actor: Actor,
    neighbourhood_id: UUID | None,
    campaign_id: UUID | None,
    say: Say,
    name: Say,
) -> bytes:
    """The file (.xlsx); `say` gives a heading in the reader's language, `name` chooses name_vi or name_en. Audited.

    Raises NotFound outside the actor's scope. What is not known stays empty and is never 0.
    """
    board, rows = steps_by_place(session, actor, neighbourhood_id, campaign_id)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say(N_("Theo địa bàn")))
    sheet.freeze_panes = "B2"
    for column, width in enumerate((30, 34, 12, 14, 12, 10, 10, 12, 12, 14), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    headings = (
        N_("Tổ dân phố, thôn"),
        N_("Việc"),
        N_("Xong (tử số)"),
        N_("Đủ điều kiện (mẫu số)"),
        N_("Chọn cách cũ"),
        N_("Còn phải làm"),
        N_("Đang kẹt"),
        N_("Chưa rõ tuổi"),
        N_("Không thuộc diện"),
        N_("Đã chỉ cách"),
    )
    sheet.append([_text(sheet, say(heading), bold=True) for heading in headings])
    for place in board.neighbourhoods:
        for service in board.services:
            steps = rows.get((place.id, service.code), Steps())
            title = getattr(service, name("name_vi"))
            sheet.append([_text(sheet, place.name), _text(sheet, title), *_numbers(steps)])
    doors = book.create_sheet(say(N_("Hộ")))
    names = (
        N_("Tổ dân phố, thôn"),
        N_("Hộ đã xong (tử số)"),
        N_("Hộ có người ở (mẫu số)"),
        N_("Đã thăm"),
        N_("Chưa giao"),
        N_("Người bị kẹt"),
    )
    doors.append([_text(doors, say(heading), bold=True) for heading in names])
    for place in board.neighbourhoods:
        figures = (place.done, place.doors, place.done + place.begun, place.on_no_walk, place.stuck)
        doors.append([_text(doors, place.name), *figures])
    audit.record(
        session,
        actor,
        "board.export",
        object_kind="area_unit",
        object_id=neighbourhood_id,
        count=len(board.neighbourhoods),
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _numbers(steps: Steps) -> tuple[int | None, ...]:
    if not steps.eligible and not steps.unknown:
        return (None,) * 8  # nobody to count: no data, which is not 0
    return (
        *(steps.done, steps.eligible, steps.keeps, steps.open, steps.stuck, steps.unknown),
        *(steps.not_eligible, steps.shown),
    )


def _text(sheet: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=neutral(text))
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    return cell
