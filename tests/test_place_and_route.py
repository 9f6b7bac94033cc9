"""Seeds that are tried, given up and chosen from; nextpnr is a stand-in."""

from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host.place_and_route import PATIENCE, Router, place_and_route
from fireline.hw.boards import find_board

NEXTPNR = r"""#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --seed) seed=$2 ;; --report) report=$2 ;; esac
  shift
done
routes() {{ {routes}; }}
thousands=1
until routes || [ $thousands -gt 90 ]; do
  echo "Info:   ${{thousands}}000 |   1   2 |  3   4 |   $((700 + thousands % 7))|   5.0   6.0|"
  thousands=$((thousands + 1))
done
[ $thousands -le 90 ] || exec sleep 60
echo "{{\"fmax\": {{\"clk\": {{\"achieved\": 5$((seed % 10))}}}}}}" > $report
"""


@pytest.fixture
def run(tmp_path):
    """Runs seeds on a stand-in; returns the best, its report, and all that were begun."""

    def run(routes: str, seeds: int):
        nextpnr = tmp_path / "nextpnr"
        nextpnr.write_text(NEXTPNR.format(routes=routes))
        nextpnr.chmod(0o755)
        board, tell = find_board("ulx3s-25f"), lambda step, line: None
        best, report = place_and_route(board, str(nextpnr), tmp_path, seeds, 2, tell)
        return best, report, begun(tmp_path)

    return run


def begun(folder: Path) -> list[int]:
    return sorted(int(log.stem.partition("-")[2]) for log in folder.glob("*.log"))


def says(*left: int) -> list[str]:
    """What the router says, with so many wires left after each thousand."""
    return [
        f"Info:  {1000 * n:10} |    90  910 |   90   910 | {wires:9}|       1.60      75.61|"
        for n, wires in enumerate(left, 1)
    ]


def test_the_fastest_of_the_seeds(run):
    best, report, tried = run("true", 3)
    assert (best, report, tried) == (3, {"fmax": {"clk": {"achieved": 53}}}, [1, 2, 3])


def test_a_seed_that_is_never_routed_is_given_up(run):
    assert run("[ $seed -ne 3 ]", 3)[::2] == (2, [1, 2, 3])


def test_others_follow_if_none_is_routed(run):
    assert run("[ $seed -gt 2 ]", 2)[::2] == (4, [1, 2, 3, 4])


def test_others_follow_even_if_one_failed(run):
    routes = "[ $seed -ne 2 ] || exit 1; [ $seed -gt 2 ]"
    assert run(routes, 2)[::2] == (4, [1, 2, 3, 4])


def test_not_for_ever(run, tmp_path):
    with pytest.raises(FirelineError, match=r"stopped: after 3[0-9],000 .* 70\d are left.*--seeds"):
        run("false", 2)
    assert begun(tmp_path) == [1, 2, 3, 4]


def test_no_others_follow_what_fails(run, tmp_path):
    with pytest.raises(FirelineError, match="nextpnr-1 failed: Info: no room"):
        run("echo 'Info: no room'; exit 1", 1)
    assert begun(tmp_path) == [1]


def test_a_router_that_gains_is_left_alone():
    slowly = [1000 - n // (PATIENCE // 1000 - 1) for n in range(1000)]
    assert not any(map(Router(), says(*slowly)))
    assert not any(map(Router(), ["Info: Routing globals...", "", *says(5, 4, 4, 3, 0)]))


def test_one_that_does_not_is_given_up_at_once():
    *patient, last = map(Router(), says(900, 800, 801, *[800] * (PATIENCE // 1000 - 1)))
    assert not any(patient)
    assert last.startswith("after 32,000 wires were routed, many of them anew, 800 are left")
