"""The worker's side of the queue: jobs by name, and the loop that runs them.

Every module of this folder is imported when a worker starts; `@job("name")` in it registers a job.
"""

import asyncio
import logging
import pkgutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector
from procrastinate.connector import BaseConnector
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from backend.clients.firebase import Firebase
from backend.core.settings import Settings

# A worker that has not been heard of for so long is dead, and its jobs belong to the others.
STALLED_SECONDS = 240.0
_log = logging.getLogger("gocua.jobs")
_MODULES = [
    f"backend.jobs.{module.name}"
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if module.name != "app"
]
# The connector is replaced by a real one when a worker starts.
app = App(connector=PsycopgConnector(), import_paths=_MODULES)

Args = ParamSpec("Args")


@dataclass(frozen=True)
class Means:
    """What a job works with: one engine per worker process, the settings, and (in tests) another way to Firebase."""

    engine: Engine
    settings: Settings
    push: Firebase | None = None


def job(
    name: str, *, retry: BaseRetryStrategy | None = None, cron: str | None = None
) -> Callable[[Callable[Concatenate[Means, Args], None]], Callable[Concatenate[Means, Args], None]]:
    """Register `function(means, **args)` as the job `name`; with `cron` it also runs by the clock (UTC).

    The function itself is returned, so that a test can call it directly. A job may run twice after a crash:
    it must be harmless to repeat.
    """

    def register(
        function: Callable[Concatenate[Means, Args], None],
    ) -> Callable[Concatenate[Means, Args], None]:
        def run(context: JobContext, /, **args: Any) -> None:
            args.pop("timestamp", None)  # the hour that a periodic job was meant for
            function(context.additional_context["means"], **args)  # type: ignore[call-arg]

        task: Any = app.task(name=name, pass_context=True, retry=retry or False)(run)
        if cron:
            app.periodic(cron=cron, periodic_id=name)(task)
        return function

    return register


def connector(url: str) -> BaseConnector:
    """A connector to the database at `url` (an SQLAlchemy address)."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return PsycopgConnector(
        conninfo=address,
        min_size=1,
        max_size=3,
        kwargs={"application_name": "gocua-worker", "connect_timeout": 5},
    )


def run_worker(means: Means, *, wait: bool = True) -> None:
    """Run jobs until SIGTERM or SIGINT; with `wait` false, run what is due and return.

    A new job wakes the worker (LISTEN); polling only finds jobs that were put off, so it may be slow.
    """
    url = means.engine.url.render_as_string(hide_password=False)
    loop = partial(
        app.run_worker_async,
        concurrency=2,  # a long import must not hold up a nudge
        delete_jobs="successful",
        fetch_job_polling_interval=20.0,
        abort_job_polling_interval=120.0,
        update_heartbeat_interval=60.0,
        stalled_worker_timeout=STALLED_SECONDS,
        shutdown_graceful_timeout=20.0,
        additional_context={"means": means},
    )

    async def work() -> None:
        if wait:
            _end_by_signal()
        async with app.open_async():
            _log.info("worker", extra={"fields": {"state": "started"}})
            await loop(wait=wait, listen_notify=wait, install_signal_handlers=False)

    with app.replace_connector(connector(url)):
        with suppress(asyncio.CancelledError):
            asyncio.run(work())
        _log.info("worker", extra={"fields": {"state": "stopped"}})


def _end_by_signal() -> None:
    """Let SIGTERM and SIGINT cancel the worker, which then finishes what it is doing.

    From the first moment on: procrastinate's own handlers come after its first questions to the database, and a signal
    before them would tear down the loop in the middle of one.
    """
    running = asyncio.current_task()
    assert running is not None  # noqa: S101  # we are called inside it
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
