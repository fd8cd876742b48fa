"""One family of errors: each carries one sentence that a person can act on.

Raise these for users; `assert` is for ourselves. The command line prints ``error: {sentence}`` and
exits with 1, the window shows the sentence on a page and stays usable.
"""


class DiifViewerError(Exception):
    """Base of every error that is meant to be read by a person."""


class ImageError(DiifViewerError):
    """A picture cannot be opened: missing, unreadable, empty, not a picture, or too large."""


class CutOffError(ImageError):
    """The file ends before the picture does."""


class CheckpointError(DiifViewerError):
    """A weights file cannot be used: missing, broken, unsafe, or of an unknown kind."""


class RequestError(DiifViewerError):
    """What was asked for makes no sense: a scale of zero, a box outside the picture, an unknown method."""


class ExportError(DiifViewerError):
    """A result cannot be written: no permission, no space, a format that cannot hold it."""


class DeviceError(DiifViewerError):
    """The chosen device does not exist, or ran out of memory."""


class TrainingError(DiifViewerError):
    """Training cannot start or go on: no pictures, a loss that became NaN, a checkpoint of another run."""
