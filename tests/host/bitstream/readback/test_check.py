"""Faults put into a configuration that the real tools made; the check of its bitstream names each.

Each fault is a setting of nextpnr's text that is replaced. Most are packed by no tool, because the
checks look at the bits that a text means.
"""

import json
import re
import shutil

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream.readback.check import check_bitstream
from fireline.host.bitstream.readback.configuration import Configuration, differences
from fireline.host.bitstream.readback.memories import check_memories
from fireline.host.bitstream.readback.pads import check_pads
from fireline.host.bitstream.readback.plls import check_plls
from fireline.host.bitstream.steps import Step, run_step
from fireline.host.tools import PIP


def no_progress(step, line):
    pass


def faulty(real_build, folder, old, new) -> Configuration:
    """The configuration with the first match of the pattern `old` replaced."""
    text, count = re.subn(old, new, real_build.written.read_text(), count=1)
    assert count == 1
    (folder / "faulty.config").write_text(text)
    return Configuration.read(folder / "faulty.config")


def test_all_is_checked_and_recorded(real_build):
    kept = json.loads((real_build.folder / "build.json").read_text())
    assert kept["checks"] == real_build.summary.checks
    assert [re.sub(r"\d+", "N", line) for line in kept["checks"]] == [
        "equal to nextpnr's configuration",
        "N pads",
        "N PLLs, N clock gates",
        "N multipliers",
        "N block RAMs",
        "N words in block RAM",
    ]


def test_ecppack_changes_no_bit(real_build):
    written = Configuration.read(real_build.written)
    found = Configuration.read(real_build.scratch / "unpacked.config")
    assert len(found.bits) > 500 and differences(written, found) == []


@pytest.mark.parametrize(
    "old, new, where",
    [
        (
            r"word: SLICEA.K0.INIT 0000000000000000",
            "word: SLICEA.K0.INIT 0000000000000001",
            ":PLC2",
        ),
        (r"arc: JLSR1 \w+\n", "", ":CIB"),
        (r"arc: A0 \w+\n", "", ":PLC2"),
        (r"(\.bram_init \d+\n)000", r"\g<1>100", "block RAM"),
    ],
)
def test_a_bit_that_differs_is_found(real_build, tmp_path, old, new, where):
    written = Configuration.read(real_build.written)
    (found,) = differences(written, faulty(real_build, tmp_path, old, new))
    assert where in found


@pytest.mark.parametrize(
    "old, new, said",
    [
        (r"PULLMODE UP", "PULLMODE NONE", r"PULLMODE of pin \w+ \(.*\) is NONE, not UP"),
        (r"PULLMODE NONE", "PULLMODE UP", r"PULLMODE of pin \w+ \(.*\) is UP, not NONE"),
        (r"DRIVE 4", "DRIVE 16", r"DRIVE of pin \w+ \(led_\d__io\) is 16, not 4"),
        (r"OPENDRAIN ON", "OPENDRAIN OFF", r"OPENDRAIN of pin \w+ \(pulled_up.*\) is OFF, not ON"),
        (r"\bINPUT_LVCMOS33", "INPUT_LVCMOS25", "is not set as INPUT_LVCMOS33"),
        (
            r"(\bINPUT_LVCMOS33(?s:.)*?)\bINPUT_LVCMOS33",
            r"\1INPUT_LVCMOS25",
            "is not set as INPUT_LVCMOS33",
        ),
        (r"OUTPUT_LVCMOS33", "INPUT_LVCMOS33", "is not set as OUTPUT_LVCMOS33"),
    ],
)
def test_a_wrong_pad_is_named(real_build, tmp_path, old, new, said):
    found = faulty(real_build, tmp_path, old, new)
    pins = (real_build.scratch / "top.lpf").read_text()
    with pytest.raises(FirelineError, match=said):
        check_pads(found, found, real_build.netlist, pins, real_build.top.board)


def test_a_wrong_slew_rate_is_named(real_build):
    found = Configuration.read(real_build.written)
    pins = (real_build.scratch / "top.lpf").read_text()
    pins = re.sub(r'("uart_0__tx__io" IO_TYPE=LVCMOS33)', r"\1 SLEWRATE=FAST", pins)
    said = r"SLEWRATE of pin \w+ \(uart_0__tx__io\) is SLOW, not FAST"
    with pytest.raises(FirelineError, match=said):
        check_pads(found, found, real_build.netlist, pins, real_build.top.board)


def test_a_receiver_needs_a_pull_up_whatever_the_constraints_say(real_build, tmp_path):
    found = faulty(real_build, tmp_path, r"(HYSTERESIS ON\nenum: PIO\w.PULLMODE) UP", r"\1 NONE")
    pins = (real_build.scratch / "top.lpf").read_text()
    pins = re.sub(r'("uart_0__rx__io".*)PULLMODE=UP', r"\1", pins)
    with pytest.raises(FirelineError, match=r"uart_0__rx__io\) is NONE, not UP"):
        check_pads(found, found, real_build.netlist, pins, real_build.top.board)


def pll_fault(real_build, found, change=lambda cell: None, clock_mhz=50.0):
    netlist = real_build.netlist
    (cell,) = [cell for cell in netlist["cells"].values() if cell["type"] == "EHXPLLL"]
    change(cell)
    with pytest.raises(FirelineError) as error:
        check_plls(found, found, netlist, real_build.top.board, clock_mhz)
    return str(error.value)


