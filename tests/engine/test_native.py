"""The compiled kernel: held to the plain decoder in float32, found or done without."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diif_viewer.engine.decoders.common import Decoder
from diif_viewer.engine.model import pack_decoder
from diif_viewer.engine.native import library as found
from diif_viewer.engine.native.fine import WIDTHS, NativeFine
from diif_viewer.engine.native.products import Work
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS

HEIGHT, WIDTH, CHANNELS = 75, 90, 16

kernel, reason = found.library()
needs_kernel = pytest.mark.skipif(kernel is None, reason=f"no compiled kernel: {reason}")


class Decoders:
    """One network as the kernel decodes it and as plain torch does, each on maps of its own dtype."""

    def __init__(self, kind: type[DiifS] | type[Diif], hidden: int) -> None:
        torch.manual_seed(hidden)
        network = kind(CHANNELS, hidden).requires_grad_(False)
        torch.nn.init.normal_(network.imnet.tail[4].weight, std=0.2)  # DIIF-S's starts at zero, where nothing shows
        values = torch.randn(HEIGHT, WIDTH, CHANNELS)
        self.native, self.native_maps = self._packed(network, values, torch.bfloat16)
        self.plain, self.plain_maps = self._packed(network, values, torch.float32)

    @staticmethod
    def _packed(network: DiifS | Diif, values: Tensor, dtype: torch.dtype) -> tuple[Decoder, Plane]:
        decoder = pack_decoder(network, dtype)
        features = Plane(BlockCache(1 << 28), Window(0, 0, HEIGHT, WIDTH), lambda w: _padded(values, w).to(dtype))
        return decoder, decoder.plane(BlockCache(1 << 28), features)

    def both(self, lattice: Lattice, window: Window) -> tuple[Tensor, Tensor]:
        """Colours by the kernel and by plain torch in float32."""
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


@pytest.fixture(scope="module", params=itertools.product((DiifS, Diif), WIDTHS), ids=str)
def decoders(request: pytest.FixtureRequest) -> Decoders:
    return Decoders(*request.param)


@needs_kernel
def test_the_kernel_is_what_decodes(decoders: Decoders) -> None:
    lattice, before = Lattice.of_scale(HEIGHT, WIDTH, 3.3), Work.macs
    native, _ = decoders.both(lattice, Window(0, 0, 20, 30))
    assert Work.macs > before
    assert native.shape == (20, 30, 3)


@needs_kernel
@settings(max_examples=60, deadline=None)
@given(data=st.data(), scale=st.floats(1.01, 40))
def test_colours_are_those_of_plain_torch_anywhere(decoders: Decoders, data: st.DataObject, scale: float) -> None:
    lattice = Lattice.of_scale(HEIGHT, WIDTH, scale)
    top, left = (data.draw(st.integers(0, count - 1)) for count in (lattice.y.count, lattice.x.count))
    h, w = (data.draw(st.integers(1, size)) for size in (60, 100))
    window = Window(top, left, top + h, left + w).intersected(lattice.window)
    native, plain = decoders.both(lattice, window)
    bound = 0.03 * float(plain.std() if plain.numel() > 3 else plain.abs().max()) + 0.004  # eight bits of a bfloat16
    assert float((native - plain).abs().max()) < bound


@needs_kernel
def test_an_output_does_not_depend_on_what_is_rendered_with_it(decoders: Decoders) -> None:
    lattice = Lattice.of_scale(HEIGHT, WIDTH, 5.7)
    whole, _ = decoders.both(lattice, Window(100, 130, 200, 230))
    part, _ = decoders.both(lattice, Window(117, 151, 166, 198))
    assert torch.equal(whole[17:66, 21:68], part)


@needs_kernel
@pytest.mark.parametrize("options", [{"order": "constant"}, {"slice_ensemble": False}], ids=str)
def test_other_forms_of_diif_are_left_to_plain_torch(options: dict[str, Any]) -> None:
    decoder, before = pack_decoder(Diif(CHANNELS, 128, **options).requires_grad_(False), torch.bfloat16), Work.macs
    features = Plane(
        BlockCache(1 << 28), Window(0, 0, 20, 20), lambda w: torch.zeros(w.height, w.width, CHANNELS).bfloat16()
    )
    with torch.inference_mode():
        decoder.render(decoder.plane(BlockCache(1 << 28), features), Lattice.of_scale(20, 20, 3.0), Window(0, 0, 9, 9))
    assert Work.macs == before


@needs_kernel
def test_other_dtypes_and_widths_are_left_to_plain_torch() -> None:
    square, last = torch.nn.Linear(128, 128), torch.nn.Linear(128, 3)
    assert NativeFine.of(square, last, torch.bfloat16) is not None
    assert NativeFine.of(square, last, torch.float32) is None
    assert NativeFine.of(torch.nn.Linear(64, 64), torch.nn.Linear(64, 3), torch.bfloat16) is None


@needs_kernel
def test_the_library_is_compiled_whole_and_replaces_older_ones(tmp_path: Path) -> None:
    old = tmp_path / "native-0123456789abcdef.so"
    old.write_bytes(b"of another version")
    new = tmp_path / "native-fedcba9876543210.so"
    found.compile_to(new)
    assert [path.name for path in tmp_path.iterdir()] == [new.name]
    assert new.read_bytes()[:4] == b"\x7fELF" or sys.platform != "linux"


def _what_a_new_process_finds(environment: dict[str, str]) -> str:
    code = "from diif_viewer.engine.native.library import library; made, why = library(); print(made is not None, why)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


def test_it_can_be_switched_off() -> None:
    assert _what_a_new_process_finds({**os.environ, found.SWITCH: "0"}) == "False switched off by DIIF_VIEWER_NATIVE"


@needs_kernel
def test_without_a_compiler_plain_torch_does_the_work(tmp_path: Path) -> None:
    empty = {**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert _what_a_new_process_finds(empty) == "False no C compiler (cc, gcc or clang) was found"


@needs_kernel
def test_a_compiler_that_fails_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'cannot do that' >&2\nexit 1\n")
    broken.chmod(0o755)
    cache = tmp_path / "cache"
    said = _what_a_new_process_finds({**os.environ, "PATH": f"{tmp_path}:/bin:/usr/bin", "XDG_CACHE_HOME": str(cache)})
    assert said == f"False {broken} failed: cannot do that"
    assert list((cache / "diif-viewer").iterdir()) == []


@needs_kernel
def test_a_damaged_library_is_compiled_again(tmp_path: Path) -> None:
    path = tmp_path / "diif-viewer" / found._path().name
    path.parent.mkdir()
    path.write_bytes(b"not a library")
    said = _what_a_new_process_finds({**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert said == "True"
