"""Open the first lesson in JupyterLab; `make lab` runs it once `.venv` is ready."""

import os
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]


def arguments(root: Path) -> list[str]:
    """JupyterLab's arguments: the checkout at `root` as its folder, the first lesson in its link."""
    lessons = (root / "notebooks").glob("01_*.ipynb")
    # Without their suffixes "01_lesson" comes before its copies "01_lesson (1)" and "01_lesson-Copy1".
    first = min(lessons, key=lambda path: path.stem, default=root / "notebooks")
    arguments = [
        "--ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.app_settings_dir={root / 'tools' / 'jupyterlab'}",
        f"--LabApp.default_url=/lab/tree/{quote(first.relative_to(root).as_posix())}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container one is often root
        arguments.append("--allow-root")
    return arguments


if __name__ == "__main__":
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(argv=[*arguments(ROOT), *sys.argv[1:]])
