# SPDX-License-Identifier: MIT
"""The hints of the front ends that name an option or a command, and the test that follows each."""

from __future__ import annotations

import ast
import re

WAY_OUT = re.compile(r"--[a-z]|puffer-edge|pip install")

HERE, EXTRAS = "test_hints.py::{}", "test_hints.py::test_extras_that_hints_install"
FOLLOWED = {
    "give puffer_edge.load() the torch module with the state_dict loaded into it, export it to "
    "ONNX, or say what the tensors are for with --map":
        HERE.format("test_a_map_in_place_of_a_family"),
    "give an example with a batch of 1, or --observation with all elements if the rows are one "
    "observation": HERE.format("test_an_example_of_several_rows"),
    "export the greedy policy: algo.save_policy('policy.onnx'), and give that file with --action":
        "test_d3rlpy.py::test_what_is_not_supported",
    "export the policy to ONNX, or save it with torch's names and [outputs, inputs] matrices and "
    "say what the tensors are for with --map": HERE.format("test_flax_in_torchs_names"),
    "name the pair, as in --state {}:{}; the outputs are {}":
        HERE.format("test_a_lonely_state"),
    "export it with a batch of 1, or give --observation with all elements if the rows are one "
    "observation": HERE.format("test_rows_that_meet"),
    "give the environment's action_space.nvec, as in --action-sizes 3,3,2":
        HERE.format("test_sizes_that_do_not_add_up"),
    "give both --action-low and --action-high": HERE.format("test_bounds"),
    "give --action-low and --action-high of the environment": HERE.format("test_bounds"),
    "give --action-low and --action-high, or --no-squash": HERE.format("test_bounds"),
    "pip install 'puffer-edge[torch]'": EXTRAS,
    "pip install 'puffer-edge[torch]', or export the policy to ONNX": EXTRAS,
    'pip install "puffer-edge[onnx]"': EXTRAS,
    "pip install 'puffer-edge[rltools]'": EXTRAS,
    "give --module package.module:Class or FILE.py:Class":
        HERE.format("test_a_class_that_is_not_there"),
    "give --activation: tanh for TorchRL's MLP by default":
        HERE.format("test_layers_without_a_function"),
    "give its shape with --observation, as in image:4x84x64":
        HERE.format("test_an_image_that_is_no_square"),
    "give those of the observation with --normaliser FILE":
        HERE.format("test_several_statistics"),
    "leave out --normaliser": HERE.format("test_statistics_twice"),
    "leave out --activation": HERE.format("test_a_policy_of_relus"),
    "give --observation obs:N and --action-sizes (--action continuous with a 1 per element), and "
    "--config config/<env>.ini of the run, or --hidden-size and --num-layers":
        "test_pufferlib_weights.py::test_a_size_with_two_readings_asks",
    "give it, planes first, as in --observation image:{}x84x84":
        HERE.format("test_an_image_of_sample_factory"),
    "give --activation, as in --activation relu; see forward in the training script":
        "test_scripts.py::test_the_activation_is_asked_for",
    "give it with --observation, as in image:4x84x84":
        HERE.format("test_images_of_stable_baselines3"),
    "give --activation with one that is": HERE.format("test_an_activation_of_ones_own"),
    "{}; --accept {} goes on regardless":
        "test_stable_baselines3_normaliser.py::test_foreign_statistics_are_refused",
    "build the policy's torch module, load the state_dict into it and give the module to "
    "puffer_edge.load(path, module=...), export the policy to ONNX or with torch.export, or say "
    "what the tensors are for with --map keys.toml, which begins like this and is to be corrected "
    "by forward:\n{}": "test_scripts.py::test_the_hint_has_a_map_of_the_files_own_keys",
    "one observation is supported; name what is recurrent state with --state INPUT:OUTPUT":
        "test_tflite_recurrent.py::test_several_inputs_ask_for_their_states",
    "give it with --observation, as in obs:48, or image:4x84x84":
        HERE.format("test_a_size_that_no_layer_tells"),
    "give --observation obs:8; from Python observation_shape=(8,), or example=(obs, *state)":
        "test_normaliser_of_a_graph.py::test_a_size_that_no_layer_of_a_class_tells",
    "give the right size with --observation": HERE.format("test_a_size_that_forward_asks_for"),
    "leave out --frame-stack, and let the caller stack the frames":
        HERE.format("test_options_around_a_policy"),
    "leave out --action-mask": HERE.format("test_options_around_a_policy"),
    "give --frame-stack, too": HERE.format("test_options_around_a_policy"),
}
"""The hint, ``{}`` for what it fills in -> the test that goes the way which it names."""


def texts(node: ast.expr, constants: dict[str, list[str]]) -> list[str]:
    """What an expression may be as a text; what is filled in is ``{}``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}"
                        for part in node.values)]
    if isinstance(node, ast.BinOp):
        return [a + b for a in texts(node.left, constants) for b in texts(node.right, constants)]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body, constants), *texts(node.orelse, constants)]
    return constants.get(node.id, ["{}"]) if isinstance(node, ast.Name) else ["{}"]


def hints(source: str) -> set[str]:
    """The hints of a file that name an option or a command."""
    tree = ast.parse(source)
    constants = {node.targets[0].id: texts(node.value, {}) for node in tree.body
                 if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
        if isinstance(call.func, ast.Attribute) and call.func.attr == "refuse":
            given += call.args[1:2]
        found += [text for node in given for text in texts(node, constants)]
    return {text for text in found if WAY_OUT.search(text)}
