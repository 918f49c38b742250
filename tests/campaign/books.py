"""After a campaign: every event a volunteer was told is saved, against the tables; every phone, against its rights."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from tests.campaign.phone import Phone
from tests.campaign.site import Site

_EVENTS = "SELECT id::text, payload_sha256, author::text, device_id::text FROM visit_event"
# Each visit that counts stands for one event, and belongs to its author.
_VISITS = """
    SELECT count(*) FILTER (WHERE n <> 1), count(*) FILTER (WHERE NOT own) FROM (
      SELECT e.id, count(v.event_id) AS n, COALESCE(bool_and(v.author = e.author), true) AS own
      FROM visit_event e LEFT JOIN visit v ON v.event_id = e.id
      WHERE e.kind = 'visit' GROUP BY e.id) AS each
"""
_FEED = """
    SELECT count(*) FROM stream_head h
    WHERE h.n <> GREATEST(h.horizon, COALESCE((SELECT max(seq) FROM change_feed f WHERE f.audience = h.audience), 0))
"""
_RIGHTS = """
    SELECT m.account_id::text, a.household_id::text FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    WHERE m.ended_at IS NULL
"""


@dataclass(frozen=True)
class Books:
    """Tapped against stored. `unkept`: acknowledged, and not there. `holes`: streams whose numbers do not end at n."""

    tapped: int
    stored: int
    lost: int
    unkept: int
    doubled: int
    misattributed: int
    changed: int
    differing_phones: int
    holes: int
    differences: int

    @property
    def wrong(self) -> list[str]:
        """The names of what is not zero."""
        names = (
            "lost",
            "unkept",
            "doubled",
            "misattributed",
            "changed",
            "differing_phones",
            "holes",
            "differences",
        )
        return [f"{name}: {getattr(self, name)}" for name in names if getattr(self, name)]


def balance(site: Site, phones: Sequence[Phone]) -> Books:
    """Compare the phones' memory of the truth with the tables, and the tables with the raw events."""
    truth = {id_: (digest, at) for at, phone in enumerate(phones) for id_, digest in phone.truth.items()}
    acked = set().union(*(phone.acked for phone in phones)) if phones else set()
    tapped = len(truth)
    stored = doubled = wrong = changed = 0
    hashes: Counter[bytes] = Counter()
    with site.engine.connect().execution_options(yield_per=5000) as connection:
        for id_, digest, author, device in connection.execute(text(_EVENTS)):
            stored += 1
            digest = bytes(digest)
            hashes[digest] += 1
            known = truth.pop(id_, None)
            acked.discard(id_)
            if known is None:
                doubled += 1  # nobody tapped it
                continue
            profile = phones[known[1]].profile
            wrong += (author, device) != (profile.account, profile.device)
            changed += digest != known[0]
    with site.engine.connect() as connection:
        uncounted, foreign = connection.execute(text(_VISITS)).one()
        holes = connection.execute(text(_FEED)).scalar_one()
    doubled += sum(n - 1 for n in hashes.values())
    return Books(
        tapped=tapped,
        stored=stored,
        lost=len(truth) + uncounted,
        unkept=len(acked),
        doubled=doubled,
        misattributed=wrong + foreign,
        changed=changed,
        differing_phones=len(differing(site.engine, phones)),
        holes=holes,
        differences=_recount(site),
    )


def _recount(site: Site) -> int:
    told = site.run("recount", "--json", codes=(0, 1))
    assert told, "the recount did not come to its end"
    return len(json.loads(told)["differences"])


def differing(engine: Engine, phones: Sequence[Phone]) -> list[str]:
    """The phones whose doors are not those of their walks now, or that do not agree with the server's digest."""
    rights: dict[str, set[str]] = {phone.profile.account: set() for phone in phones}
    with engine.connect() as connection:
        for account, household in connection.execute(text(_RIGHTS)):
            if account in rights:
                rights[account].add(household)
    return [
        phone.profile.account
        for phone in phones
        if phone.profile.doors != rights[phone.profile.account] or not phone.agrees
    ]
