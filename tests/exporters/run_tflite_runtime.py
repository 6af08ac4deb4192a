# SPDX-License-Identifier: MIT
"""Runs models in tflite-runtime, in a Python that has it: every resolver, the state carried.

``python run_tflite_runtime.py FOLDER``: for each ``<name>.npz`` (observations, initial states by
name) there is a ``<name>.tflite``; writes ``<name>.<resolver>.npy`` with the first outputs.
"""

import sys
from pathlib import Path

import numpy as np
import tflite_runtime.interpreter as tflite

RESOLVERS = {"reference": tflite.OpResolverType.BUILTIN_REF,
             "builtin": tflite.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
             "default": tflite.OpResolverType.AUTO}


def run(model, given, resolver):
    interpreter = tflite.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    inputs = {each["name"]: each for each in interpreter.get_input_details()}
    outputs = {each["name"]: each["index"] for each in interpreter.get_output_details()}
    state = {name: given[name] for name in inputs if name != "observation"}
    rows = []
    for x in given["observations"]:
        values = {"observation": x.reshape(inputs["observation"]["shape"]), **state}
        for name, value in values.items():
            interpreter.set_tensor(inputs[name]["index"], value)
        interpreter.invoke()
        state = {name: interpreter.get_tensor(outputs[f"{name}_next"]) for name in state}
        rows.append(interpreter.get_tensor(outputs["logits"]).reshape(-1))
    return np.stack(rows)


for path in sorted(Path(sys.argv[1]).glob("*.npz")):
    for name, resolver in RESOLVERS.items():
        found = run(path.with_suffix(".tflite").read_bytes(), dict(np.load(path)), resolver)
        np.save(path.with_suffix(f".{name}.npy"), found)
