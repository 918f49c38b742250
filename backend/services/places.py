"""Places of a ward: found by old or new name, created, renamed; alleys made as addresses name them.

Splitting and merging stand in `place_changes`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, AreaUnitName, Level
from backend.services import audit
from backend.services.actor import WARD_ROLES, Actor, neighbourhood_ids
from backend.text.vietnamese import nfc, place_key, search_key

# The words for a neighbourhood, and the letter of its code ("29980-T07").
NEIGHBOURHOOD_KINDS = {
    "tdp": "T",
    "khu_pho": "K",
    "khoi": "K",
    "khu": "K",
    "thon": "N",
    "ap": "A",
    "xom": "X",
    "ban": "B",
    "buon": "B",
    "lang": "L",
}
# How an alley is called, by the first word of its name.
_ALLEY_KINDS = {
    "ngo": "ngo",
    "ngach": "ngach",
    "hem": "hem",
    "kiet": "kiet",
    "duong": "duong",
    "pho": "duong",
    "quoc": "duong",
    "chung": "chung_cu",
    "toa": "chung_cu",
    "xom": "xom",
    "to": "to",
}
_NAME_LIMIT = 120


@dataclass(frozen=True)
class FoundUnit:
    """A place that answers a search; `matched`: the former name by which it was found, else None."""

    unit: AreaUnit
    matched: str | None


def officer_of_ward(actor: Actor) -> None:
    """Refuse anybody but the ward's own officers: who redraws places changes the work of several teams."""
    if not actor.roles & WARD_ROLES:
        raise Refusal("not_allowed", status=403)


def find_units(
    session: Session,
    text: str,
    *,
    level: Level | None = None,
    ward_id: UUID | None = None,
    on: date | None = None,
    limit: int = 20,
) -> list[FoundUnit]:
    """Places whose present or former name contains `text`, whatever its accents; two statements.

    `ward_id` restricts to one ward's places; without it only provinces and wards (public knowledge) are searched.
    Names that carry the typed accents come first, then beginnings, then the rest. `on`: only places alive that day.
    """
    typed, key = nfc(text), search_key(text)
    if not key:
        return []
    scope: list[ColumnElement[bool]] = [_of_ward(ward_id)]
    if level is not None:
        scope.append(AreaUnit.level == level)
    if on is not None:
        scope.append(alive_on(on))
    pattern = f"%{escape_like(key)}%"
    found = [
        FoundUnit(unit, None)
        for unit in session.scalars(
            select(AreaUnit)
            .where(*scope, AreaUnit.search_key.like(pattern, escape="\\"))
            .order_by(_begins(key).desc(), AreaUnit.search_key)
            .limit(200)
        )
    ]
    seen = {hit.unit.id for hit in found}
    former = session.execute(
        select(AreaUnit, AreaUnitName.name)
        .join(AreaUnitName, AreaUnitName.unit_id == AreaUnit.id)
        .where(*scope, AreaUnitName.search_key.like(pattern, escape="\\"))
        .order_by(AreaUnitName.search_key, AreaUnit.code)
        .limit(200)
    )
    for unit, name in former:
        if unit.id not in seen:
            seen.add(unit.id)
            found.append(FoundUnit(unit, name))
    return sorted(found, key=lambda hit: _rank(hit, typed, key))[:limit]


def units_on(
    session: Session, actor: Actor, day: date, *, level: Level = Level.NEIGHBOURHOOD
) -> Sequence[AreaUnit]:
    """The actor's ward's places of one level as they were on `day`, in dictionary order."""
    return session.scalars(
        select(AreaUnit)
        .where(AreaUnit.ward_id == actor.ward_id, AreaUnit.level == level, alive_on(day))
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    ).all()


def alive_on(day: date) -> ColumnElement[bool]:
    """The condition that a place exists on `day` (`valid_to` is its first day of not existing)."""
    return (AreaUnit.valid_from <= day) & (AreaUnit.valid_to.is_(None) | (AreaUnit.valid_to > day))


def create_neighbourhood(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    name: str,
    code: str | None = None,
    since: date | None = None,
) -> AreaUnit:
    """A new tổ dân phố, thôn … of the actor's ward; `code` defaults to the next free one ("29980-T07")."""
    officer_of_ward(actor)
    ward = session.get(AreaUnit, actor.ward_id)
    if ward is None or ward.level != Level.WARD:
        raise NotFound
    unit = new_neighbourhood(session, ward, kind=kind, name=name, code=code, since=since or today())
    audit.record(
        session, actor, "area_unit.create", object_kind="area_unit", object_id=unit.id, code=unit.code
    )
    return unit


