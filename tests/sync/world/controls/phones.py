"""Phones that break one rule each."""

from datetime import datetime
from typing import Any, ClassVar

from tests.phone_model.profile import Profile
from tests.phone_model.stream import Stream
from tests.phone_model.wire import Answer, Event, Pull, Push


class DeleteOnSend(Profile):
    def next_push(self, limit: int = 50) -> Push | None:
        push = super().next_push(limit)
        for item in push.items if push else ():
            del self.outbox[item.id]
        return push


class AckAllOnAny200(Profile):
    def take_push(self, push: Push, answer: Answer | None) -> str:
        if answer is not None and answer.status == 200:
            self.server_time = self.clock()
            for item in push.items:
                if item.id in self.outbox:
                    self.keep(self.outbox.pop(item.id), "accepted")
            return "taken"
        return super().take_push(push, answer)


class TakesAnyKind(Profile):
    """Looks at the status and not at what the answer is: a captive portal's page empties the outbox."""

    def take_push(self, push: Push, answer: Answer | None) -> str:
        if answer is not None and answer.status == 200 and answer.read() is None and b"<" in answer.body:
            self.outbox.clear()
            return "taken"
        return super().take_push(push, answer)


class CountUnchecked(Profile):
    """Does not compare n and ids: what the answer does not name counts as accepted."""

    def is_whole(self, push: Push, told: Any) -> bool:
        if not isinstance(told, dict) or "results" not in told:
            return False
        named = {result["id"] for result in told["results"]}
        told["results"] += [{"id": one.id, "code": "accepted"} for one in push.items if one.id not in named]
        return True


class AckOfAnyEpoch(Profile):
    def is_of_now(self, epoch: str) -> bool:
        return True


class NothingRetained(Profile):
    def keep(self, event: Event, code: str) -> None:
        if code == "accepted_redacted":
            super().keep(event, code)


class StaleRows(Profile):
    """A late page overwrites rows and leaves the higher cursor."""

    def is_latest(self, stream: Stream, pull: Pull) -> bool:
        return True

    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        if stream.cursor is not None and page["next_cursor"] < stream.cursor and not page["reset"]:
            self.write_rows(stream, page)
        else:
            super().apply(stream, page)


class EpochPerPhone(Profile):
    """One epoch for all profiles: the first to meet a new one takes it for the others, too."""

    phone: ClassVar[dict[str, str]] = {}

    @property
    def epoch(self) -> str:
        return self.phone["epoch"]

    @epoch.setter
    def epoch(self, value: str) -> None:
        self.phone["epoch"] = value


class CursorBeforeRows(Profile):
    """The cursor is written, the phone dies, the rows are not."""

    died = False

    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        if page["rows"] and not self.died:
            self.died = True
            return
        super().write_rows(stream, page)


class RowsWithoutCursor(Profile):
    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        before = (stream.cursor, stream.snapshot_head)
        super().apply(stream, page)
        if page["more"]:
            stream.cursor, stream.snapshot_head = before


class HeadAsCursor(Profile):
    """Goes on from the head instead of from the last row that came."""

    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        super().apply(stream, page)
        stream.cursor = page["snapshot_head"] or page["next_cursor"]


class TombstoneIgnored(Profile):
    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        kept = [row for row in page["rows"] if not row.get("deleted")]
        super().write_rows(stream, page | {"rows": kept})


class AbsenceRemoves(Profile):
    """What a page does not name is taken for gone."""

    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        if stream.shadow is None and page["rows"]:
            stream.rows.clear()
        super().write_rows(stream, page)


class LogOutClears(Profile):
    def log_out(self) -> None:
        self.outbox.clear()


class PurgedByPhoneClock(Profile):
    def purge_clock(self) -> datetime:
        return self.clock()


class NotScrubbed(Profile):
    def settle(self, result: dict[str, Any]) -> None:
        codes = {"accepted_redacted": "accepted"}
        told = {name: codes.get(result[name], result[name]) for name in ("code", "was") if name in result}
        super().settle(result | told)

    def scrub(self, id_: str) -> None:
        """Nothing."""


class OneOutboxForAll(Profile):
    """The outbox is the phone's, not the profile's: whoever is logged in sends it."""

    phone: ClassVar[dict[str, Event]] = {}

    @property
    def outbox(self) -> dict[str, Event]:
        return self.phone

    @outbox.setter
    def outbox(self, value: dict[str, Event]) -> None:
        self.phone.clear()
