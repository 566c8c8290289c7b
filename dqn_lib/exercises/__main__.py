"""`python -m dqn_lib.exercises report NOTEBOOK ...`: print the reports of lesson 11 that notebooks hold."""

import argparse
import sys
from pathlib import Path

from dqn_lib.exercises.report import reports_in


def main(arguments: list[str] | None = None) -> int:
    """Print what the notebooks hold; 1 if one of them holds no report."""
    parser = argparse.ArgumentParser(prog="python -m dqn_lib.exercises", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("report", help="print the report of lesson 11 in each notebook")
    command.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    return max([print_report(path) for path in options.notebooks])


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


if __name__ == "__main__":
    sys.exit(main())
