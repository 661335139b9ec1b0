"""`python3 -m scripts.setup`: leave a complete `.venv` behind, quickly if it is there already."""

from __future__ import annotations

import argparse
import os
import sys
import time

MINIMUM = (3, 11)


def main() -> int:
    """Set up. Returns the exit status."""
    if sys.version_info < MINIMUM:
        print(
            f"setup: Python {'.'.join(map(str, MINIMUM))} or newer is needed, this is"
            f" {sys.version.split()[0]}: repeat with  make PYTHON=python3.11 ...",
            file=sys.stderr,
        )
        return 1
    from scripts.setup import clean, environment, frontend, llama
    from scripts.setup.progress import SetupError, say
    from scripts.setup.rust import RUST
    from scripts.setup.system import BROWSER, require

    parser = argparse.ArgumentParser(prog="python3 -m scripts.setup", description=__doc__)
    parser.add_argument("--ggml", choices=llama.ACCELERATORS, help="how to build llama.cpp")
    parser.add_argument("--browser", action="store_true", help="also what browser tests need")
    options = parser.parse_args()
    start = time.monotonic()
    try:
        before = environment.remembered()
        build = llama.Build(
            version=environment.pinned(llama.PACKAGE),
            accelerator=options.ggml or before.get("ggml", "cpu"),
            extra=os.environ.get("WASINN_NB_CMAKE_ARGS", before.get("cmake_args", "")),
        )
        if not environment.works():
            environment.create()
        if environment.remembered().get("fingerprint") == environment.fingerprint(build):
            frontend.build(environment.PYTHON.parent, environment.LOG)
            frontend.link(environment.FOLDER)
            say("the environment in .venv is up to date")
        else:
            environment.install(build)
            say(f".venv is ready ({time.monotonic() - start:.0f} s)")
        if options.browser:
            try:
                require([BROWSER], environment.LOG)
            except SetupError as error:
                say(f"browser tests will be skipped: {error}")
            else:
                with clean.environment(build):
                    pass
            try:
                require([RUST], environment.LOG)
            except SetupError as error:
                say(f"tests of Rust cells will be skipped: {error}")
    except SetupError as error:
        print(f"\nsetup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
