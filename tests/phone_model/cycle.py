"""The cycle of section 19, over any line: `push` and `page` do one request and say what the profile made of it."""

from collections.abc import Callable, Iterator

from tests.phone_model.profile import Profile

MOST_PAGES = 200
_ENDS = frozenset(("done", "gone", "differs"))


def cycle(profile: Profile, push: Callable[[], str], page: Callable[[str], str]) -> None:
    """Push, pull, once more when the history turned out to be another; then let go of what is old."""
    for _ in range(3):
        epoch = profile.epoch
        push_all(profile, push)
        pull_all(profile, page)
        if profile.epoch == epoch and not profile.outbox:
            break
    profile.purge()


def push_all(profile: Profile, push: Callable[[], str]) -> None:
    """Push until nothing is left or a push changes nothing."""
    for _ in range(20):
        before = list(profile.outbox)
        if push() != "taken" or list(profile.outbox) == before:
            return


def pull_all(profile: Profile, page: Callable[[str], str]) -> str:
    """Every stream to its end, the own one first: "done", or the word that broke it off."""
    for name in _streams(profile):
        told = "more"
        for _ in range(MOST_PAGES):
            told = page(name)
            if told != "more":
                break
        if told not in _ENDS:
            return told
    profile.forget_streams()
    return "done"


def _streams(profile: Profile) -> Iterator[str]:
    yield profile.own_stream
    yield from profile.named()
