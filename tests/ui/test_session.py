"""From one start to the next; dark and light; the error page; the hint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSettings, QStandardPaths, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from diif_viewer.paths import shipped
from diif_viewer.ui import open_dialog, theme
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.diagnostics import without_names
from diif_viewer.ui.folder import users_pictures
from diif_viewer.ui.settings import Settings
from tests.ui.conftest import Stage
from tests.ui.on_screen import turn_wheel
from tests.ui.test_files import other_photo


class Start(Stage):
    """One start of the program of several, all with the same settings file."""

    def __init__(self, qtbot, tmp_path) -> None:
        super().__init__(qtbot, tmp_path)
        super().close()
        store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        self.viewer = Viewer(spawn=self._spawn, choose=lambda *_: self.export_path, settings=Settings(store))
        self.window = self.viewer.window

    def begin(self, greeting: Path | None) -> None:
        self.viewer.show(*self.window.begin_with(None if greeting is None else str(greeting)))
        self.qtbot.waitExposed(self.window)
        self.until(lambda: bool(self.fakes))


@pytest.fixture
def starts(qtbot, tmp_path):
    made = []

    def start() -> Start:
        if made:
            made[-1].close()
        made.append(Start(qtbot, tmp_path))
        return made[-1]

    yield start
    made[-1].close()


def test_the_first_start_greets_and_forgets_the_greeting(starts, photo):
    for _ in range(2):
        one = starts()
        one.begin(photo)
        one.until(lambda one=one: one.state.picture is not None)
        assert one.state.picture.path == photo
        assert one.window.files.recent == []


def test_the_programs_own_pictures_are_not_looked_through_and_nothing_is_saved_among_them(
    starts, tmp_path, monkeypatch
):
    """Next led from the sample to the program's icon, and a dialog began among its files."""
    pictures, sample, asked = tmp_path / "Pictures", shipped("resources") / "sample.png", []
    pictures.mkdir()
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(pictures))
    monkeypatch.setattr(open_dialog, "choose_files", lambda _, __, folder, **___: asked.append(folder) or [])
    one = starts()
    one.begin(sample)
    one.until(lambda: one.state.picture is not None)
    one.sharp()
    for name in ("next", "previous"):
        assert not one.window.actions_by_name[name].isEnabled()
    one.window.opening.walk(1)
    assert one.window.opening.path == sample
    one.window.opening.choose()
    one.state.set_layout(Layout.TWO)
    one.state.set_active(0)
    one.window.pane_files.choose()
    assert asked == [str(pictures)] * 2
    for name, dialog in (("export", one.window.exporter), ("film", one.window.films)):
        one.window.actions_by_name[name].trigger()
        assert dialog.dialog.folder == pictures
        assert dialog.dialog.chosen_folder == ""
        dialog.dialog.reject()
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(tmp_path / "gone"))
    assert users_pictures() == Path.home()


def test_the_next_start_takes_up_where_the_last_one_ended(starts, photo, tmp_path):
    one = starts()
    one.begin(None)
    one.window.resize(700, 520)
    one.window.open_path(photo)
    one.until(lambda: one.state.picture is not None)
    one.window.actions_by_name["split"].trigger()
    one.qtbot.keyClicks(one.window.canvas, "6")
    one.rest()
    one.window.navigator.pan(60, -40)
    one.rest()
    view = one.state.view
    one.window.close()
    two = starts()
    two.begin(other_photo(tmp_path, "sample.png"))
    two.until(lambda: two.state.picture is not None)
    assert two.state.picture.path == photo
    assert two.state.layout is Layout.SPLIT
    assert (two.window.width(), two.window.height()) == (700, 520)
    now = two.state.view
    assert now.scale == view.scale
    assert now.rested() == view.rested()
    assert two.window.opening.folder == str(photo.parent)
    two.sharp()


