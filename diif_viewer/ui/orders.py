"""What each action of the window does, by name: small orders here, the substance in the parts they call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from diif_viewer.imaging.turns import FLIP, LEFT, MIRROR, RIGHT, Turn
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.language import tr
from diif_viewer.ui.navigation import PRESETS
from diif_viewer.ui.reduced import ON_SCREEN, TRUTH, all_methods
from diif_viewer.ui.regions import Region
from diif_viewer.ui.scene import FADE

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow

DIVIDER_STEP = 0.02
"""Part of the width that a key moves the divider by."""


class Orders:
    """The orders of one window. Its parts must be there when an action is used, not before."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def table(self) -> dict[str, Callable[[], None]]:
        """What each action does, by the name of its row in `actions`."""
        return self._of_files() | self._of_looking() | self._of_comparing() | self._of_window()

    def _of_files(self) -> dict[str, Callable[[], None]]:
        window = self._window
        return {
            "open": window.opening.choose,
            "previous": partial(window.opening.walk, -1),
            "next": partial(window.opening.walk, 1),
            "page_previous": partial(window.pages.step, -1),
            "page_next": partial(window.pages.step, 1),
            "play": window.player.toggle,
            "export": partial(self._still, window.exporter.export_view),
            "export_region": partial(self._still, self._export_region),
            "film": partial(self._still, window.films.begin),
            "copy": partial(self._still, window.clipboard.copy_view),
            "copy_region": partial(self._still, self._copy_region),
            "copy_path": window.clipboard.copy_path,
            "paste": window.clipboard.paste,
            "recent": lambda: window.menu.recent.show_at(window.below_tools()),
            "reload": self._reload,
            "information": window.information.show,
            "turn_right": partial(self._turn, RIGHT),
            "turn_left": partial(self._turn, LEFT),
            "mirror": partial(self._turn, MIRROR),
            "upside_down": partial(self._turn, FLIP),
            "keep_view": window.files.toggle_keep_view,
            "quit": self._quit,
        }

    def _of_looking(self) -> dict[str, Callable[[], None]]:
        navigator = self._window.navigator
        orders: dict[str, Callable[[], None]] = {
            "zoom_in": partial(navigator.step, 1),
            "zoom_out": partial(navigator.step, -1),
            "left": partial(navigator.pan_by_key, -1, 0),
            "right": partial(navigator.pan_by_key, 1, 0),
            "up": partial(navigator.pan_by_key, 0, -1),
            "down": partial(navigator.pan_by_key, 0, 1),
            "type_zoom": self._type_zoom,
            "back": self._window.trail.back,
            "forward": self._window.trail.forward,
        }
        return orders | {f"zoom_{key}": partial(navigator.zoom_to, scale) for key, scale in PRESETS}

    def _of_comparing(self) -> dict[str, Callable[[], None]]:
        window, state = self._window, self._window.state
        orders: dict[str, Callable[[], None]] = {
            "divider_left": lambda: state.set_split(state.split - DIVIDER_STEP),
            "divider_right": lambda: state.set_split(state.split + DIVIDER_STEP),
            "open_here": window.pane_files.choose,
            "same_picture": window.pane_files.same_everywhere,
            "by_place": window.pane_files.toggle_by_place,
            "flip": window.flip.hold,
            "ground_truth": partial(self._still, window.ground_truth.toggle),
            "figure": partial(self._still, window.figures.begin),
            "signed": window.difference.toggle_signed,
            "smaller": partial(self._strengthen, -1),
            "larger": partial(self._strengthen, 1),
            "next_method": partial(self._step_method, 1),
            "previous_method": partial(self._step_method, -1),
            "next_pane": lambda: state.set_active((state.active + 1) % state.layout.panes),
        }
        orders |= {f"method_{name}": partial(state.set_method, name) for name in ON_SCREEN}
        return orders | {layout.value: partial(self._set_layout, layout) for layout in Layout}

    def _of_window(self) -> dict[str, Callable[[], None]]:
        window = self._window
        return {
            "menu": window.menu_below_button,
            "diagnostics": window.copy_diagnostics,
            "theme": window.wardrobe.change_look,
            "background": window.wardrobe.change_background,
            "overview": self._toggle_overview,
            "histogram": self._toggle_histogram,
            "line": window.profile.toggle,
            "brighter": partial(window.brightness.step, 1),
            "darker": partial(window.brightness.step, -1),
            "as_bright_as_it_is": partial(window.brightness.put, 0.0),
            "grid": self._toggle_grid,
            "fade": partial(self.fade_in, switch=True),
            "fullscreen": window.toggle_full_screen,
            "leave": self._leave,
            "shortcuts": window.show_shortcuts,
            "models": window.models.show,
            "preferences": window.show_preferences,
        }

    def _quit(self) -> None:
        if not self._window.exports.keeps_open():
            self._window.close()

    def _still(self, order: Callable[[], None]) -> None:
        """Do `order` to the frame that is on screen: what plays stops there."""
        if self._window.player.playing:
            self._window.player.stop()
        order()

    # ---- files ----

    def _reload(self) -> None:
        if not self._window.pane_files.reload():
            self._window.files.reload()

    def _turn(self, step: Turn) -> None:
        window = self._window
        if not window.pane_files.turn(step):
            window.opening.turn(step, window.state.picture)

    # ---- regions ----

    def _export_region(self) -> None:
        words = tr("Drag a region: it can be changed before it is saved.")
        self._window.regions.choose(words, self._save)

    def _save(self, region: Region) -> None:
        self._window.exporter.export_region(region.box)

    def _copy_region(self) -> None:
        words = tr("Drag a region: it is copied as it is on screen.")
        self._window.regions.choose(words, self._copy)

    def _copy(self, region: Region) -> None:
        self._window.clipboard.copy(region.window, region.pane)

    # ---- looks ----

    def _set_layout(self, layout: Layout) -> None:
        self._window.state.set_layout(layout)
        self._window.facts.show_layout()  # a press on the button that is down already must not lift it

    def _step_method(self, step: int) -> None:
        """Show the active pane by the method that follows in its menu, round the ends."""
        state = self._window.state
        known = state.picture is not None and state.picture.reduced is not None
        names = [method.name for method in all_methods() if known or method.name != TRUTH]
        present = state.chosen[state.active]
        place = names.index(present) if present in names else 0
        state.set_method(names[(place + step) % len(names)])

    def _strengthen(self, steps: int) -> None:
        """Widen the lens, or strengthen the difference: whichever is on screen."""
        if self._window.state.layout is Layout.DIFFERENCE:
            self._window.difference.step_gain(steps)
        else:
            self._window.canvas.lens.resize(1.25**steps)
            self._window.canvas.update()

    def fade_in(self, *, switch: bool = False) -> None:
        """Let sharp tiles come softly or at once, as it was chosen; or choose the other."""
        settings = self._window.settings
        if switch:
            settings.put("fade", not settings.flag("fade", True))
        wanted = settings.flag("fade", True)
        for scene in self._window.controller.looks.scenes:
            scene.fade = FADE if wanted else 0.0
        self._window.actions_by_name["fade"].setChecked(wanted)

    def _toggle_overview(self) -> None:
        self._window.overview.toggle()
        self._window.settings.put("overview", self._window.overview.wanted)
        self._window.facts.show()

    def _toggle_histogram(self) -> None:
        self._window.histogram.toggle()
        self._window.profile.place()
        self._window.hint.place()
        self._window.facts.show()

    def _toggle_grid(self) -> None:
        canvas = self._window.canvas
        canvas.grid = not canvas.grid
        canvas.update()
        self._window.settings.put("grid", canvas.grid)
        self._window.facts.show()

    def _type_zoom(self) -> None:
        self._window.tools.type_zoom()

    def _leave(self) -> None:
        window = self._window
        if window.regions.choosing:
            window.regions.stop()
        elif window.tools.zoom_box.hasFocus():
            window.canvas.setFocus()
        elif window.sharpening.isVisible():
            window.controller.asking.stop()
        elif window.isFullScreen():
            window.toggle_full_screen()
