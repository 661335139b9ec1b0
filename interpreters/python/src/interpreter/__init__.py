"""The component's program: cells of Python, one after the other, in one ``__main__``.

All of this runs once when the component is built; what is in memory then is what it begins with.
"""

from interpreter import stopping  # first: others take `sleep` from where it is

stopping.install()

from interpreter import archive  # noqa: E402

archive.install()

from interpreter.cells import Cells  # noqa: E402

__all__ = ["Cells"]