def new_neighbourhood(
    session: Session, ward: AreaUnit, *, kind: str, name: str, code: str | None = None, since: date
) -> AreaUnit:
    """The row of a neighbourhood, its name and kind checked. Refuses `place_name`, `place_kind`, `place_taken`."""
    name = nfc(name)
    if not name or len(name) > _NAME_LIMIT:
        raise Refusal("place_name", fields={"name": "place_name"}, limit=_NAME_LIMIT)
    if kind not in NEIGHBOURHOOD_KINDS:
        raise Refusal("place_kind", fields={"kind": "place_kind"})
    lock_ward(session, ward.id)
    living = select(AreaUnit.id).where(
        AreaUnit.parent_id == ward.id, AreaUnit.name == name, AreaUnit.valid_to.is_(None)
    )
    if session.scalar(select(living.exists())):
        raise Refusal("place_taken", fields={"name": "place_taken"}, name=name)
    code = nfc(code).upper() if code else next_code(session, ward, kind)
    if session.scalar(select(select(AreaUnit.id).where(AreaUnit.code == code).exists())):
        raise Refusal("place_code_taken", fields={"code": "place_code_taken"}, unit=code)
    unit = AreaUnit(
        ward_id=ward.id,
        parent_id=ward.id,
        level=Level.NEIGHBOURHOOD,
        kind=kind,
        code=code,
        name=name,
        search_key=search_key(name),
        sort_key=place_key(name),
        valid_from=since,
    )
    session.add(unit)
    session.flush()
    return unit


def next_code(session: Session, ward: AreaUnit, kind: str) -> str:
    """The next local code of a ward: its national code, a letter for the kind, a number that was never used."""
    prefix = f"{ward.code}-{NEIGHBOURHOOD_KINDS[kind]}"
    used = session.scalars(
        select(AreaUnit.code).where(
            AreaUnit.ward_id == ward.id, AreaUnit.code.startswith(prefix, autoescape=True)
        )
    )
    numbers = [int(code.removeprefix(prefix)) for code in used if code.removeprefix(prefix).isdecimal()]
    return f"{prefix}{max(numbers, default=0) + 1:02d}"


def rename_unit(session: Session, actor: Actor, unit_id: UUID, name: str) -> AreaUnit:
    """Another name for the same place; the old one stays searchable."""
    officer_of_ward(actor)
    return _rename(session, actor, neighbourhood_or_alley(session, actor, unit_id), name)


def rename_alley(session: Session, actor: Actor, alley_id: UUID, name: str) -> AreaUnit:
    """Another name for an alley or a building of the actor's; lists that still say the old one find it."""
    unit = session.scalars(
        select(AreaUnit).where(
            AreaUnit.id == alley_id,
            AreaUnit.level == Level.ALLEY,
            AreaUnit.valid_to.is_(None),
            AreaUnit.parent_id.in_(neighbourhood_ids(actor)),
        )
    ).one_or_none()
    if unit is None:
        raise NotFound
    return _rename(session, actor, unit, name)


def _rename(session: Session, actor: Actor, unit: AreaUnit, name: str) -> AreaUnit:
    name = nfc(name)
    if not name or len(name) > _NAME_LIMIT:
        raise Refusal("place_name", fields={"name": "place_name"}, limit=_NAME_LIMIT)
    if name != unit.name:
        remember_name(session, unit.id, unit.name, today())
        unit.name, unit.search_key, unit.sort_key = name, search_key(name), place_key(name)
        audit.record(session, actor, "area_unit.rename", object_kind="area_unit", object_id=unit.id)
        session.flush()
    return unit


def neighbourhood_or_alley(session: Session, actor: Actor, unit_id: UUID) -> AreaUnit:
    """One place below the actor's ward. Raises NotFound for any other."""
    unit = session.scalars(
        select(AreaUnit).where(
            AreaUnit.id == unit_id,
            AreaUnit.ward_id == actor.ward_id,
            AreaUnit.level.in_((Level.NEIGHBOURHOOD, Level.ALLEY)),
        )
    ).one_or_none()
    if unit is None:
        raise NotFound
    return unit


