# SPDX-License-Identifier: MIT
"""What became of a candidate, also as plain text, so that any storage and any network keeps it."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact import program_file
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.trainer import Made
from puffer_edge.quantization.recording import Recording
from puffer_edge.sizing import Price


@dataclass(frozen=True)
class Outcome:
    """A candidate with what is known of it.

    Attributes:
        candidate: which.
        price: what it takes; None where it has no form.
        made: None where it was not made: no form, or no room.
        returns: by the first of the search's seeds, as many as it took to judge it.
        agreement: with the teacher over held-back data, where nothing is played.
        why: it went no further: no form, no room, or a clear loser.
    """

    candidate: Candidate
    price: Price | None = None
    made: Made | None = None
    returns: Array = field(default_factory=lambda: np.zeros(0))
    agreement: float | None = None
    why: str = ""

    @property
    def mean(self) -> float:
        """Mean return; the agreement where nothing is played."""
        if self.agreement is not None:
            return self.agreement
        return float(self.returns.mean()) if len(self.returns) else float("nan")

    def to_text(self) -> str:
        """JSON, in which a Program and a recording are base64."""
        made = None
        if self.made is not None:
            arrays = io.BytesIO()
            np.savez_compressed(arrays, observations=self.made.recording.observations,
                                reset=self.made.recording.reset)
            made = {"program": _packed(program_file.to_bytes(self.made.program)),
                    "recording": _packed(arrays.getvalue()), "nearest": self.made.nearest,
                    "words": self.made.words}
        return json.dumps({
            "candidate": asdict(self.candidate), "made": made, "why": self.why,
            "price": None if self.price is None else asdict(self.price),
            "returns": self.returns.tolist(), "agreement": self.agreement})

    @staticmethod
    def from_text(text: str) -> Outcome:
        """What :meth:`to_text` gave."""
        plain = json.loads(text)
        return Outcome(_candidate(plain["candidate"]),
                       None if plain["price"] is None else Price(**plain["price"]),
                       None if plain["made"] is None else _made(plain["made"]),
                       np.array(plain["returns"], np.float64), plain["agreement"], plain["why"])


def _candidate(plain: dict[str, Any]) -> Candidate:
    return Candidate(plain["scheme"], tuple(plain["widths"]), plain["activation"], plain["cell"],
                     tuple((layer, scheme) for layer, scheme in plain["layers"]),
                     plain["teacher"])


def _made(plain: dict[str, Any]) -> Made:
    with np.load(io.BytesIO(base64.b64decode(plain["recording"])), allow_pickle=False) as arrays:
        recording = Recording(arrays["observations"], arrays["reset"])
    return Made(program_file.from_bytes(base64.b64decode(plain["program"])), recording,
                plain["nearest"], plain["words"])


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
