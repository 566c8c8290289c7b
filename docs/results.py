"""The figure of results in the README: our agent, Stable-Baselines3 and the tutorial, ten seeds each.

python docs/results.py
"""

import json
from pathlib import Path

from dqn_lib.experiments.results import read_runs
from dqn_lib.plots.comparisons import compare_variants
from dqn_lib.plots.curves import MOUNTAIN_CAR

ROOT = Path(__file__).parents[1]
NAMES = {
    "ours": "ours, 40,000 steps",
    "sb3": "Stable-Baselines3, RL Zoo settings, 120,000 steps",
    "as printed": "the 2017 tutorial, 40,000 steps",
}


def main() -> None:
    """Write `docs/results.png`."""
    compared = json.loads((ROOT / "benchmarks" / "results" / "compare_sb3.json").read_text(encoding="utf-8"))[
        "runs"
    ]
    runs = [{**run, "variant": name} for name, entries in compared.items() for run in entries]
    runs += read_runs(ROOT / "notebooks" / "results" / "tutorial.jsonl")
    picture = compare_variants(
        runs, NAMES, title="Ten seeds each, on the same check", intervals=True, references=MOUNTAIN_CAR
    )
    picture.savefig(ROOT / "docs" / "results.png", dpi=110)


if __name__ == "__main__":
    main()
