# SPDX-License-Identifier: MIT
"""Functions with plain arguments around a policy, for callers that are not C."""

from __future__ import annotations

from puffer_edge.ir import Program

DECLARATIONS = """
size_t edge_size(void);
void edge_reset(void *policy);
int edge_step(void *policy, const void *obs, void *action);
int edge_step_batch(void *policies, const void *obs, void *actions, int lanes);
const void *edge_output(const void *policy, int index);
"""
SHIM = """
#if defined(__GNUC__)
#pragma GCC visibility push(default) /* of all functions these alone are seen from outside */
#endif
size_t edge_size(void) { return sizeof(%(name)s_t); }
void edge_reset(void *policy) { %(name)s_reset(policy); }
int edge_step(void *policy, const void *obs, void *action)
{
    return (int)%(name)s_step(policy, obs, action);
}
int edge_step_batch(void *policies, const void *obs, void *actions, int lanes)
{
    return (int)%(name)s_step_lanes(policies, obs, actions, lanes);
}
const void *edge_output(const void *policy, int index)
{
    switch (index) {
%(cases)s
    default: return NULL;
    }
}
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
"""


def shim(program: Program, header: str, name: str) -> str:
    """The header and, behind it, what :data:`DECLARATIONS` declares."""
    cases = "\n".join(f"    case {index}: return {name}_{output}(policy);"
                      for index, output in enumerate(program.output_names))
    macro = f"#define {name.upper()}_IMPLEMENTATION\n"
    return macro + header + SHIM % {"name": name, "cases": cases}
