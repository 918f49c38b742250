"""The directed histories of the specification (section 23), by their names; each is a short story with an ending.

Those that mean something only in a real browser are in tests/phone: D18 and D19 (locked, a forgotten PIN) in
test_rights.py, D25 (upgrades with a full outbox) in test_updates.py, D26 (storage faults) in test_faults.py and the
units of storage/, D31 with real tabs in test_faults.py. D22 in all 120 orders is in tests/sync/test_derive.py.
"""

from tests.sync.world.directed import (
    clocks,
    doors,
    erasure,
    lost_replies,
    old_clients,
    people,
    reassignment,
    restore,
)
from tests.sync.world.directed.telling import DIRECTED

__all__ = (
    "DIRECTED",
    "clocks",
    "doors",
    "erasure",
    "lost_replies",
    "old_clients",
    "people",
    "reassignment",
    "restore",
)
