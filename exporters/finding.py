# SPDX-License-Identifier: MIT
"""The exporter of each target."""

from __future__ import annotations

from puffer_edge.exporters.c import CExporter
from puffer_edge.exporters.exporter import Exporter
from puffer_edge.exporters.formats import FORMATS, FormatExporter
from puffer_edge.exporters.micropython import MicroPythonExporter
from puffer_edge.exporters.rpi import RpiExporter

_ALL: tuple[Exporter, ...] = (CExporter(), RpiExporter(), MicroPythonExporter(),
                              *map(FormatExporter, FORMATS))
EXPORTERS = {target: exporter for exporter in _ALL for target in exporter.targets}
"""By the name of the target."""
