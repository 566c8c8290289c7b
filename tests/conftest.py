"""How many tests run at once, and in what order: quick ones first, longer ones next, browsers last."""

import os

import pytest


def pytest_xdist_auto_num_workers():
    """One process more than there are cores, since many tests wait: for a browser, a process, a clock."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("browser"):  # a module's tests share one JupyterLab, so one process
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    items.sort(key=lambda item: (cost(item), item.path.name if cost(item) else ""))


def cost(item):
    return 2 * bool(item.get_closest_marker("browser")) + bool(item.get_closest_marker("slow"))
