# SPDX-License-Identifier: MIT
"""Writes puffer_edge/frontends/torchscript/schemas.txt: the arguments of the ops that are lowered.

    python benchmarks/collect_torch_schemas.py

TorchScript prints calls by position, so their arguments' names, types and defaults are needed. They
are those of the installed torch, of every overload that takes or gives tensors.
"""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).parents[1] / "puffer_edge/frontends/torchscript/schemas.txt"
_UNUSED = re.compile(r"Dimname|Generator|Stream|complex|AnyEnum|Dict\(|"
                     r"\(\w!\)(\[\])? (out\d?|max|min|values)\b|Storage|"
                     r"^prim_|\.(data|dtype|dtype_out|str|list_\w+|hacked_twin)\(")


def schemas(ops: set[str]) -> list[str]:
    """Lines such as ``elu(Tensor self, Scalar alpha=1) -> Tensor``, without namespace."""
    import torch

    found = set()
    for schema in map(str, torch._C._jit_get_all_schemas()):
        text = schema.removeprefix("aten::")
        name = re.split(r"[.(]", text)[0]
        plain = name[:-1] if name.endswith("_") and not name.endswith("__") else name
        if (schema.startswith("aten::") and plain in ops and "Tensor" in text
                and "-> bool" not in text and "-> int" not in text
                and (not _UNUSED.search(text) or text.startswith(("to.dtype(", "view(")))):
            found.add(text.replace("SymInt", "int").replace("(a -> *)", "(a)"))
    return sorted(found)


def main() -> None:
    """Writes the file."""
    from puffer_edge.frontends.aten import assemble  # noqa: F401  (fills the table)
    from puffer_edge.frontends.aten.lower import LOWERINGS

    FILE.write_text("\n".join(schemas(set(LOWERINGS))) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
