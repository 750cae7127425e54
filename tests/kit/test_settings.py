"""Settings of a project's own under the kit: declared in one file, made fast, put back."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from meta_regime.fixtures import fast_breakers, fast_retries, mocked_retries, settings
from meta_regime.fixtures.faster_copies import Wanted
from meta_regime.fixtures.settings import fast_settings

from tests.baking import ROOT
from tests.kit.settings_of_a_shop import DECLARED, Declare

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
CLIENT = """\
import time


class Client:
    def tries_again(self, attempt):
        return attempt < 5

    def attempts(self):
        attempt = 1
        while self.tries_again(attempt):
            time.sleep(60)
            attempt += 1
        return attempt
"""


class TestDeclared:
    def test_retries_have_one_attempt_and_no_waits(self, config: Any) -> None:
        before = config.get_resilience_config()
        with fast_retries():
            inside = config.get_resilience_config()
            assert inside.retry == config.RetryConfig(1, 0.0, 0.0, False)
            assert inside.circuit_breakers == before.circuit_breakers
            assert inside.enabled
            assert config.MAX_RETRIES == 0  # after the first attempt
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7

    def test_breakers_open_early(self, config: Any) -> None:
        before = config.get_resilience_config()
        with fast_breakers():
            inside = config.get_resilience_config()
            assert inside.circuit_breakers == {"bank": config.CircuitBreakerConfig("bank", 3, 0.05)}
            assert inside.retry is before.retry
        assert config.get_resilience_config() is before

    @pytest.mark.parametrize("order", [1, -1])
    def test_two_fixtures_do_not_wipe_each_others_settings(self, config: Any, order: int) -> None:
        blocks: list[Callable[[], Any]] = [fast_retries, fast_breakers]
        first, second = blocks[::order]
        with first():
            with second():
                inside = config.get_resilience_config()
                assert inside.retry.max_attempts == 1
                assert inside.circuit_breakers["bank"].fail_max == 3
            assert config.get_resilience_config() != inside

    def test_they_are_back_after_a_failing_test_and_whatever_it_set(self, config: Any) -> None:
        before = config.get_resilience_config()
        with pytest.raises(ZeroDivisionError), fast_retries():  # noqa: PT012 - what a test does
            config.set_resilience_config(config.ResilienceConfig(enabled=False))
            raise ZeroDivisionError
        assert config.get_resilience_config() is before

    def test_what_a_test_leaves_behind_is_put_back_and_told(self, config: Any) -> None:
        before, noted = config.get_resilience_config(), settings.snapshot_settings()
        assert settings.put_back_settings(noted) == []
        config.set_resilience_config(config.ResilienceConfig(enabled=False))
        config.MAX_RETRIES = 0
        first, second = settings.put_back_settings(noted)
        assert first == "settings, `resilience` in tests/meta/fast_tests.py: enabled is False, was True"
        assert second == "settings, `numbers` in tests/meta/fast_tests.py: ['MAX_RETRIES'] is 0, was 7"
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7

    def test_live_breakers_are_named(self, config: Any) -> None:
        assert settings.declared_breakers() == list(config._circuit_breakers.values())

    def test_a_function_of_the_projects_own_makes_them_fast(self, declare: Declare) -> None:
        declare(
            DECLARED.replace(
                "set_resilience_config)", "set_resilience_config, fast=lambda config, wanted: (1, wanted))"
            )
        )
        config = importlib.import_module("shop_of_tests.config")
        with fast_settings(failures=2, seconds=0.5):
            assert config.get_resilience_config() == (1, Wanted(None, 2, 0.5))

    def test_without_the_file_nothing_is_imported(self, declare: Declare) -> None:
        with fast_retries(), fast_breakers():
            assert "shop_of_tests" not in sys.modules
        assert settings.snapshot_settings() == []

    def test_an_adapter_of_the_projects_own(self, declare: Declare) -> None:
        declare(
            "from meta_regime.fixtures import Adapter\n\n\ndef _fast(module, patches):\n"
            "    patches.replace(module, 'MAX_RETRIES', 0)\n\n\n"
            "adapter = Adapter(library='shop', retries={'shop_of_tests.config': _fast})\n"
        )
        config = importlib.import_module("shop_of_tests.config")
        settings.declared()
        with fast_retries():
            assert config.MAX_RETRIES == 0
        assert config.MAX_RETRIES == 7

    def test_the_adapter_in_the_playbook(self, declare: Declare, tmp_path: Path) -> None:
        section = (META / "README.md").read_text(encoding="utf-8").partition("### Adapters\n")[2]
        declare(section.partition("```python\n")[2].partition("```")[0])
        (tmp_path / "shop_client").mkdir()
        (tmp_path / "shop_client" / "__init__.py").write_text("")
        (tmp_path / "shop_client" / "transport.py").write_text(CLIENT)
        client = importlib.import_module("shop_client.transport").Client()
        with fast_retries(attempts=2) as retries:
            assert client.attempts() == 2
        assert retries.waits == [60]
        with mocked_retries() as retries:
            assert client.attempts() == 5
        assert retries.waits == [60] * 4
        del sys.modules["shop_client.transport"], sys.modules["shop_client"]


WRONG_NAMES = """\
from shop_of_tests import config
from meta_regime.fixtures import *
a = Settings.of_module(config, "MAX_RETRYS", "PATIENCE")
b = Settings.of_module("config")
c = Settings.of_module(config)
d = Adapter(library="bank", retries={"bank": 1})
"""


class TestWrongDeclarations:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "import no_such_module\n",
                "fast_tests.py, line 1: it cannot be imported. ModuleNotFoundError: No module named",
            ),
            ("x = 1\n\n1 / 0\n", "line 3: it cannot be imported. ZeroDivisionError"),
            ("x = 1\ny = (\n", "line 2: it cannot be imported. SyntaxError"),
            (
                "x = 1\n",
                "declares nothing: what counts is a variable with a Settings, Breakers or Adapter of meta_re",
            ),
            (
                "from meta_regime.fixtures import *\na = Settings(get=1, set=print)\nb = Breakers([])\n",
                "(?s)line 2: `get` of `a` is a value, int, and must be a function .*line 3: what is in `b` is a value",
            ),
            (
                "from meta_regime.fixtures import *\na = Settings(get=print)\n",
                "(?s)line 2: it cannot be imported. TypeError: .*'set'.* It is written Settings\\(get=get_config",
            ),
            (
                "from meta_regime.fixtures import *\n\nasync def get(name): ...\n\na = Settings(get, len, fast=len)\n",
                "(?s)line 5: `get` of `a` is async.*can be called with nothing.*`fast` of `a` must be a function",
            ),
            (
                WRONG_NAMES,
                r"(?s)line 3: .*did you mean 'MAX_RETRIES'.*'PATIENCE'.*line 4: `b`.*line 5: `c`.*`retries` of `d`",
            ),
            (
                "from shop_of_tests import broken\n",
                "line 1: it cannot be imported. ZeroDivisionError: .* .raised in .*shop_of_tests/broken.py, line 1",
            ),
        ],
    )
    def test_fail_the_test_in_words(self, declare: Declare, text: str, said: str) -> None:
        declare(text)
        with pytest.raises(pytest.fail.Exception, match=said), fast_retries():
            pass


class TestLayers:
    @given(st.lists(st.sampled_from(["retries", "breakers", "leave", "leave first", "set"]), max_size=12))
    @settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_whatever_the_order_the_very_object_is_back(self, config: Any, steps: list[str]) -> None:
        before, at_work, own = config.get_resilience_config(), [], False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in steps:
                if step in {"retries", "breakers"}:
                    wanted: Any = {"attempts": 2} if step == "retries" else {"failures": 2, "seconds": 0.05}
                    block = fast_settings(**wanted)
                    block.__enter__()
                    at_work.append((step, block))
                elif step == "set" and at_work:
                    own = True
                    config.set_resilience_config(config.ResilienceConfig(enabled=False))
                elif step.startswith("leave") and at_work:
                    at_work.pop(0 if step == "leave first" else -1)[1].__exit__(None, None, None)
                inside, kinds = config.get_resilience_config(), {kind for kind, _ in at_work}
                if not own:
                    assert inside.retry.max_attempts == (2 if "retries" in kinds else 5)
                    assert inside.circuit_breakers["bank"].fail_max == (2 if "breakers" in kinds else 10)
            for _, block in at_work:  # the first one first
                block.__exit__(None, None, None)
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7
        assert not any(settings._layers.values())

    def test_the_set_that_does_nothing_is_found(self, declare: Declare) -> None:
        declare(DECLARED.replace("set=config.set_resilience_config", "set=lambda new: None"))
        with (
            pytest.raises(pytest.fail.Exception, match=r"`resilience` in .*line 4, cannot be made fast: after `set`"),
            fast_retries(),
        ):
            pass

    def test_the_fast_that_forgets_to_return_is_found(self, declare: Declare) -> None:
        declare(DECLARED.replace("set_resilience_config)", "set_resilience_config, fast=lambda config, wanted: None)"))
        with pytest.raises(pytest.fail.Exception, match="line 4,: `fast` gave None"), fast_retries():
            pass

    def test_a_registry_of_breakers_may_be_given_as_it_is(self, declare: Declare) -> None:
        declare(DECLARED.replace(".values()", ""))
        (breaker,) = settings.declared_breakers()
        assert breaker.name == "bank"

    def test_names_of_breakers_are_none(self, declare: Declare) -> None:
        declare(DECLARED.replace(".values()", ".keys()"))
        with pytest.raises(pytest.fail.Exception, match="line 6: `breakers` gives 'bank', which is no circuit breaker"):
            settings.declared_breakers()


class TestNotBeforeItIsNeeded:
    def test_a_snapshot_imports_nothing(self, declare: Declare) -> None:
        declare(DECLARED)
        assert settings.snapshot_settings() == []
        assert "shop_of_tests" not in sys.modules
        importlib.import_module("shop_of_tests.config")
        assert [name for name, _, _ in settings.snapshot_settings()] == ["resilience", "numbers"]

    def test_what_is_wrong_fails_one_test_and_those_that_need_it(self, declare: Declare) -> None:
        declare("import sys\nx = 1\n")
        with pytest.raises(pytest.fail.Exception, match="declares nothing"):
            settings.snapshot_settings()
        assert settings.snapshot_settings() == []
        for _ in range(2):
            with pytest.raises(pytest.fail.Exception, match="declares nothing"), fast_retries():
                pass
