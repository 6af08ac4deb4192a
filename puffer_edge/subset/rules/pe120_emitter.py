# SPDX-License-Identifier: MIT
"""Machine code for ports that have none."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

EMITTERS = {"native": {"rp2", "esp32", "esp8266", "stm32", "samd", "unix"},
            "viper": {"rp2", "esp32", "esp8266", "stm32", "samd", "unix"},
            "asm_thumb": {"rp2", "stm32", "samd"},
            "asm_xtensa": {"esp8266"}, "asm_pio": {"rp2"}, "asm_rv32": {"rp2", "esp32"}}


@rule("PE120", "no-emitter", ast.FunctionDef,
      reason="The compiler of a port makes machine code of some kinds only: SyntaxError or "
             "AttributeError.",
      instead="bytecode, or a file per port behind if sys.platform.",
      bad="import micropython\n@micropython.asm_xtensa\ndef f():\n    pass",
      good="import micropython\n@micropython.native\ndef f():\n    pass")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    for decorator in node.decorator_list:
        name = file.dotted(decorator) or ""
        kind = name.rpartition(".")[2]
        if (name.startswith("micropython.") and file.port not in EMITTERS.get(
                kind, {file.port}) and not is_guarded(node, file)):
            yield decorator, f"the port {file.port} has no @micropython.{kind}"
