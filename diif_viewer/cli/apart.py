"""Work in a process of its own that is gone, with all that it started, when the command ends."""

from __future__ import annotations

import contextlib
import signal
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from diif_viewer.errors import DeviceError
from diif_viewer.starting import SIGNALS, held_back, let_in

ENDING = 10.0
"""Seconds that it may take to clear up."""

Result = TypeVar("Result")


def apart(work: Callable[..., Result], *args: Any) -> Result:
    """`work(*args)` in a fresh process; what it raises is raised here.

    work: importable, and so are its arguments and result. It has to wait by `ui.hands`: the polite signals are noted
    and raise KeyboardInterrupt there. Raises DeviceError where the process dies.
    """
    context = get_context("spawn")
    near, far = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(far, work, args))
    with near:
        with held_back():
            process.start()
        far.close()
        try:
            result, error = near.recv()
        except EOFError:
            raise DeviceError("The window does not open here; `diif-viewer doctor` tells what is missing.") from None
        except BaseException:
            process.terminate()
            raise
        finally:
            process.join(ENDING)
            if process.is_alive():
                process.kill()
                process.join()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def _work(connection: Connection, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """What the process runs."""
    from diif_viewer.ui import hands

    for number in SIGNALS:
        signal.signal(number, lambda *_: hands.stop())
    let_in()
    answer: tuple[Any, Exception | None]
    try:
        answer = work(*args), None
    except KeyboardInterrupt:
        return
    except Exception as error:
        error.add_note(traceback.format_exc())  # it does not travel by itself
        answer = None, error
    with contextlib.suppress(OSError):  # nobody listens any more
        connection.send(answer)
