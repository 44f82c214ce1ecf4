"""Make `liquor` a command of this virtual environment, running the code of this clone. No build, no download."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    Path(sysconfig.get_path("purelib"), "liquor.pth").write_text(f"{ROOT}\n")
    command = Path(sysconfig.get_path("scripts"), "liquor")
    command.write_text(f"#!{sys.executable}\nfrom liquor_app.cli import main\n\nmain()\n")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
