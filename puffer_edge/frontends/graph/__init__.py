# SPDX-License-Identifier: MIT
"""What all front ends of graphs share: operands, outputs, and ops made of the Program's own.

A tenant (``onnx``, ``aten``, ``tflite``, ``keras``) has a table of lowerings by the names of its
format; what several of them need lies here, without any format's names.
"""
