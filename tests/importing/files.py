"""Makers of list files for the tests: everything in them is invented."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
import xlwt

from backend.services.importing.plan import Choice, Plan, make_plan
from backend.services.importing.reading import read

Rows = Sequence[Sequence[Any]]

PEOPLE: Rows = (
    (
        "STT hộ",
        "STT",
        "Họ và tên",
        "Ngày sinh",
        "Giới tính",
        "Quan hệ với chủ hộ",
        "Số điện thoại",
        "Địa chỉ",
    ),
    (1, 1, "Nguyễn Văn An", "05/03/1975", "Nam", "Chủ hộ", 912345678.0, "Số 5 ngõ 34"),
    (None, 2, "Trần Thị Bình", 1978, "Nữ", "Vợ", None, None),
    (None, 3, "Nguyễn Thị Cúc", "04/2005", "Nữ", "Con", "0987654321", None),
    (2, 4, "Lê Văn Dũng", "1950", "Nam", "Chủ hộ", None, "Số 7 ngõ 34"),
    (3, 5, "Phạm Thị Hoa", "12/12/1960", "Nữ", "Chủ hộ", "024 3825 1234", "Số 9 ngõ 36"),
    (None, 6, "Phạm Văn Khoa", "01/01/1990", "Nam", "Con", None, None),
)


def xlsx(
    rows: Rows, *, merge: Iterable[str] = (), font: str | None = None, title: str = "Danh sách"
) -> bytes:
    return workbook({title: rows}, merge=merge, font=font)


def workbook(sheets: dict[str, Rows], *, merge: Iterable[str] = (), font: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for area in merge:
            sheet.merge_cells(area)
        if font:
            for cells in sheet.iter_rows():
                for cell in cells:
                    cell.font = openpyxl.styles.Font(name=font)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: Rows) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Danh sách")
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(place, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text_csv(rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(
        ["" if cell is None else cell for cell in row] for row in rows
    )
    text = out.getvalue()
    if encoding == "cp1258":  # Windows writes the tone after its vowel: ê + dot, not ệ
        tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
        split = "".join(
            unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
            + "".join(part for part in parts if part in tones)
            for parts in (unicodedata.normalize("NFD", char) for char in text)
        )
        return split.encode("cp1258")
    return text.encode(encoding)


def plan_of(data: bytes, choice: Choice | None = None) -> Plan:
    return make_plan(read(data), choice)


def shape(data: bytes, choice: Choice | None = None) -> dict[str, Any]:
    """The plan as the vectors write it."""
    return plan_of(data, choice).as_json()
