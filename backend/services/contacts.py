"""Whom a resident can call: the number that the teams of the ward have given for the public."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.models import AreaUnit, Household, Team, TeamArea


@dataclass(frozen=True)
class Contact:
    """`ward`: its name ("Phường Ba Đình"); `phone`: as people write it, "" when none was given.

    `ward_id`: None where no ward is known.
    """

    ward: str = ""
    phone: str = ""
    ward_id: UUID | None = None

    @property
    def dial(self) -> str:
        """The digits for a tel: link."""
        return "".join(char for char in self.phone if char.isdigit() or char == "+")


def contact_for(
    session: Session, *, ward_id: UUID | None = None, household_id: UUID | None = None
) -> Contact:
    """The contact of a ward, of the team around a household first; one statement.

    Without either: of the only ward served here; nothing when there are several.
    """
    near = (
        select(TeamArea.team_id)
        .join(Household, Household.neighbourhood_id == TeamArea.area_unit_id)
        .where(Household.id == household_id, TeamArea.valid_to.is_(None))
    )
    phone = func.nullif(Team.contact_phone, "")
    statement = (
        select(
            AreaUnit.id,
            AreaUnit.name,
            func.coalesce(func.min(phone).filter(Team.id.in_(near)), func.min(phone), "").label("phone"),
        )
        .join(Team, Team.ward_id == AreaUnit.id, isouter=ward_id is not None)
        .group_by(AreaUnit.id)
        .limit(2)
    )
    if ward_id is not None:
        statement = statement.where(AreaUnit.id == ward_id)
    rows = session.execute(statement).all()
    return Contact(rows[0].name, rows[0].phone, rows[0].id) if len(rows) == 1 else Contact()
