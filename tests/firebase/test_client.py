"""The real firebase-admin client against a server that speaks FCM v1: what each answer means for us."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend.clients import firebase
from backend.clients.firebase import Address, Answer, Firebase, Verdict
from tests.firebase.fcm import Fcm, fcm_server, firebase_at

_DATA = {"kind": "new_walk", "walk": "019b0000-0000-7000-8000-000000000001"}
_MINUTE = timedelta(seconds=60)


@pytest.fixture
def fcm() -> Iterator[Fcm]:
    with fcm_server() as server:
        yield server


@pytest.fixture
def client(fcm: Fcm) -> Iterator[Firebase]:
    with firebase_at(fcm.port) as client:
        yield client


def send(client: Firebase, *values: str, kind: str = "fid") -> list[Answer]:
    return client.send([Address(kind, value) for value in values], _DATA, collapse="walk-1")


def test_a_message_carries_the_data_and_nothing_a_lock_screen_could_show(client: Firebase, fcm: Fcm) -> None:
    (answer,) = send(client, "phone-1")
    assert answer == Answer(Verdict.SENT)
    assert fcm.paths == ["/v1/projects/demo/messages:send"]
    (message,) = fcm.messages
    assert message["fid"] == "phone-1"
    assert message["data"] == _DATA
    assert message["webpush"] == {"headers": {"TTL": "43200", "Urgency": "high", "Topic": "walk-1"}}
    assert "notification" not in json.dumps(message)


def test_older_registration_tokens_work_too(client: Firebase, fcm: Fcm) -> None:
    (answer,) = send(client, "old-phone", kind="token")
    assert answer.verdict is Verdict.SENT
    assert fcm.messages[0]["token"] == "old-phone"


@pytest.mark.parametrize("address", ["gone", "sender", "invalid-target"])
def test_a_dead_address_is_to_be_removed(client: Firebase, fcm: Fcm, address: str) -> None:
    (answer,) = send(client, address)
    assert answer.verdict is Verdict.GONE
    assert fcm.tries[address] == 1


def test_an_invalid_message_is_our_mistake_and_not_repeated(client: Firebase, fcm: Fcm) -> None:
    (answer,) = send(client, "invalid")
    assert answer == Answer(Verdict.REFUSED, "InvalidArgumentError")
    assert fcm.tries["invalid"] == 1


def test_quota_waits_at_least_a_minute(client: Firebase, fcm: Fcm) -> None:
    (answer,) = send(client, "quota")
    assert answer.verdict is Verdict.LATER
    assert _MINUTE <= answer.wait <= _MINUTE * 2
    assert fcm.tries["quota"] == 1


def test_a_retry_after_is_obeyed_without_holding_the_thread(client: Firebase, fcm: Fcm) -> None:
    (answer,) = send(client, "quota-300")
    assert answer.verdict is Verdict.LATER
    assert timedelta(seconds=300) <= answer.wait <= timedelta(seconds=331)
    assert fcm.tries["quota-300"] == 1


@pytest.mark.parametrize(("address", "code"), [("500", "InternalError"), ("503", "UnavailableError")])
def test_trouble_at_google_is_tried_later_by_the_queue(
    client: Firebase, fcm: Fcm, address: str, code: str
) -> None:
    (answer,) = send(client, address)
    assert answer == Answer(Verdict.LATER, code)
    assert fcm.tries[address] == 1


def test_two_failures_then_success(client: Firebase, fcm: Fcm) -> None:
    verdicts = [send(client, "flaky")[0].verdict for _ in range(3)]
    assert verdicts == [Verdict.LATER, Verdict.LATER, Verdict.SENT]


def test_silence_ends_with_our_own_time_out(fcm: Fcm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firebase, "TIMEOUT_SECONDS", 0.2)
    with firebase_at(fcm.port) as client:
        (answer,) = send(client, "slow")
    assert answer == Answer(Verdict.LATER, "DeadlineExceededError")


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with fcm_server() as server:
        port = server.port
    with firebase_at(port) as client:
        (answer,) = send(client, "phone-1")
    assert answer == Answer(Verdict.LATER, "UnavailableError")


def test_after_the_deadline_the_rest_waits_untried(
    client: Firebase, fcm: Fcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firebase, "DEADLINE_SECONDS", -1)
    answers = send(client, "phone-1", "phone-2")
    assert [answer.verdict for answer in answers] == [Verdict.LATER, Verdict.LATER]
    assert fcm.messages == []


def test_one_bad_address_does_not_stop_the_others_and_order_is_kept(client: Firebase) -> None:
    verdicts = [answer.verdict for answer in send(client, "phone-1", "gone", "500", "phone-2")]
    assert verdicts == [Verdict.SENT, Verdict.GONE, Verdict.LATER, Verdict.SENT]


def test_an_empty_list_is_no_request(client: Firebase, fcm: Fcm) -> None:
    assert send(client) == []
    assert fcm.messages == []


def test_the_transport_of_production_never_retries_by_itself() -> None:
    import firebase_admin.messaging as messaging

    from tests.firebase.fcm import FakeCredential

    client = Firebase(FakeCredential(), project_id="demo")
    try:
        session = messaging._get_messaging_service(client._app)._client.session
        retries = session.get_adapter("https://fcm.googleapis.com/v1").max_retries
        assert (retries.total, retries.is_retry("POST", 503, has_retry_after=True)) == (0, False)
    finally:
        client.close()
