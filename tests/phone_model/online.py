"""A simulated phone on a real line; a connection carries one request, so that each meets a fault of its own."""

import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.phone_model.cycle import pull_all
from tests.phone_model.profile import Profile
from tests.phone_model.wire import Answer, Push

_SECONDS = 30


@dataclass
class Line:
    """A way to the server: through `port`, as `host`; `cookie`: who the phone is, once it is paired."""

    port: int
    host: str
    cookie: str = ""

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Answer | None:
        """One request (POST when there is a body); None when no whole answer came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        headers = {"Host": self.host, "X-Gocua-Client": "simulated", "Connection": "close"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        try:
            connection.request("GET" if data is None else "POST", f"/api/v1/{path}", data, headers)
            answer = connection.getresponse()
            found = Answer(answer.status, answer.getheader("Content-Type", ""), answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if told := answer.getheader("Set-Cookie"):
            self.cookie = told.partition(";")[0]
        return found


class OnlinePhone:
    """`codes`: what its items were answered. `unanswered`: requests without a reply that counts.

    `refused`: replies that said no, by their codes. `last_answer`: when anything came back, whatever it was.
    """

    def __init__(self, profile: Profile, line: Line) -> None:
        self.profile, self.line = profile, line
        self.codes: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unanswered = 0
        self.last_answer = time.monotonic()

    def send(self, push: Push) -> str:
        """One push over the line: "taken", or why everything stays where it is."""
        answer = self._ask("sync/push", push.body())
        told = self.profile.take_push(push, answer)
        if answer is not None and told == "taken":
            self.codes.update(result["code"] for result in answer.read()["results"])
        else:
            self._note(told)
        return told

    def pull(self) -> bool:
        """Every stream to its end; false when that broke off."""
        told = pull_all(self.profile, self._page)
        if told != "done":
            self._note(told)
        return told == "done"

    def _page(self, stream: str) -> str:
        pull = self.profile.next_pull(stream)
        return self.profile.take_pull(pull, self._ask("sync/pull", pull.body()))

    def _ask(self, path: str, body: dict[str, Any]) -> Answer | None:
        answer = self.line.ask(path, body)
        if answer is not None:
            self.last_answer = time.monotonic()
        return answer

    def _note(self, told: str) -> None:
        if told == "no reply":
            self.unanswered += 1
        else:
            self.refused[told] += 1

    @property
    def agrees(self) -> bool:
        """True when the phone holds exactly what the server said it should, in every stream."""
        streams = self.profile.streams
        return bool(streams) and all(stream.agrees for stream in streams.values())
