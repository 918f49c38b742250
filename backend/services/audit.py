"""Write down who read, exported or changed what; in the transaction of the act itself."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.models import AuditEntry
from backend.services.actor import Actor


def record(
    session: Session,
    actor: Actor,
    action: str,
    *,
    object_kind: str = "",
    object_id: UUID | None = None,
    count: int = 1,
    **detail: object,
) -> None:
    """Add one audit entry. `detail`: counts, codes and ids only, never personal data."""
    session.add(
        AuditEntry(
            ward_id=actor.ward_id,
            actor_id=actor.account_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            count=count,
            detail={key: str(value) if isinstance(value, UUID) else value for key, value in detail.items()},
            request_id=actor.request_id,
        )
    )
