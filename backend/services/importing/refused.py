"""The Excel file of refused rows: correct it, upload it, and the rows find their households.

Safe to open: every text is a string cell and a leading formula sign is neutralised. No ID numbers: the rows hold
kept cells only.
"""

import io
from collections.abc import Callable
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from backend.services.importing.labels import Field
from backend.services.importing.staging import RefusedRows

# Headings that the import itself understands; the reason stands first, where it is seen.
HEADINGS: dict[Field, str] = {
    Field.STT_HO: "STT hộ",
    Field.HEAD_NAME: "Họ và tên chủ hộ",
    Field.NAME: "Họ và tên",
    Field.DOB: "Ngày tháng năm sinh",
    Field.DOB_M: "Năm sinh nam",
    Field.DOB_F: "Năm sinh nữ",
    Field.SEX: "Giới tính",
    Field.RELATION: "Quan hệ với chủ hộ",
    Field.PHONE: "Số điện thoại",
    Field.ADDRESS: "Địa chỉ",
    Field.OLD_ADDRESS: "Địa chỉ cũ",
    Field.MEMBERS: "Số nhân khẩu",
}
_SIGNS = "=+-@\t\r\n\0＝＋－＠"
_WIDE = {Field.NAME: 26, Field.HEAD_NAME: 26, Field.ADDRESS: 34, Field.OLD_ADDRESS: 34}


def neutral(value: object) -> str:
    """A cell's text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] and text[0] in _SIGNS else text


def refused_file(refused: RefusedRows, say: Callable[..., str]) -> bytes:
    """The file (.xlsx); `say(code, **values)` gives the reason as a sentence."""
    fields = [of for of in HEADINGS if any(of in cells for *_, cells in refused.rows)]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Dòng chưa vào")
    sheet.freeze_panes = "A2"
    widths = [10, 60, *(_WIDE.get(of, 18) for of in fields)]
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    headings = ["Dòng", "Lý do", *(HEADINGS[of] for of in fields)]
    sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
    for row, code, values, cells in refused.rows:
        texts = [str(row), say(code, **values), *(neutral(cells.get(of)) for of in fields)]
        sheet.append([_cell(sheet, text, marked=place == 1) for place, text in enumerate(texts)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, text: str, *, bold: bool = False, marked: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if marked:
        cell.fill = PatternFill("solid", fgColor="FFF1D6")
    return cell
