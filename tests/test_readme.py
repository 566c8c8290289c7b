"""The figures in the README are those of the committed results, and its links lead somewhere."""

import json
import re
from pathlib import Path
from statistics import median

import pytest

from dqn_lib.experiments.catalogue import NETWORKS
from dqn_lib.experiments.results import read_runs, summarise

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def results(name):
    return json.loads((ROOT / "benchmarks" / "results" / name).read_text(encoding="utf-8"))


def quoted(number, digits=0):
    """A number as the README writes it."""
    return f"{number:,.{digits}f}".replace("-", "−")


def row(start):
    """The README's line that starts with these words."""
    found = [line for line in README.splitlines() if line.startswith(f"| {start}")]
    assert len(found) == 1, f"{len(found)} rows start with {start!r}"
    return found[0]


def figures():
    solve, sb3, footprint = map(results, ("time_to_solve.json", "compare_sb3.json", "footprint.json"))
    summary = solve["summary"]
    lessons = results("lessons.json")["lessons"]
    seconds = [lesson["seconds"] for lesson in lessons]
    widgets = results("widgets.json")
    experiments = results("experiments.json")
    panel, drawn_by_python = widgets["panel"], widgets["sliders"]["explore"]["idle"]
    idle = [one["idle"] for name, one in widgets["sliders"].items() if name != "explore"]
    busy = [one["while a cell runs"] for name, one in widgets["sliders"].items() if name != "explore"]
    agents = results("agents.json")
    agent, memory = agents["now"], agents["memory_mb"]["now"]
    optimum = {entry["points"]: entry for entry in footprint["optimum"]}
    return [
        ("Seeds that solve it", summary["solved"].replace("/", " of ")),
        ("Environment steps until solved", quoted(summary["median_steps"])),
        ("Environment steps until solved", f"{summary['slower_than_9000']} seeds of {len(solve['runs'])}"),
        ("Seconds until solved", quoted(summary["median_seconds"], 2)),
        ("Seconds until solved", quoted(summary["median_compile_seconds"], 2)),
        ("Mean return after 40,000 steps", quoted(summary["mean_final_return"], 1)),
        ("Mean return after 40,000 steps", quoted(summary["worst_final_return"], 1)),
        ("Acting, a step", quoted(agent["acting_microseconds"], 1)),
        ("Acting, a step", quoted(agent["environment_microseconds"], 1)),
        ("Learning, a gradient step", quoted(agent["gradient_step_microseconds"])),
        ("The first agent of a process", quoted(agent["first_agent_warm_seconds"], 2)),
        ("The first agent of a process", quoted(agent["first_agent_cold_seconds"], 2)),
        ("Every other agent", quoted(1000 * agent["second_agent_seconds"], 1)),
        ("Every other agent", quoted(1000 * agent["left_by_an_agent_mb"], 1)),
        ("From the start of a process", quoted(agent["start_to_solved_warm_seconds"], 1)),
        ("From the start of a process", quoted(agent["start_to_solved_cold_seconds"], 1)),
        ("A process that trains", quoted(memory["warm"]["peak_mb"])),
        ("A process that trains", quoted(memory["warm"]["private_mb"])),
        ("A process that trains", quoted(memory["cold"]["peak_mb"])),
        ("Stable-Baselines3 with the RL Zoo's settings |", sb3["sb3"]["solved"].replace("/", " of ")),
        ("Stable-Baselines3 with the RL Zoo's settings |", quoted(sb3["sb3"]["median_seconds"], 1)),
        ("Stable-Baselines3 with the RL Zoo's settings |", quoted(sb3["ratio"])),
        ("The exact optimum", quoted(optimum[801]["mean_return"], 1)),
        ("The exact optimum", quoted(optimum[401]["mean_return"], 1)),
        ("The exact optimum", quoted(optimum[201]["seconds"], 1)),
        ("A lesson, run on its own", quoted(min(seconds), 1)),
        ("A lesson, run on its own", quoted(max(seconds), 1)),
        ("A lesson, run on its own", quoted(max(one["slowest_film_seconds"] for one in lessons), 1)),
        ("A lesson, run on its own", quoted(max(one["kilobytes"] for one in lessons) / 1000, 1)),
        ("A slider, from a key", quoted(min(one["median_ms"] for one in idle))),
        ("A slider, from a key", quoted(max(one["median_ms"] for one in idle))),
        ("A slider, from a key", quoted(max(one["p95_ms"] for one in busy))),
        ("A slider, from a key", quoted(drawn_by_python["median_ms"])),
        ("The live training panel", quoted(panel["each_picture_per_second"])),
        ("The live training panel", quoted(panel["largest_look_kilobytes"])),
        ("The live training panel", quoted(100 * panel["slowdown"])),
        ("The live training panel", quoted(panel["pause_ms"]["max"])),
        ("The live training panel", quoted(panel["knob_ms"]["median_ms"])),
        ("The live training panel", quoted(panel["memory"]["peak_mb"])),
        ("Twelve variants", quoted(experiments["ladder"]["seconds"])),
        ("Twelve variants", quoted(median(experiments["two_against_one"]), 1)),
        ("Twelve variants", quoted(experiments["worker_peak_mb"])),
        ("Twelve variants", quoted(experiments["cores_of_a_worker"], 2)),
        ("Memory", quoted(footprint["table_peak_mb"])),
        ("Memory", quoted(footprint["training_peak_mb"])),
    ]


