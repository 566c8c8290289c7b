"""The order of the tests: what is quick first, what takes longer next, what needs a browser last."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("browser"):  # a module's tests share one JupyterLab, so one process
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    items.sort(key=lambda item: (cost(item), item.path.name if cost(item) else ""))


def cost(item):
    return 2 * bool(item.get_closest_marker("browser")) + bool(item.get_closest_marker("slow"))
