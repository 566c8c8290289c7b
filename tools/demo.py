"""Show `notebooks/demo/demo.ipynb` as one page that fills the window; `make demo` runs it."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "notebooks" / "demo"
NOT_NEEDED = (
    "@jupyter-notebook/lab-extension",
    "@voila-dashboards/jupyterlab-preview",
    "jupyterlab_pygments",
)


def arguments() -> list[str]:
    """Voila's arguments: one kernel that has run the notebook before a browser asks."""
    return [
        str(DEMO / "demo.ipynb"),
        "--Voila.ip=127.0.0.1",
        "--preheat_kernel=True",
        "--pool_size=1",
        "--template=stage",
        "--VoilaConfiguration.show_tracebacks=True",
        # A page that was closed leaves its kernel; the one that is ready for the next page has no connection.
        "--MappingKernelManager.cull_idle_timeout=3600",
        "--MappingKernelManager.cull_interval=60",
        *(f"--VoilaConfiguration.extension_denylist={name}" for name in NOT_NEEDED),
    ]


if __name__ == "__main__":
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [str(ROOT / "tools" / "demo"), os.environ.get("JUPYTER_PATH")])
    )
    os.environ.setdefault("DQN_LIB_CONTEST", str(DEMO / "contest.jsonl"))
    from voila.app import main

    sys.argv[1:1] = arguments()
    main()
