"""What the window would show, without one: bicubic beside the models at x12, labelled, in one picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli.progress import ProgressLine
from diif_viewer.models.registry import METHODS

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    from diif_viewer.geometry import Lattice, Window

SCALE = 12.0
METHOD_NAMES = ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
PANE_HEIGHT, PANE_WIDTH, MARGIN, CAPTION = 600, 456, 12, 44
BACKGROUND, INK, FAINT = (30, 32, 36), (235, 236, 238), (150, 154, 160)


def write_contact_sheet(path: Path, folder: Path, *, quiet: bool = False) -> Path:
    """Render the part of `path` with the most detail by each method, side by side at x12, into `folder`.

    quiet: say nothing on the way. -> the PNG file. Raises ImageError, CheckpointError, ExportError.
    """
    import numpy as np

    import diif_viewer as dv
    from diif_viewer.geometry import Lattice
    from diif_viewer.imaging import classic
    from diif_viewer.imaging.colour import to_srgb
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.imaging.save import save_png

    pixels = to_srgb(load_picture(path)).pixels
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], SCALE)
    window = most_detailed(pixels, lattice, PANE_HEIGHT, PANE_WIDTH)
    panes, progress = [classic.resample(pixels, "bicubic", lattice, window)], ProgressLine(enabled=not quiet)
    field: dv.Field | None = None
    for number, name in enumerate(METHOD_NAMES[1:]):
        model = dv.load_model(name)
        if field is None and not quiet:
            print(f"Rendering at x{SCALE:g} on {model.compute.description}", file=sys.stderr)
        field = dv.encode(pixels, model) if field is None else field.with_model(model)
        panes.append(field.render(SCALE, window=window))
        progress((number + 1) / (len(METHOD_NAMES) - 1))
    progress.close()
    sheet = compose([METHODS[name].label for name in METHOD_NAMES], panes, f"{path.name}  at x{SCALE:g}")
    target = folder / f"{path.stem}-view-x{SCALE:g}.png"  # a name that `render` gives to nothing by itself
    save_png(np.asarray(sheet), target)
    return target


def most_detailed(pixels: npt.NDArray[Any], lattice: Lattice, height: int, width: int) -> Window:
    """The window of at most `height` x `width` outputs whose source pixels differ most from their neighbours."""
    import numpy as np

    from diif_viewer.geometry import Window

    grey = pixels[..., :3].mean(-1, dtype=np.float32)
    change = np.zeros_like(grey)
    change[1:] += np.abs(np.diff(grey, axis=0))
    change[:, 1:] += np.abs(np.diff(grey, axis=1))
    rows = min(grey.shape[0], round(height / lattice.y.scale))
    columns = min(grey.shape[1], round(width / lattice.x.scale))
    sums = np.pad(change, ((1, 0), (1, 0))).cumsum(0, dtype=np.float64).cumsum(1)
    detail = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    y, x = np.unravel_index(int(detail.argmax()), detail.shape)
    top, left = lattice.y.first_output(int(y)), lattice.x.first_output(int(x))
    return Window(top, left, top + height, left + width).intersected(lattice.window)


def compose(labels: list[str], panes: list[npt.NDArray[Any]], title: str) -> Image.Image:
    """Panes of equal size in a row, each under its label, with the title in the last line."""
    from PIL import Image, ImageDraw, ImageFont

    pictures = [_rgb(pane) for pane in panes]
    width, height = pictures[0].size
    whole = (MARGIN + (width + MARGIN) * len(pictures), CAPTION + height + CAPTION)
    sheet = Image.new("RGB", whole, BACKGROUND)
    draw, large, small = ImageDraw.Draw(sheet), ImageFont.load_default(22), ImageFont.load_default(16)
    for column, (label, picture) in enumerate(zip(labels, pictures, strict=True)):
        left = MARGIN + column * (width + MARGIN)
        draw.text((left, CAPTION / 2), label, INK, large, anchor="lm")
        sheet.paste(picture, (left, CAPTION))
    draw.text((MARGIN, CAPTION * 1.5 + height), title, FAINT, small, anchor="lm")
    return sheet


def _rgb(pane: npt.NDArray[Any]) -> Image.Image:
    """HWC uint8 or uint16 of 1 to 4 channels as an opaque RGB picture, on black where it is transparent."""
    from PIL import Image

    from diif_viewer.imaging.colour import to_8_bits
    from diif_viewer.imaging.pyramid import as_image

    picture = as_image(to_8_bits(pane))
    if picture.mode in ("LA", "RGBA"):
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture.convert("RGBA"))
    return picture.convert("RGB")
