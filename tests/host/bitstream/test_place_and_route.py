"""Which seeds are tried, stopped and chosen; nextpnr is a stand-in."""

import re
from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream.place_and_route import (
    ROUTERS,
    SILENCE,
    Listener,
    fmax,
    place_and_route,
)
from fireline.hw.boards import find_board

NEXTPNR = r"""#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --seed) seed=$2 ;; --router) router=$2 ;; --report) report=$2 ;; esac
  shift
done
routes() {{ {routes}; }}
n=1
until routes || [ $n -gt 60 ]; do
  left=$((700 + n % 7))
  if [ $router = router1 ]; then echo "Info:   ${{n}}000 |   1   2 |  3   4 |   $left|   5.0   6.0|"
  else echo "Info:     iter=$n wires=1000 overused=$left overuse=99"; fi
  n=$((n + 1))
done
[ $n -le 60 ] || exec sleep 60
echo "{{\"fmax\": {{\"clk\": {{\"achieved\": 5$((seed % 10)), \"constraint\": 50}}}}}}" > $report
"""

BOTH = ["router1-1", "router1-2", "router2-1", "router2-2"]


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs seeds and gives the best, its report, and all that started."""

    def run(routes: str, seeds: int):
        nextpnr = tmp_path / "nextpnr"
        nextpnr.write_text(NEXTPNR.format(routes=routes))
        nextpnr.chmod(0o755)
        board, tell = find_board("ulx3s-25f"), lambda step, line: None
        best, report = place_and_route(board, str(nextpnr), tmp_path, seeds, 2, tell)
        return best, report, started(tmp_path)

    return run


def started(folder: Path) -> list[str]:
    return sorted(log.stem.removeprefix("nextpnr-") for log in folder.glob("nextpnr-*.log"))


def reports(router: str, left: list[int]) -> list[str]:
    """A router's progress lines for the given numbers of remaining wires."""
    if router == "router1":
        return [
            f"Info:  {1000 * n:10} |    90  910 |   90   910 | {wires:9}|       1.60      75.61|"
            for n, wires in enumerate(left, 1)
        ]
    return [
        f"Info:     iter={n} wires=9000 overused={wires} overuse=1 archfail=NA"
        for n, wires in enumerate(left, 1)
    ]


def verdicts(router, *left: int) -> list[str | None]:
    return list(map(Listener(router), reports(router.name, left), range(len(left))))


def test_the_fastest_seed_is_chosen(run):
    best, report, tried = run("true", 3)
    assert (best, report) == (3, {"fmax": {"clk": {"achieved": 53, "constraint": 50}}})
    assert tried == ["router1-1", "router1-2", "router1-3"]


def test_a_seed_that_is_never_routed_is_stopped(run):
    assert run("[ $seed -ne 3 ]", 3)[::2] == (2, ["router1-1", "router1-2", "router1-3"])


def test_the_next_router_is_tried_if_no_seed_is_routed(run):
    assert run("[ $router = router2 ]", 2)[::2] == (2, BOTH)


def test_the_next_router_is_tried_even_if_a_seed_failed(run):
    routes = "[ $router$seed != router12 ] || exit 1; [ $router$seed = router21 ]"
    assert run(routes, 2)[::2] == (1, BOTH)


def test_an_error_names_the_state_of_the_last_router(run, tmp_path):
    message = r"router2-1 was stopped: after \d+ rounds router2 has 70\d wires left .*--seeds"
    with pytest.raises(FirelineError, match=message):
        run("false", 2)
    assert started(tmp_path) == BOTH


def test_no_router_is_tried_after_a_failure(run, tmp_path):
    with pytest.raises(FirelineError, match="nextpnr-router1-1 failed: Info: no room"):
        run("echo 'Info: no room'; exit 1", 1)
    assert started(tmp_path) == ["router1-1"]


@pytest.mark.parametrize("router", ROUTERS)
def test_a_router_that_makes_progress_is_not_stopped(router):
    slowly = [1000 - n // (router.patience - 1) for n in range(1000)]
    assert not any(verdicts(router, *slowly))
    assert not any(verdicts(router, 5, 4, 4, 3, 0))
    assert not any(map(Listener(router), ["Info: Routing globals...", ""], [0, 9999]))


@pytest.mark.parametrize("router", ROUTERS)
def test_a_router_without_progress_is_stopped_after_its_patience(router):
    *patient, last = verdicts(router, 900, 800, 801, *[800] * (router.patience - 1))
    assert not any(patient)
    assert f"{router.name} has 800 wires left" in last


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("busy", [SILENCE / 2, 3 * SILENCE])
def test_a_silent_router_is_stopped(router, busy):
    listener, patience = Listener(router), max(SILENCE, busy)
    for line, seconds in zip(reports(router.name, [9, 8]), [1000, 1000 + busy], strict=True):
        assert not listener(line, seconds)
    assert not listener("", 1000 + busy + patience)
    assert not listener("Info: Something else", 1000 + busy + patience)
    message = f"8 wires left .* reported nothing for {patience / 60:.0f} minutes"
    assert re.search(message, listener("", 1001 + busy + patience))


@pytest.mark.parametrize("router", ROUTERS)
def test_a_router_with_no_wires_left_may_be_silent(router):
    listener = Listener(router)
    assert not listener(*reports(router.name, [0]), 1)
    assert not listener("", 10 * SILENCE)


def test_a_router_with_few_wires_left_gets_more_time():
    router = ROUTERS[1]
    *patient, last = verdicts(router, 900, 1, *[router.few - 1] * router.patience_for_few)
    assert not any(patient)
    assert last.startswith(f"after {router.patience_for_few + 2} rounds")
    assert any(verdicts(router, 900, 1, *[router.few] * router.patience))


def test_fmax_is_the_cores_also_if_another_clock_is_slower():
    """25 MHz of 20 MHz possible on the oscillator allow the core only 80 % of its clock."""
    clocks = {"core": (140.0, 100.0), "ahead": (600.0, 100.0), "oscillator": (230.0, 25.0)}
    report = {"fmax": {name: {"achieved": a, "constraint": c} for name, (a, c) in clocks.items()}}
    assert fmax(report, 100.0) == 140.0
    report["fmax"]["oscillator"]["achieved"] = 20.0
    assert fmax(report, 100.0) == pytest.approx(80.0)