def test_methods_come_back_with_what_they_were_chosen_for(starts, photo):
    one = starts()
    one.begin(None)
    one.window.open_path(photo)
    one.sharp()
    one.window.actions_by_name["four"].trigger()
    for pane, method in ((0, "lanczos"), (2, "diif-s-lite"), (3, "liif-lite")):
        one.state.set_method(method, pane)
    one.window.actions_by_name["two"].trigger()
    one.window.close()
    two = starts()
    two.begin(None)
    two.sharp()
    assert two.state.methods == ("lanczos", "liif-lite")
    two.window.actions_by_name["four"].trigger()
    assert two.state.methods == ("lanczos", "liif-lite", "diif-s-lite", "liif-lite")
    two.window.close()
    three = starts()
    three.show(photo)  # named: as its file suggests, beside what it was compared with
    assert three.state.methods == ("lanczos", "liif-lite", "diif-s-lite", "diif-s-lite")


def test_the_choice_of_what_suits_the_file_is_none(starts, photo, tmp_path):
    jpeg = tmp_path / "photo.jpg"
    Image.open(photo).convert("RGB").save(jpeg)
    one = starts()
    one.begin(None)
    one.window.open_path(photo)
    one.sharp()
    for key in "BS":
        one.qtbot.keyClicks(one.window.canvas, key)
    one.window.close()
    two = starts()
    two.begin(None)
    two.sharp()
    two.window.open_path(jpeg)
    two.until(lambda: two.state.picture.path == jpeg)
    assert two.state.methods == ("diif-s-lite-photo",)


def test_the_page_on_screen_comes_back(starts, photo, tmp_path):
    book = tmp_path / "book.tif"
    leaf = Image.open(photo)
    leaf.save(book, save_all=True, append_images=[leaf.rotate(180), leaf.rotate(90)])
    one = starts()
    one.begin(None)
    one.window.open_path(book)
    one.sharp()
    one.window.actions_by_name["page_previous"].trigger()
    one.until(lambda: one.state.picture.page == 2)
    one.window.close()
    two = starts()
    two.begin(None)
    two.sharp()
    assert (two.state.picture.page, two.window.opening.page) == (2, 2)


def test_a_picture_that_was_reduced_comes_back_whole_at_the_same_place(starts, tmp_path):
    large = other_photo(tmp_path, "large.png", (903, 1201))
    one = starts()
    one.begin(None)
    one.window.open_path(large)
    one.sharp()
    one.window.ground_truth.reduce(4.0)
    one.until(lambda: one.state.picture.reduced is not None)
    one.window.navigator.pan(200, 100)
    one.rest()
    before = one.state.view
    x, y = before.position_at((before.view_width / 2, before.view_height / 2))
    one.window.close()
    two = starts()
    two.begin(None)
    two.until(lambda: two.state.picture is not None)
    assert two.state.picture.width == 1201
    now = two.state.view
    assert now.scale == pytest.approx(before.scale / 4)
    assert now.position_at((now.view_width / 2, now.view_height / 2)) == pytest.approx((4 * x, 4 * y), abs=1)


def test_the_pictures_in_panes_come_back_with_the_open_one(starts, photo, tmp_path):
    gone, other = (other_photo(tmp_path, f"{name}.png") for name in ("gone", "other"))
    one = starts()
    one.begin(None)
    one.window.open_path(photo)
    one.sharp()
    one.window.actions_by_name["four"].trigger()
    guests = one.controller.looks.guests
    for pane, path in ((0, gone), (2, other)):
        one.window.pane_files.open_path(pane, path)
    one.until(lambda: sorted(guests.pictures) == [0, 2])
    one.window.close()
    gone.unlink()
    two = starts()
    two.begin(None)
    two.until(lambda: bool(two.controller.looks.guests.pictures))
    two.sharp()
    assert [(pane, p.path) for pane, p in two.controller.looks.guests.pictures.items()] == [(2, other)]
    assert two.state.picture.path == photo
    assert two.window.notice.isHidden()  # the one that is gone is passed over
    two.window.open_path(other)
    two.until(lambda: two.state.picture.path == other)
    two.window.actions_by_name["same_picture"].trigger()
    two.window.close()
    three = starts()
    three.begin(None)
    three.sharp()
    assert not three.controller.looks.guests.pictures
    assert not three.window.pane_files.busy


