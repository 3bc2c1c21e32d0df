#!/usr/bin/env python3
"""CPU, memory and CPU time of containers, from the statistics of the ECS task metadata endpoint.

Give it the list of the demo (http://127.0.0.1:8170/), or the address of one container's endpoint, as ECS puts it into
ECS_CONTAINER_METADATA_URI_V4; that variable is also what it takes without an argument.
"""

import json
import os
import sys
import urllib.request


def ask(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def endpoints(url):
    answer = ask(url)
    return [url] if "DockerId" in answer else list(answer.values())


def share(stats):
    """Of one CPU, in percent, over the time between the endpoint's last two looks."""
    now, before = stats["cpu_stats"], stats["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    had = now["system_cpu_usage"] - before.get("system_cpu_usage", 0)
    return used / had * now["online_cpus"] * 100 if had else 0.0


def main():
    url = (sys.argv[1:] or [os.environ["ECS_CONTAINER_METADATA_URI_V4"]])[0].rstrip("/")
    print(f"{'container':<16} {'CPU':>6} {'CPU time':>10} {'memory':>10}")
    for endpoint in endpoints(url + "/" if url.count("/") < 3 else url):
        for stats in ask(endpoint + "/task/stats").values():
            seconds = stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
            memory = stats["memory_stats"]["usage"] / 2**20
            print(f"{stats['name']:<16} {share(stats):>4.0f} % {seconds:>8.1f} s {memory:>6.0f} MiB")


if __name__ == "__main__":
    main()
