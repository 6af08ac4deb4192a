# SPDX-License-Identifier: MIT-0
def beside(module, name):
    """The path of a file in the directory of a module, given the module's own path."""
    slash = max(module.rfind("/"), module.rfind("\\")) + 1
    return module[:slash] + name
