# SPDX-License-Identifier: MIT
"""Modules of Zephyr, by METADATA_SCHEMA of its scripts/zephyr_module.py and twister's schema.

https://github.com/zephyrproject-rtos/zephyr/blob/main/scripts/zephyr_module.py
https://docs.zephyrproject.org/latest/develop/modules.html
https://github.com/zephyrproject-rtos/zephyr/blob/main/scripts/schemas/twister/testsuite-schema.yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

BUILD = {"cmake": str, "cmake-ext": bool, "kconfig": str, "kconfig-ext": bool,
         "sysbuild-cmake": str, "sysbuild-kconfig": str, "depends": list, "settings": dict}
"""METADATA_SCHEMA, mapping of build."""
MODULE = {"name": str, "build": dict, "samples": list, "tests": list, "boards": list,
          "blobs": list, "security": dict, "package-managers": dict, "runners": list}
"""METADATA_SCHEMA, the first level."""


def problems(files: Mapping[str, bytes], boards: frozenset[str]) -> Iterator[str]:
    """What is wrong with a module, of its files by path; ``boards`` are those that are known."""
    if "zephyr/module.yml" not in files:
        yield "zephyr/module.yml is missing"  # modules.html, "Module yaml file description"
        return
    module: dict[str, Any] = yaml.safe_load(files["zephyr/module.yml"])
    yield from _types(module, MODULE, "")
    build = module.get("build")
    if not isinstance(build, dict):
        yield "build is missing"
        return
    yield from _types(build, BUILD, "build.")
    if f"{build.get('cmake')}/CMakeLists.txt" not in files:  # process_cmake
        yield "the folder of build.cmake has no CMakeLists.txt"
    if build.get("kconfig") not in files:  # process_kconfig
        yield "the file of build.kconfig is missing"
    for folder in module.get("samples", []):
        if not any(path.startswith(f"{folder}/") for path in files):
            yield f"the folder {folder} is missing"
    for path in [path for path in files if path.endswith("sample.yaml")]:
        sample: dict[str, Any] = yaml.safe_load(files[path])
        if not isinstance(sample.get("sample", {}).get("name"), str):  # sample: name: required
            yield "sample.name is missing"
        for test in sample.get("tests", {}).values():
            if test.get("platform_allow") not in boards:
                yield f"the board {test.get('platform_allow')} is not known"
        cmake = files.get(path.replace("sample.yaml", "CMakeLists.txt"), b"").decode()
        if not re.search(r"^cmake_minimum_required\(VERSION \d+(\.\d+)+\)$", cmake, re.MULTILINE):
            yield "the version of CMake is none"  # application CMakeLists.txt, step 1
        if "find_package(Zephyr REQUIRED" not in cmake:
            yield "the sample does not look for Zephyr"


def _types(found: Mapping[str, Any], known: Mapping[str, type], where: str) -> Iterator[str]:
    for key, value in found.items():
        if key not in known:
            yield f"{where}{key} is no field"
        elif not isinstance(value, known[key]):
            yield f"{where}{key} is of another type"
