# SPDX-License-Identifier: MIT
"""Steps any artefact at a fixed rate: the newest observation in, the action out."""

from __future__ import annotations

from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from std_msgs.msg import Float32MultiArray
from std_srvs.srv import Trigger

from puffer_edge import StepError, UsageError, runtimes


class PolicyNode(Node):  # type: ignore[misc]  # ROS 2 has no types
    """Parameters: artefact, rate in Hz, and patience, periods without an observation."""

    def __init__(self) -> None:
        super().__init__("policy")
        self.declare_parameter("artefact", "")
        self.declare_parameter("rate", 50.0)
        self.declare_parameter("patience", 5)
        self.policy = runtimes.load(self.get_parameter("artefact").value)
        self.policy.reset()
        self.patience = int(self.get_parameter("patience").value)
        self.newest: np.ndarray[Any, Any] | None = None
        self.age = 0
        self.actions = self.create_publisher(Float32MultiArray, "action", 1)
        self.create_subscription(Float32MultiArray, "observation", self.take, 1)
        self.create_service(Trigger, "reset", self.reset)
        self.create_timer(1.0 / float(self.get_parameter("rate").value), self.step)

    def take(self, message: Any) -> None:
        """An observation came."""
        self.newest, self.age = np.asarray(message.data, np.float32), 0

    def reset(self, _: Any, response: Any) -> Any:
        """An episode begins."""
        self.policy.reset()
        self.newest = None
        response.success = True
        return response

    def step(self) -> None:
        """One period."""
        self.age += 1
        if self.newest is None or self.age > self.patience:
            self.get_logger().warning("no observation", throttle_duration_sec=1.0)
            return
        try:
            action = self.policy.step(self.newest)
        except (StepError, UsageError) as error:
            self.get_logger().warning(f"refused: {error}", throttle_duration_sec=1.0)
            return
        flat = np.asarray(action, np.float32).reshape(-1)
        self.actions.publish(Float32MultiArray(data=flat.tolist()))


def main() -> None:
    """For ``ros2 run``."""
    rclpy.init()
    node = PolicyNode()
    try:
        rclpy.spin(node)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
