"""The compiled forms of the kernels that this machine can run, and how a test has one of them, or none, used."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
import torch

from diif_viewer.engine.device import torch_has_bfloat16
from diif_viewer.engine.native import library
from diif_viewer.engine.native.library import FORMS, Form, Kernels

HERE = [form for form in FORMS if library.library(form)[0] is not None]
needs_kernels = pytest.mark.skipif(not HERE, reason=f"no compiled kernels: {library.library(FORMS[-1])[1]}")
needs_bfloat16 = pytest.mark.skipif(not torch_has_bfloat16(), reason="torch is slow with bfloat16 here, or refuses it")
each_form = pytest.mark.parametrize("form", HERE or [None], ids=lambda form: form.name if form else "none")


@contextmanager
def by(form: Form | None) -> Iterator[None]:
    """What is packed within is computed by a form's kernels, or by plain torch."""

    def kernels(dtype: torch.dtype) -> Kernels | None:
        if form is None or form.dtype != dtype:
            return None
        dll, _ = library.library(form)
        assert dll is not None
        return Kernels(form, dll)

    with mock.patch.object(library, "kernels", kernels):
        yield


def tolerance(form: Form) -> float:
    """Largest error relative to what values are like: eight bits of bfloat16, or sums in another order."""
    return 0.03 if form.dtype == torch.bfloat16 else 2e-5
