"""What a leader puts right about a door by hand: its address and state, who lives there, a door the list lacked."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    AreaUnit,
    Assignment,
    Household,
    HouseholdKind,
    HouseholdState,
    Outcome,
    Resident,
    ResidentState,
    Visit,
)
from backend.services import audit, feed
from backend.services.actor import Actor, neighbourhood_for
from backend.services.household_story import household_for
from backend.services.places import ensure_alleys, lock_ward
from backend.text import phones
from backend.text.addresses import parse
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc, search_key

_OLDEST = 120  # years
# A visit with one of these outcomes says by itself whether somebody lives there (services/derive.py).
_TELLING = (Outcome.HELPED, Outcome.REFUSED, Outcome.RESCHEDULED, Outcome.NO_NEED, Outcome.MOVED_AWAY)


# What no form changes any more.
SETTLED = (HouseholdState.MERGED, HouseholdState.WITHDRAWN)


@dataclass(frozen=True)
class DoorIn:
    """What the form of a door says. `state` None: as it is; `mark` None: as it is, "": none.

    `phone_seen`: the number that stood there when the form was opened, None where that is not known.
    """

    address: str
    kind: str = HouseholdKind.HOUSEHOLD
    head_name: str = ""
    phone: str = ""
    state: str | None = None
    mark: str | None = None
    phone_seen: str | None = None


@dataclass(frozen=True)
class PersonIn:
    """What the form of a resident says; everything may stay empty."""

    full_name: str = ""
    birth_year: int | None = None
    sex: str | None = None
    relation: str = ""
    state: str = ResidentState.ACTIVE


def states_open(session: Session, household: Household) -> tuple[str, ...]:
    """The states that a leader may choose for this door, the present one first.

    Whether somebody moved away is told by the newest visit that met somebody, where there is one.
    """
    if household.state in SETTLED:
        return (household.state,)
    told = session.scalar(
        select(func.count()).where(
            Visit.household_id == household.id, Visit.effective, Visit.outcome.in_(_TELLING)
        )
    )
    choices = [HouseholdState.ACTIVE, HouseholdState.MOVED_AWAY, HouseholdState.VACANT]
    if told:
        other = HouseholdState.VACANT if household.state != HouseholdState.VACANT else HouseholdState.ACTIVE
        choices = [HouseholdState(household.state), other]
    return tuple(dict.fromkeys((household.state, *choices)))


def as_form(household: Household) -> dict[str, str]:
    """What the form of a door shows before anything is changed."""
    return {
        "address": household.address,
        "kind": household.kind,
        "head_name": household.head_name or "",
        "phone": phones.show(household.phone) if household.phone else "",
        "phone_seen": phones.show(household.phone) if household.phone else "",
        "state": household.state,
        "mark": household.mark or "",
    }


def add_household(
    session: Session, actor: Actor, neighbourhood_id: UUID, door: DoorIn, people: int
) -> Household:
    """A door that the list lacks, with `people` residents of whom nothing is known yet.

    Raises NotFound for a neighbourhood outside the scope, Refusal("bad_form") with the field that is not right.
    """
    area = neighbourhood_for(session, actor, neighbourhood_id)
    if area.valid_to is not None:
        raise NotFound
    _check(door)
    lock_ward(session, area.ward_id)
    household = Household(
        ward_id=actor.ward_id,
        neighbourhood_id=area.id,
        code=next_code(session, area.id),
        added_by=actor.account_id,
    )
    _describe(session, household, door)
    session.add(household)
    session.flush()
    session.add_all(
        Resident(ward_id=household.ward_id, household_id=household.id, ordinal=number, is_head=number == 1)
        for number in range(1, people + 1)
    )
    _changed(session, actor, household, "household.add")
    return household


def edit_household(session: Session, actor: Actor, household_id: UUID, door: DoorIn) -> Household:
    """Put a door right; a stub that the leader has looked at is one no more."""
    household = _living(session, actor, household_id)
    _check(door)
    if door.state is not None and door.state != household.state:
        if door.state not in states_open(session, household):
            raise Refusal("bad_form", fields={"state": "bad_value"})
        household.state = door.state
    door = _without_undoing(household, door)
    household.stub = False
    if door.mark is not None:
        household.mark = door.mark or None
    _describe(session, household, door)
    _changed(session, actor, household, "household.edit")
    return household


def _without_undoing(household: Household, door: DoorIn) -> DoorIn:
    """The form, with respect for a number that somebody else has written since it was opened.

    Whoever did not touch the number does not bring the old one back. Of two that are new the later one stands, the
    other is kept beside it until somebody has said which is right.
    """
    typed, stands = _number(door.phone), household.phone
    if door.phone_seen is None or _number(door.phone_seen) == stands:
        if typed != stands:
            household.other_phone = None
        return door
    if typed == _number(door.phone_seen):
        return replace(door, phone=stands or "")
    if typed != stands:
        household.other_phone = stands
    return door


def choose_phone(session: Session, actor: Actor, household_id: UUID, *, other: bool) -> None:
    """Say which of two numbers is right: the one that stands, or the `other`. Twice is as once."""
    household = _living(session, actor, household_id)
    if household.other_phone is None:
        return
    if other:
        _set_phone(household, household.other_phone)
    household.other_phone = None
    _changed(session, actor, household, "household.edit")


def save_person(
    session: Session, actor: Actor, household_id: UUID, person: PersonIn, resident_id: UUID | None = None
) -> Resident:
    """Change one resident of a door, or add one. Raises NotFound for a resident of another door."""
    household = _living(session, actor, household_id)
    if person.birth_year is not None and not today().year - _OLDEST <= person.birth_year <= today().year:
        raise Refusal("bad_form", fields={"birth_year": "bad_year"})
    _no_numbers(full_name=person.full_name, relation=person.relation)
    if resident_id is None:
        last = session.scalar(select(func.max(Resident.ordinal)).where(Resident.household_id == household.id))
        resident = Resident(ward_id=household.ward_id, household_id=household.id, ordinal=(last or 0) + 1)
        session.add(resident)
    else:
        found = session.scalars(
            select(Resident).where(Resident.id == resident_id, Resident.household_id == household.id)
        ).one_or_none()
        if found is None:
            raise NotFound
        resident = found
    resident.full_name = nfc(person.full_name) or None
    resident.birth_year, resident.sex, resident.state = person.birth_year, person.sex, person.state
    resident.relation = nfc(person.relation) or None
    _changed(session, actor, household, "household.people")
    return resident


def on_walks(session: Session, household: Household) -> int:
    """How many live walks the door is on (none or one)."""
    return (
        session.scalar(
            select(func.count()).where(
                Assignment.household_id == household.id,
                Assignment.started_at.is_not(None),
                Assignment.ended_at.is_(None),
            )
        )
        or 0
    )


def _living(session: Session, actor: Actor, household_id: UUID) -> Household:
    household = household_for(session, actor, household_id, lock=True)
    if household.withdrawn_at is not None:
        raise Refusal("withdrawn")
    return household


def _check(door: DoorIn) -> None:
    if not nfc(door.address):
        raise Refusal("bad_form", fields={"address": "needed"})
    if door.phone.strip() and phones.parse(door.phone) is None:
        raise Refusal("bad_form", fields={"phone": "bad_phone"})
    _no_numbers(address=door.address, head_name=door.head_name)


def _no_numbers(**texts: str) -> None:
    bad = {name: "no_id_numbers" for name, value in texts.items() if screen(value)[1]}
    if bad:
        raise Refusal("bad_form", fields=bad)


def _describe(session: Session, household: Household, door: DoorIn) -> None:
    address = parse(door.address)
    if household.address and household.address != address.raw:
        household.old_address = household.address
    household.address, household.parts, household.walk_key = address.raw, address.parts, address.walk_key
    household.kind = door.kind
    household.head_name = nfc(door.head_name) or None
    _set_phone(household, _number(door.phone))
    household.search_key = search_key(f"{address.raw} {household.code}")
    household.alley_id = None
    area = household.neighbourhood_id
    if address.alley and area is not None:
        unit = session.get_one(AreaUnit, area)
        household.alley_id = ensure_alleys(session, unit, [address.alley]).get(address.alley)


def _number(text: str) -> str | None:
    phone = phones.parse(text) if text.strip() else None
    return phone.e164 if phone else None


def _set_phone(household: Household, number: str | None) -> None:
    household.phone = number
    household.phone_index = keyring().blind(number, "phone") if number else None


def next_code(session: Session, neighbourhood_id: UUID) -> str:
    """The code after the highest one of the form H0012 in a neighbourhood (the ward is locked)."""
    highest = session.scalar(
        select(func.max(cast(func.substr(Household.code, 2), Integer))).where(
            Household.neighbourhood_id == neighbourhood_id, Household.code.regexp_match(r"^H[0-9]{1,8}$")
        )
    )
    return f"H{(highest or 0) + 1:04d}"


def _changed(session: Session, actor: Actor, household: Household, action: str) -> None:
    session.flush()
    audit.record(session, actor, action, object_kind="household", object_id=household.id)
    feed.touch_households(session, [household.id])
    session.flush()
