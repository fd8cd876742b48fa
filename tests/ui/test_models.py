"""The models' dialog: cards, adding what can be used and refusing the rest, removing, panes, the device."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from diif_viewer.engine.messages import (
    CropRequest,
    ExportRequest,
    FilmProbe,
    FilmRequest,
    ProbeRequest,
    Ready,
    ViewRequest,
)
from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Window
from diif_viewer.models import shelf
from diif_viewer.models.cards import card, quality, read_header
from diif_viewer.models.registry import METHODS, SHIPPED, default_method
from diif_viewer.paths import shipped
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.device_box import DeviceBox
from diif_viewer.ui.export_dialog import ExportDialog
from diif_viewer.ui.keys_dialog import KeysDialog
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.scene import DIFFERENCE
from diif_viewer.ui.shortcut_list import shortcut_lines
from diif_viewer.zoom_path import ZoomPath
from tests.ui.conftest import image_format, to_array

LITE = shipped("weights") / "diif-s-lite.safetensors"


def drop(window, *files):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    point, action = QPointF(9, 9), Qt.DropAction.CopyAction
    window.dropEvent(QDropEvent(point, action, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))


@pytest.fixture
def dialog(stage):
    stage.show(None)
    stage.window.actions_by_name["models"].trigger()
    yield stage.window.models.dialog
    if stage.window.models.dialog is not None:
        stage.window.models.dialog.reject()


def test_cards_of_shipped_models_are_complete_and_need_no_torch(qapp):
    columns, values = quality()
    for method in SHIPPED:
        known = card(method.name)
        assert known.shipped
        assert known.encoder
        assert known.decoder
        assert known.licence
        assert known.training["data"]
        assert len(values[method.name]) == len(columns) > 0
        assert ("", "cpu") in known.default_for or method.name != default_method()


def test_parameters_are_counted_from_the_header(qapp):
    from diif_viewer.models.checkpoint import load_checkpoint

    model = load_checkpoint(LITE)
    assert card("diif-s-lite").parameters == sum(value.numel() for value in model.state_dict().values())


@pytest.mark.parametrize(
    "bytes_", [b"", b"\xff" * 40, (9).to_bytes(8, "little") + b"[1, 2, 3]", b"\x02" + b"\0" * 7 + b"{"]
)
def test_a_header_that_is_none_is_one_sentence(tmp_path, bytes_):
    file = tmp_path / "x.safetensors"
    file.write_bytes(bytes_)
    with pytest.raises(CheckpointError, match=r"^x\.safetensors: not a whole safetensors file"):
        read_header(file)


def test_the_dialog_tells_of_every_model(dialog):
    shown = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert shown[:3] == ["LIIF", "DIIF", "DIIF-S · Default"]
    dialog.list.setCurrentRow(2)
    words = dialog.text.toPlainText()
    for expected in ("openly licensed photographs", "MIT", "670", "Set5 x4", "Bicubic", "Not seen yet"):
        assert expected in words
    assert not dialog.remove_button.isEnabled()


def test_a_model_is_added_shown_in_a_pane_and_removed(stage, photo, tmp_path):
    stage.show(photo)
    window, state = stage.window, stage.state
    own = tmp_path / "my model (2).safetensors"
    shutil.copy(LITE, own)
    with stage.qtbot.waitSignal(window.models.added.added, timeout=60_000):
        drop(window, own)
    assert window.notice.text == "my-model-2 was added; every pane can show it."
    assert shelf.held()["my-model-2"].read_bytes() == LITE.read_bytes()
    assert state.picture.name == photo.name, "the drop was no picture"
    badge = window.badge_row.badges[0]
    badge._menu.aboutToShow.emit()
    offered = [action.data() for action in badge._group.actions()]
    assert offered[-1] == "my-model-2"
    assert TRUTH not in offered
    badge._group.actions()[-1].trigger()
    assert state.methods == ("my-model-2",)
    stage.qtbot.keyClicks(window.canvas, "4")
    stage.sharp()
    assert badge.text.startswith("my-model-2")
    assert window.models.speeds.of("my-model-2") is not None
    window.actions_by_name["export"].trigger()
    (export,) = window.findChildren(ExportDialog)
    assert "my-model-2" in export.name.text(), "what is saved is what is seen"
    export.reject()
    renderers = len(stage.fakes)
    window.actions_by_name["models"].trigger()
    dialog = window.models.dialog
    dialog.fill("my-model-2")
    assert dialog.list.currentItem().text() == "my-model-2 · Added"
    dialog.remove_button.click()
    assert state.methods == (default_method(),)
    assert "my-model-2" not in shelf.held()
    stage.until(lambda: len(stage.fakes) == renderers + 1)
    stage.sharp()
    dialog.reject()


def brightest(label) -> int:
    """The lightest pixel of a label, on dark ground."""
    return int(to_array(label.grab().toImage().convertToFormat(image_format())).max())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x.safetensors", "x.safetensors: not a whole safetensors file"),
        ("x.pth", "x.pth: "),
        ("diif-lite.safetensors", "diif-lite is the name of a model"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(stage, dialog, tmp_path, name, sentence):
    (tmp_path / name).write_bytes(LITE.read_bytes() if "lite" in name else b"nonsense")
    before = brightest(dialog.words)
    with stage.qtbot.waitSignal(stage.window.models.added.refused, timeout=60_000):
        drop(dialog, tmp_path / name)
    assert dialog.words.text().startswith(sentence)
    assert brightest(dialog.words) > before + 30, "it stands out from the advice that was there"
    assert dialog.list.count() == len(SHIPPED)
    assert shelf.held() == {}


def test_a_public_checkpoint_is_added_and_its_card_told(stage, dialog, tmp_path):
    import torch

    from tests.models.test_checkpoint import public

    torch.save(public(), tmp_path / "edsr-liif.pth")
    with stage.qtbot.waitSignal(stage.window.models.added.added, timeout=60_000):
        drop(dialog, tmp_path / "edsr-liif.pth")
    assert dialog.name == "edsr-liif"
    told = dialog.text.toPlainText()
    assert "edsr with liif" in told
    assert "The file does not say." in told
    dialog.reject()
    stage.window.actions_by_name["models"].trigger()
    again = stage.window.models.dialog
    with stage.qtbot.waitSignal(stage.window.models.added.described, timeout=60_000):
        again.fill("edsr-liif")  # only a process with torch can tell what is in it
    assert again.text.toPlainText() == told


def test_nothing_is_said_of_a_model_that_was_removed_while_it_was_read(stage, dialog, tmp_path):
    """The card of a .pth is read anew in each session, which takes seconds."""
    added, told = stage.window.models.added, []
    for name in ("first", "second"):
        shelf.folder().mkdir(parents=True, exist_ok=True)
        shutil.copy(LITE, shelf.folder() / f"{name}.safetensors")
        added.describe(name)
    added.refused.connect(told.append)
    added.described.connect(lambda name, _: told.append(name))
    assert added.busy == "first"
    added.remove("first")
    assert added.busy == "second"
    stage.qtbot.waitUntil(lambda: not added.busy, timeout=60_000)  # it loads torch
    assert told == ["second"]


def test_closing_the_window_ends_the_process_that_reads_a_model(stage, dialog, tmp_path):
    shutil.copy(LITE, tmp_path / "mine.safetensors")
    drop(dialog, tmp_path / "mine.safetensors")
    assert stage.window.models.added.busy == "mine.safetensors"
    dialog.reject()
    stage.close()
    assert stage.window.models.added._process is None


def test_another_device_starts_another_renderer_and_is_remembered(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.sharp()
    client, settings = stage.controller.client, stage.window.settings
    box = DeviceBox(stage.controller, settings)
    stage.qtbot.addWidget(box)
    client.devices = (("cpu", "CPU"), ("cuda:0", "NVIDIA H100"))
    client.description = "CPU, 2 threads, float32"
    client.ready.emit(Ready("cpu", "float32", client.description, client.devices))
    assert [box.itemText(row) for row in range(box.count())] == [
        "Automatic (CPU, 2 threads, float32)",
        "CPU",
        "NVIDIA H100",
    ]
    box.setCurrentIndex(2)
    box.activated.emit(2)
    stage.until(lambda: len(stage.fakes) == 2)
    assert stage.fake.device == "cuda:0"
    assert settings.text("device") == "cuda:0"
    stage.sharp()
    stage.controller.client._end("The renderer could not start: there is no such device.")
    assert stage.window.notice.text.endswith("there is no such device.")
    stage.window.notice._action.click()
    stage.until(lambda: len(stage.fakes) == 3)
    assert stage.fake.device == "auto"
    stage.sharp()


def held(*names):
    shelf.folder().mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(LITE, shelf.folder() / f"{name}.safetensors")


def test_added_models_have_keys_which_stay_theirs_and_can_be_changed(stage, photo, tmp_path):
    stage.show(photo)
    window, state, keys = stage.window, stage.state, stage.window.keys
    assert "method_mine" not in keys
    shutil.copy(LITE, tmp_path / "mine.safetensors")
    with stage.qtbot.waitSignal(window.models.added.added, timeout=60_000):
        window.opening.open_paths([tmp_path / "mine.safetensors"])
    assert state.picture.name == photo.name, "weights are added, not looked at"
    assert keys.shown("method_mine") == "Ctrl+1"
    stage.qtbot.keyClick(window.canvas, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert state.methods == ("mine",)
    badge = window.badge_row.badges[0]
    badge._menu.aboutToShow.emit()
    assert "mine\tCtrl+1" in [action.text() for action in badge._group.actions()]
    held("a-first")  # by another program meanwhile: in the list of names before the other
    window.model_actions.follow()
    assert (keys.shown("method_mine"), keys.shown("method_a-first")) == ("Ctrl+1", "Ctrl+2")
    lines = [line for _, group in shortcut_lines(keys) for line in group]
    assert ("Ctrl+2", "a-first") in lines
    dialog = KeysDialog(keys, window)
    stage.qtbot.addWidget(dialog)
    assert {"mine", "a-first"} <= {item.text(0) for item in dialog.items()}
    keys.choose("method_mine", ("Y",))
    stage.qtbot.keyClicks(window.canvas, "s")
    stage.qtbot.keyClicks(window.canvas, "y")
    assert state.methods == ("mine",)
    window.models.added.remove("mine")
    assert "method_mine" not in window.actions_by_name
    assert keys.holder("Y") is None
    assert state.methods == (default_method(),)


def test_keys_of_added_models_are_remembered(stage):
    held("one", "two")
    stage.window.model_actions.follow()
    stage.window.keys.choose("method_two", ("Y",))
    settings = stage.window.settings
    (shelf.folder() / "one.safetensors").rename(shelf.folder() / "zero.safetensors")
    viewer = Viewer(spawn=stage._spawn, settings=settings)
    try:
        keys = viewer.window.keys
        assert keys.of("method_two") == ("Y",)
        keys.reset()
        assert (keys.of("method_two"), keys.of("method_zero")) == (("Ctrl+2",), ("Ctrl+1",))
    finally:
        viewer.window.close()
        viewer.window.deleteLater()


def test_added_models_never_share_a_key(stage):
    window, keys, settings = stage.window, stage.window.keys, stage.window.settings
    held("mine")
    window.model_actions.follow()
    keys.choose("method_mine", ("Y",))
    held("other")
    window.model_actions.follow()
    keys.reset("method_mine")
    assert (keys.of("method_mine"), keys.of("method_other")) == (("Ctrl+1",), ("Ctrl+2",))
    settings.put("model_keys/zero", "Ctrl+2")  # two that remember one key
    settings.put("model_keys/zulu", "Ctrl+7")
    held("new", "zero", "zulu")
    window.model_actions.follow()
    given = {name: keys.of(f"method_{name}") for name in ("new", "zero", "zulu")}
    assert given == {"zero": ("Ctrl+3",), "zulu": ("Ctrl+7",), "new": ("Ctrl+4",)}
    assert settings.text("model_keys/zero") == "Ctrl+3"


def test_a_key_that_was_remembered_goes_to_nobody_else(stage):
    """Also when a model came while the program did not run."""
    stage.window.settings.put("model_keys/old", "Ctrl+1")
    held("a-new", "old")
    stage.window.model_actions.follow()
    keys = stage.window.keys
    assert (keys.of("method_a-new"), keys.of("method_old")) == (("Ctrl+2",), ("Ctrl+1",))


def test_what_the_window_shows_by_a_name_is_no_model(stage, photo):
    assert {TRUTH, DIFFERENCE, *METHODS} <= shelf.RESERVED
    held("truth", "difference", "mine")
    assert list(shelf.held()) == ["mine"]
    for name in ("truth", "difference"):
        with pytest.raises(CheckpointError, match=f"^{name} is the name of"):
            shelf.add(LITE, name)


@pytest.mark.parametrize("way", ["interrupted", "crop", "probe", "film"])
def test_nothing_of_a_removed_model_stays_though_no_view_of_it_was_completed(stage, photo, way):
    held("mine", "other")
    stage.window.model_actions.follow()
    stage.show(photo)
    stage.sharp()
    stage.window.navigator.zoom_to(6.0)
    stage.sharp()
    stage.gate.clear()
    client, picture, view = stage.controller.client, stage.state.picture, stage.state.view
    window = Window(0, 0, 9, 9)
    export = ExportRequest(client.job(), picture.image, "mine", 2.0, window, "never.png")
    match way:
        case "interrupted":
            stage.state.set_method("mine")
            stage.until(lambda: any(order.model == "mine" for order in stage.fake.of_kind(ViewRequest)))
        case "crop":
            client.send(CropRequest(client.job(), picture.image, "mine", view.lattice, window))
        case "probe":
            client.send(ProbeRequest(1, export, window))
        case "film":
            film = FilmRequest(client.job(), picture.image, "mine", ZoomPath(view, view), "never.mp4")
            client.send(FilmProbe(1, film, 64))
    stage.window.models.added.remove("other")
    assert len(stage.fakes) == 1, "it made nothing"
    stage.window.models.added.remove("mine")
    stage.gate.set()
    stage.until(lambda: len(stage.fakes) == 2)
    stage.sharp()


def test_a_model_that_takes_the_place_of_one_removed_elsewhere_is_computed_anew(stage, photo):
    held("mine")
    stage.window.model_actions.follow()
    stage.show(photo)
    stage.state.set_method("mine")
    stage.window.navigator.zoom_to(6.0)
    stage.sharp()
    stage.window.models.added.added.emit("mine", {})
    stage.until(lambda: len(stage.fakes) == 2)
    stage.sharp()
    assert any(view.model == "mine" for view in stage.fake.of_kind(ViewRequest))


@pytest.mark.parametrize("way", ["chosen", "dialog"])
def test_weights_that_were_replaced_in_place_are_computed_anew(stage, photo, way):
    held("mine", "other")
    stage.window.models.added.added.emit("mine", {})
    stage.show(photo)
    stage.state.set_method("mine")
    stage.window.navigator.zoom_to(6.0)
    stage.sharp()
    stage.state.set_method("bicubic")
    shutil.copy(LITE.with_name("liif-lite.safetensors"), shelf.folder() / "other.safetensors")
    stage.state.set_method("other")
    assert len(stage.fakes) == 1, "nothing was made by that one yet"
    shutil.copy(LITE.with_name("liif-lite.safetensors"), shelf.folder() / "mine.safetensors")
    stage.window.exports._jobs[99] = photo
    stage.state.set_method("lanczos")
    assert len(stage.fakes) == 1, "an export is under way"
    stage.window.exports._jobs.clear()
    if way == "chosen":
        stage.state.set_method("mine")
    else:
        stage.window.models.show()
        stage.window.models.dialog.reject()
    stage.until(lambda: len(stage.fakes) == 2)
    stage.state.set_method("mine")
    stage.sharp()
    assert any(view.model == "mine" for view in stage.fake.of_kind(ViewRequest))
    assert len(stage.fakes) == 2


def test_keys_lead_through_all_methods_and_back(stage, photo):
    held("mine")
    stage.window.model_actions.follow()
    stage.show(photo)
    seen = []
    for _ in range(len(METHODS) + 1):
        stage.qtbot.keyClicks(stage.window.canvas, "v")
        seen.append(stage.state.methods[0])
    assert sorted(seen) == sorted([*METHODS, "mine"]), "each once; the truth is not known"
    assert seen[-1] == default_method()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    assert stage.state.methods[0] == seen[-2]