def side_by_side():
    compared = results("compare_sb3.json")["runs"]
    printed = [
        run
        for run in read_runs(ROOT / "notebooks" / "results" / "tutorial.jsonl")
        if run["variant"] == "as printed"
    ]
    rows = {
        "Ours, 40,000": compared["ours"],
        "Stable-Baselines3 with the RL Zoo's settings, 120": compared["sb3"],
    }
    for start, runs in {**rows, "The 2017 tutorial's agent": printed}.items():
        one = summarise(runs)
        (few, many), (low, high) = one.solved_interval, one.mean_final_interval
        steps = quoted(one.median_steps) if one.solved > one.runs / 2 else "never"
        yield start, f"{one.solved} of {one.runs} ({100 * few:.0f} to {100 * many:.0f} %) | {steps} | "
        yield start, f" | {quoted(one.mean_final, 1)} ({quoted(low, 1)} to {quoted(high, 1)}) | "


@pytest.mark.parametrize(("start", "figures"), list(side_by_side()))
def test_the_table_side_by_side_is_that_of_the_runs(start, figures):
    assert figures in row(start), f"{figures} is not in: {row(start)}"


@pytest.mark.parametrize(("start", "figure"), figures())
def test_a_figure_in_the_readme_is_the_measured_one(start, figure):
    whole_number = rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)"
    assert re.search(whole_number, row(start)), f"{figure} is not in: {row(start)}"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_lesson_is_listed_and_every_listed_lesson_exists():
    here = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    listed = set(re.findall(r"\(notebooks/(\w+)\.ipynb\)", README))
    assert listed == here


def test_a_lesson_s_row_in_the_readme_asks_its_question_and_shows_its_picture():
    for lesson in sorted((ROOT / "notebooks").glob("*.ipynb")):
        first = json.loads(lesson.read_text(encoding="utf-8"))["cells"][0]["source"]
        question = re.search(r"^\*\*(.*\?)\*\*$", "".join(first), re.MULTILINE)[1]
        listed = next(line for line in README.splitlines() if f"notebooks/{lesson.name}" in line)
        assert question in listed
        picture, alt = re.search(r'<img src="([^"]+)" [^>]*alt="([^"]+)"', listed).groups()
        assert (ROOT / picture).exists() and len(alt) > 30


def test_what_the_readme_says_of_the_lessons_is_in_their_results():
    runs = read_runs(ROOT / "notebooks" / "results" / "networks.jsonl")
    found = {name: summarise([run for run in runs if run["variant"] == name]) for name in NETWORKS.variants}
    by_hand = {
        "online": 0,
        "no target, memory 64": 0,
        "no target, memory 20,000": 10,
        "no target, one step": 1,
    }
    assert {name: found[name].solved for name in by_hand} == by_hand
    without, slowly = (found[name].median_steps for name in ("copied every step", "base"))
    assert 0.25 < slowly / without < 1 / 3  # "less than a third"
