# SPDX-License-Identifier: MIT
"""The package for colcon."""

from setuptools import setup

setup(
    name="puffer_edge_node", version="0.1.0", packages=["puffer_edge_node"],
    data_files=[("share/ament_index/resource_index/packages", ["resource/puffer_edge_node"]),
                ("share/puffer_edge_node", ["package.xml"])],
    install_requires=["setuptools", "puffer-edge"], license="MIT",
    entry_points={"console_scripts": ["policy = puffer_edge_node.node:main"]})
