"""A Ray cluster of two nodes on this machine, as a process of its own: `python -m tests.scale.two_nodes`.

It prints a line of JSON with the address and the process of each raylet, another one for each line that it
reads (a further node is started), and ends with all its nodes when its standard input closes.
"""

from __future__ import annotations

import json
import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

_OBJECTS = 100 << 20


def main() -> None:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": _OBJECTS, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        tell(cluster, cluster.add_node(num_cpus=1, object_store_memory=_OBJECTS))
        for _ in sys.stdin:
            tell(cluster, cluster.add_node(num_cpus=1, object_store_memory=_OBJECTS))
    finally:
        cluster.shutdown()


def tell(cluster: object, node: object) -> None:
    raylets = [
        one.process.pid
        for kind, processes in node.all_processes.items()  # type: ignore[attr-defined]  # Ray has no types
        for one in processes
        if kind == "raylet"
    ]
    print(json.dumps({"address": cluster.address, "raylet": raylets[0]}), flush=True)  # type: ignore[attr-defined]  # Ray has no types


if __name__ == "__main__":
    main()
