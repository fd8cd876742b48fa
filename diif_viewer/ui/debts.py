"""What the renderer owes the window: orders that it has not answered yet."""

from __future__ import annotations

from diif_viewer.engine.messages import (
    CancelView,
    CloseImage,
    CropDone,
    CropRequest,
    ExportDone,
    ExportFailed,
    ExportRequest,
    FilmProbe,
    FilmProbed,
    FilmRequest,
    FromRenderer,
    ProbeDone,
    ProbeFailed,
    ProbeRequest,
    Ready,
    ToRenderer,
    ViewDone,
    ViewFailed,
    ViewRequest,
)

Name = tuple[str, int]


class Debts:
    """Of one renderer, from its start on: first of all that it is ready. True while there are any."""

    def __init__(self) -> None:
        self._owed: dict[Name, tuple[int, int]] = {("ready", 0): (0, 0)}  # (serial or job, picture)

    def __bool__(self) -> bool:
        return bool(self._owed)

    @property
    def starting(self) -> bool:
        """True until it is ready."""
        return ("ready", 0) in self._owed

    def asked(self, order: ToRenderer) -> None:
        """An order goes out. A newer view of a pane, and a newer probe, takes the place of the older one."""
        match order:
            case ViewRequest():
                self._owed["view", order.pane] = order.serial, order.image
            case CancelView(pane):
                self._owed.pop(("view", pane), None)
            case ProbeRequest():
                self._owed["probe", 0] = order.serial, order.export.image
            case FilmProbe():
                self._owed["film probe", 0] = order.serial, order.film.image
            case ExportRequest() | FilmRequest() | CropRequest():
                self._owed["job", order.job] = order.job, order.image
            case CloseImage(image):
                self._owed = {name: owed for name, owed in self._owed.items() if owed[1] != image}

    def answered(self, message: FromRenderer) -> None:
        """A message came."""
        match message:
            case Ready():
                self._owed.pop(("ready", 0), None)
            case ViewDone() | ViewFailed():
                self._paid(("view", message.pane), message.serial)
            case ExportDone() | ExportFailed() | CropDone():
                self._paid(("job", message.job), message.job)
            case ProbeDone():
                self._paid(("probe", 0), message.serial)
            case FilmProbed():
                self._paid(("film probe", 0), message.serial)
            case ProbeFailed():  # of either kind
                self._paid(("probe", 0), message.serial)
                self._paid(("film probe", 0), message.serial)

    def _paid(self, name: Name, serial: int) -> None:
        if self._owed.get(name, (None, 0))[0] == serial:
            del self._owed[name]
