"""Steps run in parallel; failures and interrupts."""

import os
import sys
import time
from dataclasses import replace

import pytest
from fireline.host.bitstream.steps import Step, Stopped, run_step, run_steps


def silent(step, line):
    pass


def python(name: str, code: str) -> Step:
    return Step(name, (sys.executable, "-c", code))


def test_progress_gets_the_output_line_by_line(tmp_path):
    lines = []
    run_step(python("talk", "print('one\\ntwo')"), tmp_path, lambda *line: lines.append(line))
    assert lines == [("talk", "one"), ("talk", "two")]


def test_steps_run_in_parallel_and_failures_are_returned(tmp_path):
    wait = "import time; time.sleep(0.7)"
    steps = [python(f"wait{n}", wait) for n in range(3)]
    steps.append(python("fail", "print('ERROR: no luck'); print('more'); raise SystemExit(3)"))
    start = time.monotonic()
    errors = run_steps(steps, tmp_path, 4, silent)
    assert time.monotonic() - start < 2
    assert {name: str(error) for name, error in errors.items()} == {
        "fail": "fail failed: ERROR: no luck"
    }


def test_an_interrupt_stops_running_steps(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"

    def interrupt(step, line):
        interrupt.child = int(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_steps([python("wait", code)], tmp_path, 1, interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(interrupt.child, 0)


def test_a_step_that_cannot_start_raises_an_error(tmp_path):
    with pytest.raises(OSError):
        run_step(Step("absent", (str(tmp_path / "absent"),)), tmp_path, silent)


@pytest.mark.parametrize(
    "hopeless",
    [lambda line, seconds: "less" in line, lambda line, seconds: not line and seconds > 1],
)
def test_a_step_is_stopped_when_its_verdict_gives_a_reason(tmp_path, hopeless):
    code = "import time; print('fine'); print('hopeless', flush=True); time.sleep(60)"
    step = replace(python("try", code), verdict=lambda *what: "enough" if hopeless(*what) else None)
    start = time.monotonic()
    (error,) = run_steps([step], tmp_path, 1, silent).values()
    assert time.monotonic() - start < 30
    assert isinstance(error, Stopped) and str(error) == "try was stopped: enough"
