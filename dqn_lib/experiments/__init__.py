"""Experiments: every variant with every seed, on all cores or on a cluster, and their results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
