# SPDX-License-Identifier: MIT
"""Formats that are known and not read: each is named, with two commands that make it readable.

They hold pickles, which may run code, or graphs of libraries that are far larger than we are. A
directory is told by the names of its files, as its library does; a file by its content.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.errors import UnsupportedError


@dataclass(frozen=True)
class Unread:
    """A format.

    Attributes:
        name: what the message calls it.
        first, second: shell commands; ``FILE`` stands for what was given.
        then: what to do with what the second one writes.
    """

    name: str
    first: str
    second: str
    then: str

    def refuse(self, path: Path) -> UnsupportedError:
        """The error that names it."""
        # A name that a shell or Python could take for more than a name is not put into a command.
        name = str(path) if re.fullmatch(r"[\w./-]+", str(path), re.ASCII) else "FILE"
        second = self.second.replace("FILE", name)
        return UnsupportedError(
            f"this is {self.name}, which is not read", where=str(path),
            hint=f"two commands make it readable:\n  {self.first}\n  {second}\n{self.then}")


STABLE_BASELINES_2 = Unread(
    "a zip of Stable-Baselines 2, the one made with TensorFlow",
    "pip install numpy torch",
    "python -c \"import io, numpy, torch, zipfile; "
    "a = numpy.load(io.BytesIO(zipfile.ZipFile('FILE').read('parameters'))); "
    "n = lambda k: k[:-2].removesuffix('/w').removesuffix('/b').replace('/', '.') + "
    "{'/w:0': '.weight', '/b:0': '.bias'}.get(k[-4:], ''); "
    "o = {2: (1, 0), 4: (3, 2, 0, 1)}; "
    "torch.save({n(k): torch.tensor(a[k].transpose(o.get(a[k].ndim))) for k in a}, "
    "'policy.pt')\"",
    "and --map says what the tensors of policy.pt are for, such as layers = "
    '["model.pi_fc0", "model.pi_fc1"], output = "model.pi"')

STABLE_BASELINES_2_PICKLE = Unread(
    "a pickle of Stable-Baselines 2, the one made with TensorFlow",
    "pip install stable-baselines==2.10.2 tensorflow==1.15.5  # with Python 3.7",
    "python -c \"from stable_baselines import PPO2; PPO2.load('FILE').save('policy.zip')\"",
    "with the class that it was trained by; then give policy.zip, of which the message says more")

SBX = Unread(
    "a zip of SBX, Stable-Baselines3 in JAX, whose policy is pickled",
    "pip install sbx-rl",
    "python -c \"from sbx import PPO; from flax.serialization import to_bytes; "
    "p = PPO.load('FILE').policy; s = getattr(p, 'actor_state', None) or p.qf_state; "
    "open('policy.msgpack', 'wb').write(to_bytes(s.params))\"",
    "with the class that it was trained by instead of PPO; then give policy.msgpack, with "
    "--activation relu if it is not PPO's")

RLLIB = Unread(
    "a checkpoint of RLlib, which is pickled",
    'pip install "ray[rllib]" torch onnx',
    "python -c \"from ray.rllib.policy.policy import Policy; p = Policy.from_checkpoint('FILE'); "
    "p = p['default_policy'] if isinstance(p, dict) else p; p.export_model('exported', "
    "onnx=17)\"",
    "then give exported/model.onnx; the path is that of the checkpoint's directory, and the "
    "version of ray that of the training")

RLLIB_MODULE = Unread(
    "a module of RLlib's new stack, which is pickled",
    "pip install numpy torch",
    "python -c \"import glob, pickle, torch; "
    "f = sorted(glob.glob('FILE/**/module_state.pkl', recursive=True))[0]; "
    "torch.save(pickle.load(open(f, 'rb')), 'policy.pt')\"",
    "only if the checkpoint is your own; then give policy.pt, with --activation if it is not tanh. "
    "Of several modules FILE is the one's directory, such as "
    "learner_group/learner/rl_module/default_policy")

SAVED_MODEL = Unread(
    "a SavedModel of TensorFlow",
    "pip install tensorflow",
    "python -c \"import tensorflow as tf; c = tf.lite.TFLiteConverter.from_saved_model('FILE'); "
    "open('policy.tflite', 'wb').write(c.convert())\"",
    "then give policy.tflite; the path is that of the directory")

TENSORFLOW_CHECKPOINT = Unread(
    "a checkpoint of TensorFlow, variables without a graph",
    "pip install tensorflow torch",
    "python -c \"import tensorflow as tf, torch; r = tf.train.load_checkpoint('FILE'); "
    "torch.save({k.split('/.ATTR')[0].replace('/', '.'): torch.tensor(r.get_tensor(k).T) "
    "for k in r.get_variable_to_shape_map() if r.get_tensor(k).dtype.kind == 'f'}, "
    "'policy.pt')\"",
    "with the path without .index; then --map says what the tensors of policy.pt are for")

ORBAX = Unread(
    "a checkpoint of orbax (JAX), a directory of compressed chunks",
    "pip install orbax-checkpoint flax",
    "python -c \"import os, orbax.checkpoint as ocp; from flax.serialization import to_bytes; "
    "t = ocp.PyTreeCheckpointer().restore(os.path.abspath('FILE')); "
    "open('policy.msgpack', 'wb').write(to_bytes(t))\"",
    "then give policy.msgpack")

BRAX = Unread(
    "a pickle of brax, as brax.io.model.save_params writes it",
    "pip install brax flax",
    "python -c \"from brax.io import model; from flax.serialization import to_bytes, "
    "to_state_dict; p = model.load_params('FILE'); "
    "open('policy.msgpack', 'wb').write(to_bytes([to_state_dict(part) for part in p]))\"",
    "then give policy.msgpack")

PICKLE = Unread(
    "a bare pickle, which may run code",
    "pip install torch",
    "python -c \"import pickle, torch; p = pickle.load(open('FILE', 'rb')); "
    "torch.save(p.state_dict() if hasattr(p, 'state_dict') else p, 'policy.pt')\"",
    "only if the pickle is your own; then give policy.pt. A VecNormalize is given beside its "
    "policy: --vec-normalize FILE")

_SAVED_BY = re.compile(rb"\x08\x01\x12[\x80-\xff]{0,4}[\x00-\x7f]\x0a")
"""SavedModel: schema version 1, then a MetaGraphDef, whose first field is a message; an ONNX file
has the name of its producer there."""
_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""The magic number at the end of TensorFlow's tables, ``variables.index``."""