def test_a_named_picture_comes_fitted_whatever_was_seen_last(starts, photo, tmp_path):
    one = starts()
    one.show(photo)
    one.qtbot.keyClicks(one.window.canvas, "6")
    one.window.close()
    two = starts()
    two.show(photo)
    assert two.state.view.is_fitted


def test_a_last_picture_that_is_gone_is_passed_over(starts, photo, tmp_path):
    one = starts()
    one.show(photo)
    one.window.close()
    photo.unlink()
    two = starts()
    sample = other_photo(tmp_path, "sample.png")
    two.begin(sample)
    two.until(lambda: two.state.picture is not None)
    assert two.state.picture.path == sample


def test_nonsense_in_the_settings_file_does_no_harm(starts, photo, tmp_path):
    words = "geometry=soup layout=hundreds others=7,no method=lost split=nan last=/no/such last_page=-3 last_scale=big"
    words = f"{words} hint_starts=x theme=7 recent=5".replace(" ", "\n")
    (tmp_path / "settings.ini").write_text(f"[General]\n{words}\n")
    one = starts()
    one.begin(photo)
    one.until(lambda: one.state.picture is not None)
    assert one.state.layout is Layout.SINGLE
    assert 0 <= one.state.split <= 1
    one.sharp()


def test_light_and_dark_change_everything_at_once(stage, photo):
    stage.show(photo)
    window = stage.window
    page = window.palette().window().color().lightness()
    arrow = window.actions_by_name["next"].icon().pixmap(16, 16).toImage()
    window.actions_by_name["theme"].trigger()
    assert window.wardrobe.look == "light"
    assert window.palette().window().color().lightness() > page + 100
    assert window.actions_by_name["next"].icon().pixmap(16, 16).toImage() != arrow
    assert window.canvas.backdrop.lightness() > 200
    window.actions_by_name["theme"].trigger()
    assert window.wardrobe.look == "system"
    window.actions_by_name["theme"].trigger()
    assert window.wardrobe.look == "dark"
    assert window.palette().window().color() == theme.SURFACE
    stage.sharp()


def test_the_background_can_be_chosen(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    for name, colour in (("black", "#000000"), ("grey", "#777777"), ("white", "#ffffff"), ("theme", None)):
        stage.window.actions_by_name["background"].trigger()
        assert stage.window.wardrobe.background == name
        wanted = QColor(colour) if colour else theme.CANVAS
        assert tuple(stage.canvas_pixels()[3, 3]) == wanted.getRgb()[:3]


def test_the_error_page_helps(stage, tmp_path):
    broken = tmp_path / "Aunt Mary.png"
    broken.write_bytes(b"no picture")
    stage.window.resize(700, 500)
    stage.show(None)
    stage.window.open_path(broken)
    stage.until(lambda: stage.window.page.failed)
    page = stage.window.page
    assert page._again.isVisible()
    page._diagnostics.click()
    words = QGuiApplication.clipboard().text()
    assert "Mary" not in words
    assert str(tmp_path) not in words
    assert "Message: PICTURE.png: " in words
    for name in ("Python", "PySide6", "torch", "Renderer: Fake, float32", "Screen", "Layout: single"):
        assert name in words
    assert "not installed" not in words
    other_photo(tmp_path, "draft.png").replace(broken)
    page._again.click()
    stage.until(lambda: stage.state.picture is not None)


@pytest.mark.parametrize(
    "words",
    [
        "/home/zoe/a b.png: damaged",
        "C:\\Users\\zoe\\x.png cannot be written",
        "a b.png at /home/zoe",
        "/srv/zoe/deep/x",
        "/mnt/Aunt of zoe/out.png cannot be written",
        f"{Path.home()}/To zoe/out.png cannot be written",
        f"{Path.home()}/zoe.png cannot be written",
    ],
)
def test_diagnostics_name_nobody(words):
    shown = without_names(words, [Path("/home/zoe/a b.png")])
    assert "zoe" not in shown
    assert str(Path.home()) not in shown


def test_the_greeting_page_has_no_error_buttons(stage):
    stage.show(None)
    assert not stage.window.page._again.isVisible()
    assert not stage.window.page._diagnostics.isVisible()


def test_the_hint_goes_for_good_when_it_was_of_use(stage, photo):
    stage.show(photo)
    hint = stage.window.hint
    assert hint.isVisible()
    turn_wheel(stage.window.canvas, QPoint(200, 200), 120)
    assert hint.isVisible()
    stage.window.actions_by_name["split"].trigger()
    assert not hint.isVisible()
    assert hint.done
    stage.window.resize(700, 500)
    stage.window.open_path(photo)
    stage.sharp()
    assert not hint.isVisible()


def type_a_zoom(window):
    box = window.tools.zoom_box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "x5")
    QTest.keyClick(box, Qt.Key.Key_Return)