@pytest.mark.parametrize(
    "old, new, said",
    [
        (r"word: CLKI_DIV \d+", "word: CLKI_DIV 0000011", "CLKI_DIV is 4, not 1"),
        (r"word: CLKFB_DIV \d+", "word: CLKFB_DIV 0000010", "CLKFB_DIV is 3, not 1"),
        (r"word: CLKOS_CPHASE \d+", "word: CLKOS_CPHASE 1100000", "CLKOS_CPHASE is 96, not "),
        (r"word: CLKOP_FPHASE 000", "word: CLKOP_FPHASE 001", "CLKOP_FPHASE is 1, not 0"),
        (r"CLKOS_ENABLE ENABLED", "CLKOS_ENABLE DISABLED", "CLKOS_ENABLE is DISABLED"),
        (r"PLLRST_ENA DISABLED", "PLLRST_ENA ENABLED", "PLLRST_ENA is ENABLED, not DISABLED"),
        (r"DPHASE_SOURCE DISABLED", "DPHASE_SOURCE ENABLED", "DPHASE_SOURCE is ENABLED, not "),
        (r"word: CLKOS_DIV \d+", "word: CLKOS_DIV 0000001", "CLKOS_DIV is 2, not "),
        (r"FEEDBK_PATH \w+", "FEEDBK_PATH INT_OS", "FEEDBK_PATH is INT_OS, not CLKOP"),
        (r"\nenum: DCC_\w+.MODE DCCA", "", "0 clock gates are on, not 1"),
    ],
)
def test_a_wrong_field_of_a_pll_is_named(real_build, tmp_path, old, new, said):
    assert said in pll_fault(real_build, faulty(real_build, tmp_path, old, new))


def test_each_pll_has_a_place_of_its_own(real_build):
    found, netlist = Configuration.read(real_build.written), real_build.netlist
    (cell,) = [cell for cell in netlist["cells"].values() if cell["type"] == "EHXPLLL"]
    netlist["cells"]["another"] = cell
    with pytest.raises(FirelineError, match="no PLL is set as another: there is none"):
        check_plls(found, found, netlist, real_build.top.board, 50.0)


def test_a_slow_phase_detector_is_refused(real_build, tmp_path):
    """As in the settings that made 115 MHz from a detector at 5 MHz."""
    found = faulty(real_build, tmp_path, r"word: CLKI_DIV \d+", "word: CLKI_DIV 0000100")
    said = pll_fault(real_build, found, lambda cell: cell["parameters"].update(CLKI_DIV="101"))
    assert "the phase detector of " in said and "runs at 5 MHz: it needs 10 to 400 MHz" in said


def test_an_oscillator_out_of_its_range_is_refused(real_build, tmp_path):
    found = faulty(real_build, tmp_path, r"word: CLKFB_DIV \d+", "word: CLKFB_DIV 0000011")
    said = pll_fault(real_build, found, lambda cell: cell["parameters"].update(CLKFB_DIV="100"))
    assert "the VCO of " in said and "it needs 400 to 800 MHz" in said


def test_clocks_that_nobody_asked_for_are_named(real_build):
    found = Configuration.read(real_build.written)
    change = {"FREQUENCY_PIN_CLKOS": "50.2"}
    said = pll_fault(real_build, found, lambda cell: cell["attributes"].update(change))
    assert "makes 50 MHz, not 50.2 MHz" in said
    assert "no PLL makes 50.2 MHz" in pll_fault(real_build, found, clock_mhz=50.2)
    said = pll_fault(real_build, found, lambda cell: cell["connections"].update(CLKFB=[1]))
    assert "is not fed back" in said


@pytest.mark.parametrize(
    "old, new, said",
    [
        (r"(enum: EBR\d\.RSTAMUX) INV", r"\1 RSTA", "RSTA of the block RAM at .* is not tied to 0"),
        (r"(enum: EBR\d\.RSTBMUX) INV", r"\1 RSTB", "RSTB of the block RAM at .* is not tied to 0"),
        (r"(enum: EBR\d\.GSR) DISABLED", r"\1 ENABLED", "the global reset reaches the block RAM"),
        (r"enum: EBR\d\.MODE DP16KD\n", "", "0 block RAMs are in use, not 1"),
    ],
)
def test_a_block_ram_that_may_be_reset_is_named(real_build, tmp_path, old, new, said):
    found = faulty(real_build, tmp_path, old, new)
    with pytest.raises(FirelineError, match=said):
        check_memories(found, found, real_build.netlist)


def test_the_check_of_a_faulty_bitstream_fails_as_a_whole(real_build, tmp_path):
    top, scratch = real_build.top, tmp_path / "scratch"
    shutil.copytree(real_build.scratch, scratch)
    text = real_build.written.read_text()
    (scratch / "seed2.config").write_text(text.replace("PULLMODE UP", "PULLMODE DOWN"))
    ecpunpack = str(PIP.find("ecpunpack").path)
    pack = (str(PIP.find("ecppack").path), "seed2.config", "fireline.bit")
    run_step(Step("ecppack", pack), scratch, no_progress)
    for seed, said in (
        (2, "PULLMODE of pin .* is DOWN, not UP; this is a defect"),
        (1, r"it is not nextpnr's configuration, in \d places: MIB_"),
    ):
        said = f"the bitstream is not what it should be: .*{said}"
        with pytest.raises(FirelineError, match=said):
            check_bitstream(
                *(top.board, top.clock_mhz, None, ecpunpack, scratch, seed), no_progress
            )
