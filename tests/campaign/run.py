"""A campaign: phones tap and sync over a bad line while the server and its database are killed; then the books."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

from tests.campaign import ward
from tests.campaign.books import Books, balance
from tests.campaign.phone import Phone
from tests.campaign.site import Site, shuffled
from tests.evening.proxy import ALL_FAULTS, BadLine

_MOST_WAITING = 200  # a phone with more in its outbox sends before it taps again
_BACKUP_AT, _RESTORE_AT = 0.05, 0.10  # of all events


@dataclass(frozen=True)
class Plan:
    """`events`: how many are tapped in all; None: as many as fit while `kills` are done."""

    events: int | None
    phones: int
    doors: int
    seed: int
    kills: dict[str, int]
    restore: bool = True
    hand_overs: int = 20
    threads: int = 6
    web_processes: int = 2
    minutes: float = 120  # the most that a run of kills may take


@dataclass
class Told:
    """What came of it. Stalls in seconds: the longest time in which no phone got anything acknowledged.

    `stall_after`: after the last fault, the longest time in which no phone was answered at all.
    """

    books: Books
    events: int
    seconds: float
    kills: dict[str, int]
    restarts: int
    faults: Counter[str]
    duplicates: int
    out_of_scope: int
    unanswered: int
    handed_over: int
    healed: int
    longest_stall: float
    stall_after: float
    seconds_to_rest: float
    stuck: int
    settings: dict[str, str] = field(default_factory=dict)

    def judge(self) -> list[str]:
        """What is wrong; nothing when all is well."""
        found = self.books.wrong
        if self.stuck:
            found.append(f"{self.stuck} phones never came to rest")
        if self.stall_after > 60:
            found.append(f"a stall of {self.stall_after:.0f} s after the last fault")
        return found


class Campaign:
    """One run on one site."""

    def __init__(
        self, plan: Plan, site: Site, ground: ward.Ground, line: BadLine, say: Callable[[str], None]
    ) -> None:
        self.plan, self.site, self.ground, self.line, self.say = plan, site, ground, line, say
        self.dice = random.Random(plan.seed)
        self.phones = [
            Phone(paired, site.host, line.port, plan.seed * 100_000 + number)
            for number, paired in enumerate(ground.phones)
        ]
        self.left = [self._share(n) for n in range(len(self.phones))]
        self.over = threading.Event()
        self.handed_over = self.healed = 0
        self.stall = self.stall_after = 0.0
        self._idle: Queue[int] = Queue()
        for number in range(len(self.phones)):
            self._idle.put(number)
        self._errors: list[BaseException] = []
        self._saved = 0
        self._lock = threading.Lock()
        # Retained events are let go of once they are of the last history that this campaign will see.
        self._last_epoch = None if plan.restore else ground.phones[0].epoch

    def _share(self, number: int) -> int:
        if self.plan.events is None:
            return 1 << 60
        share, rest = divmod(self.plan.events, self.plan.phones)
        return share + (number < rest)

    # --- the phones ---

    def walk(self) -> None:
        """One thread: take the next phone, let it do a turn, put it back."""
        try:
            while not self.over.is_set():
                try:
                    number = self._idle.get(timeout=0.1)
                except Empty:
                    return
                if self._turn(number):
                    self._idle.put(number)
        except BaseException as error:  # the main thread raises it
            self._errors.append(error)
            self.over.set()

    def _turn(self, number: int) -> bool:
        """Tap, send, now and then receive; false when this phone has nothing left to do."""
        phone = self.phones[number]
        waiting = len(phone.profile.outbox)
        if self.left[number] and waiting < _MOST_WAITING:
            made = phone.tap(min(self.left[number], phone.dice.randint(20, 100)))
            self.left[number] -= made
            with self._lock:
                self._saved += made
            if not made:
                phone.pull()
        if phone.dice.random() < 0.9:
            answered = phone.push() and (len(phone.profile.outbox) < 50 or phone.push())
            if not answered:
                self.over.wait(phone.dice.random() * 0.3)
        if phone.dice.random() < 0.08:
            phone.pull()
        if phone.profile.epoch == self._last_epoch:
            phone.age()
        return bool(self.left[number] or phone.profile.outbox)

    # --- what happens to them ---

    def saved(self) -> int:
        """How many events volunteers were told are saved."""
        return self._saved

    def wait_until(self, share: float) -> bool:
        """Until that share of the events was tapped; false when the campaign is over before."""
        assert self.plan.events is not None
        while self._saved < share * self.plan.events:
            self.site.supervise()
            if self.over.wait(0.05):
                return False
        return True

    def attack_by_progress(self) -> None:
        """Kill, back up, restore and reassign, each at its share of the events, in an order that the seed gives."""
        steps: list[tuple[float, str]] = []
        kinds = shuffled(self.plan.kills | {"hand_over": self.plan.hand_overs}, self.dice)
        for at, kind in enumerate(kinds, 1):
            steps.append((at / (len(kinds) + 1), kind))
        if self.plan.restore:
            steps += [(_BACKUP_AT, "backup"), (_RESTORE_AT, "restore")]
        for share, kind in sorted(steps):
            if not self.wait_until(share):
                return
            self.do(kind)

    def attack_at_once(self) -> None:
        """Kill as fast as things come back, until all kills are done; a few events between two kills."""
        end = time.monotonic() + self.plan.minutes * 60
        for at, kind in enumerate(shuffled(self.plan.kills | {"hand_over": self.plan.hand_overs}, self.dice)):
            before = self._acked()
            if time.monotonic() > end:
                self.say("the time is over")
                break
            while self._acked() < before + 10 and not self.over.wait(0.02):
                self.site.supervise()
            self.over.wait(self.dice.random() * 0.1)
            if self.over.is_set():
                return
            self.do(kind)
            if at % 50 == 49:
                self.say(f"kills {self.site.kills}, events {self._saved}")
        self.over.set()

    def do(self, kind: str) -> None:
        """One thing that happens."""
        if kind == "web":
            while not self.site.kill_web() and not self.over.wait(0.05):
                self.site.supervise()
        elif kind == "parent":
            self.site.kill_parent()
        elif kind == "database":
            self.site.kill_database()
        elif kind == "backup":
            self._backup = self.site.backup()
            self._at_backup = self._stored()
        elif kind == "restore":
            before = self._stored()
            self.site.restore(self._backup)
            self.healed = before - self._stored()
            with self.site.engine.connect() as connection:
                self._last_epoch = str(
                    connection.exec_driver_sql("SELECT epoch FROM server_meta").scalar_one()
                )
            self.say(f"restored: {self.healed} events are on phones only")
        else:
            team = self.dice.choice([team for team in self.ground.teams if len(team.walks) > 1])
            giving, taking = self.dice.sample(team.walks, 2)
            self.handed_over += ward.hand_over(
                self.site.engine, team, giving, taking, self.dice.randint(1, 5)
            )

    def _stored(self) -> int:
        with self.site.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM visit_event").scalar_one())

    def _acked(self) -> int:
        return sum(len(phone.acked) for phone in self.phones)

    def watch(self) -> None:
        """Note the longest time in which nothing was acknowledged, and say how it goes."""
        began = time.monotonic()
        told = 0
        while not self.over.wait(0.2):
            self.stall = max(self.stall, time.monotonic() - max(phone.last_ack for phone in self.phones))
            if self._saved - told >= 25_000:
                told = self._saved
                self.say(
                    f"{told:,} events, {told / (time.monotonic() - began):.0f}/s, kills {self.site.kills}"
                )

    # --- the whole ---

    def run(self) -> Told:
        """Play it to the end, heal the line, let everybody come to rest, balance the books."""
        began = time.monotonic()
        for phone in self.phones:
            phone.last_ack = began
        walkers = [threading.Thread(target=self.walk) for _ in range(self.plan.threads)]
        watcher = threading.Thread(target=self.watch)
        for thread in (*walkers, watcher):
            thread.start()
        try:
            if self.plan.events is None:
                self.attack_at_once()
            else:
                self.attack_by_progress()
                while any(thread.is_alive() for thread in walkers):
                    self.site.supervise()
                    threading.Event().wait(0.05)
        finally:
            self.over.set()
            for thread in (*walkers, watcher):
                thread.join()
        if self._errors:
            raise self._errors[0]
        seconds = time.monotonic() - began
        self.line.healthy = True
        self.site.supervise()
        rest = time.monotonic()
        stuck = self._come_to_rest()
        return self._tell(seconds, time.monotonic() - rest, stuck)

    def _come_to_rest(self) -> int:
        waiting: Queue[Phone] = Queue()
        stuck: list[Phone] = []
        for phone in self.phones:
            waiting.put(phone)

        def settle() -> None:
            while True:
                try:
                    phone = waiting.get_nowait()
                except Empty:
                    return
                if not phone.settle_down():
                    stuck.append(phone)

        for _ in range(2):  # the second time nobody pushes any more: a last look
            if _ == 1:
                for phone in self.phones:
                    waiting.put(phone)
            threads = [threading.Thread(target=settle) for _ in range(self.plan.threads)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                threading.Event().wait(0.2)
                quiet = time.monotonic() - max(phone.last_answer for phone in self.phones)
                self.stall_after = max(self.stall_after, quiet)
        return len(stuck)

    def _tell(self, seconds: float, rest: float, stuck: int) -> Told:
        return Told(
            books=balance(self.site, self.phones),
            events=self._saved,
            seconds=seconds,
            kills=dict(self.site.kills),
            restarts=self.site.restarts,
            faults=self.line.faults,
            duplicates=sum(phone.codes["duplicate"] for phone in self.phones),
            out_of_scope=sum(phone.codes["accepted_out_of_scope"] for phone in self.phones),
            unanswered=sum(phone.unanswered for phone in self.phones),
            handed_over=self.handed_over,
            healed=self.healed,
            longest_stall=self.stall,
            stall_after=self.stall_after,
            seconds_to_rest=rest,
            stuck=stuck,
        )


@contextmanager
def a_site(folder: Path, web_processes: int) -> Iterator[Site]:
    """A site that does not outlive the block."""
    site = Site(folder, web_processes=web_processes)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def campaign(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> Told:
    """Build the ground in `folder`, play `plan` on it, balance the books."""
    with a_site(folder, plan.web_processes) as site:
        ground = ward.build(site.engine, plan.phones, plan.doors)
        say(f"{plan.phones} phones, {ground.households:,} doors")
        with BadLine(site.port, plan.seed, ALL_FAULTS) as line:
            return Campaign(plan, site, ground, line, say).run()
