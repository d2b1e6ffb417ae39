"""``python -m kajo`` is the ``kajo`` command."""

import sys

from kajo.cli import main

if __name__ == "__main__":
    sys.exit(main())
