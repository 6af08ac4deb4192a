# SPDX-License-Identifier: MIT
"""Episodes of gymnasium under random actions, and the page's environments over the same actions.

The page's side is a script that any JavaScript engine runs: node in the suite, a browser in
``make page``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import puffer_edge

SCRIPTS = Path(puffer_edge.__file__).parent / "page" / "player"
WORLDS = ("CartPole-v1", "Pendulum-v1", "MountainCar-v0", "Acrobot-v1")

REPLAY = """
function replay(name, episodes) {
  const world = ENVIRONMENTS[name];
  return episodes.map(({seed, actions}) => {
    let state = world.start(new Random(seed));
    const seen = [world.observe(state)], rewards = [], ends = [];
    for (const action of actions) {
      const next = world.step(state, action);
      state = next.state;
      seen.push(world.observe(state));
      rewards.push(next.reward);
      ends.push(next.ended);
    }
    return {seen, rewards, ends};
  });
}
"""
"""Observations, rewards and ends of the page's environments, from seeds and actions alone."""


def sources() -> str:
    """What the page's environments consist of."""
    return "\n".join((SCRIPTS / name).read_text() for name in ("environments.js", "random.js"))


def episodes(name: str, steps: int, seed: int = 0) -> tuple[list[dict[str, Any]],
                                                           list[dict[str, Any]]]:
    """So many steps of gymnasium: what is asked of the page, and what it must answer."""
    import gymnasium

    world = gymnasium.make(name)
    random = np.random.default_rng(seed)
    asked, answers = [], []
    while steps > 0:
        first, _ = world.reset(seed=seed)
        actions, seen, rewards, ends = [], [first.tolist()], [], []
        ended = truncated = False
        while not (ended or truncated) and steps > 0:
            action = (random.uniform(-2.5, 2.5, 1).astype(np.float32)
                      if name == "Pendulum-v1" else int(random.integers(world.action_space.n)))
            observation, reward, ended, truncated, _ = world.step(action)
            actions.append(action.tolist() if isinstance(action, np.ndarray) else action)
            seen.append(observation.tolist())
            rewards.append(float(reward))
            ends.append(bool(ended))
            steps -= 1
        asked.append({"seed": seed, "actions": actions})
        answers.append({"seen": seen, "rewards": rewards, "ends": ends})
        seed += 1
    world.close()
    return asked, answers


def difference(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], limit: int) -> float:
    """The largest of an observation or reward, over the first steps of every episode."""
    assert len(ours) == len(theirs)
    found = 0.0
    for one, two in zip(ours, theirs, strict=True):
        assert len(one["seen"]) == len(two["seen"])
        seen = np.array(one["seen"], np.float32)[:limit] - np.array(two["seen"])[:limit]
        rewards = np.array(one["rewards"])[:limit] - np.array(two["rewards"])[:limit]
        found = max(found, float(np.abs(seen).max()), float(np.abs(rewards).max(initial=0)))
        assert one["ends"][: limit - 1] == two["ends"][: limit - 1]
    return found
