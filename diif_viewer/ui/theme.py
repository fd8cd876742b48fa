"""How it looks: a dark and a light palette and one style sheet, calm so that the picture is what one sees.

What lies on the picture (badges, the hint, marks) is dark in both.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication

CANVAS = QColor(22, 22, 24)
SURFACE = QColor(32, 32, 35)
RAISED = QColor(44, 44, 48)
LINE = QColor(58, 58, 63)
TEXT = QColor(232, 232, 236)
DIM = QColor(156, 156, 164)
ACCENT = QColor(94, 168, 255)

LOOKS = ("dark", "light", "system")
BACKGROUNDS = ("theme", "black", "grey", "white")


@dataclass(frozen=True, slots=True)
class Colours:
    """One palette. canvas: around the picture. field: of what is typed in or chosen from. accent: of what is chosen,
    on_accent: words upon it.
    """

    canvas: QColor
    surface: QColor
    raised: QColor
    line: QColor
    text: QColor
    dim: QColor
    accent: QColor
    disabled: QColor
    on_accent: QColor
    field: QColor


DARK = Colours(CANVAS, SURFACE, RAISED, LINE, TEXT, DIM, ACCENT, QColor(104, 104, 112), QColor(12, 19, 32), CANVAS)
LIGHT = Colours(
    *(QColor(226, 226, 230), QColor(246, 246, 248), QColor(255, 255, 255), QColor(208, 208, 214)),
    *(QColor(28, 28, 32), QColor(92, 92, 100), QColor(20, 104, 210), QColor(160, 160, 168), QColor(255, 255, 255)),
    QColor(255, 255, 255),
)

STYLE = """
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; }}
QMainWindow, QDialog {{ background: {surface}; }}
QToolBar {{ background: {surface}; border: 0; border-bottom: 1px solid {line}; padding: 5px 8px; spacing: 2px; }}
QToolBar::separator {{ background: {line}; width: 1px; margin: 6px 8px; }}
QToolBar QToolButton {{ color: {text}; background: transparent; border: 0; border-radius: 6px; padding: 6px; }}
QToolBar QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
QToolBar QToolButton:hover {{ background: {raised}; }}
QToolBar QToolButton:pressed {{ background: {line}; }}
QToolBar QToolButton:checked {{ background: rgba(94, 168, 255, 46); }}
QToolBar QToolButton:focus {{ outline: 0; background: {raised}; border: 1px solid {accent}; padding: 5px; }}
QToolBar QToolButton::menu-indicator {{ image: none; }}
QLineEdit#zoom {{ background: {field}; color: {text}; border: 1px solid {line}; border-radius: 6px; padding: 4px 6px;
    selection-background-color: {accent}; selection-color: black; }}
QLineEdit#zoom:focus {{ border-color: {accent}; }}
QLineEdit#zoom[wrong="true"] {{ border-color: #ff7a70; }}
QStatusBar {{ background: {surface}; color: {dim}; border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ color: {dim}; padding: 1px 8px; }}
QStatusBar QToolButton {{ color: {dim}; background: transparent; border: 0; padding: 0 4px; }}
QStatusBar QToolButton:hover, QStatusBar QToolButton:focus {{ color: #5ea8ff; }}
QFrame#badge {{ background: rgba(22, 22, 24, 205); border: 1px solid rgba(255, 255, 255, 28); border-radius: 8px; }}
QFrame#badge[active="true"] {{ border-color: rgba(94, 168, 255, 150); }}
QFrame#badge QToolButton {{ color: #e8e8ec; font-weight: 600; background: transparent; border: 0;
    padding: 4px 4px 4px 9px; }}
