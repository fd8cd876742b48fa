"""Compile every kernel for a chip that need not be here: `python -m tests.engine.gpu.compiling CAPABILITY`.

A process of its own, since Triton either interprets or compiles. Sizes are small: what is checked is that the compiler,
whose rules for types are stricter than the interpreter's, takes the kernels, and that what it makes fits the chip.
Prints one line of JSON for each: kernel, bytes of shared memory, bytes of machine code.
"""

import json
import sys
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from diif_viewer.engine.gpu import kernels

HALF, FLOAT, BYTE, WORD = "*fp16", "*fp32", "*u8", "*i32"
POINTERS = {
    "fine_stage": [WORD, FLOAT, HALF, FLOAT, FLOAT, FLOAT, HALF, HALF, FLOAT, FLOAT, FLOAT, BYTE],
    "coarse_stage": [WORD, FLOAT, HALF, FLOAT, FLOAT, FLOAT, HALF, FLOAT, HALF],
    "push_stage": [WORD, HALF, HALF, HALF],
}
SIZES = {"SIDE": 64, "WIDTH": 64, "PART": 32}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("fine_stage", {"GROUP": 32, "SINGLE": True, "BELOW": 4, "BASED": True, "FORM": 3}),
    ("fine_stage", {"GROUP": 32, "SINGLE": False, "BELOW": 0, "BASED": False, "FORM": 1}),
    ("fine_stage", {"GROUP": 32, "SINGLE": True, "BELOW": 2, "BASED": True, "FORM": 4}),
    ("coarse_stage", {"BLOCK": 64}),
    ("push_stage", {"BLOCK": 64}),
]


def main() -> None:
    target = GPUTarget("cuda", int(sys.argv[1]), 32)
    for name, more in VARIANTS:
        kernel, pointers, constants = getattr(kernels, name), POINTERS[name], SIZES | more
        assert len(kernel.arg_names) == len(pointers) + len(constants), name
        kinds = [*pointers, *("constexpr" for _ in constants)]
        source = ASTSource(
            kernel,
            dict(zip(kernel.arg_names, kinds, strict=True)),
            {(kernel.arg_names.index(key),): value for key, value in constants.items()},
            {(i,): [["tt.divisibility", 16]] for i in range(len(pointers))},
        )
        made = triton.compile(source, target=target, options={"num_warps": 4, "num_stages": 2})
        print(json.dumps({"kernel": name, "shared": made.metadata.shared, "code": len(made.asm["cubin"])}))


if __name__ == "__main__":
    main()
