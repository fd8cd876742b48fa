"""`diif-viewer render`: a picture, or a part of it, at any scale into a PNG file; for scripts and servers."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import arguments
from diif_viewer.cli.progress import ProgressLine, duration
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.models.registry import METHODS, default_method

if TYPE_CHECKING:
    import numpy.typing as npt

    from diif_viewer.geometry import Lattice, Window

HELP = "Render a picture, or a part of it, at any scale into a PNG file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the picture to look into")
    extent = parser.add_mutually_exclusive_group(required=True)
    extent.add_argument("--scale", type=arguments.scale, help="outputs per pixel: 12.5, x12.5 or 1250%%")
    extent.add_argument("--size", type=arguments.size, metavar="WxH", help="exact output size of the whole picture")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--box", type=arguments.box, metavar="X0,Y0,X1,Y1", help="part, in pixels of the picture")
    part.add_argument("--window", type=arguments.window, metavar="T,L,B,R", help="part, in output pixels")
    parser.add_argument("--model", help=f"{', '.join(METHODS)}, or a .safetensors or .pth file")
    parser.add_argument(
        "--dtype",
        choices=("uint8", "float32"),
        help="uint8: fastest, 8 bits; float32: most exact, and 16 bits for 16-bit pictures (the default for those)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Render; 0 only when the whole file is in place. Raises DiifViewerError with one sentence."""
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.imaging.save import save_png

    started = time.monotonic()
    _check_target(args.output, args.image)
    picture = load_picture(args.image)
    height, width, channels = picture.pixels.shape
    lattice = _lattice(args, height, width)
    window = _part(lattice, args)
    exact = (args.dtype or ("float32" if picture.pixels.dtype == "uint16" else "uint8")) == "float32"
    _check_memory(window, channels * (4 if exact else 1))
    progress = ProgressLine()
    try:
        values = _pixels(args, picture.pixels, lattice, window, exact=exact, progress=progress)
    finally:
        progress.close()
    save_png(values, args.output, icc_profile=picture.icc_profile, exif=picture.exif)
    spent = duration(time.monotonic() - started)
    print(f"{args.output}: {window.width}x{window.height} pixels in {spent}")
    return 0


def _pixels(
    args: argparse.Namespace,
    pixels: npt.NDArray[Any],
    lattice: Lattice,
    window: Window,
    *,
    exact: bool,
    progress: ProgressLine,
) -> npt.NDArray[Any]:
    """The window's pixels as they go into the file: HWC uint8, or uint16 for an exact rendering of a uint16 picture."""
    import numpy as np

    bits = np.uint16 if exact and pixels.dtype == np.uint16 else np.uint8
    name = args.model
    if name is not None and name in METHODS and not METHODS[name].is_model:
        from diif_viewer.imaging import classic
        from diif_viewer.imaging.colour import to_8_bits

        _describe(name, "Pillow", lattice)
        values = classic.resample(pixels, name, lattice, window)
        return values if values.dtype == bits else to_8_bits(values)

    import diif_viewer as dv
    from diif_viewer.engine.device import resolve

    device = resolve(args.device)
    model = dv.load_model(name or default_method(args.image.suffix, device), device)
    _describe(model.name, model.compute.in_float32().description if exact else model.compute.description, lattice)
    size = None if args.scale else args.size
    result = dv.encode(pixels, model).render(
        args.scale, size=size, window=window, dtype="float32" if exact else "uint8", progress=progress
    )
    if result.dtype == np.uint8:
        return result
    return (result * np.iinfo(bits).max + 0.5).astype(bits)


def _describe(name: str, where: str, lattice: Lattice) -> None:
    y, x = lattice.y.scale, lattice.x.scale
    scale = f"x{x:g}" if x == y else f"x{x:g} by x{y:g}"
    print(f"{name} at {scale} on {where}", file=sys.stderr)


def _lattice(args: argparse.Namespace, height: int, width: int) -> Lattice:
    from diif_viewer.geometry import Lattice

    if args.scale:
        return Lattice.of_scale(height, width, args.scale)
    return Lattice.of_size(height, width, *args.size)


def _part(lattice: Lattice, args: argparse.Namespace) -> Window:
    """The outputs asked for. Raises RequestError when they are none, or not all inside the picture."""
    from diif_viewer.geometry import Window

    if args.box:
        x0, y0, x1, y1 = args.box
        if not (0 <= x0 < x1 <= lattice.x.size and 0 <= y0 < y1 <= lattice.y.size):
            whole = f"0,0,{lattice.x.size},{lattice.y.size}"
            raise RequestError(f"The box {x0:g},{y0:g},{x1:g},{y1:g} must lie inside the picture: {whole}.")
        window = lattice.window_of(args.box)
    else:
        window = Window(*args.window) if args.window else lattice.window
    if not window or not lattice.window.contains(window):
        whole = f"{lattice.x.count}x{lattice.y.count}"
        raise RequestError(f"The part asked for is empty or reaches outside the output ({whole} pixels).")
    return window


def _check_target(output: Path, image: Path) -> None:
    """Refuse before the work what could only fail after it. Raises ExportError."""
    if output.suffix.lower() != ".png":
        raise ExportError(f"{output}: the result is written as PNG; give a name that ends in .png.")
    if output.is_dir():
        raise ExportError(f"{output} is a folder; give the name of a file.")
    if not output.absolute().parent.is_dir():
        raise ExportError(f"The folder {output.parent} does not exist; make it first.")
    if output.exists() and image.exists() and output.samefile(image):
        raise ExportError(f"{output} is the picture itself; give the result another name.")


def _check_memory(window: Window, bytes_per_pixel: int) -> None:
    """Refuse a result that cannot be held. Raises RequestError with its size."""
    from diif_viewer.engine.device import available_memory

    needed, free = 2 * window.area * bytes_per_pixel, available_memory()
    if needed > free:
        raise RequestError(
            f"The result of {window.width}x{window.height} pixels needs {needed / 2**30:.1f} GiB of memory and "
            f"{free / 2**30:.1f} GiB are free; render it in parts with --box or --window."
        )