QFrame#badge QToolButton:hover {{ color: #5ea8ff; }}
QFrame#badge QToolButton:focus {{ color: #5ea8ff; }}
QFrame#badge QToolButton::menu-indicator {{ image: none; }}
QFrame#badge QLabel {{ color: #9c9ca4; padding: 4px 10px 4px 2px; }}
QFrame#hint {{ background: rgba(22, 22, 24, 170); border: 0; border-radius: 8px; }}
QFrame#hint QLabel {{ color: #b4b4bc; padding: 4px 2px 4px 10px; }}
QFrame#hint QToolButton {{ color: #b4b4bc; background: transparent; border: 0; padding: 4px 9px 4px 5px; }}
QFrame#hint QToolButton:hover, QFrame#hint QToolButton:focus {{ color: #5ea8ff; }}
QLineEdit#pageNumber {{ color: #e8e8ec; background: transparent; border: 0; padding: 2px; }}
QLineEdit#pageNumber:focus {{ background: #161618; border-radius: 4px; }}
QToolButton#switch {{ color: #9c9ca4; background: transparent; border: 0; border-radius: 4px; padding: 2px 6px; }}
QToolButton#switch:hover, QToolButton#switch:focus {{ color: #5ea8ff; }}
QToolButton#switch:checked {{ color: #e8e8ec; background: rgba(94, 168, 255, 70); }}
Histogram QLabel {{ color: #9c9ca4; font-size: 11px; }}
QFrame#notice {{ background: {raised}; border: 1px solid {line}; border-radius: 10px; }}
QFrame#notice QLabel {{ color: {text}; }}
QFrame#notice QProgressBar, QFrame#notice QProgressBar::chunk {{ border: 0; border-radius: 2px; }}
QFrame#notice QProgressBar {{ background: {canvas}; max-height: 4px; min-height: 4px; }}
QFrame#notice QProgressBar::chunk {{ background: {accent}; }}
QFrame#exports {{ background: {raised}; border: 1px solid {line}; border-radius: 10px; }}
QFrame#exports QProgressBar, QFrame#exports QProgressBar::chunk {{ border: 0; border-radius: 2px; }}
QFrame#exports QProgressBar {{ background: {canvas}; max-height: 4px; min-height: 4px; }}
QFrame#exports QProgressBar::chunk {{ background: {accent}; }}
QFrame#exports QPushButton {{ padding: 3px 9px; }}
QLabel#problem {{ color: {text}; border: 0; border-left: 3px solid #ff7a70; padding: 1px 0 1px 9px; }}
QDialog QProgressBar, QDialog QProgressBar::chunk {{ border: 0; border-radius: 2px; }}
QDialog QProgressBar {{ background: {canvas}; max-height: 4px; min-height: 4px; }}
QDialog QProgressBar::chunk {{ background: {accent}; }}
QDialog QLineEdit {{ background: {field}; color: {text}; border: 1px solid {line}; border-radius: 6px;
    padding: 4px 6px; }}
QDialog QLineEdit:focus {{ border-color: {accent}; }}
QCheckBox::indicator:unchecked {{ background: {field}; border: 1px solid {dim}; border-radius: 3px; width: 12px;
    height: 12px; }}
QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {dim}; border-radius: 7px;
    background: {field}; }}
QRadioButton:focus {{ color: {accent}; }}
QRadioButton::indicator:checked {{ border-color: {accent}; background: qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5,
    fx: 0.5, fy: 0.5, stop: 0 {accent}, stop: 0.55 {accent}, stop: 0.65 {field}, stop: 1 {field}); }}
