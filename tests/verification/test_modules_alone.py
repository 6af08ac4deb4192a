# SPDX-License-Identifier: MIT
"""Modules and scripts of torch as originals, and what the process that runs them may do."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.verification.originals import child, live, modules, torch_script
from puffer_edge.verification.originals.job import FAILURE, FOUND, GIVEN, JOB, Job, Trajectory
from puffer_edge.verification.originals.modules import Argument
from puffer_edge.verification.originals.original import Unjudged


def f32(numbers: Any) -> Any:
    return np.array(numbers, np.float32)


class Script(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Sums; begins at 10 where no state is given."""

    def forward(self, a: torch.Tensor, b: torch.Tensor,
                h: tuple[torch.Tensor, torch.Tensor] | None = None
                ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        if h is None:
            h = (torch.full((1, 2), 10.0), torch.zeros(1, 2))
        h = (h[0] + a, h[1] - a)
        return torch.cat([h[0] + h[1], b], 1), h


class Plain(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


@pytest.mark.filterwarnings("ignore")
def test_scripts(tmp_path: Path) -> None:
    path = str(tmp_path / "s.pt")
    torch.jit.script(Script()).save(path)
    x = f32([[1, 2, 7, 8, 9], [3, 4, 7, 8, 9], [1, 1, 0, 0, 0]])
    reset = np.array([True, False, True])
    job = Job("torch_script", path, shape=(1, 5), parts=((2,), (3,)), size=5,
              states=("h.0", "h.1"), state_shapes=((1, 2), (1, 2)))
    seen = child.record(torch_script.open_original(job), job, x, reset)
    assert seen.outputs["output_0"].tolist() == [[10, 10, 7, 8, 9], [10, 10, 7, 8, 9],
                                                 [10, 10, 0, 0, 0]]
    assert seen.after["h.0"].tolist() == [[11, 12], [14, 16], [11, 11]]
    assert seen.after["h.1"].tolist() == [[-1, -2], [-4, -6], [-1, -1]]
    torch.jit.script(Plain()).save(path)
    for more in ({"shape": (1, 3)}, {"shape": (1, 3), "masked": 1, "size": 2},
                 {"shape": (1, 3), "parts": ((1,), (2,))},
                 {"shape": (1, 3), "frame_stack": 2, "size": 6}):
        job = Job("torch_script", path, **{"size": 3, **more})  # type: ignore[arg-type]
        original = torch_script.open_original(job)
        given = np.arange(float(job.size), dtype=np.float32)
        assert original.step(given)["output_0"].tolist() == [(given * 2).tolist()]


@pytest.mark.parametrize(("states", "found", "given", "pairs"), [
    ([("h", (1, 2)), ("c", (1, 2))], [(1, 2), (1, 2), (1, 2)], {}, {"h": "1", "c": "2"}),
    ([("h", (1, 2))], [(1, 2), (1, 3), (1, 2), (1, 3)], {}, {"h": "2"}),
    ([("h", (1, 2)), ("c", (1, 3))], [(1, 3), (1, 2), (1, 3)], {}, {"h": "1", "c": "2"}),
    ([("h", (1, 2)), ("c", (1, 2))], [(1, 2)] * 3, {"h": "2"}, {"h": "2", "c": "1"}),
    ([("h", (1, 2))], [(1, 2), (1, 2)], {"h": "0"}, {"h": "0"}),
    ([("h", (1, 2))], [(1, 2), (1, 3)], {}, None),  # the first output is the action
    ([("c", (1, 3)), ("h", (1, 2))], [(1, 9), (1, 2), (1, 3)], {}, None)])
def test_new_values_of_states(states: Any, found: Any, given: Any, pairs: Any) -> None:
    """The last outputs of their shapes, in order; by the user's names or places before."""
    outputs = {str(i): torch.zeros(shape) for i, shape in enumerate(found)}
    arguments = [Argument(name, shape) for name, shape in states]
    if pairs is None:
        with pytest.raises(Unjudged, match="no new value"):
            modules._successors(arguments, outputs, given)
    else:
        assert modules._successors(arguments, outputs, given) == pairs


class Remembers(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Keeps a sum in a buffer; another buffer stays, one counts in whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.tensor([1.0, 1.0]))
        self.register_buffer("fixed", torch.tensor([3.0]))
        self.register_buffer("count", torch.tensor(0))
        self.started = 0

    def reset_memory(self) -> None:
        self.started += 1

    def forward(self, x: torch.Tensor, on: torch.Tensor, n: torch.Tensor) -> Any:
        self.total += x
        return {"sum": self.total.clone(), "nothing": None, "more": (on.float() + n, x[:1] * 0)}


def test_modules_that_remember() -> None:
    own = Remembers()
    arguments = [Argument("x", (2,)), Argument("on", (1,), torch.bool),
                 Argument("n", (1,), torch.int64)]
    job = Job("live", "", size=4)
    original = modules.ModuleOriginal(own, arguments, job)
    assert torch.get_num_threads() == 1  # a fork has one thread
    x = f32([[1, 2, -3, 1.6], [5, 5, 0.5, -2], [0, 0, 0, 0]])
    seen = child.record(original, job, x, np.array([True, False, True]))
    assert seen.observations.tolist() == [[1, 2, 0, 2], [5, 5, 1, -2], [0, 0, 0, 0]]
    assert seen.outputs["sum"].tolist() == [[2, 3], [7, 8], [1, 1]]
    assert seen.outputs["more"].tolist() == [[2], [-1], [0]]
    assert [*seen.outputs] == ["sum", "more", "more_3"] or [*seen.outputs][:2] == ["sum", "more"]
    assert seen.before["total"].tolist() == [[1, 1], [2, 3], [1, 1]] and [*seen.before] == ["total"]
    assert own.started == 4
    with pytest.raises(Unjudged, match="not 5 numbers"):
        modules.ModuleOriginal(own, arguments, replace(job, size=5))
    told = replace(job, size=3, told="argument on: ignored")
    dropped = modules.ModuleOriginal(own, arguments, told)
    assert [a.name for a in dropped.observed] == ["x", "n"]


class Nested(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def forward(self, first: torch.Tensor, *more: Any) -> torch.Tensor:
        pair, flag, last = more
        assert flag == "yes" and not self.training
        return first + 10 * pair["b"] + 100 * pair["a"] + 1000 * last


def test_arguments_as_they_are_nested() -> None:
    one = torch.ones(1, 1)
    net = Nested().eval()
    arguments, call = live._arguments(net, (one, {"b": one, "a": one}, "yes", one), Job("", ""))
    assert [a.name for a in arguments] == ["first", "more_b", "more_a", "3"] or \
        [a.name for a in arguments] == ["first", "more_a", "more_b", "3"]
    assert {a.shape for a in arguments} == {(1, 1)}
    value = {"first": 1.0, "more_b": 2.0, "more_a": 3.0, "3": 4.0}
    assert call([value[a.name] * one for a in arguments]) == 1 + 20 + 300 + 4000
    ((alone,), none) = live._arguments(net, None, Job("", "", shape=(1, 7)))
    assert alone.shape == (1, 7) and none is None
    ((single,), _) = live._arguments(net, one, Job("", ""))
    assert single.name == "first"


class Limits(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Tells what the process may use."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        import resource

        kinds = (resource.RLIMIT_CPU, resource.RLIMIT_CORE, resource.RLIMIT_DATA)
        return torch.tensor([[float(resource.getrlimit(kind)[0]) for kind in kinds]]) + 0 * x.sum()


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_fork_has_limits_of_its_own(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("no fork")
    import resource

    now = [float(resource.getrlimit(kind)[0]) for kind in (
        resource.RLIMIT_CPU, resource.RLIMIT_CORE, resource.RLIMIT_DATA)]
    monkeypatch.setattr(sys, "platform", system)
    net = Limits().train()
    seen = live.run(net, None, Job("live", "", shape=(1, 2), size=2), np.zeros((2, 2), np.float32),
                    np.array([True, False]), seconds=77)
    assert net.training
    cpu, core, data = seen.outputs["output_0"][0]
    assert (cpu, core) == ((78, 0) if system == "linux" else (now[0], now[1]))
    assert data == now[2] or np.isclose(data, now[2])


def test_a_module_that_fails_or_does_not_end(monkeypatch: pytest.MonkeyPatch,
                                             tmp_path: Path) -> None:
    class Fails(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("what it says")

    job = Job("live", "", shape=(1, 2), size=2)
    x = np.zeros((1, 2), np.float32)
    for system in ("linux", "darwin"):
        monkeypatch.setattr(sys, "platform", system)
        with pytest.raises(Unjudged, match="ValueError: what it says"):
            live.run(Fails(), None, job, x, np.ones(1, bool), seconds=60)
    if not hasattr(os, "fork"):
        return
    number = os.fork()
    if number == 0:
        time.sleep(100)
        os._exit(0)
    with pytest.raises(Unjudged, match="more than 0 seconds"):
        live._result(number, tmp_path, 0)
    with pytest.raises(ChildProcessError):  # it has ended, and was waited for
        os.waitpid(number, os.WNOHANG)


@pytest.mark.parametrize("hard", [-1, 1000, 1 << 40])
def test_limits_of_a_child(hard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Megabytes of 2^20 bytes; never above what is allowed at most."""
    resource = pytest.importorskip("resource")
    for megabytes in (0, 3):
        found: dict[int, tuple[int, int]] = {}
        monkeypatch.setattr(resource, "getrlimit", lambda kind: (5, hard))
        monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
        child.limit(megabytes, 20)
        most = float("inf") if hard == resource.RLIM_INFINITY else hard
        wanted = {resource.RLIMIT_CPU: 20, resource.RLIMIT_CORE: 0}
        if megabytes:
            wanted |= {resource.RLIMIT_DATA: 3 * 2**20, resource.RLIMIT_AS: 24 * 2**20}
        assert found == {kind: (min(each, most), hard) for kind, each in wanted.items()}


def test_the_childs_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it found, or why it found nothing; its code tells which."""
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(child, "limit", lambda *given: limits.append(given))
    monkeypatch.setattr(sys, "argv", ["child", str(tmp_path), "7", "9"])
    seen = Trajectory("me", np.zeros((1, 2), np.float32), np.ones(1, bool), {})
    np.savez(tmp_path / GIVEN, observations=seen.observations, reset=seen.reset)
    (tmp_path / JOB).write_text(Job("x", "y").to_json())
    for answer, reason in ((MemoryError(), "too much memory"), (Unjudged("so"), "so"),
                           (ImportError("", name="lib"), "lib is not installed"),
                           (KeyError("k" * 999), "KeyError: '" + "k" * 299), (None, "")):
        def run(*given: Any, answer: Any = answer) -> Trajectory:
            if answer is not None:
                raise answer
            return seen
        monkeypatch.setattr(child, "run", run)
        assert child.main(tmp_path) == (1 if reason else 0)
        if reason:
            said = (tmp_path / FAILURE).read_text()
            assert said.endswith(reason) and not (tmp_path / FOUND).exists()
            (tmp_path / FAILURE).unlink()
    assert Trajectory.load(tmp_path / FOUND).judge == "me" and limits == [(7, 9)] * 5
