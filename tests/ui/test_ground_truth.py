"""Ground truth in the real window: reduced as the papers do, the truth beside it, scores live."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from diif_viewer.geometry import Lattice
from diif_viewer.imaging.colour import rgb_to_y
from diif_viewer.imaging.metrics import psnr, ssim
from diif_viewer.imaging.pyramid import Pyramid
from diif_viewer.imaging.reduction import reduced_pair
from diif_viewer.ui import ground_truth, reduced
from diif_viewer.ui.badge import Badge
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.ground_truth import FactorDialog
from diif_viewer.ui.images import opaque
from diif_viewer.ui.reduced import TRUTH, Reduced, resampled
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, turn_wheel, view_pixels
from tests.ui.test_comparing import hold, let_go


@pytest.fixture
def large(tmp_path):
    """Large enough that a part of its reduced copy fills the window; sizes that no factor divides."""
    dice = np.random.default_rng(3)
    coarse = Image.fromarray(dice.integers(0, 255, (61, 83, 3), dtype=np.uint8))
    path = tmp_path / "large.png"
    coarse.resize((1337, 971), Image.Resampling.BICUBIC).save(path)
    return path


def ask(stage, factor):
    """Through the dialog, as people do."""
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    dialog = stage.window.findChild(FactorDialog)
    dialog.box.setText(factor)
    stage.qtbot.keyClick(dialog.box, Qt.Key.Key_Return)


def reduce(stage, factor="x4"):
    ask(stage, factor)
    stage.until(lambda: stage.state.picture.reduced is not None)
    stage.window.activateWindow()  # a window manager does so when the dialog closes
    stage.until(stage.window.isActiveWindow)


def assert_score(stage, photo, pane, factor):
    """The badge says what the papers' arithmetic gives for what is in sight."""
    low, truth = reduced_pair(source(photo), factor)
    view = stage.state.view
    window = stage.controller.areas[pane].seen(view)
    guess = expected(low, stage.state.methods[pane], view.scale, window)
    real = truth[window.top : window.bottom, window.left : window.right]
    assert guess.shape == real.shape
    guess, real = (rgb_to_y(pixels / 255.0) for pixels in (guess, real))
    stage.until(lambda: (score := stage.window.scores.of(pane)) is not None and score.ssim is not None)
    stage.until(lambda: stage.window.scores.of(pane).psnr == pytest.approx(psnr(guess, real), abs=0.02))
    stage.until(lambda: stage.window.scores.of(pane).ssim == pytest.approx(ssim(guess, real), abs=1e-3))
    assert f"{stage.window.scores.of(pane).psnr:.2f} dB, SSIM" in stage.window.badge_row.badges[pane].text


@pytest.mark.parametrize("factor", [4, 3.3])
def test_the_picture_is_reduced_as_the_papers_do_and_opens_at_that_factor(stage, large, factor):
    stage.show(large)
    stage.sharp()
    image = stage.state.picture.image
    reduce(stage, f"x{factor}")
    low, truth = reduced_pair(source(large), factor)
    np.testing.assert_array_equal(stage.state.picture.pixels, low)
    assert stage.state.picture.image != image, "the renderer must not mix up the two"
    assert stage.state.view.scale == factor
    assert f"reduced x{factor}" in stage.window.windowTitle()
    assert stage.window.actions_by_name["ground_truth"].isChecked()
    stage.sharp()
    assert_score(stage, large, 0, factor)
    stage.qtbot.keyClicks(stage.window.canvas, "T")
    stage.sharp()
    shown, window = view_pixels(stage)
    np.testing.assert_array_equal(shown, truth[window.top : window.bottom, window.left : window.right])


def test_the_view_stays_on_the_same_place_there_and_back(stage, large):
    stage.show(large)
    stage.qtbot.keyClicks(stage.window.canvas, "2")
    stage.window.navigator.pan(300, -150)
    stage.sharp()
    before = stage.state.view
    middle = before.view_width / 2, before.view_height / 2
    place = before.position_at(middle)
    reduce(stage)
    assert stage.state.view.position_at(middle) == pytest.approx((place[0] / 4, place[1] / 4), abs=0.2)
    stage.qtbot.keyClicks(stage.window.canvas, "T")
    ask_back = stage.window.actions_by_name["ground_truth"]
    ask_back.trigger()
    assert stage.state.picture.reduced is None
    assert not ask_back.isChecked()
    assert stage.state.methods == ("diif-s-lite",), "there is no truth any more"
    assert stage.state.view.position_at(middle) == pytest.approx(place, abs=1)
    np.testing.assert_array_equal(stage.state.picture.pixels, source(large))
    stage.sharp()