def remember_name(session: Session, unit_id: UUID, name: str, until: date | None) -> None:
    """Keep a name by which people will go on looking for a place."""
    session.add(AreaUnitName(unit_id=unit_id, name=name, search_key=search_key(name), valid_to=until))


def ensure_alleys(session: Session, neighbourhood: AreaUnit, names: Iterable[str]) -> dict[str, UUID]:
    """The id of each named alley of a neighbourhood, created where missing; three statements, however many.

    Names that differ only in case, accents or spaces are one alley, called by the best spelling among them.
    Keys are the names as given.
    """
    wanted = {name: search_key(name) for name in names if search_key(name)}
    if not wanted:
        return {}
    lock_ward(session, neighbourhood.ward_id)
    known = _alleys_by_key(session, neighbourhood)
    missing = {key: nfc(name) for name, key in sorted(wanted.items(), key=_spelling) if key not in known}
    if missing:
        start = session.scalar(
            select(func.count()).where(AreaUnit.code.startswith(f"{neighbourhood.code}-", autoescape=True))
        )
        rows = [
            _alley_row(neighbourhood, name, f"{neighbourhood.code}-{(start or 0) + number:03d}")
            for number, name in enumerate(missing.values(), start=1)
        ]
        session.execute(insert(AreaUnit).on_conflict_do_nothing(), rows)
        known = _alleys_by_key(session, neighbourhood)
    return {name: known[key] for name, key in wanted.items()}


def _spelling(item: tuple[str, str]) -> tuple[bool, int, str]:
    """Shouted last, then by the number of accents: the last one of equal names is kept."""
    name = item[0]
    return (not name.isupper(), sum(not char.isascii() for char in nfc(name)), name)


def lock_ward(session: Session, ward_id: UUID | None) -> None:
    """One change of places at a time in a ward, so that codes and names stay unique; freed by the commit."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"places:{ward_id}", 0))))


def escape_like(text: str) -> str:
    """`text` for a LIKE with escape "\\": what the person typed is never a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _of_ward(ward_id: UUID | None) -> ColumnElement[bool]:
    if ward_id is None:
        return AreaUnit.level.in_((Level.PROVINCE, Level.WARD))
    return AreaUnit.ward_id == ward_id


def _begins(key: str) -> ColumnElement[bool]:
    return AreaUnit.search_key.like(f"{escape_like(key)}%", escape="\\")


def _rank(hit: FoundUnit, typed: str, key: str) -> tuple[bool, bool, bool, bytes, str]:
    name = hit.matched or hit.unit.name
    words = f" {search_key(name)} "
    accented = search_key(typed) != typed.casefold()
    return (
        accented and typed.casefold() not in name.casefold(),
        f" {key} " not in words,
        hit.matched is not None or hit.unit.valid_to is not None,
        hit.unit.sort_key,
        hit.unit.code,
    )


def _alleys_by_key(session: Session, neighbourhood: AreaUnit) -> dict[str, UUID]:
    """By their names and their former ones; a present name goes before a former one."""
    living = (
        AreaUnit.parent_id == neighbourhood.id,
        AreaUnit.level == Level.ALLEY,
        AreaUnit.valid_to.is_(None),
    )
    now = select(AreaUnit.search_key, AreaUnit.id, AreaUnit.code, literal(1).label("rank")).where(*living)
    once = (
        select(AreaUnitName.search_key, AreaUnit.id, AreaUnit.code, literal(0))
        .join(AreaUnit, AreaUnit.id == AreaUnitName.unit_id)
        .where(*living)
    )
    rows = session.execute(now.union_all(once).order_by("rank", AreaUnit.code.desc()))
    return {row.search_key: row.id for row in rows}


def _alley_row(neighbourhood: AreaUnit, name: str, code: str) -> dict[str, object]:
    first = search_key(name).partition(" ")[0]
    return {
        "ward_id": neighbourhood.ward_id,
        "parent_id": neighbourhood.id,
        "level": Level.ALLEY,
        "kind": _ALLEY_KINDS.get(first, "ngo"),
        "code": code,
        "name": name,
        "search_key": search_key(name),
        "sort_key": place_key(name),
        "valid_from": today(),
    }
