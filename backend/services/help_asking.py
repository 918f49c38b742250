"""A resident asks for help without a login: three answers become a request of the right team, followed by a code.

The code comes from the form's own random number, so that a form sent twice is one request (no cookie is needed); the
database holds only a keyed hash of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.crypto import keyring
from backend.core.ids import uuid7
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    AreaUnit,
    CodeKind,
    HelpDoor,
    HelpRequest,
    HelpWhen,
    Household,
    Level,
    Service,
    TeamArea,
)
from backend.services import feed
from backend.services.codes import Scanned
from backend.services.offers import offered
from backend.services.places import alive_on
from backend.text import phones
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc
from qr.codes.tokens import token_from

# The text of the consent line; whoever changes its words counts this up.
CONSENT = "help-1"
PLACE_LIMIT = 120
# More than this many unanswered requests of one door help nobody.
MOST_OPEN = 3
# An OTP, a card or an account number has six digits and more; a house or alley number has not.
_LONG_RUN = re.compile(r"\d(?:[ .\-–]?\d){5,}")


@dataclass(frozen=True)
class Origin:
    """Where a resident asks from. A plate names the door, a neighbourhood's code the neighbourhood, a poster the ward."""

    door: HelpDoor
    ward_id: UUID | None = None
    neighbourhood_id: UUID | None = None
    neighbourhood: str = ""
    household_id: UUID | None = None


@dataclass(frozen=True)
class Asked:
    """What the form says. `services`: codes, none for something else; `place`, `phone`: unused for a plate."""

    services: tuple[str, ...]
    suits: HelpWhen
    place: str = ""
    phone: str = ""
    neighbourhood_id: UUID | None = None


def origin_of(session: Session, scanned: Scanned | None) -> Origin:
    """Where a scanned code stands; without one, the front page. Raises NotFound for a revoked code."""
    if scanned is None:
        return Origin(HelpDoor.HOME)
    if scanned.revoked:
        raise NotFound
    if scanned.kind is CodeKind.HOUSEHOLD:
        row = session.execute(
            select(Household.neighbourhood_id, AreaUnit.name)
            .join(AreaUnit, AreaUnit.id == Household.neighbourhood_id)
            .where(Household.id == scanned.household_id, Household.withdrawn_at.is_(None))
        ).one_or_none()
        if row is None:
            raise NotFound
        return Origin(HelpDoor.PLATE, scanned.ward_id, row.neighbourhood_id, row.name, scanned.household_id)
    return Origin(HelpDoor.POSTER, scanned.ward_id)


def origin_of_neighbourhood(session: Session, unit: AreaUnit) -> Origin:
    """Asking from the page of a neighbourhood."""
    return Origin(HelpDoor.NEIGHBOURHOOD, unit.ward_id, unit.id, unit.name)


def served(session: Session, ward_id: UUID | None = None) -> list[AreaUnit]:
    """The neighbourhoods that a team serves, of one ward or of all wards here, in dictionary order; one statement."""
    rows = session.scalars(
        select(AreaUnit)
        .where(
            AreaUnit.level == Level.NEIGHBOURHOOD,
            alive_on(today()),
            AreaUnit.id.in_(select(TeamArea.area_unit_id).where(TeamArea.valid_to.is_(None))),
            *([AreaUnit.ward_id == ward_id] if ward_id else []),
        )
        .order_by(AreaUnit.ward_id, AreaUnit.sort_key, AreaUnit.code)
    )
    return list(rows)


def code_of(nonce: str) -> str:
    """The code that belongs to one form: ten characters, not to be guessed without this installation's key."""
    return token_from(keyring().blind(nonce, "help_request.code"))


def ask(session: Session, origin: Origin, asked: Asked, nonce: str) -> str:
    """Store a request; returns the code by which it is followed. The same form again changes nothing.

    Raises Refusal bad_form with the fields that are not right, and `help_enough` when the door asked often already.
    """
    area = _check(session, origin, asked)
    code = code_of(nonce)
    if origin.household_id is not None and _open_of(session, origin.household_id) >= MOST_OPEN:
        raise Refusal("help_enough", status=429)
    at_door = origin.household_id is not None
    made = session.scalar(
        insert(HelpRequest)
        .values(
            id=uuid7(),
            ward_id=area.ward_id,
            neighbourhood_id=area.id,
            household_id=origin.household_id,
            follow=follow_key(code),
            door=origin.door,
            services=list(asked.services),
            suits=asked.suits,
            place=None if at_door else nfc(asked.place),
            phone=None if at_door else _e164(asked.phone),
            consent_version=CONSENT,
            created_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["follow"])
        .returning(HelpRequest.id)
    )
    if made is not None and origin.household_id is not None:
        feed.touch_households(session, [origin.household_id])
    return code


def follow_key(code: str) -> bytes:
    """What is stored of a code."""
    return keyring().blind(code, "help_request.follow")


def _check(session: Session, origin: Origin, asked: Asked) -> AreaUnit:
    wrong: dict[str, str] = {}
    known = {offer.code for offer in offered(session).offers}
    if not set(asked.services) <= known:
        wrong["viec"] = "bad_value"
    if origin.household_id is None:
        wrong |= _wrong_place(asked)
    wanted = origin.neighbourhood_id or asked.neighbourhood_id
    area = session.get(AreaUnit, wanted) if wanted else None
    if area is None or area.id not in {unit.id for unit in served(session, origin.ward_id)}:
        wrong["khu"] = "needed"
    if wrong or area is None:
        raise Refusal("bad_form", fields=wrong)
    return area


def _wrong_place(asked: Asked) -> dict[str, str]:
    wrong: dict[str, str] = {}
    place = nfc(asked.place)
    if not place:
        wrong["nha"] = "needed"
    elif len(place) > PLACE_LIMIT:
        wrong["nha"] = "too_long"
    elif screen(place)[1] or _LONG_RUN.search(place):
        wrong["nha"] = "no_id_numbers"
    if asked.phone.strip() and _e164(asked.phone) is None:
        wrong["dt"] = "bad_phone"
    return wrong


def _e164(phone: str) -> str | None:
    found = phones.parse(phone) if phone.strip() else None
    return found.e164 if found else None


def _open_of(session: Session, household_id: UUID) -> int:
    """Requests of a door in the last week that nobody closed."""
    return (
        session.scalar(
            select(func.count()).where(
                HelpRequest.household_id == household_id,
                HelpRequest.closed_at.is_(None),
                HelpRequest.created_at > func.now() - func.make_interval(0, 0, 1),
            )
        )
        or 0
    )


def service_words(
    session: Session, locale: str, codes: Sequence[str] | None = None
) -> dict[str, tuple[str, str]]:
    """Service code to its plain name in `locale` and the slug of its guide ("" without one), in their order."""
    query = select(Service).order_by(Service.position)
    if codes is not None:
        query = query.where(Service.code.in_(codes))
    return {
        one.code: (one.name_en if locale == "en" else one.name_vi, one.guide or "")
        for one in session.scalars(query)
    }