_DIRECTORIES: tuple[tuple[Unread, tuple[str, ...]], ...] = (
    (RLLIB_MODULE, ("module_state.pkl", "class_and_ctor_args.pkl")),
    (RLLIB_MODULE, ("learner_group", "class_and_ctor_args.pkl")),
    (RLLIB, ("rllib_checkpoint.json",)),
    (RLLIB, ("policy_state.pkl",)),
    (RLLIB, ("algorithm_state.pkl",)),
    (SAVED_MODEL, ("saved_model.pb",)),
    (SAVED_MODEL, ("saved_model.pbtxt",)),
    (ORBAX, ("_CHECKPOINT_METADATA",)),
    (ORBAX, ("_METADATA",)),
    (ORBAX, ("manifest.ocdbt",)),
)
"""A directory is of the first kind all of whose files it has."""

_PICKLES: tuple[tuple[Unread, tuple[bytes, ...]], ...] = (
    (STABLE_BASELINES_2_PICKLE, (b"stable_baselines.",)),
    (RLLIB, (b"ray.rllib", b"_optimizer_variables", b"policy_specs", b"policy_spec")),
    (BRAX, (b"brax.training", b"running_statistics")),
)
"""A pickle is of the first kind one of whose words it holds."""


def refuse_directory(path: Path) -> None:
    """Raises UnsupportedError for a directory that is a checkpoint of a known kind."""
    for kind, names in _DIRECTORIES:
        # Unlike Path.exists, os.path never raises.
        if all(os.path.exists(os.path.join(path, name)) for name in names):
            raise kind.refuse(path)


def refuse_zip(names: set[str], path: Path) -> None:
    """The same for the members of a zip."""
    if {"data", "parameters", "parameter_list"} <= names:
        raise STABLE_BASELINES_2.refuse(path)
    if {"data", "_stable_baselines3_version"} <= names:  # without the policy.pth of torch
        raise SBX.refuse(path)


def refuse_content(content: bytes, path: Path) -> None:
    """The same for the bytes of a file."""
    if content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise next((kind for kind, words in _PICKLES if any(word in content for word in words)),
                   PICKLE).refuse(path)
    if _SAVED_BY.match(content):
        raise SAVED_MODEL.refuse(path)
    if content.endswith(_TABLE_END):
        raise TENSORFLOW_CHECKPOINT.refuse(path)
