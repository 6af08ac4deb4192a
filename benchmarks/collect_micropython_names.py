# SPDX-License-Identifier: MIT
"""Writes puffer_edge/subset/facts/names.json: modules, names and members by firmware.

    python benchmarks/collect_micropython_names.py [micropython.mjs]

Sources, all pinned below: the micropython-<port>-stubs packages of every port and version, for the
modules that are MicroPython's own; for those that the stubs of today copy from CPython's typeshed
(array, struct, sys, os, io, ...) the older stubs, made from the firmware itself, and the real
interpreter for WebAssembly, asked by dir(). The members of built-in types come from dir() alone.

The file maps a scope (a module, or module.Class) to {platforms: names}; platforms is a bit mask in
hexadecimal over the list "platforms". "native" lists the modules that are no Python files.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = {
    "rp2": ["1.20.0.post5", "1.21.0.post2", "1.22.1.post2", "1.23.0.post2", "1.24.1.post2",
            "1.25.0.post3", "1.26.0.post1", "1.27.0.post1", "1.28.0.post4", "1.29.0.post1"],
    "esp32": ["1.20.0.post5", "1.21.0.post4", "1.22.0.post1", "1.23.0.post2", "1.24.1.post2",
              "1.25.0.post5", "1.26.0.post1", "1.27.0.post1", "1.28.0.post4", "1.29.0.post1"],
    "esp8266": ["1.19.1.post12", "1.23.0.post2", "1.24.1.post1", "1.25.0.post4", "1.26.0.post1",
                "1.27.0.post1", "1.28.0.post4", "1.29.0.post1"],
    "stm32": ["1.20.0.post5", "1.21.0.post2", "1.22.0.post1", "1.23.0.post2", "1.24.1.post2",
              "1.25.0.post3", "1.26.0.post1", "1.27.0.post1", "1.28.0.post5", "1.29.0.post1"],
    "samd": ["1.20.0.post2", "1.21.0.post2", "1.22.1.post1", "1.23.0.post2", "1.24.1.post2",
             "1.25.0.post3", "1.26.0.post1", "1.27.0.post1", "1.28.0.post4", "1.29.0.post1"],
    "unix": ["1.20.0.post1", "1.21.0.post1", "1.24.1.post2", "1.25.0.post1", "1.26.0.post1",
             "1.28.0.post1", "1.29.0.post1"],
    "webassembly": ["1.21.0.post2", "1.24.1.post2", "1.25.0.post2", "1.26.0.post2",
                    "1.28.0.post1", "1.29.0.post1"],
}
# In the stubs these are typeshed's, with names that only CPython has.
COPIED = ["array", "builtins", "collections", "io", "json", "os", "re", "ssl", "struct", "sys"]
# Present on every board with a network stack; the stubs hold CPython's, so any name is let pass.
OPEN_MODULES = ["asyncio", "uasyncio", "_asyncio"]
BUILTIN_TYPES = ("int float bool complex str bytes bytearray memoryview list tuple dict set "
                 "frozenset range slice object").split()
ASK = """
import sys, json, builtins, array, collections
names = {}
for module in %r:
    try:
        names[module] = dir(__import__(module))
    except ImportError:
        pass
for name in %r:
    names['builtins.' + name] = dir(getattr(builtins, name))
names['array.array'] = dir(array.array)
names['collections.deque'] = dir(collections.deque)
modules = {}
for module in %r:
    try:
        modules[module] = dir(__import__(module))
    except ImportError:
        modules[module] = None
print('NAMES', json.dumps([names, modules]))
"""

Scopes = dict[str, set[str]]


def stub_scopes(folder: Path) -> Scopes:
    """Names by scope of all stub files under a folder."""
    scopes: Scopes = {}
    for path in sorted(folder.rglob("*.pyi")):
        parts = list(path.relative_to(folder).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if not parts or any("dist-info" in part for part in parts):
            continue
        module = ".".join(parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes[module] = {"*"} if module.split(".")[0] in OPEN_MODULES else names_of(
            tree.body, module, scopes)
        if len(parts) > 1:
            scopes.setdefault(parts[0], set()).add(parts[1])
    return scopes


def native_modules(folder: Path) -> set[str]:
    """Modules of the firmware itself; the others are Python files that anybody may copy."""
    return {path.relative_to(folder).with_suffix("").parts[0] for path in folder.rglob("*.pyi")
            if "MCU: {" in path.read_text(encoding="utf-8")} - COPIED_DRIVERS


COPIED_DRIVERS = {"ssd1306", "umqtt", "mip"}  # frozen Python, though the stubs do not say so


def names_of(body: list[ast.stmt], scope: str, scopes: Scopes) -> set[str]:
    """Names that a body binds; classes below it become scopes. A * means: there are others."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
            members = names_of(node.body, f"{scope}.{node.name}", scopes)
            for base in node.bases:
                inherited = scopes.get(f"{scope}.{ast.unparse(base)}")
                members |= inherited if inherited is not None else (
                    set() if ast.unparse(base) in ("object", "Protocol") else {"*"})
            scopes[f"{scope}.{node.name}"] = members
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.If):
            names |= names_of(node.body + node.orelse, scope, scopes)
        elif isinstance(node, ast.ImportFrom) and node.module not in TYPING:
            names |= {alias.asname or alias.name for alias in node.names}
    return names


