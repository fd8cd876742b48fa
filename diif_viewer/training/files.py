"""What a run writes besides its state: weights (last, best, milestones), and files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diif_viewer.errors import ExportError, TrainingError
from diif_viewer.models.checkpoint import save_checkpoint
from diif_viewer.models.model import ImplicitModel
from diif_viewer.training.networks import Networks
from diif_viewer.training.preset import Preset


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` so that a kill leaves the old file or the new one. Raises OSError, and leaves the old one then."""
    partial = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def told_when_refused(run: Path) -> Iterator[None]:
    """Turn what the disk refuses in the block into one TrainingError that says where the last good state is."""
    try:
        yield
    except (OSError, ExportError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        state = run / "state.pt"
        kept = f"the last saved state is whole, in {state}" if state.is_file() else "there is no saved state yet"
        reason = reason.rstrip(".")
        raise TrainingError(
            f"The run cannot write into {run}: {reason}; {kept}. Make room and start the same command again."
        ) from error


def export(preset: Preset, average: Networks, folder: Path, about: dict[str, str]) -> None:
    """Write the averaged weights of every decoder, each with the shared encoder, into a folder.

    about: what the files say about the training; the resolved preset is added. Raises OSError.
    """
    for name in preset.decoders:
        model = ImplicitModel(preset.spec(name))
        model.encoder.load_state_dict(average.encoder.state_dict())
        model.decoder.load_state_dict(average.decoders[name].state_dict())
        held = {"preset": preset.name, "recipe": preset.resolved()} | about
        save_checkpoint(model, folder / f"{name}-{preset.name}.safetensors", held)
