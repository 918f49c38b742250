"""Ids of people beside their door's id: UUIDv7 by their form, distinct, never the door's for two ordinals."""

from uuid import RFC_4122

from backend.core.ids import beside, uuid7


def test_people_differ_from_each_other_in_the_last_byte_only() -> None:
    for _ in range(50):
        door = uuid7()
        people = [beside(door, ordinal) for ordinal in range(1, 256)]
        assert len(set(people)) == 255
        assert {person.bytes[:15] for person in people} == {door.bytes[:15]}
        assert {(person.version, person.variant) for person in people} == {(7, RFC_4122)}


def test_beyond_a_byte_ids_are_random() -> None:
    door = uuid7()
    assert beside(door, 256) != beside(door, 256)
    assert beside(door, 256).bytes[6:15] != door.bytes[6:15]
