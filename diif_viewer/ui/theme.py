"""How it looks: one dark palette and one style sheet, calm so that the picture is what one sees."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication

CANVAS = QColor(22, 22, 24)
SURFACE = QColor(32, 32, 35)
RAISED = QColor(44, 44, 48)
LINE = QColor(58, 58, 63)
TEXT = QColor(232, 232, 236)
DIM = QColor(156, 156, 164)
ACCENT = QColor(94, 168, 255)

STYLE = """
QMainWindow, QDialog {{ background: {surface}; }}
QToolBar {{ background: {surface}; border: 0; border-bottom: 1px solid {line}; padding: 5px 8px; spacing: 2px; }}
QToolBar::separator {{ background: {line}; width: 1px; margin: 6px 8px; }}
QToolBar QToolButton {{ color: {text}; background: transparent; border: 0; border-radius: 6px; padding: 6px; }}
QToolBar QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
QToolBar QToolButton:hover {{ background: {raised}; }}
QToolBar QToolButton:pressed {{ background: {line}; }}
QToolBar QToolButton:checked {{ background: rgba(94, 168, 255, 46); }}
QToolBar QToolButton:focus {{ outline: 0; background: {raised}; }}
QToolBar QToolButton::menu-indicator {{ image: none; }}
QLineEdit#zoom {{ background: {canvas}; color: {text}; border: 1px solid {line}; border-radius: 6px; padding: 4px 6px;
    selection-background-color: {accent}; selection-color: black; }}
QLineEdit#zoom:focus {{ border-color: {accent}; }}
QLineEdit#zoom[wrong="true"] {{ border-color: #ff7a70; }}
QStatusBar {{ background: {surface}; color: {dim}; border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ color: {dim}; padding: 1px 8px; }}
QFrame#badge {{ background: rgba(22, 22, 24, 205); border: 1px solid rgba(255, 255, 255, 28); border-radius: 8px; }}
QFrame#badge[active="true"] {{ border-color: rgba(94, 168, 255, 150); }}
QFrame#badge QToolButton {{ color: {text}; font-weight: 600; background: transparent; border: 0;
    padding: 4px 4px 4px 9px; }}
QFrame#badge QToolButton:hover {{ color: {accent}; }}
QFrame#badge QToolButton:focus {{ color: {accent}; }}
QFrame#badge QToolButton::menu-indicator {{ image: none; }}
QFrame#badge QLabel {{ color: {dim}; padding: 4px 10px 4px 2px; }}
QFrame#notice {{ background: {raised}; border: 1px solid {line}; border-radius: 10px; }}
QFrame#notice QLabel {{ color: {text}; }}
QFrame#notice QProgressBar, QFrame#notice QProgressBar::chunk {{ border: 0; border-radius: 2px; }}
QFrame#notice QProgressBar {{ background: {canvas}; max-height: 4px; min-height: 4px; }}
QFrame#notice QProgressBar::chunk {{ background: {accent}; }}
QPushButton {{ color: {text}; background: {raised}; border: 1px solid {line}; border-radius: 6px; padding: 6px 14px; }}
QPushButton:hover {{ background: {line}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:default {{ background: {accent}; border-color: {accent}; color: #0c1320; }}
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


def apply(application: QApplication) -> None:
    """Dress the whole program."""
    application.setStyle("Fusion")
    palette = QPalette()
    role = QPalette.ColorRole
    for part, colour in (
        (role.Window, SURFACE),
        (role.Base, CANVAS),
        (role.AlternateBase, SURFACE),
        (role.Button, RAISED),
        (role.ToolTipBase, RAISED),
        (role.WindowText, TEXT),
        (role.Text, TEXT),
        (role.ButtonText, TEXT),
        (role.ToolTipText, TEXT),
        (role.PlaceholderText, DIM),
        (role.Highlight, ACCENT),
        (role.Link, ACCENT),
        (role.HighlightedText, QColor(12, 19, 32)),
    ):
        palette.setColor(part, colour)
    for part in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, part, QColor(104, 104, 112))
    application.setPalette(palette)
    names: dict[str, Any] = {"canvas": CANVAS, "surface": SURFACE, "raised": RAISED, "line": LINE}
    names |= {"text": TEXT, "dim": DIM, "accent": ACCENT}
    application.setStyleSheet(STYLE.format(**{name: colour.name() for name, colour in names.items()}))


def icon(name: str, colour: QColor = TEXT) -> QIcon:
    """An icon of the qtawesome set, by its full name."""
    import qtawesome

    made: QIcon = qtawesome.icon(
        name, color=colour.name(), color_disabled="#5a5a60", color_active=colour.name(), color_on=ACCENT.name()
    )
    return made
