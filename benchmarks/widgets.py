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
from latency import sliders
from watching import watching

LIMITS = {
    "slider_p95_ms": 34,  # two frames of a screen
    "pictures_per_second": 25,  # of each, at least
    "slowdown": 0.1,
    "look_kilobytes": 24,
    "knob_median_ms": 60,
    "pause_max_ms": 100,
    "kernel_peak_mb": 800,
    "time_machine_kilobytes": 1_000,
    "gamma_glasses_kilobytes": 300,
}


def report(results: dict[str, Any]) -> None:
    """Each figure beside its limit."""
    panel, say = results["panel"], "{:44} {:>10}   limit {}".format
    for widget, one in results["sliders"].items():
        limit = "none" if widget == "explore" else LIMITS["slider_p95_ms"]
        for when in ("idle", "while a cell runs"):
            print(say(f"{widget}, {when}: median, ms", one[when]["median_ms"], "none"))
            print(say(f"{widget}, {when}: 95th percentile", one[when]["p95_ms"], limit))
        print(
            say(
                f"{widget}: kB", one["kilobytes"], LIMITS.get(f"{widget.replace(' ', '_')}_kilobytes", "none")
            )
        )
    for name, figure, limit in (
        (
            "each picture, times a second",
            panel["each_picture_per_second"],
            f"{LIMITS['pictures_per_second']} at least",
        ),
        ("steps a second alone", panel["steps_per_second_alone"], "none"),
        ("steps a second, watched", panel["steps_per_second_watched"], "none"),
        ("slowdown", panel["slowdown"], LIMITS["slowdown"]),
        ("largest look, kB", panel["largest_look_kilobytes"], LIMITS["look_kilobytes"]),
        ("knob, ms, median", panel["knob_ms"]["median_ms"], LIMITS["knob_median_ms"]),
        ("pause, ms, the longest", panel["pause_ms"]["max"], LIMITS["pause_max_ms"]),
        ("memory, MB a minute", panel["memory"]["slope_mb_per_minute"], "flat"),
        ("kernel at its peak, MB", panel["memory"]["peak_mb"], LIMITS["kernel_peak_mb"]),
    ):
        print(say(name, figure, limit))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long the memory is watched")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    load = psutil.getloadavg()[0]
    if load > 0.5:
        print(f"the machine is busy (load {load:.1f}): these figures will be too bad")
    with Lab() as lab, lab.browse(width=1280, height=720) as page:
        moved = sliders(lab, page)
        panel = watching(lab, page, options.minutes)  # last, since it goes on for so long
        results = {
            "date": date.today().isoformat(),
            "load_before": round(load, 2),
            "sliders": moved,
            "panel": panel,
            "limits": LIMITS,
            "front_end": {
                name: version(name) for name in ("anywidget", "ipykernel", "ipywidgets", "jupyterlab")
            }
            | {"chromium": page.context.browser.version},
        }
    report(results)
    write_results(options.json, results)


if __name__ == "__main__":
    main()
