# SPDX-License-Identifier: MIT
"""The bound of the stack is at or above what emulators measure, and says why there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from puffer_edge.artefact.opening import read_subject
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.toolchains.objdump import PROGRAMS
from puffer_edge.verification.code_blocks import blocks_of
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.stack_bound import StackBound, deepest, stack_bound
from tests import zoo
from tests.emulation.conftest import FOLDER, LANDER, edited_lander
from tests.support.exporting import export_as_it_is
from tests.tools import need

START = "  int32_t best = 0;\n"
BEFORE = "lander_status lander_step(lander_t *policy, const lander_obs_t *obs, lander_action_t"
BUILDS = [("cortex-m0", "gcc"), ("cortex-m4", "gcc"), ("cortex-m4", "zig"), ("riscv32", "gcc"),
          ("atmega2560", "gcc")]


def tools(core: str, toolchain: str) -> None:
    target = find_target(core)
    need(PROGRAMS[target.isa][0])
    if target.simavr_mcu:
        need("simavr")
    if toolchain == "gcc":
        need(PROGRAMS[target.isa][0].replace("objdump", "gcc"))


def compare(case: str, core: str, toolchain: str, optimize: str, folder: Path) -> None:
    """Not below what is measured, and not far above: nothing is counted that is not there."""
    tools(core, toolchain)
    subject = read_subject(export_as_it_is(case, folder / "a"))
    builder = ImageBuilder(folder / "a" / "policy.h", subject.spec, find_target(core),
                           find_toolchain(toolchain), folder, optimize=optimize)
    bound = stack_bound(builder)
    with open_machine(builder, builder.target.emulators[0]) as machine:
        machine.run([row.tobytes() for row in subject.vectors.observations[:3]])
        measured = machine.stack_used()
    assert bound.size is not None and measured, bound
    # Zig's float library has paths for subnormal numbers that three steps do not take.
    assert measured <= bound.size <= 1.5 * measured, (measured, bound)


@pytest.mark.parametrize(("core", "toolchain"), BUILDS)
@pytest.mark.parametrize("case", ["gru_2_layers_int8", "lstm"])
def test_no_step_takes_more(case: str, core: str, toolchain: str, tmp_path: Path) -> None:
    compare(case, core, toolchain, "-O2", tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize(("core", "toolchain"), BUILDS)
@pytest.mark.parametrize("case", [*zoo.CASES, *zoo.QUANTIZED][::5])
def test_no_step_takes_more_at_any_level(case: str, core: str, toolchain: str, optimize: str,
                                         tmp_path: Path) -> None:
    compare(case, core, toolchain, optimize, tmp_path)


def planted(folder: Path, code: str, functions: str = "", core: str = "cortex-m4",
            toolchain: str = "gcc") -> StackBound:
    """The bound of the sample policy with code at the start of its step."""
    tools(core, toolchain)
    header = edited_lander(folder, START, START + code)
    text = header.read_text()
    place = text.rindex(BEFORE)
    header.write_text(text[:place] + functions + text[place:])
    return stack_bound(ImageBuilder(header, LANDER, find_target(core), find_toolchain(toolchain),
                                    folder))


@pytest.mark.parametrize(("core", "toolchain"), BUILDS)
def test_recursion_and_pointers_have_no_bound(core: str, toolchain: str, tmp_path: Path) -> None:
    recursive = planted(
        tmp_path, "  best = lander_down(best);\n",
        "__attribute__((noinline)) static int32_t lander_down(volatile int32_t n) {\n"
        "  return n <= 0 ? 0 : lander_down(n - 1) + n;\n}\n", core, toolchain)
    assert recursive.size is None and recursive.path[-1].startswith("lander_down")
    assert recursive.reason == "it calls itself"
    pointer = planted(tmp_path, "  best = lander_pointer(best);\n",
                      "static int32_t (*volatile lander_pointer)(int32_t);\n", core, toolchain)
    assert pointer.size is None and re.search("computed address", pointer.reason)


FAR = """
00000000 <lander_loop>:
   0:\tpush\t{r4, r5, lr}
   2:\tcmp\tr0, #0
   4:\tbeq.n\ta <lander_loop+0xa>
   6:\tbl\t2 <lander_loop+0x2>
   a:\tpop\t{r4, r5, pc}

0000000c <lander_last>:
   c:\tpush\t{r4, lr}
   e:\tbl\t%s
  12:\t.word\t0x00000000

00000016 <lander_step>:
  16:\tpush\t{r4, lr}
  18:\tbl\t0 <lander_loop>
  1c:\tbl\tc <lander_last>
  20:\tpop\t{r4, pc}
"""


def test_a_far_jump_is_no_call() -> None:
    """Thumb-1 has no longer jump than bl; what is behind one is entered by others, if at all."""
    jump = blocks_of(FAR % "e <lander_last+0x2>", "thumb", {})
    assert deepest(jump, 0x16) == StackBound(8 + 12, ("lander_step", "lander_loop"))
    call = blocks_of(FAR % "c <lander_last>", "thumb", {})
    found = deepest(call, 0x16)
    assert (found.size, found.reason) == (None, "it calls itself")


FILLED = """
00000100 <edge_step>:
 100:\tpush\t{r4, lr}
 102:\tcmp\tr0, #3
 104:\tbhi.n\t10e <edge_step+0xe>
 106:\ttbb\t[pc, r0]
 10a:\t.word\t0x04030202
 10e:\tpop\t{r4, pc}
 110:\tb.n\t10e <edge_step+0xe>
 112:\tbmi.n\tbe <edge_step-0x42>
 114:\tbmi.n\tc0 <edge_step-0x40>
"""


def test_what_fills_a_gap_is_no_jump() -> None:
    """In a function with a table of branches, whose targets nothing but their place tells."""
    assert deepest(blocks_of(FILLED, "thumb", {}), 0x100).size == 8


def test_a_frame_of_variable_size_has_no_bound(tmp_path: Path) -> None:
    code = ("  volatile uint8_t wide[1 + (obs->obs[0] > 0.5f ? 40 : 8)];\n  wide[0] = 1;\n"
            "  best = wide[0] - 1;\n")
    assert planted(tmp_path, code).size is None


def test_a_frame_counts_in_full_and_where_it_is_deepest(tmp_path: Path) -> None:
    """Of two calls the deeper one counts, and the frames on its way are added."""
    function = ("__attribute__((noinline)) static int32_t lander_%s(int32_t n) {\n"
                "  volatile uint8_t wide[%d];\n  wide[n] = 1;\n  return wide[n] - 1;\n}\n")
    plain = planted(tmp_path, "").size
    found = planted(tmp_path, "  best = lander_small(0) + lander_large(0);\n",
                    function % ("small", 200) + function % ("large", 3000))
    assert plain is not None and found.size is not None
    assert 3000 <= found.size - plain <= 3040
    assert found.path[-1].startswith("lander_large")


def test_the_compilers_library_is_counted(tmp_path: Path) -> None:
    tools("cortex-m0", "gcc")
    found = stack_bound(ImageBuilder(FOLDER / "lander.h", LANDER, find_target("cortex-m0"),
                                     find_toolchain("gcc"), tmp_path))
    assert found.size is not None and any(name.startswith("__aeabi_") for name in found.path)
