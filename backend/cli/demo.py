"""`gocua demo`: one more demo ward, for scripts; what `gocua run` shares with it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from backend.cli.stand import Ground, ground
from backend.cli.up import local_address, running_address
from backend.database import work
from backend.models import Account
from backend.services import demo as making
from backend.services import enrol, sessions
from backend.services.actor import load_actor
from backend.services.demo import Size
from qr.codes import ENROLMENT, GUIDE

_FILE = "demo.json"
_INVITED_MINUTES = 24 * 60


@dataclass(frozen=True)
class Kept:
    """What an installation remembers of its first demo ward, in a file that only its owner reads."""

    ward: str
    neighbourhood: str
    campaign: str
    leader_id: str
    login: str
    password: str
    officer_login: str
    officer_password: str
    volunteers: list[tuple[str, str]]
    visits: int


@click.command()
@click.option("--households", default=1300, show_default=True, type=int, help="Số hộ của tổ dân phố chính.")
@click.option("--volunteers", default=12, show_default=True, type=int, help="Số tình nguyện viên.")
@click.option("--seed", default=1, show_default=True, type=int, help="Cùng số thì cùng phường mẫu.")
@click.option("--port", default=8000, show_default=True, type=int, help="Cổng trong các đường dẫn được in.")
@click.option("--json", "as_json", is_flag=True, help="In một đối tượng JSON.")
def demo(households: int, volunteers: int, seed: int, port: int, as_json: bool) -> None:
    """Dựng thêm một phường mẫu: người, hộ, tuyến, lượt đi đều là bịa."""
    folder = Path(os.environ.get("GOCUA_DATA_DIR") or "var").resolve()
    base_url = running_address(folder) or local_address("127.0.0.1", port)
    with ground(base_url=base_url) as base:
        made = make(base, Size(households, volunteers, seed))
        if read(base.settings.data_dir) is None:
            keep(base.settings.data_dir, made)
        told = tell(base, made)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"Phường mẫu: {made.ward}, {households} hộ, {made.visits} lượt đi.")
        click.echo(f"Tổ trưởng: {told['base_url']}/vao  tên {made.login}  mật khẩu {made.password}")


def make(base: Ground, size: Size) -> Kept:
    """Make a demo ward in one transaction; what is being done goes to standard error."""
    with work.unit_of_work(base.engine) as session:
        made = making.make(session, size, lambda line: click.echo(line, err=True))
    return Kept(
        ward=made.ward,
        neighbourhood=made.neighbourhood,
        campaign=made.campaign,
        leader_id=str(made.leader.account_id),
        login=made.leader.login,
        password=made.leader.password,
        officer_login=made.officer.login,
        officer_password=made.officer.password,
        volunteers=[(str(account_id), name) for account_id, name in made.volunteers],
        visits=made.visits,
    )


def tell(base: Ground, made: Kept) -> dict[str, Any]:
    """The JSON object: addresses and fresh invitations, one per volunteer, valid for a day."""
    base_url = base.settings.base_url
    with work.unit_of_work(base.engine) as session:
        invitations = [
            {"name": name, "enrol_url": invitation(session, base_url, made, account_id)}
            for account_id, name in made.volunteers
        ]
        guide_urls = guides(session, base_url, made)
    return {
        "base_url": base_url,
        "leader": {"login": made.login, "password": made.password},
        "officer": {"login": made.officer_login, "password": made.officer_password},
        "volunteers": invitations,
        "guide_urls": guide_urls,
        "campaign": made.campaign,
        "neighbourhood": made.neighbourhood,
        "database_url": make_url(base.url).set(drivername="postgresql").render_as_string(hide_password=False),
    }


def invitation(session: Session, base_url: str, made: Kept, account_id: str) -> str:
    """The address of a new invitation for one volunteer; earlier unused ones end."""
    leader = load_actor(session, UUID(made.leader_id))
    assert leader is not None  # noqa: S101  # read() or make() has just seen this account
    token = enrol.invite(session, leader, UUID(account_id), minutes=_INVITED_MINUTES)
    return f"{base_url}/{ENROLMENT}/{token}"


def guides(session: Session, base_url: str, made: Kept) -> list[str]:
    """The addresses of the ward's guide codes."""
    return [f"{base_url}/{GUIDE}/{code.token}" for code in making.guide_codes(session, UUID(made.leader_id))]


def keep(folder: Path, made: Kept) -> None:
    """Remember the demo ward of this installation; only its owner may read the passwords."""
    path = folder / _FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(made), file, ensure_ascii=False, indent=1)


def read(folder: Path) -> Kept | None:
    """What is remembered, or None."""
    try:
        return Kept(**json.loads((folder / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def still_there(session: Session, made: Kept) -> bool:
    """False when the database is not the one the demo was made in."""
    return load_actor(session, UUID(made.leader_id)) is not None


def password_unchanged(session: Session, made: Kept) -> bool:
    """False once the leader has chosen another password."""
    leader = session.get(Account, UUID(made.leader_id))
    return leader is not None and sessions.is_password(leader, made.password)
