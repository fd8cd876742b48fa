"""`view` without a display: one line, a picture of the same view, exit 0."""

from __future__ import annotations

import io
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from diif_viewer.cli import contact_sheet, display, main
from diif_viewer.cli.display import has_display, missing_library, x11_addresses
from diif_viewer.geometry import Lattice, Window

NO_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in NO_DISPLAY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": "nonsense"}, "linux", False),
        ({"DISPLAY": ":4711"}, "linux", False),  # left over: nobody listens there
        ({"DISPLAY": "localhost:4711.0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "no-such-socket", "XDG_RUNTIME_DIR": "/tmp"}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_where_a_window_can_be_shown(environment: dict[str, str], platform: str, expected: bool) -> None:
    assert has_display(environment, platform) is expected


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in the file system here")
def test_a_display_server_that_listens_is_found() -> None:
    folder = tempfile.mkdtemp()  # a socket's path must be short
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(f"{folder}/wayland-0")
        server.listen()
        assert has_display({"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": folder}, "linux")
        assert has_display({"WAYLAND_DISPLAY": f"{folder}/wayland-0", "XDG_RUNTIME_DIR": "/elsewhere"}, "linux")
    finally:
        server.close()
        shutil.rmtree(folder)


def test_where_an_x_server_listens() -> None:
    assert x11_addresses(":0") == x11_addresses("unix:0.0") == ["\0/tmp/.X11-unix/X0", "/tmp/.X11-unix/X0"]
    assert x11_addresses("localhost:10.0") == [("localhost", 6010)]
    assert x11_addresses("tcp/far:1") == [("far", 6001)]
    assert x11_addresses("") == x11_addresses("0") == x11_addresses(":x") == []


def test_without_a_display_the_sample_goes_into_a_picture(
    headless: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_sheet, "PANE_HEIGHT", 96)
    monkeypatch.setattr(contact_sheet, "PANE_WIDTH", 120)
    assert main([]) == 0
    shown = capsys.readouterr()
    (path,) = shown.out.splitlines()
    assert shown.err.startswith("There is no display, so the view goes into a picture file.\n")
    assert Path(path).parent == headless
    with Image.open(path) as sheet:
        margin = contact_sheet.MARGIN
        assert sheet.size == (margin + 4 * (120 + margin), 96 + 2 * contact_sheet.CAPTION)
        pixels = np.asarray(sheet)
    panes = [pixels[44 : 44 + 96, margin + k * (120 + margin) :][:, :120] for k in range(4)]
    assert all(pane.std() > 20 for pane in panes), "the panes show detail"
    for left in range(4):
        for right in range(left):
            assert not np.array_equal(panes[left], panes[right])


def test_of_a_folder_the_first_picture(headless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheet, "PANE_HEIGHT", 40)
    monkeypatch.setattr(contact_sheet, "PANE_WIDTH", 40)
    (headless / "photos").mkdir()
    for name in ("photo-10.png", "photo-9.png"):
        Image.new("RGB", (9, 7)).save(headless / "photos" / name)
    assert main(["photos"]) == 0
    assert (headless / "photo-9-view-x12.png").is_file()


def test_a_missing_picture_is_one_sentence(headless: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such.jpg"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: no-such.jpg: ")
    assert list(headless.iterdir()) == []


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_every_kind_of_picture_has_a_sheet(mode: str, headless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheet, "PANE_HEIGHT", 40)
    monkeypatch.setattr(contact_sheet, "PANE_WIDTH", 40)
    ramp = np.arange(9 * 7, dtype=np.uint16).reshape(9, 7)
    image = (
        Image.fromarray(ramp * 900) if mode == "I;16" else Image.fromarray((ramp * 4).astype(np.uint8)).convert(mode)
    )
    image.save("small.png")
    assert main(["small.png"]) == 0
    assert (headless / "small-view-x12.png").is_file()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (5, 5)])
def test_tiny_pictures_have_a_view(shape: tuple[int, int]) -> None:
    lattice = Lattice.of_scale(*shape, 12)
    window = contact_sheet.most_detailed(np.zeros((*shape, 3), np.uint8), lattice, 600, 456)
    assert window
    assert lattice.window.contains(window)


def test_the_view_goes_where_the_detail_is() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[200:230:2, 310:350:2] = 255
    lattice = Lattice.of_scale(300, 400, 12)
    window = contact_sheet.most_detailed(pixels, lattice, 600, 456)
    busy = Window(200 * 12, 310 * 12, 230 * 12, 350 * 12)
    assert window.intersected(busy).area > 0.9 * min(busy.area, window.area)


def test_a_library_that_qt_lacks_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(path: str) -> object:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(display.ctypes, "CDLL", load)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr("diif_viewer.cli.view.has_display", lambda environment, platform: True)
    assert main(["photo.jpg"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: Qt cannot open a window here: libxcb-cursor.so.0: cannot open")
    assert shown.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the plugin is Linux's")
def test_here_qt_lacks_nothing() -> None:
    assert missing_library({"DISPLAY": ":0"}, "linux") is None


def test_a_window_that_cannot_open_says_what_to_install(
    headless: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diif_viewer.cli import libraries, view

    monkeypatch.setattr(view, "has_display", lambda *_: True)
    monkeypatch.setattr(view, "missing_library", lambda *_: "libEGL.so.1: cannot open shared object file")
    monkeypatch.setattr(libraries, "loads", lambda name: name != "libEGL.so.1")
    assert main([]) == 1
    shown = capsys.readouterr().err
    assert shown == (
        "error: Qt cannot open a window here: libEGL.so.1: cannot open shared object file. "
        "On Debian and Ubuntu type: sudo apt-get install libegl1.\n"
    )


def test_standard_input_stands_alone(capsys) -> None:
    assert main(["-", "photo.jpg"]) == 1
    assert "Standard input (-) is one picture; name no others beside it." in capsys.readouterr().err


def test_a_picture_by_standard_input_is_shown_and_nothing_of_it_stays(
    headless: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[object] = []

    def show(paths: list[str], method: str | None, *, greeting: str, piped: Path) -> int:
        with Image.open(piped) as image:
            seen.extend((image.size, piped))
        return 0

    held = io.BytesIO()
    Image.new("RGB", (31, 17), "red").save(held, "PNG")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(held.getvalue())))
    monkeypatch.setattr("diif_viewer.cli.view.has_display", lambda *_: True)
    monkeypatch.setattr("diif_viewer.cli.view.missing_library", lambda *_: "")
    monkeypatch.setattr("diif_viewer.ui.app.run", show)
    assert main(["-"]) == 0
    assert seen[0] == (31, 17)
    assert isinstance(seen[1], Path)
    assert not seen[1].parent.exists()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO()))
    assert main(["-"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: Standard input holds no picture."