ZOOMS = {
    "key": lambda window: QTest.keyClick(window.canvas, Qt.Key.Key_Plus),
    "digit": lambda window: QTest.keyClick(window.canvas, Qt.Key.Key_5),
    "box": type_a_zoom,
    "double-click": lambda window: window.navigator.toggle((200.0, 200.0)),
    "pinch": lambda window: window.canvas.zoom_asked.emit((200.0, 200.0), 1.5, False),
    "region": lambda window: window.navigator.show_region((200.0, 200.0), (260.0, 250.0)),
}


@pytest.mark.parametrize("way", ZOOMS)
def test_the_hint_counts_every_way_to_zoom(stage, photo, way):
    stage.show(photo)
    ZOOMS[way](stage.window)
    assert stage.window.hint.isVisible()
    stage.window.actions_by_name["split"].trigger()
    assert stage.window.hint.done


def test_the_hint_counts_no_zoom_that_nobody_asked_for(stage, photo, tmp_path):
    """A window of another size, panes side by side, another picture."""
    stage.show(photo)
    width = stage.state.view.view_width
    stage.window.resize(900, 700)
    stage.until(lambda: stage.state.view.view_width != width)
    stage.window.actions_by_name["two"].trigger()
    other = tmp_path / "other.png"
    Image.new("RGB", (300, 300)).save(other)
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    stage.sharp()
    assert stage.window.hint.isVisible()
    assert not stage.window.hint.done


def test_the_hint_leaves_its_corner_to_the_histogram(stage, photo):
    stage.show(photo)
    stage.window.resize(900, 700)
    stage.window.actions_by_name["histogram"].trigger()
    histogram = stage.window.histogram
    stage.until(histogram.isVisible)
    for switch in (histogram.whole, histogram.log):
        middle = switch.mapTo(stage.window.canvas, switch.rect().center())
        assert stage.window.canvas.childAt(middle) is switch


def test_the_hint_can_be_closed(stage, photo):
    stage.show(photo)
    stage.qtbot.mouseClick(stage.window.hint.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert stage.window.hint.done
    assert not stage.window.hint.isVisible()


def test_the_hint_is_gone_at_the_fourth_start(starts, photo):
    seen = []
    for _ in range(4):
        one = starts()
        one.show(photo)
        seen.append(one.window.hint.isVisible())
        one.window.close()
    assert seen == [True, True, True, False]


def test_every_new_part_can_be_read_aloud(stage, photo):
    stage.show(photo)
    for widget in (stage.window.hint, stage.window.overview, *stage.window.hint.findChildren(QToolButton)):
        assert widget.accessibleName()
    assert np.all([action.text() or action.isSeparator() for action in stage.window.menu.actions()])
