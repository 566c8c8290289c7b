"""For instructors: print the reports of lesson 11, mark handed-in notebooks, see who in the room is stuck."""

import argparse
import sys
import time
from pathlib import Path

from tqdm.auto import tqdm

from dqn_lib.exercises import room
from dqn_lib.exercises.handing_out import write_for_nbgrader
from dqn_lib.exercises.marking import mark_folder, notebooks_in, write_csv, write_html, write_scores
from dqn_lib.exercises.report import reports_in


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 1 if something was missing, 2 if it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m dqn_lib.exercises", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("report", help="print the report of lesson 11 in each notebook")
    command.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    command = commands.add_parser("mark", help="mark every notebook in a folder")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command.add_argument("--csv", type=Path, default=Path("marks.csv"), help="default: marks.csv")
    command.add_argument("--html", type=Path, default=Path("marks.html"), help="default: marks.html")
    command.add_argument("--scores", type=Path, help="also a file to import: solved of how many, by lesson")
    command.add_argument("--jobs", type=int, help="notebooks at a time; default: one for each core")
    command.add_argument(
        "--nbgrader",
        action="store_true",
        help="mark nothing: write the lessons for nbgrader into FOLDER/source",
    )
    command = commands.add_parser("room", help="show who is stuck, by the folder that DQN_LIB_ROOM names")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command.add_argument("--once", action="store_true", help="print the table once")
    options = parser.parse_args(arguments)
    if options.command == "report":
        return max([print_report(path) for path in options.notebooks])
    return mark(options) if options.command == "mark" else show_room(options)


def show_room(options: argparse.Namespace) -> int:
    """Print the room's table, again every two seconds until it is interrupted."""
    try:
        while True:
            text = room.table(options.folder)
            if options.once:
                print(text)
                return 0
            print(f"\x1b[2J\x1b[H{text}\n\nCtrl+C ends this view.", flush=True)
            time.sleep(2)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def print_report(path: Path) -> int:
    """Print the last report in a notebook; 1 if there is none."""
    print(f"== {path}")
    try:
        found = reports_in(path)
    except (OSError, ValueError) as problem:
        print(f"Cannot be read: {problem}")
        return 1
    if not found:
        print("There is no report in it: its cell was not run, or the notebook was saved without outputs.")
        return 1
    print(found[-1])
    return 0


def mark(options: argparse.Namespace) -> int:
    """Mark a folder, and write the files; or write the lessons for nbgrader."""
    try:
        if options.nbgrader:
            lacking = write_for_nbgrader(options.folder)
            print(f"written to {options.folder / 'source'}")
            if lacking:
                print(f"Add this line to {options.folder / 'nbgrader_config.py'}:\n{lacking}")
            return 0
        number = len(notebooks_in(options.folder))
        for path in filter(None, (options.csv, options.html, options.scores)):
            path.open("a", encoding="utf-8").close()  # before the work, not after it
        bar = lambda marks: tqdm(marks, total=number, unit=" notebooks")  # noqa: E731
        marked = mark_folder(options.folder, jobs=options.jobs, progress=bar)
        write_csv(marked, options.csv)
        write_html(marked, options.html)
        if options.scores:
            write_scores(marked, options.scores)
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2
    problems = sum(bool(one.problems) for one in marked)
    print(f"{len(marked)} notebooks, {problems} with problems: {options.csv}, {options.html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
