"""Small fields of the export dialog: numbers without trailing zeros, and lists of choices with names behind them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QWidget


class NumberBox(QDoubleSpinBox):
    """Shows ``x12.5`` and ``640``, not ``x12.5000`` and ``640.00``. `fill` sets it without a signal."""

    def __init__(self, parent: QWidget, name: str, least: float, most: float, digits: int) -> None:
        """digits: after the point, at most."""
        super().__init__(parent)
        self.setDecimals(digits)
        self.setRange(least, most)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setFixedWidth(86)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """As people write it."""
        text = f"{value:.{self.decimals()}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", self.locale().decimalPoint())

    def valueFromText(self, text: str) -> float:  # noqa: N802
        """Of either decimal sign: there are no signs between thousands that one could be."""
        return float(super().valueFromText(self._with_own_sign(text)))

    def validate(self, text: str, position: int) -> object:
        """As `valueFromText` reads it."""
        return super().validate(self._with_own_sign(text), position)

    def _with_own_sign(self, text: str) -> str:
        sign = self.locale().decimalPoint()
        return text.replace(".", sign).replace(",", sign)

    def fill(self, value: float) -> None:
        """Show a value that nobody typed here; somebody who is typing is not disturbed."""
        if self.hasFocus() and abs(self.value() - value) <= 0.51 * 10.0 ** -self.decimals():
            return
        with QSignalBlocker(self):
            self.setValue(value)


class ChoiceBox(QComboBox):
    """A list in which each line stands for a name."""

    def __init__(self, parent: QWidget, name: str, lines: list[tuple[str, str]]) -> None:
        """lines: (name, words)."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.offer(lines)

    def offer(self, lines: list[tuple[str, str]]) -> None:
        """Other lines; what is chosen stays if it is still there."""
        chosen = self.chosen
        with QSignalBlocker(self):
            self.clear()
            for value, words in lines:
                self.addItem(words, value)
            self.choose(chosen)

    @property
    def chosen(self) -> str:
        """The name of the present line; "" for none."""
        return str(self.currentData() or "")

    def choose(self, value: str) -> None:
        """Show the line of a name, without a signal; the first one where there is no such line."""
        with QSignalBlocker(self):
            self.setCurrentIndex(max(0, self.findData(value)))
