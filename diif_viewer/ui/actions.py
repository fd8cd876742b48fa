"""Every action of the window in one literal table: name, words, icon, keys.

`ui.qactions` makes Qt's actions of it, `ui.shortcut_list` what people read.
"""

from __future__ import annotations

from dataclasses import dataclass

from diif_viewer.ui.navigation import PRESETS
from diif_viewer.ui.reduced import ON_SCREEN
from diif_viewer.ui.zoom_text import plain_zoom


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action. name: its id. group: heading in the list of shortcuts. keys: the first is shown in the tooltip."""

    name: str
    label: str
    group: str
    keys: tuple[str, ...]
    icon: str = ""
    tip: str = ""
    checkable: bool = False


ACTIONS: tuple[ActionRow, ...] = (
    ActionRow("open", "Open…", "File", ("O", "Ctrl+O"), "ph.folder-open", "Open a picture"),
    ActionRow("previous", "Previous picture", "File", ("PgUp",), "ph.caret-left", "Previous picture in the folder"),
    ActionRow("next", "Next picture", "File", ("PgDown",), "ph.caret-right", "Next picture in the folder"),
    ActionRow("export", "Export…", "File", ("E", "Ctrl+S"), "ph.export", "Save the view, a region or all of it"),
    ActionRow(
        "export_region",
        "Export region…",
        "File",
        ("R",),
        "ph.selection",
        "Drag a region, change it, save it",
    ),
    ActionRow(
        "film",
        "Zoom animation…",
        "File",
        ("Ctrl+E",),
        "ph.film-strip",
        "Save a zoom from one view to another as a film",
    ),
    ActionRow("copy", "Copy view", "File", ("Ctrl+C",), "ph.copy", "Copy what this pane shows, as a picture"),
    ActionRow(
        "copy_region", "Copy region…", "File", ("Ctrl+Shift+C",), "ph.crop", "Drag a region, copy it as a picture"
    ),
    ActionRow("copy_path", "Copy path", "File", ("Ctrl+Alt+C",), "ph.link", "Copy where the picture is"),
    ActionRow("paste", "Paste", "File", ("Ctrl+V",), "ph.clipboard", "Open the picture or the path on the clipboard"),
    ActionRow("recent", "Open recent", "File", ("Ctrl+Shift+O",), "ph.clock-counter-clockwise"),
    ActionRow(
        "reload", "Read again", "File", ("Ctrl+R",), "ph.arrow-clockwise", "Read the picture again, keep the view"
    ),
    ActionRow(
        "information",
        "Picture information…",
        "File",
        ("Alt+Return", "F9"),
        "ph.info",
        "What there is to know of the picture: file, size, colours, camera",
    ),
    ActionRow(
        "keep_view",
        "Keep the view",
        "File",
        ("K",),
        "ph.lock-simple",
        "Show the next picture through the same view, instead of fitted",
        checkable=True,
    ),
    ActionRow("page_previous", "Previous page or frame", "File", ("Shift+PgUp",), "ph.caret-up"),
    ActionRow("page_next", "Next page or frame", "File", ("Shift+PgDown",), "ph.caret-down"),
    ActionRow("play", "Play or stop", "File", ("A",), "ph.play", "Let an animated picture play, or stop it"),
    ActionRow("turn_right", "Turn right", "File", ("Ctrl+Right",), "mdi6.rotate-right", "Turn the picture clockwise"),
    ActionRow("turn_left", "Turn left", "File", ("Ctrl+Left",), "mdi6.rotate-left", "Turn the picture anticlockwise"),
    ActionRow("mirror", "Mirror", "File", ("Shift+H",), "mdi6.flip-horizontal", "Swap left and right"),
    ActionRow("upside_down", "Flip", "File", ("Shift+U",), "mdi6.flip-vertical", "Swap top and bottom"),
    ActionRow("quit", "Quit", "File", ("Ctrl+Q", "Ctrl+W"), "ph.sign-out"),
    ActionRow("zoom_in", "Zoom in", "Zoom", ("+", "="), "ph.magnifying-glass-plus"),
    ActionRow("zoom_out", "Zoom out", "Zoom", ("-",), "ph.magnifying-glass-minus"),
    ActionRow("left", "Move left", "Zoom", ("Left",)),
    ActionRow("right", "Move right", "Zoom", ("Right",)),
    ActionRow("up", "Move up", "Zoom", ("Up",)),
    ActionRow("down", "Move down", "Zoom", ("Down",)),
    ActionRow("type_zoom", "Type a zoom", "Zoom", ("X", "Ctrl+L")),
    ActionRow("back", "View before", "Zoom", ("Alt+Left",), "ph.arrow-left", "Back to where you looked before"),
    ActionRow("forward", "View after", "Zoom", ("Alt+Right",), "ph.arrow-right", "Forward to where you came back from"),
    ActionRow("single", "One view", "Compare", ("F2",), "ph.square", "One view", checkable=True),
    ActionRow(
        "split", "Split", "Compare", ("F3",), "ph.square-half", "Two methods, one divider to drag", checkable=True
    ),
    ActionRow(
        "stacked",
        "Split across",
        "Compare",
        ("Shift+F3",),
        "ph.rows",
        "Two methods, one above the other, one divider to drag",
        checkable=True,
    ),
    ActionRow(
        "two", "Two panes", "Compare", ("F4",), "ph.columns", "Two methods side by side, in step", checkable=True
    ),
    ActionRow(
        "three",
        "Three panes",
        "Compare",
        ("F5",),
        "mdi6.view-week-outline",
        "Bicubic, LIIF and DIIF-S side by side, in step",
        checkable=True,
    ),
    ActionRow(
        "four",
        "Four panes",
        "Compare",
        ("F6",),
        "ph.squares-four",
        "Bicubic, LIIF, DIIF and DIIF-S side by side, in step",
        checkable=True,
    ),
    ActionRow(
        "lens",
        "Lens",
        "Compare",
        ("F7",),
        "ph.magnifying-glass",
        "Another method inside a lens that follows the cursor",
        checkable=True,
    ),
    ActionRow(
        "difference",
        "Difference",
        "Compare",
        ("F8",),
        "ph.plus-minus",
        "Where two methods differ, and how much",
        checkable=True,
    ),
    ActionRow(
        "signed",
        "Signed difference",
        "Compare",
        ("Shift+F8",),
        "ph.circle-half",
        "Which way two methods differ: brighter or darker than a middle grey",
        checkable=True,
    ),
    ActionRow("smaller", "Smaller lens, weaker difference", "Compare", (",",), "ph.minus-circle"),
    ActionRow("larger", "Larger lens, stronger difference", "Compare", (".",), "ph.plus-circle"),
    ActionRow(
        "ground_truth",
        "Compare with the truth…",
        "Compare",
        ("Ctrl+T",),
        "ph.target",
        "Shrink the picture as the papers do, rebuild it, and measure each method against the truth",
        checkable=True,
    ),
    ActionRow(
        "figure",
        "Comparison figure…",
        "Compare",
        ("C",),
        "ph.squares-four",
        "Drag a region, print it by several methods and scales side by side",
    ),
    ActionRow(
        "fade",
        "Fade in",
        "Window",
        ("Ctrl+Shift+F",),
        "ph.drop-half",
        "Let sharp tiles come softly, or at once",
        checkable=True,
    ),
    ActionRow(
        "flip",
        "Hold: the other method",
        "Compare",
        ("Space",),
        tip="While held, every pane shows the next one's method, a single one the method looked at before",
    ),
    ActionRow("divider_left", "Divider to the left or up", "Compare", ("[",)),
    ActionRow("divider_right", "Divider to the right or down", "Compare", ("]",)),
    ActionRow(
        "open_here",
        "Open in this pane…",
        "Compare",
        ("Shift+O",),
        "ph.folder-plus",
        "Show another picture in this pane; a drop onto a pane does the same",
    ),
    ActionRow("same_picture", "Same picture in all panes", "Compare", ("Shift+P",), "ph.copy-simple"),
    ActionRow(
        "by_place",
        "Pictures in step by place",
        "Compare",
        ("Ctrl+Shift+P",),
        "ph.link-simple",
        "Show the same place of pictures of different sizes, or the same pixels",
        checkable=True,
    ),
    ActionRow("next_method", "Next method", "Method", ("V",), "ph.arrow-right", "Show this pane by the next method"),
    ActionRow("previous_method", "Previous method", "Method", ("Shift+V",), "ph.arrow-left"),
    ActionRow("next_pane", "Next pane", "Compare", ("P",), tip="Letters choose the method of this pane"),
    ActionRow(
        "overview",
        "Overview",
        "Window",
        ("M",),
        "ph.map-trifold",
        "Show where the view is in the picture",
        checkable=True,
    ),
    ActionRow(
        "histogram",
        "Histogram",
        "Window",
        ("H",),
        "ph.chart-bar",
        "Show how bright what is in sight is, in each colour",
        checkable=True,
    ),
    ActionRow(
        "line",
        "Line",
        "Window",
        ("Shift+M",),
        "ph.ruler",
        "A line to pull: its length, its angle, and how bright what lies along it is",
        checkable=True,
    ),
    ActionRow(
        "brighter", "Brighter", "Window", ("Ctrl+Up",), "ph.sun", "See into the shadows; the file stays as it is"
    ),
    ActionRow("darker", "Darker", "Window", ("Ctrl+Down",), "ph.sun-dim", "See what is nearly white"),
    ActionRow("as_bright_as_it_is", "As bright as it is", "Window", ("Ctrl+Home",)),
    ActionRow(
        "grid",
        "Pixel grid",
        "Window",
        ("Ctrl+G",),
        "ph.grid-four",
        "Show the picture's own pixels from x8",
        checkable=True,
    ),
    ActionRow("fullscreen", "Full screen", "Window", ("F11", "F"), "ph.corners-out", "Full screen", checkable=True),
    ActionRow("leave", "Leave full screen, stop choosing a region", "Window", ("Esc",)),
    ActionRow("shortcuts", "Keys and gestures", "Window", ("F1", "?"), "ph.question", "Keys and gestures"),
    ActionRow(
        "models", "Models…", "Window", ("Ctrl+M",), "ph.stack", "What there is to know of each model; add your own"
    ),
    ActionRow(
        "preferences", "Preferences…", "Window", ("Ctrl+,",), "ph.sliders-horizontal", "Language, look, device, memory"
    ),
    ActionRow("menu", "Menu", "Window", ("F10",), "ph.list"),
    ActionRow("theme", "Dark, light, system", "Window", ("Ctrl+D",), "ph.circle-half", "Change how the window looks"),
    ActionRow(
        "background", "Background", "Window", ("Ctrl+B",), "ph.paint-bucket", "Change the colour around the picture"
    ),
    ActionRow(
        "diagnostics",
        "Copy diagnostics",
        "Window",
        ("Ctrl+I",),
        "ph.first-aid-kit",
        "Copy versions, device and settings, without names and paths",
    ),
)

ZOOMS: tuple[ActionRow, ...] = tuple(
    ActionRow(
        f"zoom_{key}",
        "Fit to the window" if scale is None else "100 %" if scale == 1 else f"Zoom {plain_zoom(scale)}",
        "Zoom",
        (key,),
        {None: "ph.frame-corners", 1.0: "ph.number-square-one"}.get(scale, ""),
        {None: "Fit the picture to the window", 1.0: "One picture pixel is one screen pixel"}.get(scale, ""),
    )
    for key, scale in PRESETS
)

LOOKS: tuple[ActionRow, ...] = tuple(
    ActionRow(f"method_{method.name}", method.label, "Method", (method.letter,)) for method in ON_SCREEN.values()
)

MOUSE = "Mouse and touchpad"

GESTURES: tuple[tuple[str, str], ...] = (
    ("Wheel", "Zoom about the cursor; Shift finer, Ctrl coarser"),
    ("Two fingers", "Move; with Ctrl, or a pinch, zoom"),
    ("Drag", "Move"),
    ("Shift + drag", "Zoom to a region"),
    ("Double-click", "Fit, or 100 %"),
    ("Right-click, finger held", "Menu"),
    ("Drag the divider", "Compare two methods"),
)


ROWS = (*ACTIONS, *ZOOMS, *LOOKS)
"""All of them."""

DEFAULT_KEYS = {row.name: row.keys for row in ROWS}
