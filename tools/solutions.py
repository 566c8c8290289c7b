"""Write the lessons with their solutions into `solutions/`, which git leaves out: `make solutions`."""

import sys
from pathlib import Path

from dqn_lib.exercises.handing_out import write_solved

if __name__ == "__main__":
    folder = Path(*sys.argv[1:] or [Path(__file__).parents[1] / "solutions"])
    write_solved(folder)
    print(f"written to {folder}")
