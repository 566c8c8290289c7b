"""What a student moves: Python holds the data and hears what is chosen, the browser draws (`static`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
