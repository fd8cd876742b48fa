"""Small models with random weights, of every kind, for the engine's tests."""

import torch

from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.edsr import Edsr
from diif_viewer.models.liif import Liif

CHANNELS, HIDDEN = 8, 32


def encoder() -> Edsr:
    torch.manual_seed(7)
    return Edsr(CHANNELS, 2)


def decoder(kind: str) -> torch.nn.Module:
    torch.manual_seed(11)
    widths = (HIDDEN, HIDDEN, HIDDEN)
    made: Liif | Diif | DiifS
    match kind:
        case "liif":
            made = Liif(CHANNELS, widths)
        case "liif plain":
            made = Liif(CHANNELS, widths, local_ensemble=False, feat_unfold=False, cell_decode=False)
        case "liif skip":
            made = Liif(CHANNELS, widths, skip=True)
        case "diif":
            made = Diif(CHANNELS, HIDDEN)
        case "diif skip":
            made = Diif(CHANNELS, HIDDEN, skip=True)
        case "diif constant":
            made = Diif(CHANNELS, HIDDEN, order="constant")
        case "diif alone":
            made = Diif(CHANNELS, HIDDEN, slice_ensemble=False)
        case "diif constant alone":
            made = Diif(CHANNELS, HIDDEN, order="constant", slice_ensemble=False)
        case "diif-s":
            made = DiifS(CHANNELS, HIDDEN)
        case "diif-s one knot":
            made = DiifS(CHANNELS, HIDDEN, knots=1)
    if made.base is not None:  # it starts at zero, where nothing shows
        torch.nn.init.normal_(
            [part for part in made.modules() if isinstance(part, torch.nn.Linear)][-1].weight, std=0.2
        )
    for parameter in made.parameters():
        parameter.data *= 1.5  # livelier than the default initialisation
    return made.eval().requires_grad_(False)


KINDS = (
    *("liif", "liif plain", "diif", "diif constant", "diif alone", "diif constant alone"),
    *("diif-s", "diif-s one knot"),
)
