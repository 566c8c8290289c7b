"""A browser, or a JupyterLab and a page in one, started once for each module that asks for them."""

import pytest
from jupyter_browser import Lab
from mounting import chromium


@pytest.fixture(scope="module")
def browser():
    """A browser without a JupyterLab."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(request):
    """With JupyterLab's own settings, or those that are asked for."""
    with Lab(**getattr(request, "param", {})) as lab:
        yield lab


@pytest.fixture(scope="module")
def window(lab):
    """A page in which one notebook after the other may be opened."""
    with lab.browse() as page:
        yield page
