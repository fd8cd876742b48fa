"""The pictures that a renderer has, and each of them through each model that was asked for."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from diif_viewer.engine.field import Field
from diif_viewer.engine.messages import OpenImage
from diif_viewer.engine.model import Model, load_model
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import BlockCache
from diif_viewer.errors import RequestError


@dataclass(frozen=True, slots=True)
class _Picture:
    pixels: Array
    fields: dict[str, Field] = field(default_factory=dict)


class Gallery:
    """Pictures by number, models by name, both loaded once. device: what models compute on."""

    def __init__(self, device: str, cache: BlockCache) -> None:
        self._device, self._cache = device, cache
        self._pictures: dict[int, _Picture] = {}
        self._models: dict[str, Model] = {}

    @property
    def images(self) -> list[int]:
        """The numbers of all pictures."""
        return list(self._pictures)

    @property
    def bytes(self) -> int:
        """Of all pictures themselves."""
        return sum(picture.pixels.nbytes for picture in self._pictures.values())

    def open(self, message: OpenImage) -> None:
        """Take a picture from shared memory; nothing happens where it is gone already."""
        try:
            block = SharedMemory(message.block)
        except FileNotFoundError:  # the window has closed the picture meanwhile, as it does on a walk through a folder
            return
        pixels = np.ndarray(message.shape, np.dtype(message.dtype), block.buf)
        weakref.finalize(pixels, block.close)  # an array does not keep the memory mapped: whoever reads it last does
        self._pictures[message.image] = _Picture(pixels)

    def close(self, image: int) -> None:
        """Forget a picture and what was made of it."""
        picture = self._pictures.pop(image, None)
        for made in picture.fields.values() if picture is not None else ():
            made.close()

    def move(self, device: str) -> None:
        """Compute on another device: pictures stay, everything that was made of them is made anew."""
        self._device = device
        for picture in self._pictures.values():
            picture.fields.clear()
        self._models.clear()

    def pixels(self, image: int) -> Array:
        """The picture's pixels. Raises RequestError where it could not be opened, or was closed meanwhile."""
        if image not in self._pictures:
            raise RequestError("The renderer does not have this picture.")
        return self._pictures[image].pixels

    def field(self, image: int, model: str) -> Field | None:
        """The picture through the model; None when the picture was closed meanwhile."""
        picture = self._pictures.get(image)
        if picture is None:
            return None
        if model not in picture.fields:
            loaded = self.model(model)
            like = [f for f in picture.fields.values() if f.model.fingerprint == loaded.fingerprint]
            first = Field(picture.pixels, loaded, self._cache)
            picture.fields[model] = like[0].with_model(loaded) if like else first
        return picture.fields[model]

    def model(self, name: str) -> Model:
        """The model, loaded; raises CheckpointError and the like where it cannot be."""
        if name not in self._models:
            self._models[name] = load_model(name, self._device)
        return self._models[name]
