"""The projects whose own suites are judged, and what it takes to run them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Project:
    """A released project. `needs` are its test dependencies, `arguments` what its suite is typed with after pytest.

    `minimum_coverage` is what the policy asks for. `own_asyncio` tells whether the project brings pytest-asyncio; where
    it does not, its suite first runs without that plugin, as it did before the regime asked for it. `pins` replace
    those of requirements/dev.txt. `folder` is where it lies in this repository, if not in the package index.
    """

    key: str
    name: str
    version: str
    package: str
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    minimum_coverage: str = "80"
    own_asyncio: bool = False
    pins: dict[str, str] = field(default_factory=dict)
    folder: str = ""


FLASK_NEEDS = ("asgiref", "greenlet", "python-dotenv")

PROJECTS = (
    Project("tenacity", "tenacity", "9.2.1", "tenacity", needs=("tornado", "trio")),
    Project("itsdangerous", "itsdangerous", "2.2.0", "itsdangerous", minimum_coverage="97.5"),
    Project(
        "flask",
        "flask",
        "3.1.3",
        "flask",
        needs=FLASK_NEEDS,
        # Those of its uv.lock. Its conftest takes a private name from pytest, which pytest 9.2 has no longer ...
        pins={"pytest": "9.0.2", "click": "8.3.1", "werkzeug": "3.1.5"},
    ),
    Project(
        "flask-failing",
        "flask",
        "3.1.3",
        "flask",
        needs=FLASK_NEEDS,
        # ... so that under it a test file cannot be imported, and an autouse fixture fails in all other tests.
        arguments=("--ignore=tests/test_cli.py",),
        minimum_coverage="30",
    ),
    Project(
        "circuitbreaker",
        "circuitbreaker",
        "2.1.3",
        "circuitbreaker",
        needs=("pytest-mock",),
        arguments=("--asyncio-mode=auto",),
        own_asyncio=True,
    ),
)

# Those whose coverage is counted twice, by `real/counts.py`.
COUNTED = (
    *(project for project in PROJECTS if project.key in ("tenacity", "itsdangerous", "flask")),
    Project(
        "stamina",
        "stamina",
        "26.1.0",
        "stamina",
        needs=("anyio", "dirty-equals", "prometheus-client", "structlog", "trio"),
    ),
    Project("example", "payments", "", "payments", needs=("pybreaker", "tenacity"), folder="examples/payments"),
)

# Those into which `real/adopting.py` brings the regime as their owners would.
ADOPTED = (
    *(project for project in PROJECTS if project.key in ("tenacity", "itsdangerous", "flask", "circuitbreaker")),
    *(project for project in COUNTED if project.key == "stamina"),
    Project("attrs", "attrs", "26.1.0", "attr", needs=("cloudpickle", "hypothesis", "pympler")),
    Project(
        "requests", "requests", "2.34.2", "requests", needs=("pytest-httpbin", "pytest-mock", "PySocks", "trustme")
    ),
    Project("freezegun", "freezegun", "1.5.5", "freezegun"),
)
