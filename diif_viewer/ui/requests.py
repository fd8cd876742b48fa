"""What is wanted from the renderer, pane by pane: asked once, withdrawn when nobody will see it, timed when done."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from diif_viewer.engine.messages import CancelView, TileDone, ViewDone, ViewFailed, ViewRequest
from diif_viewer.engine.tiles import TILE, TileKey, keys_for
from diif_viewer.geometry import Window
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.scene import Scene
from diif_viewer.viewport import Viewport

AHEAD_LIMIT = 600.0
"""Milliseconds that a view may have taken for its surroundings to be worth the same effort again."""

COSTS = 20_000
"""Tiles whose costs are kept: more than the cache of tiles holds."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pane shows of a picture. model: None for a classic method. seen: on the lattice of the view's scale.

    scene: holds what is there already.
    """

    pane: int
    image: int
    model: str | None
    view: Viewport
    seen: Window
    scene: Scene


class Requests:
    """The dealings with the renderer about views.

    failures: why a pane stays a preview, by pane. times: milliseconds that the tiles that the last view missed took to
    come, by (model, scale). rates: megapixels per second of the fastest whole view, by model.
    """

    def __init__(self, client: RendererClient) -> None:
        self._client = client
        self._serials = itertools.count(1)
        self._wanted: dict[int, ViewRequest] = {}
        self._ahead: set[int] = set()
        self._answers: dict[int, ViewRequest] = {}
        self.failures: dict[int, str] = {}
        self.times: dict[tuple[str, float], float] = {}
        self._costs: OrderedDict[TileKey, float] = OrderedDict()
        self.rates: dict[str, float] = {}

    def forget(self) -> None:
        """Start afresh, for another picture or another renderer."""
        self._wanted.clear()
        self._ahead.clear()
        self._answers.clear()
        self.failures.clear()
        self.times.clear()

    def withdraw(self) -> None:
        """Nobody will see what is being worked on."""
        for pane in {*self._wanted, *self._ahead}:
            self._withdraw(pane)

    def ask(self, wishes: list[Wish]) -> None:
        """Send the newest request of every pane that misses tiles; withdraw those that want nothing."""
        for pane in {*self._wanted, *self._ahead} - {wish.pane for wish in wishes}:
            self._withdraw(pane)
        if not self._client.running:
            return
        for wish in wishes:
            request = self._request(wish)
            old = self._wanted.get(wish.pane)
            if request is None:
                self._withdraw(wish.pane)
            elif old is None or replace(old, serial=0, held=request.held) != request:
                request = replace(request, serial=next(self._serials))
                self._wanted[wish.pane] = request
                self._ahead.discard(wish.pane)
                self._client.send(request)

    def ask_again(self, wishes: list[Wish]) -> None:
        """Send once more what was answered and yet is not there: tiles that left the cache before anyone showed them.

        Not when the last answer brought none of them.
        """
        for wish in wishes:
            request = self._request(wish)
            if request is not None and wish.pane not in self._wanted and request != self._answers.get(wish.pane):
                self.ask(wishes)
                return

    def progress(self, wishes: list[Wish]) -> tuple[object, int, int]:
        """(something that is equal for equal wishes, tiles that are there, tiles that are wanted)."""
        held = wanted = 0
        for wish in wishes:
            if wish.model is not None:
                keys = keys_for(wish.image, wish.model, wish.view.scale, wish.seen, wish.view.lattice.window)
                wanted += len(keys)
                held += len(keys) - len(wish.scene.missing(wish.pane, keys))
        return [(wish.pane, wish.image, wish.model, wish.view.scale, wish.seen) for wish in wishes], held, wanted

    def stop(self, wishes: list[Wish], sentence: str) -> None:
        """Let the panes stay as they are; `sentence` says so for those that miss something."""
        self.withdraw()
        for wish in wishes:
            if self._request(wish) is not None:
                self.failures[wish.pane] = sentence

    def look_ahead(self, wishes: list[Wish]) -> None:
        """Have the tiles around what every pane shows made, while nothing else is wanted."""
        if self._wanted or not self._client.running:
            return
        for wish in wishes:
            if wish.model is None or self.times.get((wish.model, wish.view.scale), AHEAD_LIMIT) >= AHEAD_LIMIT:
                continue
            limits = wish.view.lattice.window
            window = wish.seen.grown(TILE).intersected(limits)
            keys = keys_for(wish.image, wish.model, wish.view.scale, window, limits)
            missing = wish.scene.cache.missing(keys)
            if missing:
                held = frozenset(keys) - frozenset(missing)
                serial = next(self._serials)
                self._ahead.add(wish.pane)
                self._client.send(ViewRequest(wish.pane, serial, wish.image, wish.model, wish.view.scale, window, held))

    def made(self, message: TileDone) -> None:
        """Note what a tile took."""
        self._costs[message.key] = message.milliseconds
        self._costs.move_to_end(message.key)
        if len(self._costs) > COSTS:
            self._costs.popitem(last=False)

    def cost(self, keys: Iterable[TileKey]) -> float | None:
        """Milliseconds of work for all of `keys`; None for none, and where that is not known any more."""
        costs = [self._costs.get(key, math.nan) for key in keys]
        spent = math.fsum(costs) if costs else math.nan
        return None if math.isnan(spent) else spent

    def done(self, message: ViewDone) -> bool:
        """Note the time of a finished view; False when it is not the newest of its pane."""
        request = self._answered(message)
        if request is not None:
            self.times[request.model, request.scale] = message.milliseconds
            if not request.held and message.milliseconds > 0:
                rate = request.window.area / message.milliseconds / 1000
                self.rates[request.model] = max(rate, self.rates.get(request.model, 0.0))
        return request is not None

    def failed(self, message: ViewFailed) -> bool:
        """Note why a view cannot be had; False when it is not the newest of its pane."""
        if self._answered(message) is None:
            return False
        self.failures[message.pane] = message.sentence
        return True

    def _answered(self, message: ViewDone | ViewFailed) -> ViewRequest | None:
        request = self._wanted.get(message.pane)
        if request is None or request.serial != message.serial:
            return None
        self._answers[message.pane] = replace(request, serial=0)
        return self._wanted.pop(message.pane)

    def _request(self, wish: Wish) -> ViewRequest | None:
        """The request, without a serial, that makes `wish` sharp; None when it wants nothing."""
        if wish.model is None:
            return None
        keys = keys_for(wish.image, wish.model, wish.view.scale, wish.seen, wish.view.lattice.window)
        missing = wish.scene.missing(wish.pane, keys)
        if not missing:
            return None
        held = frozenset(keys) - frozenset(missing)
        return ViewRequest(wish.pane, 0, wish.image, wish.model, wish.view.scale, wish.seen, held)

    def _withdraw(self, pane: int) -> None:
        if self._wanted.pop(pane, None) is not None or pane in self._ahead:
            self._ahead.discard(pane)
            self._client.send(CancelView(pane))
