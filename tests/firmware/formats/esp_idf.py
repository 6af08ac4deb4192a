# SPDX-License-Identifier: MIT
"""Components of ESP-IDF, by the documents of the component manager and of the build system.

https://docs.espressif.com/projects/idf-component-manager/en/latest/reference/manifest_file.html
https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-guides/build-system.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

TARGETS = ("esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c5", "esp32c6", "esp32h2",
           "esp32p4")
"""What `idf.py --list-targets` of ESP-IDF 5 lists; the linter of the manager takes any text."""
KNOWN = ("version", "description", "url", "targets", "dependencies", "license", "tags", "files",
         "maintainers", "examples", "repository", "documentation", "issues", "discussion")


def problems(files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a component, of its files by path."""
    if "idf_component.yml" not in files:
        yield "idf_component.yml is missing"
        return
    fields: dict[str, Any] = yaml.safe_load(files["idf_component.yml"])
    yield from (f"{key} is no field" for key in fields if key not in KNOWN)
    if "version" not in fields:  # "version: required"
        yield "version is missing"
    elif not re.fullmatch(r"\d+\.\d+\.\d+(~\d+)?", str(fields["version"])):  # semantic version
        yield "version is no semantic version"
    if not isinstance(fields.get("description", ""), str):
        yield "description is of another type"
    for target in fields.get("targets", []):
        if target not in TARGETS:  # "targets: ESP-IDF targets that the component supports"
            yield f"the target {target} is not known"
    cmake = files.get("CMakeLists.txt", b"").decode()
    call = re.search(r'idf_component_register\(SRCS "([^"]+)" INCLUDE_DIRS "([^"]+)"\)', cmake)
    if call is None:  # "Minimal Component CMakeLists"
        yield "CMakeLists.txt registers no component"
    elif call[1] not in files:
        yield f"{call[1]} is missing"
    for name in ("CMakeLists.txt", "main/CMakeLists.txt", "main/main.c"):  # "Project CMakeLists"
        if f"examples/control/{name}" not in files:
            yield f"the example has no {name}"
