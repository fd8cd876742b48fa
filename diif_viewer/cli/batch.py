"""Several pictures at a time: worker processes that take one job after the other, and leave nothing torn.

Story: each worker has a pipe. It is sent a `Job` and answers with fractions and one `Outcome`, then gets the next job;
None, or the end of the pipe, ends it. Ctrl-C is the program's to answer: on it or a polite kill every worker gets
SIGTERM and clears its own temporary file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import cast

from diif_viewer.cli.render_plan import Job
from diif_viewer.cli.render_work import Outcome, Renderer, failure
from diif_viewer.cli.signals import heeded
from diif_viewer.cli.verbose import told
from diif_viewer.starting import held_back, let_in

Progress = Callable[[list[float]], None]
"""Takes the finished fraction of each job."""


def outcomes(jobs: Sequence[Job], workers: int, progress: Progress) -> Iterator[Outcome]:
    """Do `jobs` in `workers` processes, each with its share of the cores; outcomes as they come, also failures."""
    context = multiprocessing.get_context("spawn")
    cores = max(1, (os.cpu_count() or 1) // workers)
    running: dict[Connection, BaseProcess] = {}
    fractions: dict[int, float] = {}
    waiting, given = list(reversed(list(enumerate(jobs)))), dict[Connection, int]()
    try:
        for _ in range(min(workers, len(jobs))):
            near, far = context.Pipe()
            process = context.Process(target=_work, args=(far, jobs[0].options.verbose, cores), daemon=True)
            with held_back():
                process.start()
                running[near] = process
            far.close()
            _give(near, waiting, given)
        while given:
            for ready in wait(list(given)):
                connection = cast(Connection, ready)  # of another class on Windows
                number = given[connection]
                try:
                    answer = connection.recv()
                except (EOFError, ConnectionResetError):
                    answer = Outcome(jobs[number].label, jobs[number].shown, "failed", error="Its process died.")
                    running.pop(connection).join()
                if isinstance(answer, float):
                    fractions[number] = answer
                else:
                    fractions[number] = 1.0
                    del given[connection]
                    yield answer
                    _replace(connection, running, waiting, given)
                progress([fractions.get(number, 0.0) for number in range(len(jobs))])
        for number, job in reversed(waiting):  # all workers have died
            fractions[number] = 1.0
            yield Outcome(job.label, job.shown, "failed", error="There was no process left to render it.")
    finally:
        _end(running, interrupted=bool(given))


def _give(connection: Connection, waiting: list[tuple[int, Job]], given: dict[Connection, int]) -> None:
    number, job = waiting.pop()
    given[connection] = number
    connection.send(job)


def _replace(
    connection: Connection,
    running: dict[Connection, BaseProcess],
    waiting: list[tuple[int, Job]],
    given: dict[Connection, int],
) -> None:
    """The next job for a worker that has finished one, if it lives and there is one."""
    if waiting and connection in running:
        with contextlib.suppress(OSError):
            _give(connection, waiting, given)


def _end(running: dict[Connection, BaseProcess], *, interrupted: bool) -> None:
    """Let the workers go: at once and cleanly when they are in the middle of something."""
    for connection, process in running.items():
        if interrupted:
            process.terminate()
        with contextlib.suppress(OSError):
            connection.send(None)
    for connection, process in running.items():
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
        connection.close()


def _work(connection: Connection, verbose: int, cores: int) -> None:
    """What a worker runs."""
    os.environ.setdefault("OMP_NUM_THREADS", str(cores))
    renderer = Renderer()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with told(verbose), heeded():
            let_in()
            while (job := connection.recv()) is not None:
                connection.send(_outcome(renderer, job, connection))
    except (EOFError, KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        return  # told to stop, or the program has gone


def _outcome(renderer: Renderer, job: Job, connection: Connection) -> Outcome:
    try:
        return renderer.do(job, lambda fraction: connection.send(float(fraction)))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        return failure(job, error)
