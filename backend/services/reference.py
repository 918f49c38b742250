"""Reference data shipped with the project: provinces, wards, services. Loading twice changes nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.models import AreaUnit, FailureReason, Level, Service
from backend.text.vietnamese import nfc, search_key, sort_key

_DATA = Path(__file__).resolve().parents[1] / "data"
UNITS_FILE = _DATA / "vn_units_2026-07-25.json"
SERVICES_FILE = _DATA / "services.json"

# Longest first: "Thành phố" before "Thành".
_KINDS = {
    "Thành phố": "thanh_pho",
    "Tỉnh": "tinh",
    "Phường": "phuong",
    "Xã": "xa",
    "Đặc khu": "dac_khu",
}
# The two-level map of Quyết định 19/2025/QĐ-TTg is in force since this day.
_IN_FORCE = date(2025, 7, 1)


def load_units(session: Session) -> int:
    """Load provinces and wards of the newest data file; returns how many were new (0 when already there)."""
    data: dict[str, Any] = json.loads(UNITS_FILE.read_text())
    version = data["data_version"]
    if session.scalar(select(func.count()).where(AreaUnit.data_version == version)):
        return 0
    rows: list[dict[str, Any]] = []
    for province in data["provinces"]:
        parent = _unit_row(province["code"], province["name"], Level.PROVINCE, version)
        rows.append({**parent, "ward_id": None, "parent_id": None})
        for code, name in province["wards"]:
            ward = _unit_row(code, name, Level.WARD, version)
            rows.append({**ward, "ward_id": ward["id"], "parent_id": parent["id"]})
    session.execute(insert(AreaUnit).on_conflict_do_nothing(), rows)
    return len(rows)


def load_services(session: Session) -> None:
    """Load the services and their reasons; a changed file updates them in place."""
    data: dict[str, Any] = json.loads(SERVICES_FILE.read_text())
    for position, item in enumerate(data["services"]):
        values = {key: item[key] for key in item if key != "reasons"} | {"position": position}
        statement = insert(Service).values(**values)
        session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
        for place, code in enumerate(item["reasons"]):
            reason = data["reasons"][code]
            values = {
                "service_code": item["code"],
                "code": code,
                "position": place,
                "name_vi": reason["vi"],
                "name_en": reason["en"],
                "advice_vi": reason["advice_vi"],
            }
            statement = insert(FailureReason).values(**values)
            session.execute(
                statement.on_conflict_do_update(index_elements=["service_code", "code"], set_=values)
            )


def _unit_row(code: str, name: str, level: Level, version: str) -> dict[str, Any]:
    name = nfc(name)
    kind = next(kind for word, kind in _KINDS.items() if name.startswith(word + " "))
    return {
        "id": uuid7(),
        "level": level,
        "kind": kind,
        "code": code,
        "name": name,
        "search_key": search_key(name),
        "sort_key": sort_key(name),
        "valid_from": _IN_FORCE,
        "valid_to": None,
        "data_version": version,
    }
