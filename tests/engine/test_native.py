"""The compiled kernel: held to the plain decoder in float32, found or done without."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import diif_viewer as dv
from diif_viewer.engine.decoders.common import Decoder
from diif_viewer.engine.device import Compute
from diif_viewer.engine.model import Model, pack_decoder
from diif_viewer.engine.native import library as found
from diif_viewer.engine.native.fine import WIDTHS, NativeFine
from diif_viewer.engine.native.library import Form, Kernels
from diif_viewer.engine.native.products import Work
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.liif import Liif
from tests.engine.native import HERE, by, each_form, needs_kernels, tolerance

HEIGHT, WIDTH, CHANNELS = 75, 90, 16


def diif_s(hidden: int, knots: int = 2) -> torch.nn.Module:
    made = DiifS(CHANNELS, hidden, knots)
    assert isinstance(made.imnet.tail[4], torch.nn.Linear)
    torch.nn.init.normal_(made.imnet.tail[4].weight, std=0.2)  # it starts at zero, where nothing shows
    return made


def diif_s_one_knot(hidden: int) -> torch.nn.Module:
    return diif_s(hidden, 1)


def diif(hidden: int) -> torch.nn.Module:
    return Diif(CHANNELS, hidden)


def diif_constant(hidden: int) -> torch.nn.Module:
    return Diif(CHANNELS, hidden, order="constant")


def liif(hidden: int) -> torch.nn.Module:
    return Liif(CHANNELS, (hidden,) * 4)


def liif_alone(hidden: int) -> torch.nn.Module:
    return Liif(CHANNELS, (hidden,) * 2, local_ensemble=False, feat_unfold=False, cell_decode=False)


KINDS: tuple[Callable[[int], torch.nn.Module], ...] = (diif_s, diif_s_one_knot, diif, diif_constant, liif, liif_alone)


class Decoders:
    """One network as a form of the kernels decodes it and as plain torch does in float32, each on maps of its own."""

    def __init__(self, form: Form, kind: Callable[[int], torch.nn.Module], hidden: int) -> None:
        self.form = form
        torch.manual_seed(hidden)
        network = kind(hidden).requires_grad_(False)
        values = torch.randn(HEIGHT, WIDTH, CHANNELS)
        with by(form):
            self.native, self.native_maps = self._packed(network, values, form.dtype)
        with by(None):
            self.plain, self.plain_maps = self._packed(network, values, torch.float32)

    @staticmethod
    def _packed(network: torch.nn.Module, values: Tensor, dtype: torch.dtype) -> tuple[Decoder, Plane]:
        decoder = pack_decoder(network, dtype)
        features = Plane(BlockCache(1 << 28), Window(0, 0, HEIGHT, WIDTH), lambda w: _padded(values, w).to(dtype))
        return decoder, decoder.plane(BlockCache(1 << 28), features)

    def both(self, lattice: Lattice, window: Window) -> tuple[Tensor, Tensor]:
        """Colours by the kernels and by plain torch."""
        with torch.inference_mode():
            return (
                self.native.render(self.native_maps, lattice, window),
                self.plain.render(self.plain_maps, lattice, window),
            )


def _padded(values: Tensor, window: Window) -> Tensor:
    """`values` on whole blocks, which reach beyond the picture."""
    made = torch.zeros(window.height, window.width, values.shape[-1])
    inside = values[window.top : window.bottom, window.left : window.right]
    made[: inside.shape[0], : inside.shape[1]] = inside
    return made


def _words(case: tuple[Form, Callable[[int], torch.nn.Module], int]) -> str:
    return f"{case[0].name}-{case[1].__name__}-{case[2]}"


@pytest.fixture(scope="module", params=itertools.product(HERE, KINDS, WIDTHS), ids=_words)
def decoders(request: pytest.FixtureRequest) -> Decoders:
    return Decoders(*request.param)


@needs_kernels
def test_the_kernels_are_what_decodes(decoders: Decoders) -> None:
    lattice, before = Lattice.of_scale(HEIGHT, WIDTH, 3.3), Work.macs
    native, _ = decoders.both(lattice, Window(0, 0, 20, 30))
    assert Work.macs > before
    assert native.shape == (20, 30, 3)


@needs_kernels
@settings(max_examples=25, deadline=None)
@given(data=st.data(), scale=st.floats(1.01, 40))
def test_colours_are_those_of_plain_torch_anywhere(decoders: Decoders, data: st.DataObject, scale: float) -> None:
    lattice = Lattice.of_scale(HEIGHT, WIDTH, scale)
    top, left = (data.draw(st.integers(0, count - 1)) for count in (lattice.y.count, lattice.x.count))
    h, w = (data.draw(st.integers(1, size)) for size in (60, 100))
    window = Window(top, left, top + h, left + w).intersected(lattice.window)
    native, plain = decoders.both(lattice, window)
    like = float(plain.std() if plain.numel() > 3 else plain.abs().max())
    assert float((native - plain).abs().max()) < tolerance(decoders.form) * (like + 0.1)


@needs_kernels
def test_an_output_does_not_depend_on_what_is_rendered_with_it(decoders: Decoders) -> None:
    lattice = Lattice.of_scale(HEIGHT, WIDTH, 5.7)
    whole, _ = decoders.both(lattice, Window(100, 130, 200, 230))
    part, _ = decoders.both(lattice, Window(117, 151, 166, 198))
    assert torch.equal(whole[17:66, 21:68], part)


@needs_kernels
def test_diif_without_slice_ensemble_is_left_to_plain_torch() -> None:
    before, dtype = Work.macs, HERE[0].dtype
    decoder = pack_decoder(Diif(CHANNELS, 128, slice_ensemble=False).requires_grad_(False), dtype)
    features = Plane(
        BlockCache(1 << 28), Window(0, 0, 20, 20), lambda w: torch.zeros(w.height, w.width, CHANNELS, dtype=dtype)
    )
    with torch.inference_mode():
        decoder.render(decoder.plane(BlockCache(1 << 28), features), Lattice.of_scale(20, 20, 3.0), Window(0, 0, 9, 9))
    assert Work.macs == before


@needs_kernels
def test_other_dtypes_and_widths_are_left_to_plain_torch() -> None:
    square, last = torch.nn.Linear(128, 128), torch.nn.Linear(128, 3)
    assert NativeFine.of(square, last, HERE[0].dtype) is not None
    assert NativeFine.of(square, last, torch.float16) is None
    assert NativeFine.of(torch.nn.Linear(64, 64), torch.nn.Linear(64, 3), HERE[0].dtype) is None


@each_form
@needs_kernels
def test_a_library_is_compiled_whole_and_replaces_the_oldest(tmp_path: Path, form: Form) -> None:
    old = [tmp_path / f"native-{form.name}-{number:016x}.so" for number in range(6)]
    other = tmp_path / "native-another-0123456789abcdef.so"
    for day, path in enumerate((other, *old)):
        path.write_bytes(b"of another version")
        os.utime(path, (day * 86400, day * 86400))
    new = tmp_path / f"native-{form.name}-fedcba9876543210.so"
    found.compile_to(new, form)
    kept = [new, *old[-found.KEPT + 1 :]]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (*kept, other)}
    assert new.read_bytes()[:4] == b"\x7fELF" or sys.platform != "linux"


@needs_kernels
def test_a_library_in_use_is_not_the_oldest(tmp_path: Path) -> None:
    path = tmp_path / found.library_path(HERE[0]).name
    shutil.copy(found.library_path(HERE[0]), path)
    os.utime(path, (0, 0))
    with mock.patch.object(found, "cache_directory", return_value=tmp_path):
        assert found._loaded(HERE[0])
    assert time.time() - path.stat().st_mtime < 3600


@needs_kernels
def test_the_compiler_of_the_extra_makes_the_same_kernels(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="the extra `compiler` is not installed")
    form = HERE[0]
    path = tmp_path / f"native-{form.name}-0.so"
    found.compile_to(path, form, found.zig())
    assert [left.name for left in tmp_path.iterdir()] == [path.name]  # what the compiler keeps is gone as well
    model = dv.load_model("diif-s-lite", "cpu")
    pixels = np.random.default_rng(3).integers(0, 256, (40, 50, 3), np.uint8)
    seen = []
    for dll in (found.library(form)[0], ctypes.CDLL(str(path))):
        assert dll is not None
        with mock.patch.object(found, "kernels", lambda _, dll=dll: Kernels(form, dll)):
            fresh = Model("again", model.reference, Compute("cpu", form.dtype, (64, 64)))
            seen.append(dv.encode(pixels, fresh).render(3.3).astype(int))
    assert np.abs(seen[0] - seen[1]).max() <= 1  # sums in another order
    assert (seen[0] != seen[1]).mean() < 0.01


@needs_kernels
def test_it_makes_a_library_for_windows(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="the extra `compiler` is not installed")
    path = tmp_path / "native-narrow-0.dll"
    found.compile_to(path, found.FORMS[-1], found.zig("windows"))
    made = path.read_bytes()
    assert made[:2] == b"MZ"
    kernels = {"supported", "fine", "slices", "liif", "knots", "finish"} | {
        f"encode_{step}" for step in ("begin", "join", "end")
    }
    assert all(f"diif_viewer_{name}\0".encode() in made for name in kernels)


def test_without_a_compiler_of_the_system_that_of_the_extra_is_used() -> None:
    with mock.patch.object(found.shutil, "which", return_value=None):
        with mock.patch.object(found.importlib.util, "find_spec", return_value=None):
            assert found.compiler() is None
        with mock.patch.object(found.importlib.util, "find_spec", return_value=object()):
            assert found.compiler() == found.zig()
            with mock.patch.object(found.os, "name", "nt"):
                assert found.compiler() == found.zig("windows")


def _what_a_new_process_finds(environment: dict[str, str], before: str = "pass") -> str:
    code = (
        f"{before};"
        "from diif_viewer.engine.native.library import FORMS, library;"
        f"made, why = library(FORMS[{found.FORMS.index(HERE[0]) if HERE else -1}]); print(made is not None, why)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


def test_it_can_be_switched_off() -> None:
    assert _what_a_new_process_finds({**os.environ, found.SWITCH: "0"}) == "False switched off by DIIF_VIEWER_NATIVE"


@needs_kernels
def test_another_form_can_be_asked_for() -> None:
    other = next(form.name for form in found.FORMS if form != HERE[0])
    assert _what_a_new_process_finds({**os.environ, found.SWITCH: other}).startswith("False switched off")
    assert _what_a_new_process_finds({**os.environ, found.SWITCH: HERE[0].name}) == "True"


@needs_kernels
def test_without_a_compiler_plain_torch_does_the_work(tmp_path: Path) -> None:
    empty = {**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = _what_a_new_process_finds(empty, "import sys; sys.modules['ziglang'] = None")
    assert said == "False no C compiler was found (cc, gcc or clang, or what `pip install ziglang` brings)"


@needs_kernels
def test_a_compiler_that_fails_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'cannot do that' >&2\nexit 1\n")
    broken.chmod(0o755)
    cache = tmp_path / "cache"
    said = _what_a_new_process_finds({**os.environ, "PATH": f"{tmp_path}:/bin:/usr/bin", "XDG_CACHE_HOME": str(cache)})
    assert said == f"False {broken} failed: cannot do that"
    assert list((cache / "diif-viewer").iterdir()) == []


@needs_kernels
def test_a_damaged_library_is_compiled_again(tmp_path: Path) -> None:
    path = tmp_path / "diif-viewer" / found.library_path(HERE[0]).name
    path.parent.mkdir()
    path.write_bytes(b"not a library")
    said = _what_a_new_process_finds({**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert said == "True"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])  # to load it would end the process
    said = _what_a_new_process_finds({**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert said == "True"
    assert path.stat().st_size == len(whole)
