"""`doctor` reports facts, and says what is amiss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diif_viewer.cli import doctor, main


@pytest.fixture(autouse=True)
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")


def test_a_machine_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    for word in ("torch 2", "PySide6", "no display", "GiB free", "diif-s-lite", "outputs a step"):
        assert word in shown


def test_scripts_read_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["advice"] == []
    assert {"program", "system", "packages", "window", "device", "memory", "weights", "cache"} <= set(report["facts"])
    monkeypatch.setattr(doctor, "shipped", lambda folder: tmp_path)
    assert main(["doctor", "--json"]) == 1
    assert "weights" in json.loads(capsys.readouterr().out)["advice"][0]


def test_a_report_to_paste_names_no_home(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "zoe"
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setattr(doctor, "shipped", lambda folder: home / "diif" / folder)
    for words in (["doctor"], ["doctor", "--json"]):
        assert main(words) == 1
        shown = capsys.readouterr().out
        assert "zoe" not in shown
        assert "~/.cache/diif-viewer" in shown
        assert "are not in ~/diif/weights" in shown


def test_a_window_that_opens(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert main(["doctor"]) == 0
    assert "Qt platform offscreen" in capsys.readouterr().out


def test_a_qt_that_aborts_is_reported_not_suffered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    assert main(["doctor"]) == 1
    assert "! Qt cannot open a window" in capsys.readouterr().out


def test_missing_weights_and_packages_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def version(package: str) -> str:
        if package == "safetensors":
            raise doctor.PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr(doctor, "shipped", lambda folder: tmp_path)
    monkeypatch.setattr(doctor, "version", version)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "! safetensors is not installed" in shown
    assert "! The weights of liif-lite, diif-lite, diif-s-lite, diif-s-lite-photo, liif-edsr-baseline, " in shown


def test_the_packages_to_install_are_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from diif_viewer.cli import display, libraries

    monkeypatch.setattr(display, "has_display", lambda *_: True)
    monkeypatch.setattr(display, "missing_library", lambda *_: "libxcb-cursor.so.0: cannot open shared object file")
    monkeypatch.setattr(libraries, "loads", lambda name: name not in ("libxcb-cursor.so.0", "libEGL.so.1"))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "sudo apt-get install libegl1 libxcb-cursor0." in shown


def test_little_memory_is_advised_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import namedtuple

    from diif_viewer.engine import device

    monkeypatch.setattr(device, "available_memory", lambda: 300 << 20)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(8 << 20))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "! Only 0.3 GiB of memory are free" in shown
    assert "! /dev/shm has 8 MB free" in shown


def test_devices_and_a_forced_dtype_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diif_viewer.engine import device

    monkeypatch.setattr(device, "present", lambda: (("cpu", "CPU"), ("cuda:0", "A Card"), ("cuda:1", "Another")))
    monkeypatch.setenv("DIIF_VIEWER_DTYPE", "float32")
    device.fast_compute.cache_clear()
    try:
        assert main(["doctor", "--json"]) == 0
    finally:
        device.fast_compute.cache_clear()
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert facts["devices"] == "cpu, cuda:0 (A Card), cuda:1 (Another)"
    assert facts["dtype"].startswith("float32")
    assert facts["processor"]


@pytest.mark.parametrize(
    ("reason", "compiler", "told"),
    [
        (None, "/usr/bin/gcc", "compiled by Triton"),
        (None, None, "none: Triton finds neither gcc nor clang"),
        ("Triton is not installed", "/usr/bin/gcc", "none: Triton is not installed; plain torch"),
    ],
)
def test_what_a_gpu_s_kernels_lack_is_told(monkeypatch: pytest.MonkeyPatch, reason, compiler, told) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: compiler if name == "gcc" else None)
    monkeypatch.setattr("diif_viewer.engine.gpu.painter.hindrance", lambda device: reason)
    assert doctor._compiled_for_gpu("cuda").startswith(told)