def test_scores_are_per_pane_and_follow_the_view(stage, large):
    stage.show(large)
    stage.sharp()
    reduce(stage)
    stage.window.actions_by_name["two"].trigger()
    stage.sharp()
    for pane in (0, 1):
        assert_score(stage, large, pane, 4)
    stage.window.navigator.pan(-180, 90)
    stage.sharp()
    for pane in (0, 1):
        assert_score(stage, large, pane, 4)
    turn_wheel(stage.window.canvas, stage.window.canvas.rect().center(), 240)
    stage.sharp()
    stage.until(lambda: all(stage.window.scores.of(pane) is not None for pane in (0, 1)))
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    assert stage.window.scores.of(1) is None, "at 100 % every method shows the same"


@pytest.mark.parametrize("layout", [Layout.SPLIT, Layout.STACKED, Layout.TWO])
def test_scores_of_the_sides_of_a_divider_say_that_they_do_not_compare(stage, large, layout):
    """They are of different places: the smoother half of a picture would seem to be shown by the better method."""
    stage.show(large)
    reduce(stage)
    stage.state.set_layout(layout)
    stage.sharp()
    badges = stage.window.badge_row.badges[:2]
    stage.until(lambda: all("SSIM" in badge.text for badge in badges))
    assert all(("(this side)" in badge.text) is layout.divided for badge in badges)


def test_the_status_file_says_the_scores(stage, large, tmp_path):
    stage.window.report._path = tmp_path / "status.json"
    stage.show(large)
    stage.sharp()
    reduce(stage)
    stage.until(lambda: (score := stage.window.scores.of(0)) is not None and score.ssim is not None)
    pane = json.loads((tmp_path / "status.json").read_text())["panes"][0]
    assert pane["psnr"] == round(stage.window.scores.of(0).psnr, 2)
    assert pane["ssim"] == round(stage.window.scores.of(0).ssim, 4)


def test_holding_space_shows_the_truth(stage, large):
    stage.show(large)
    stage.sharp()
    reduce(stage)
    stage.sharp()
    hold(stage)
    assert stage.state.methods == (TRUTH,)
    assert stage.controller.sharp, "the truth of the view is there already"
    assert stage.window.badge_row.badges[0].text.startswith("Truth")
    let_go(stage)
    assert stage.state.methods == ("diif-s-lite",)
    stage.sharp()


def truth_is_offered(badge: Badge) -> bool:
    badge._menu.aboutToShow.emit()
    return any(action.data() == TRUTH for action in badge._group.actions())


def test_without_a_reduced_picture_there_is_no_truth_to_choose(stage, large):
    stage.show(large)
    stage.sharp()
    stage.qtbot.keyClicks(stage.window.canvas, "T")
    stage.state.set_method(TRUTH)
    assert stage.state.methods == ("diif-s-lite",)
    assert not truth_is_offered(stage.window.badge_row.badges[0])
    reduce(stage)
    assert truth_is_offered(stage.window.badge_row.badges[0])
    stage.sharp()


def test_another_picture_ends_it(stage, large, photo):
    stage.show(large)
    stage.sharp()
    reduce(stage)
    stage.window.actions_by_name["two"].trigger()
    stage.state.set_method(TRUTH, 0)
    stage.window.opening.open_path(photo)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    assert stage.state.methods == ("bicubic", "diif-s-lite")
    assert not stage.window.actions_by_name["ground_truth"].isChecked()
    stage.sharp()


@pytest.mark.parametrize("words", ["", "x1", "0.5", "x65", "four", "x40"])
def test_the_dialog_takes_no_factor_that_leaves_nothing(stage, photo, words):
    stage.show(photo)
    stage.sharp()
    ask(stage, words)
    dialog = stage.window.findChild(FactorDialog)
    assert dialog.isVisible(), "it is still there to be mended"
    assert dialog.factor is None
    assert not dialog._go.isEnabled()
    dialog.reject()
    assert stage.state.picture.reduced is None


def test_a_picture_opened_meanwhile_wins(stage, large, photo):
    stage.show(large)
    stage.sharp()
    ask(stage, "x2")
    stage.window.opening.open_path(photo)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    stage.until(lambda: not stage.window.ground_truth.busy)
    assert stage.state.picture.name == "photo.png" or stage.state.picture.reduced is None
    stage.sharp()


