"""Work side by side: in order, with one torch thread each, in threads that are replaced before they hold much."""

from __future__ import annotations

import os
import signal
import threading

import pytest
import torch

from diif_viewer.engine import threads


def test_results_come_in_order_and_pieces_have_one_torch_thread() -> None:
    assert threads.parallel(lambda n: (n, torch.get_num_threads()), range(9)) == [(n, 1) for n in range(9)]


def test_threads_that_begin_afterwards_have_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports run in one, and what they paint is shared among the same crew as views."""
    here, found = threads.cores(), []
    threads.parallel(bool, range(4))
    crew = threads._crew._pool

    def elsewhere() -> None:
        found.append(threads.cores())
        threads.parallel(bool, range(4))

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    assert found == [here]
    assert threads._crew._pool is crew


def test_nobody_waits_for_a_thread_that_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, begun = threading.Thread.start, []

    def start(thread: threading.Thread) -> None:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        begin(thread)

    monkeypatch.setattr(threads, "_crew", threads._Crew())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        patch.setattr(threads, "cores", lambda: 2)
        with pytest.raises(RuntimeError, match="new thread"):
            threads.parallel(bool, range(4))
    begun[0].join(10)
    assert not begun[0].is_alive()
    assert threads.parallel(bool, range(3)) == [False, True, True]


def test_pieces_within_a_piece_stay_in_its_thread() -> None:
    def piece(_: int) -> bool:
        here = threading.get_ident()
        return threads.parallel(lambda _: threading.get_ident(), range(3)) == [here] * 3

    assert threads.parallel(piece, range(4)) == [True] * 4
    with threads.alone():
        assert piece(0)
    assert threading.get_ident() not in threads.parallel(lambda _: threading.get_ident(), range(3))


def test_threads_are_replaced_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LIFETIME", 20)
    living = threading.local()

    def first(_: int) -> bool:
        new, living.known = not hasattr(living, "known"), True
        return new

    threads.parallel(first, range(20))
    before = set(threading.enumerate())
    assert any(threads.parallel(first, range(4)))
    assert len([thread for thread in threading.enumerate() if thread not in before]) in range(1, threads.cores() + 1)
    assert len(threading.enumerate()) <= len(before)


def test_an_error_is_raised_when_the_pieces_that_began_have_ended() -> None:
    def piece(n: int) -> int:
        if n == 1:
            raise ValueError("one")
        return n

    with pytest.raises(ValueError, match="one"):
        threads.parallel(piece, range(5))
    assert threads.parallel(piece, [3, 4]) == [3, 4]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    """As of `multiprocessing` on Linux, by somebody who has rendered a picture before."""
    threads.parallel(bool, range(4))
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # ends it where it waits for the threads of the other
        os._exit(0 if threads.parallel(lambda n: n + 1, range(4)) == [1, 2, 3, 4] else 1)
    assert os.waitpid(child, 0)[1] == 0
