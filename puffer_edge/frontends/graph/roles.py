# SPDX-License-Identifier: MIT
"""What the inputs and outputs of a graph are for: observation, state, action, value.

An ONNX file has names and shapes only. The user's pairs win; else the names tell, by the habits of
torch, PufferLib, rsl_rl, Stable-Baselines3, RLlib and ML-Agents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.graph.ports import Port
from puffer_edge.readers.text import printable

VALUE = frozenset(("value", "values", "critic", "v", "vf", "vpred", "baseline", "state_value",
                   "value_out", "value_output", "values_out", "value_estimate"))
SPREAD = frozenset(("log_std", "logstd", "log_stds", "std", "stds", "sigma", "log_sigma", "stddev",
                    "scale", "action_std", "action_log_std", "log_prob", "log_probs", "logprob",
                    "entropy"))
DEVIATION = SPREAD - {"log_prob", "log_probs", "logprob", "entropy"}
"""Of the spreads, those of a continuous action alone."""
DISCRETE = frozenset(("q", "q_value", "q_values", "qvalue", "qvalues"))
MEAN = frozenset(("mean", "mu", "means", "action_mean", "mean_action", "mean_actions",
                  "actions_mean", "continuous_actions", "deterministic_continuous_actions"))
CONTINUOUS = MEAN | {"action", "actions"}
_LOGITS = frozenset(("logit", "logits", "discrete"))
ACTION = ("logits", "action_logits", "policy_logits", "deterministic_continuous_actions",
          "deterministic_discrete_actions", "mean", "mu", "means", "action_mean", "mean_action",
          "mean_actions", "actions_mean", "actions", "action", "continuous_actions",
          "discrete_actions", "policy", "pi", "q_values", "qvalues", "q")
"""Names of the action output, the surest first: logits or a mean are what the contract acts on."""

_BEFORE = frozenset(("in", "ins", "input", "inputs", "prev", "previous", "old", "initial", "init",
                     "last"))
_AFTER = frozenset(("out", "outs", "output", "outputs", "next", "new", "final", "updated",
                    "last"))
_NUMBERED_BEFORE = frozenset(("0", "t", "i"))
_NUMBERED_AFTER = frozenset(("1", "n", "t1", "tp1", "o"))
_UNNAMED = re.compile(r"(/.*|onnx::)?([A-Za-z]+_)?(output_?)?\d+")
"""Names that exporters make up: ``72``, ``onnx::Gemm_1``, ``/gru/GRU_output_1``, ``output_1``."""
_NEVER_STATE = frozenset(("", "obs", "observation", "observations", "x", "image", "action",
                          "actions", "reward", "mask"))
_LOOKS_RECURRENT = re.compile(
    r"(h|c|hx|cx|h0|c0|ht|ct|hc|hidden|cell|lstm|gru|rnn|memory|recurrent|hidden_state|cell_state)"
    r"(_?(in|out|input|output|state|states|0|h|c|prev|next|new))*|"
    r"state_(ins?|outs?|h|c|0)(_\d+)?|initial_(h|c|state)")


def state_pairs(inputs: Sequence[Port], outputs: Sequence[Port],
                given: Sequence[tuple[str, str]], where: str) -> dict[str, str]:
    """Input name -> output name of what is carried from step to step.

    Raises:
        UsageError: a pair given by the user is not in the graph.
    """
    known = ({port.name for port in inputs}, {port.name for port in outputs})
    for pair in given:
        for name, names, side in zip(pair, known, ("input", "output"), strict=True):
            if name not in names:
                raise UsageError(f"the graph has no {side} {printable(name)}", where=where,
                                 hint=f"its {side}s are {', '.join(map(printable, sorted(names)))}")
    pairs = dict(given)
    if len(pairs) != len(given) or len(set(pairs.values())) != len(given):
        raise UsageError("an input or output is in two pairs of state", where=where)
    for before, after in ((_BEFORE, _AFTER),
                          (_BEFORE | _NUMBERED_BEFORE, _AFTER | _NUMBERED_AFTER)):
        free_inputs = [p for p in inputs if p.name not in pairs]
        free_outputs = [p for p in outputs if p.name not in pairs.values()]
        for port in free_inputs:
            matches = [p for p in free_outputs if port.fits(p)
                       and _stem(p.name, after) == _stem(port.name, before)]
            if len(matches) == 1 and _stem(port.name, before) not in _NEVER_STATE:
                pairs.setdefault(port.name, matches[0].name)
                free_outputs.remove(matches[0])
    return pairs | _by_shape(inputs, outputs, pairs)


def _by_shape(inputs: Sequence[Port], outputs: Sequence[Port], pairs: dict[str, str]
              ) -> dict[str, str]:
    """Inputs after the first that are surely state, whose outputs have names that tell nothing.

    They belong to the outputs of their shape after the first one, in order, where these are as
    many. Where no input has a name either, all after the first are state if the last outputs have
    all their shapes.
    """
    more = inputs[1:]
    last = outputs[len(outputs) - len(more) :] if len(outputs) > len(more) else ()
    if more and not pairs and last and all(
            _UNNAMED.fullmatch(a.name) and _UNNAMED.fullmatch(b.name) and a.shape is not None
            and a.shape == b.shape and prod(a.sizes) > 1 for a, b in zip(more, last, strict=True)):
        return {a.name: b.name for a, b in zip(more, last, strict=True)}
    lonely = [p for p in more if p.name not in pairs and looks_recurrent(p.name)]
    free = [p for p in outputs[1:] if p.name not in pairs.values() and _UNNAMED.fullmatch(p.name)]
    found = {}
    for port in lonely:
        same = [p for p in lonely if p.fits(port)]
        fitting = [p for p in free if port.fits(p)]
        if len(same) == len(fitting):
            found[port.name] = fitting[same.index(port)].name
    return found


def refuse_lonely_state(inputs: Sequence[str], pairs: dict[str, str], outputs: Sequence[str],
                        where: str) -> None:
    """Raises UnsupportedError for an input that is surely recurrent state but has no pair."""
    for name in inputs:
        if name not in pairs and looks_recurrent(name):
            raise UnsupportedError(
                f"input {printable(name)} looks like recurrent state, but no output of its shape "
                "has a matching name", where=where,
                hint=f"name the pair, as in --state {printable(name)}:{printable(outputs[-1])}; "
                     f"the outputs are {', '.join(map(printable, outputs))}")


def looks_recurrent(name: str) -> bool:
    """Whether a name is one of recurrent state."""
    return bool(_LOOKS_RECURRENT.fullmatch(normalised(name)))


def action_output(outputs: Sequence[str]) -> str:
    """The output that the action is made of: the surest name, or the first."""
    by_name = {normalised(name): name for name in reversed(outputs)}
    return next((by_name[name] for name in ACTION if name in by_name), outputs[0])


def marks_choices(plain: str) -> bool:
    """Whether a name, normalised and without its number, is one of logits or action values."""
    return plain in DISCRETE or not _LOGITS.isdisjoint(plain.split("_"))


def _stem(name: str, markers: frozenset[str]) -> str:
    """The words of a name without those that say before or after: ``h0``, ``hn`` -> ``h``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name)
    spaced = re.sub(r"^([hc])([nt])$", r"\1_\2", spaced)
    return "_".join(w for w in normalised(spaced).split("_") if w not in markers)


def is_value(name: str) -> bool:
    """Whether an output is by its name the value head."""
    plain = normalised(name)
    return plain in VALUE or plain.startswith("critic_") or (
        plain.endswith("_value") and not plain.startswith("q_"))