QCheckBox:focus {{ color: {accent}; }}
QPushButton {{ color: {text}; background: {raised}; border: 1px solid {line}; border-radius: 6px; padding: 6px 14px; }}
QPushButton:hover {{ background: {line}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:default {{ background: {accent}; border-color: {accent}; color: {on_accent}; }}
QPushButton:disabled, QPushButton:default:disabled {{ color: {disabled}; background: {surface};
    border-color: {line}; }}
QCheckBox:disabled, QLabel:disabled {{ color: {disabled}; }}
QDialog QLineEdit, QKeySequenceEdit QLineEdit, QDialog QSpinBox {{ background: {field};
    color: {text}; border: 1px solid {line}; border-radius: 6px; padding: 5px 8px; selection-background-color: {accent};
    selection-color: {on_accent}; }}
QDialog QLineEdit:focus, QKeySequenceEdit QLineEdit:focus, QDialog QSpinBox:focus {{
    border-color: {accent}; }}
QDialog QComboBox QAbstractItemView {{ background: {raised}; color: {text}; border: 1px solid {line};
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QTreeView, QListView {{ background: {field}; color: {text}; border: 1px solid {line}; border-radius: 6px;
    outline: 0; }}
QTreeView:focus, QListView:focus {{ border-color: {accent}; }}
QTreeView::item, QListView::item {{ padding: 4px 6px; }}
QTreeView::item:selected, QListView::item:selected {{ background: {accent}; color: {on_accent}; }}
QTextBrowser {{ background: {field}; color: {text}; border: 1px solid {line}; border-radius: 6px;
    padding: 8px; }}
QTextBrowser:focus {{ border-color: {accent}; }}
QHeaderView {{ background: transparent; }}
QHeaderView::section {{ background: {surface}; color: {dim}; border: 0; border-bottom: 1px solid {line};
    padding: 5px 6px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar::handle:vertical {{ background: {line}; border-radius: 4px; min-height: 32px; margin: 1px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; }}
QScrollBar::handle:horizontal {{ background: {line}; border-radius: 4px; min-width: 32px; margin: 1px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 5px; }}
QMenu::item {{ padding: 6px 28px 6px 14px; border-radius: 4px; }}
QMenu::item:selected {{ background: rgba(94, 168, 255, 60); }}
QMenu::separator {{ height: 1px; background: {line}; margin: 5px 8px; }}
QMenu::indicator {{ width: 10px; height: 10px; left: 4px; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 5px; }}
QLabel#headline {{ font-size: 17px; color: {text}; }}
QLabel#advice {{ color: {dim}; }}
QWidget#page {{ background: {canvas}; }}
"""


def colours(look: str) -> Colours:
    """The palette of a look in LOOKS; "system" asks the system, which may not know and is dark then."""
    if look == "system":
        light = QApplication.styleHints().colorScheme() is Qt.ColorScheme.Light
        return LIGHT if light else DARK
    return LIGHT if look == "light" else DARK


def backdrop(background: str, look: str) -> QColor:
    """The colour around the picture, for a name in BACKGROUNDS."""
    plain = {"black": QColor(0, 0, 0), "grey": QColor(119, 119, 119), "white": QColor(255, 255, 255)}
    return plain.get(background, colours(look).canvas)


def apply(application: QApplication, look: str = "dark") -> None:
    """Dress the whole program in one of LOOKS."""
    worn = colours(look)
    application.setStyle("Fusion")
    palette = QPalette()
    role = QPalette.ColorRole
    for part, colour in (
        (role.Window, worn.surface),
        (role.Base, worn.field),
        (role.AlternateBase, worn.surface),
        (role.Button, worn.raised),
        (role.ToolTipBase, worn.raised),
        (role.WindowText, worn.text),
        (role.Text, worn.text),
        (role.ButtonText, worn.text),
        (role.ToolTipText, worn.text),
        (role.PlaceholderText, worn.dim),
        (role.Highlight, worn.accent),
        (role.Link, worn.accent),
        (role.HighlightedText, worn.on_accent),
    ):
        palette.setColor(part, colour)
    for part in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, part, worn.disabled)
    application.setPalette(palette)
    names = ("canvas", "surface", "raised", "line", "text", "dim", "accent", "disabled", "on_accent", "field")
    application.setStyleSheet(STYLE.format(**{name: getattr(worn, name).name() for name in names}))


def icon(name: str, colour: QColor | None = None) -> QIcon:
    """An icon of the qtawesome set, by its full name, in `colour` or in that of the application's text."""
    import qtawesome

    palette = QApplication.palette()
    plain = (colour or palette.color(QPalette.ColorRole.ButtonText)).name()
    off = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()
    on = palette.color(QPalette.ColorRole.Highlight).name()
    made: QIcon = qtawesome.icon(name, color=plain, color_disabled=off, color_active=plain, color_on=on)
    return made
