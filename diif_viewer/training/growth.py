"""A larger network that begins as the function of a smaller one (Net2Net: Chen, Goodfellow, Shlens, ICLR 2016).

New units hear everything and are heard by no old one, and new residual blocks add nothing; learning can change both.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.edsr import Edsr

Layer = nn.Linear | nn.Conv2d


def take_over(new: nn.Module, old: nn.Module) -> bool:
    """Make `new` the function that `old` is; what it has beyond that keeps its weights.

    new, old: two encoders, or two decoders, built with the same switches. False, and nothing has changed, where `new`
    is not `old` with room: wider layers or more residual blocks (EDSR and the decoders; RDN must have equal sizes).
    A DIIF-S of one knot takes over one of two as that is at the vertex itself, which is nearly the same function.
    """
    if isinstance(new, DiifS) and isinstance(old, DiifS) and len(new.knots) < len(old.knots):
        old = _at_the_vertex(old)
    if _sizes(new) == _sizes(old) and getattr(new, "res_scale", 1.0) == getattr(old, "res_scale", 1.0):
        new.load_state_dict(old.state_dict())
        return True
    if isinstance(new, Edsr) and isinstance(old, Edsr):
        pairs, added = _pairs_of_edsr(new, old)
        heard = (3, 3)
    elif type(new) is type(old) and hasattr(new, "imnet"):
        pairs, added = _pairs(_layers(new), _layers(old)), []
        heard = (int(getattr(new, "channels", 0)), int(getattr(old, "channels", 0)))
    else:
        return False
    copies = []
    for layer, source in pairs:
        copies.append(_Copy.of(layer, source, *heard))
        heard = (_outputs(layer), _outputs(source))
    if not copies or None in copies:
        return False
    with torch.no_grad():
        for copy in copies:
            assert copy is not None
            copy.make()
        for last in added:
            for value in last.parameters():
                value.zero_()
    return True


def _at_the_vertex(decoder: DiifS) -> DiifS:
    """The same without its knots, whose coordinates are zero at the vertex: the last inputs of the first layer."""
    single, values = DiifS(decoder.channels, decoder.hidden, knots=1), decoder.state_dict()
    name = "imnet.layers.0.weight"
    single.load_state_dict(values | {name: values[name][:, :-2]})
    return single


@dataclass(frozen=True, slots=True)
class _Copy:
    """A layer, the smaller one it takes over, and how many inputs at the end are no units of the layer before."""

    layer: Layer
    source: Layer
    coordinates: int

    @classmethod
    def of(cls, layer: Layer, source: Layer, heard: int, heard_before: int) -> _Copy | None:
        """heard, heard_before: units of the layer before; each makes the same number of inputs, its neighbours'."""
        more, units = _inputs(layer) - _inputs(source), heard - heard_before
        each = more // units if units else 0
        coordinates = _inputs(source) - each * heard_before
        if units < 0 or more != each * units or coordinates < 0 or _outputs(layer) < _outputs(source):
            return None
        if type(layer) is not type(source) or layer.weight.shape[2:] != source.weight.shape[2:]:
            return None
        return cls(layer, source, coordinates)

    def make(self) -> None:
        """The rows of the smaller layer, which hear nothing new."""
        rows, kept = _outputs(self.source), _inputs(self.source) - self.coordinates
        self.layer.weight[:rows] = 0.0
        self.layer.weight[:rows, :kept] = self.source.weight[:, :kept]
        self.layer.weight[:rows, _inputs(self.layer) - self.coordinates :] = self.source.weight[:, kept:]
        assert self.layer.bias is not None
        assert self.source.bias is not None
        self.layer.bias[:rows] = self.source.bias


def _pairs_of_edsr(new: Edsr, old: Edsr) -> tuple[list[tuple[Layer, Layer]], list[Layer]]:
    """The layers that take over one another, and the last layers of the blocks that are new, spread evenly."""
    blocks, blocks_before = len(new.body) - 1, len(old.body) - 1
    if blocks < blocks_before or new.res_scale != old.res_scale:
        return [], []
    follows = [index * blocks // blocks_before for index in range(blocks_before)]
    pairs = _pairs(_layers(new.head), _layers(old.head))
    for index, place in enumerate(follows):
        pairs += _pairs(_layers(new.body[place]), _layers(old.body[index]))
    pairs += _pairs(_layers(new.body[blocks]), _layers(old.body[blocks_before]))
    return pairs, [_layers(new.body[place])[-1] for place in range(blocks) if place not in follows]


def _pairs(news: list[Layer], olds: list[Layer]) -> list[tuple[Layer, Layer]]:
    return list(zip(news, olds, strict=True)) if len(news) == len(olds) else []


def _layers(module: nn.Module) -> list[Layer]:
    return [part for part in module.modules() if isinstance(part, Layer)]


def _sizes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}


def _inputs(layer: Layer) -> int:
    return layer.weight.shape[1]


def _outputs(layer: Layer) -> int:
    return layer.weight.shape[0]
