# SPDX-License-Identifier: MIT
"""Runs a policy over vectors; copied beside policy.py, and run by CPython and MicroPython.

Reads ``plan.txt`` (integer or float, number of steps), ``observations.bin`` and ``resets.bin``.
Writes ``results.bin``: all outputs by name, then the action, of every step.
"""

from array import array

from policy import Policy

with open("plan.txt") as file:
    kind, steps = file.read().split()
with open("resets.bin", "rb") as file:
    resets = file.read()
policy = Policy()
given = policy.observation
size = len(given)
typecode = "f" if kind == "float" else "b" if len(bytes(policy.observation)) == size else "h"
results = [policy.outputs[name] for name in sorted(policy.outputs)]
actions = policy.action
# Of a hybrid action, the continuous part comes first.
actions = [actions["continuous"], actions["discrete"]] if isinstance(actions, dict) else [actions]
floats = kind == "float" and hasattr(policy, "action_float")
if floats:
    actions[0] = array("f", [0.0] * len(actions[0]))
results += actions
row = bytearray(size * {"f": 4, "h": 2, "b": 1}[typecode])
with open("observations.bin", "rb") as source, open("results.bin", "wb") as sink:
    for index in range(int(steps)):
        source.readinto(row)
        observation = array(typecode, row)
        if resets[index]:
            policy.reset()
        if kind == "float":
            policy.step_float(observation)
        else:
            for i in range(size):
                given[i] = observation[i]
            policy.step()
        if floats:
            policy.action_float(actions[0])
        for result in results:
            sink.write(bytes(result))
