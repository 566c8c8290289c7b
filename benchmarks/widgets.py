"""The live widgets in a real browser: how soon a picture follows a key, and what watching costs the training.

    python benchmarks/widgets.py --json benchmarks/results/widgets.json

It needs Chromium, and a machine that has nothing else to do. Every time is taken where it counts: keys and
pictures by the page's own clock, the end of a run by the kernel's.
"""

import argparse
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from common import results_file, write_results

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))
from jupyter_browser import Lab
from latency import idle
from watching import watching

LIMITS = {
    "idle_median_ms": 80,
    "idle_p95_ms": 150,
    "pictures_per_second": 10,  # at least
    "slowdown": 0.3,
    "pause_max_ms": 100,
    "gamma_glasses_ms": 100,
    "picture_kilobytes": 120,
}


def report(results: dict[str, Any]) -> None:
    """Each figure beside its limit."""
    panel, say = results["panel"], "{:36} {:>10}   limit {}".format
    for widget, one in results["idle"].items():
        print(say(f"idle, {widget}: median, ms", one["median_ms"], LIMITS["idle_median_ms"]))
        print(say(f"idle, {widget}: 95th percentile", one["p95_ms"], LIMITS["idle_p95_ms"]))
    glasses = results["idle"]["gamma glasses"]["median_ms"]
    for name, figure, limit in (
        ("gamma glasses, ms", glasses, LIMITS["gamma_glasses_ms"]),
        ("pictures a second", panel["pictures_per_second"], f"{LIMITS['pictures_per_second']} at least"),
        ("steps a second alone", panel["steps_per_second_alone"], "none"),
        ("steps a second, watched", panel["steps_per_second_watched"], "none"),
        ("slowdown", panel["slowdown"], LIMITS["slowdown"]),
        ("pause, ms, the longest", panel["pause_ms"]["max"], LIMITS["pause_max_ms"]),
        ("memory, MB a minute", panel["memory"]["slope_mb_per_minute"], "flat"),
    ):
        print(say(name, figure, limit))
    for name, size in panel["largest_picture_kilobytes"].items():
        print(say(f"largest picture of the {name}, kB", size, LIMITS["picture_kilobytes"]))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long the memory is watched")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    load = psutil.getloadavg()[0]
    if load > 0.5:
        print(f"the machine is busy (load {load:.1f}): these figures will be too bad")
    with Lab() as lab, lab.browse() as page:
        sliders = idle(lab, page)
        panel = watching(lab, page, options.minutes)  # last, since it goes on for so long
        results = {
            "date": date.today().isoformat(),
            "load_before": round(load, 2),
            "idle": {"training panel": panel.pop("idle")} | sliders,
            "panel": panel,
            "limits": LIMITS,
            "front_end": {
                name: version(name)
                for name in ("anywidget", "ipykernel", "ipywidgets", "jupyterlab", "matplotlib")
            }
            | {"chromium": page.context.browser.version},
        }
    report(results)
    write_results(options.json, results)


if __name__ == "__main__":
    main()