TYPING = {"typing", "typing_extensions", "_typeshed", "__future__", "collections.abc", "types"}


def download(package: str, version: str, folder: Path) -> Path:
    """Unpacks one wheel; nothing in it is executed."""
    target = folder / f"{package}-{version}"
    wheels = folder / f"wheels-{package}-{version}"
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                    "--only-binary=:all:", "--dest", str(wheels), f"{package}=={version}"],
                   check=True, stderr=subprocess.DEVNULL)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(target)
    return target


def ask_interpreter(module: Path, folder: Path) -> tuple[Scopes, dict[str, set[str] | None]]:
    """What dir() says in MicroPython for WebAssembly: by scope, and by Python's own modules."""
    script = folder / "ask"
    script.mkdir()
    harmless = sorted(name for name in sys.stdlib_module_names if name not in {"this"})
    (script / "ask.py").write_text(ASK % (COPIED, BUILTIN_TYPES, harmless))
    runner = ROOT / "puffer_edge/verification/micropython/run.mjs"
    done = subprocess.run(["node", str(runner), str(module), str(script), "ask.py"], check=True,
                          capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("NAMES "))
    scopes, modules = json.loads(line[6:])
    return ({scope: set(names) for scope, names in scopes.items()},
            {name: None if names is None else set(names) for name, names in modules.items()})


def minor(version: str) -> str:
    """1.29 of 1.29.0.post1."""
    return ".".join(version.split(".")[:2])


def collect(interpreter: Path) -> dict[str, object]:
    """The content of names.json."""
    platforms: list[str] = []
    columns: list[Scopes] = []
    native: set[str] = set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked, modules = ask_interpreter(interpreter, folder)
        for port, versions in VERSIONS.items():
            old: Scopes = {}
            for version in versions:
                stubs = download(f"micropython-{port}-stubs", version, folder)
                scopes = stub_scopes(stubs)
                if version == versions[-1]:
                    native |= native_modules(stubs)
                for module in COPIED:
                    if module in scopes:
                        old.setdefault(module, set()).update(scopes[module])
                platforms.append(f"{port} {minor(version)}")
                columns.append(scopes)
            for scopes in columns[-len(versions):]:
                for scope, names in asked.items():
                    scopes[scope] = names | old.get(scope, set())
                for module in COPIED:  # the classes in them are typeshed's too
                    for scope in [s for s in scopes if s.startswith(f"{module}.")]:
                        if scope not in asked:
                            scopes[scope] = {"*"}
                    if module in scopes:
                        scopes[f"u{module}"] = scopes[module]
                for module in OPEN_MODULES[:2]:
                    scopes[module] = {"*"}
                scopes["ssl"] = {"*"}  # a package of its own, and frozen on most boards
                if port == "webassembly":
                    for name, found in modules.items():
                        if found is None:
                            scopes.pop(name, None)
                        elif name not in OPEN_MODULES:
                            scopes[name] = found
    return {"platforms": platforms, "native": sorted(native), "scopes": packed(columns)}


def packed(columns: list[Scopes]) -> dict[str, dict[str, str]]:
    """Scopes as masks; the name "" stands for the scope itself."""
    masks: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for column, scopes in enumerate(columns):
        for scope, names in scopes.items():
            hidden = {name for name in names if name.startswith("__") and name.endswith("__")}
            for name in {"", *(names - hidden)}:
                masks[scope][name] |= 1 << column
    result: dict[str, dict[str, str]] = {}
    for scope in sorted(masks):
        groups: dict[int, list[str]] = defaultdict(list)
        for name, mask in masks[scope].items():
            groups[mask].append(name or ".")
        result[scope] = {f"{mask:x}": " ".join(sorted(groups[mask])) for mask in sorted(groups)}
    return result


def main() -> None:
    interpreter = Path(sys.argv[1]) if len(sys.argv) > 1 else next(
        Path(sys.prefix).glob("node_modules/@micropython/*/micropython.mjs"))
    data = collect(interpreter)
    lines = ",\n".join(f" {json.dumps(scope)}: {json.dumps(names)}"
                       for scope, names in data["scopes"].items())  # type: ignore[attr-defined]
    (ROOT / "puffer_edge/subset/facts/names.json").write_text(
        f'{{"platforms": {json.dumps(data["platforms"])},\n'
        f'"native": {json.dumps(data["native"])},\n"scopes": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
