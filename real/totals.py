"""Prints, as JSON, the total coverage in a data file: as the regime counts it, and as coverage.py does.

Runs in a project's environment and folder: `python totals.py DATA_FILE FOLDER_OF_THE_REGIME`.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import coverage

data_file, regime = sys.argv[1:]
sys.path.append(str(Path(regime)))
from meta_regime.covered import read_totals  # noqa: E402

measured = coverage.Coverage(data_file=data_file)
measured.load()
regime_percent = read_totals(measured, (), Path.cwd()).percent
print(
    json.dumps(
        {
            "numerator": regime_percent.numerator,
            "denominator": regime_percent.denominator,
            "coverage.py": repr(measured.report(file=io.StringIO())),
        }
    )
)
