"""Where keys are changed: every action with its keys; the chosen one's are recorded anew, or given back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.ui.keys import Keys, portable, readable
from diif_viewer.ui.language import mark, tr
from diif_viewer.ui.shortcut_list import name_of, rows_of

PLACES = (mark("Key"), mark("Second key"))
"""How many keys one action can have, and what their fields are called."""

NAME = Qt.ItemDataRole.UserRole


class KeyField(QKeySequenceEdit):
    """Records one key. recorded: the key that was pressed, or none; no payload.

    Qt empties the field before it shows a new key. What counts is what is there after the press.
    """

    recorded = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMaximumSequenceLength(1)
        self.setClearButtonEnabled(True)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self.recorded)
        self.keySequenceChanged.connect(lambda _: self._settle.start(0))

    def show_key(self, key: str) -> None:
        """Show a key as portable text, "" for none."""
        self.blockSignals(True)
        self.setKeySequence(QKeySequence(key))
        self.blockSignals(False)
        if (line := self.findChild(QLineEdit)) is not None:
            line.setPlaceholderText(tr("no key"))  # Qt puts its own there with every key

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Record it; Esc closes the dialog as everywhere."""
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)


class KeysDialog(QDialog):
    """Changes `keys` at once; whoever shows keys follows `Keys.changed`."""

    def __init__(self, keys: Keys, parent: QWidget) -> None:
        super().__init__(parent)
        self._keys = keys
        self._rows = {row.name: row for row in rows_of(keys)}
        self._wish: tuple[str, ...] = ()
        self.setWindowTitle(tr("Change keys"))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Search for an action or a key"))
        self.search.setAccessibleName(tr("Search for an action or a key"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self._groups: dict[str, QTreeWidgetItem] = {}
        self.tree = self._make_tree()
        self.fields = [self._make_field(index, tr(place)) for index, place in enumerate(PLACES)]
        self.words = QLabel(self)
        self.words.setObjectName("advice")
        self.words.setWordWrap(True)
        self.take = QPushButton(tr("Take it from there"), self)
        self.take.clicked.connect(self._take)
        self.back = QPushButton(tr("Its own keys again"), self)
        self.back.clicked.connect(self._reset)
        self._lay_out()
        keys.changed.connect(self._fill)
        self._fill()
        self.tree.setCurrentItem(self.items()[0])
        self.search.setFocus()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setColumnCount(2)
        tree.setHeaderLabels([tr("Action"), tr("Keys")])
        tree.setAccessibleName(tr("Actions and their keys"))
        tree.setRootIsDecorated(False)
        groups = self._groups
        for row in self._rows.values():
            if row.group not in groups:
                groups[row.group] = QTreeWidgetItem(tree, [tr(row.group)])
                groups[row.group].setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = groups[row.group].font(0)
                font.setBold(True)
                groups[row.group].setFont(0, font)
            item = QTreeWidgetItem(groups[row.group], [name_of(row)])
            item.setData(0, NAME, row.name)
        tree.expandAll()
        tree.setItemsExpandable(False)
        tree.resizeColumnToContents(0)
        tree.setColumnWidth(0, tree.columnWidth(0) + 24)
        tree.currentItemChanged.connect(self._show_current)
        return tree

    def _make_field(self, index: int, name: str) -> KeyField:
        field = KeyField(self)
        field.setAccessibleName(name)
        field.setToolTip(tr("Press the new key here"))
        field.recorded.connect(lambda: self._recorded(index))
        return field

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))
        close.setIcon(QIcon())
        close.setAutoDefault(False)
        self.all_back = buttons.addButton(tr("All keys as they came"), QDialogButtonBox.ButtonRole.ResetRole)
        self.all_back.setIcon(QIcon())
        self.all_back.clicked.connect(self._reset_all)
        for button in (self.take, self.back, self.all_back):
            button.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        grid = QGridLayout()
        for column, (field, place) in enumerate(zip(self.fields, PLACES, strict=True)):
            label = QLabel(tr(place), self)
            label.setBuddy(field)
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
        grid.addWidget(self.back, 1, len(PLACES))
        grid.addWidget(self.words, 2, 0, 1, len(PLACES))
        grid.addWidget(self.take, 2, len(PLACES))
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(26, 22, 26, 18)
        column_of_all.setSpacing(12)
        column_of_all.addWidget(self.search)
        column_of_all.addWidget(self.tree, 1)
        column_of_all.addLayout(grid)
        column_of_all.addWidget(buttons)
        self.resize(QSize(620, 640).boundedTo(self.screen().availableSize()))

    # ---- what is shown ----

    @property
    def _name(self) -> str:
        """The action that is chosen; "" for none."""
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(0, NAME) or "")

    def items(self) -> list[QTreeWidgetItem]:
        """One for each action."""
        return [group.child(index) for group in self._groups.values() for index in range(group.childCount())]

    @Slot()
    def _fill(self) -> None:
        """Name every action's keys; those that somebody chose stand out."""
        for item in self.items():
            name = item.data(0, NAME)
            item.setText(1, ", ".join(map(readable, self._keys.of(name))))
            font = item.font(1)
            font.setBold(self._keys.is_changed(name))
            item.setFont(1, font)
        self.all_back.setEnabled(self._keys.is_changed())
        self._show_current()

    @Slot()
    def _show_current(self) -> None:
        name = self._name
        held = self._keys.of(name) if name else ()
        for index, field in enumerate(self.fields):
            field.show_key(held[index] if index < len(held) else "")
            field.setEnabled(bool(name))
        self.back.setEnabled(bool(name) and self._keys.is_changed(name))
        self._say(tr("Click into a field and press the new key.") if name else tr("Choose an action."))

    def _say(self, words: str, *, conflict: bool = False) -> None:
        self.words.setText(words)
        self.take.setVisible(conflict)

    @Slot(str)
    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for item in self.items():
            item.setHidden(wanted not in item.text(0).casefold() and wanted not in item.text(1).casefold().split(", "))
        for group in self._groups.values():
            group.setHidden(all(group.child(index).isHidden() for index in range(group.childCount())))
        found = [item for item in self.items() if not item.isHidden()]
        if found and self.tree.currentItem() not in found:
            self.tree.setCurrentItem(found[0])

    # ---- what is changed ----

    def _recorded(self, index: int) -> None:
        """A key was pressed in a field, or the field was cleared."""
        name = self._name
        key = portable(self.fields[index].keySequence().toString(QKeySequence.SequenceFormat.PortableText))
        held = list(self._keys.of(name)) + [""] * len(PLACES)
        held[index] = key
        self._wish = tuple(key for key in held if key)
        holder = self._keys.holder(key) if key else None
        if holder is None or holder == name:
            self._keys.choose(name, self._wish)
            return
        words = tr("{key} belongs to “{action}”.", key=readable(key), action=name_of(self._rows[holder]))
        self._say(words, conflict=True)

    @Slot()
    def _reset(self) -> None:
        self._keys.reset(self._name)

    @Slot()
    def _reset_all(self) -> None:
        self._keys.reset()

    @Slot()
    def _take(self) -> None:
        self._keys.choose(self._name, self._wish)