def test_of_two_factors_chosen_in_a_row_the_second_counts(stage, large, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(picture, factor):
        begun.set()
        assert go_on.wait(20)
        return reduced.reduce(picture, factor)

    monkeypatch.setattr(ground_truth, "reduce", slowly)
    stage.show(large)
    stage.sharp()
    stage.window.ground_truth.reduce(2.0)
    stage.until(begun.is_set)
    stage.window.ground_truth.reduce(4.0)
    go_on.set()
    stage.until(lambda: not stage.window.ground_truth.busy)
    assert stage.state.picture.reduced.factor == 4
    assert stage.state.picture.width == 1337 // 4
    assert stage.state.view.scale == 4
    stage.sharp()


@pytest.mark.parametrize("factor", [2.0, 3.3, 4.0, 7.7])
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.0, 3.3, 30.0])
def test_the_truth_lies_where_the_reduced_picture_lies(factor, scale):
    """On every lattice of the reduced picture: the same window, and the same place in the scene."""
    y, x = np.mgrid[0:133, 0:171]
    slope = (np.stack([x, y, x + y], axis=2) // 2 + 40).astype(np.uint8)
    low, truth = reduced_pair(slope, factor)
    made = Reduced(Pyramid(low), Pyramid(truth), factor, None)
    lattice = Lattice.of_scale(*low.shape[:2], scale)
    whole = resampled(made, TRUTH, lattice, lattice.window)
    assert whole.shape == (lattice.y.count, lattice.x.count, 3)
    if scale == factor:
        rows, columns = min(len(whole), len(truth)), min(whole.shape[1], truth.shape[1])
        np.testing.assert_array_equal(whole[:rows, :columns], truth[:rows, :columns])
    bicubic = resampled(made, "bicubic", lattice, lattice.window)
    edge = int(np.ceil(3 * max(scale, 1)))
    inside = np.s_[edge:-edge, edge:-edge]
    assert np.abs(whole[inside].astype(int) - bicubic[inside]).max(initial=0) <= 3, "a slope looks alike, both ways"
    assert not opaque(whole).isNull()


def test_leaving_the_truth_brings_back_what_was_chosen_before_it(stage, large, photo, tmp_path):
    """Or leaves it to the file, if that had decided, for the next picture too."""
    Image.open(large).save(tmp_path / "a.jpg")
    Image.open(photo).save(tmp_path / "b.jpg")
    stage.show(tmp_path / "a.jpg")
    for chosen in (None, "liif-lite"):
        if chosen:
            stage.state.set_method(chosen)
        before = stage.state.chosen
        reduce(stage)
        stage.window.actions_by_name["method_truth"].trigger()
        assert stage.state.chosen == (TRUTH,)
        assert stage.state.chosen_method == chosen
        stage.window.ground_truth.leave()
        assert (stage.state.chosen, stage.state.chosen_method) == (before, chosen)
    stage.state.set_method("diif-s-lite-photo")
    reduce(stage)
    stage.window.actions_by_name["method_truth"].trigger()
    stage.show(tmp_path / "b.jpg")
    stage.until(lambda: stage.state.picture.path.name == "b.jpg")
    assert (stage.state.chosen, stage.state.chosen_method) == (("diif-s-lite-photo",), None)


@pytest.mark.parametrize("first", ["file", "truth"])
def test_another_file_in_a_pane_has_no_truth(stage, large, photo, first):
    stage.show(large)
    stage.state.set_layout(Layout.TWO)
    reduce(stage)
    state, badge = stage.state, stage.window.badge_row.badges[0]
    state.set_active(0)
    truth = stage.window.actions_by_name["method_truth"]
    assert truth.isEnabled()
    if first == "truth":
        truth.trigger()
        assert state.chosen[0] == TRUTH
    stage.window.pane_files.open_path(0, photo)
    stage.until(lambda: bool(stage.controller.looks.guests))
    assert state.chosen[0] == "bicubic"
    assert not truth.isEnabled()
    assert not truth_is_offered(badge)
    state.set_method(TRUTH, 0)
    assert state.chosen[0] == "bicubic"
    stage.sharp()
    state.set_active(1)
    assert truth.isEnabled()


def test_reading_again_keeps_what_is_in_sight(stage, large):
    stage.show(large)
    reduce(stage)
    stage.window.navigator.zoom_to(8.0)
    stage.rest()

    def in_sight() -> list[float]:
        view, picture = stage.state.view, stage.state.picture
        (left, top), (right, bottom) = view.position_at((0, 0)), view.position_at((view.view_width, view.view_height))
        return [left / picture.width, top / picture.height, right / picture.width, bottom / picture.height]

    before = in_sight()
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: stage.state.picture.reduced is None)
    assert stage.state.view.scale == pytest.approx(2)
    assert in_sight() == pytest.approx(before, abs=0.01)
