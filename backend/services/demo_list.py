"""The list a made-up ward would have in Excel: to practise the first hour with. Pure but for the random source."""

import io
from random import Random

import openpyxl

from backend.core.clock import today
from backend.services import demo_people, demo_places

_HEAD = (
    "STT hộ",
    "STT",
    "Họ và tên",
    "Năm sinh",
    "Giới tính",
    "Quan hệ với chủ hộ",
    "Số điện thoại",
    "Địa chỉ",
)
_SEX = {"male": "Nam", "female": "Nữ"}


def household_list(households: int, seed: int = 1) -> bytes:
    """An .xlsx of `households` doors in one neighbourhood, one resident to a row, as residential groups keep them."""
    random = Random(seed)  # noqa: S311  # made-up people, no secret
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách")
    sheet.append(("DANH SÁCH HỘ VÀ NHÂN KHẨU (MẪU, KHÔNG CÓ NGƯỜI THẬT)",))
    sheet.append(_HEAD)
    row = 0
    for number, door in enumerate(demo_places.doors(random, households), start=1):
        family = demo_people.family(random, number, door.kind, today().year)
        for place, person in enumerate(family.people):
            row += 1
            phone = family.phone if place == 0 else None
            sheet.append(
                (
                    number if place == 0 else None,
                    row,
                    person.name or demo_people.name(random, person.sex),
                    person.birth_year,
                    _SEX[person.sex],
                    person.relation.capitalize(),
                    phone.replace("+84", "0", 1) if phone else None,
                    door.address if place == 0 else None,
                )
            )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
