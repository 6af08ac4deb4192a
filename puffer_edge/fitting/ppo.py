# SPDX-License-Identifier: MIT
"""A small policy trained on by reward: PPO of Stable-Baselines3, for when no teacher is enough.

The algorithm is the library's; the policy's own layers are put into its actor, and taken out again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.trainer import Effort
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes import optimize

RATE, CLIP = 3e-4, 0.1


def finetuned(policy: Program, env: Practice, budget: Effort, progress: Callable[[str], None]
              ) -> Program:
    """The policy after ``budget.steps`` steps of PPO.

    Args:
        policy: linear layers with one activation between them, relu or tanh.
        env: whose observations and actions are those of the policy, as a Box and a Box or Discrete.
        budget: seed and steps.
        progress: is told what is being done.

    Raises:
        MissingDependencyError: Stable-Baselines3 is not installed.
        UnsupportedError: the policy has other layers.
        UsageError: the environment is of another kind.
    """
    try:
        import stable_baselines3
        import torch
    except ImportError as error:
        raise MissingDependencyError("PPO is Stable-Baselines3's, which is not installed",
                                     hint="pip install stable-baselines3") from error
    base = optimize(policy)
    layers, function = _layers(base)
    made = _environment(env)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    progress(f"{budget.steps} steps of PPO")
    try:
        model = stable_baselines3.PPO(
            "MlpPolicy", made, seed=budget.seed, device="cpu", learning_rate=RATE, clip_range=CLIP,
            n_steps=min(1024, max(64, budget.steps)), policy_kwargs={
                "net_arch": {"pi": [len(base.constants[op.weight]) for op in layers[:-1]],
                             "vf": [64, 64]},
                "activation_fn": {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[function]})
        own = [*(module for module in model.policy.mlp_extractor.policy_net
                 if isinstance(module, torch.nn.Linear)), model.policy.action_net]
        for module, op in zip(own, layers, strict=True):
            _put(module.weight, base.constants[op.weight])
            _put(module.bias, base.constants[op.bias] if op.bias else np.zeros(
                len(base.constants[op.weight]), np.float32))
        model.learn(budget.steps)
        constants: dict[str, Array] = {}
        for module, op in zip(own, layers, strict=True):
            constants[op.weight] = module.weight.detach().numpy().copy()
            if op.bias:
                constants[op.bias] = module.bias.detach().numpy().copy()
    finally:
        torch.set_num_threads(threads)
        made.close()
    return replace(base, constants={**base.constants, **constants})


def _put(parameter: Any, array: Array) -> None:
    import torch

    if tuple(parameter.shape) != array.shape:
        raise UsageError(f"the environment's network has a layer {tuple(parameter.shape)}, "
                         f"the policy {array.shape}")
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(array.copy()))


def _layers(program: Program) -> tuple[list[Gemm], str]:
    """The linear layers in order, and the function between them."""
    layers = [op for op in program.ops if isinstance(op, Gemm)]
    functions = {op.activation for op in layers[:-1]}
    known: dict[Activation | None, str] = {
        Activation("relu"): "relu", Activation("tanh"): "tanh"}
    chained = all(after.x == before.y for before, after in pairwise(layers))
    if (len(layers) < len(program.ops) or not layers or not chained or len(functions) > 1
            or not functions <= set(known) or layers[-1].activation is not None
            or layers[0].x != program.input):
        raise UnsupportedError("PPO trains on linear layers with relu or tanh between them, and "
                               "this policy has others")
    return layers, known[functions.pop()] if functions else "relu"


def _environment(env: Practice) -> Any:
    import gymnasium

    try:
        made: Any = gymnasium.make(env.identity)
    except Exception as error:  # gymnasium raises many kinds
        raise UsageError(f"the environment {env.identity!r} cannot be made: {error}") from error
    if env.observe:
        places = np.array(env.observe)
        space = made.observation_space
        made = gymnasium.wrappers.TransformObservation(
            made, lambda seen: np.asarray(seen, np.float32).reshape(-1)[places],
            gymnasium.spaces.Box(space.low.reshape(-1)[places], space.high.reshape(-1)[places],
                                 dtype=np.float32))
    return made
