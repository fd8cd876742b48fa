"""MP4 (H.264) and WebM (VP9) through PyAV, the Python binding of FFmpeg's libraries; an optional package."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from diif_viewer.errors import ExportError
from diif_viewer.imaging.film import Film, Frame

_BT709, _SRGB_CURVE, _LIMITED = 1, 13, 1  # ITU-T H.273: primaries and matrix, transfer characteristics; range
_CODECS = {"MP4": "libx264", "WebM": "libvpx-vp9"}


def write_video(path: Path, form: str, frames: Iterator[Frame], film: Film, quality: int) -> None:
    """Write `frames` to `path` as "MP4" or "WebM", 4:2:0, tagged as what they are: sRGB in BT.709's matrix.

    quality: 1 .. 100, linear in the encoder's constant rate factor. Raises OSError, ExportError, and whatever the
    frames raise.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    try:
        options = {"movflags": "+faststart"} if form == "MP4" else {}
        with av.open(str(path), "w", format=form.lower(), options=options) as container:
            stream = container.add_stream(_CODECS[form], rate=film.rate, options=_options(form, quality))
            stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
            context = stream.codec_context
            context.color_primaries = context.colorspace = _BT709
            context.color_trc, context.color_range = _SRGB_CURVE, _LIMITED
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except OSError:
        raise
    except av.FFmpegError as error:
        raise ExportError(f"{path}: the film cannot be encoded as {form}: {str(error).rstrip('.')}.") from error


def _options(form: str, quality: int) -> dict[str, str]:
    if form == "MP4":
        return {"crf": f"{max(1.0, 51 * (100 - quality) / 100):.1f}", "preset": "medium"}
    threads = str(min(16, os.cpu_count() or 1))
    constant = {"crf": str(round(63 * (100 - quality) / 100)), "b:v": "0"}
    return constant | {"deadline": "good", "cpu-used": "4", "row-mt": "1", "threads": threads}
