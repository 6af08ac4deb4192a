# SPDX-License-Identifier: MIT
"""That an integer Program stays in range, whatever it observes."""

from puffer_edge.proofs.prove import prove as prove
