"""Radiona ULX3S: a Lattice ECP5 of one of four sizes, 32 MiB of SDRAM, a USB serial port."""

from amaranth_boards import ulx3s

from ..program import ArrayShape
from .board import Board

ESP32_PINS = "L2", "F1"
"""The ESP32's GPIO0 is on L2 up to version 3.0 of the board, and on F1 from 3.1.6 on; the other pin
is its enable or GPIO22. Users of the board report that the ESP32's firmware takes over JTAG, and so
reconfigures the FPGA, when it finds GPIO0 low. An unused pin of the FPGA pulls it low."""


def _ulx3s(size, luts, multipliers, block_rams, array, platform) -> Board:
    return Board(
        name=f"ulx3s-{size.lower()}",
        device=f"LFE5U-{size}",
        package="CABGA381",
        speed_grade="6",
        luts=luts,
        multipliers=multipliers,
        block_rams=block_rams,
        array=array,
        clock_mhz=100.0,
        platform=platform,
        pulled_up=ESP32_PINS,
    )


# The 12F is a 25F die.
BOARDS = (
    _ulx3s("12F", 24_288, 28, 56, ArrayShape(8, 8), ulx3s.ULX3S_12F_Platform),
    _ulx3s("25F", 24_288, 28, 56, ArrayShape(8, 8), ulx3s.ULX3S_25F_Platform),
    _ulx3s("45F", 43_848, 72, 108, ArrayShape(16, 8), ulx3s.ULX3S_45F_Platform),
    _ulx3s("85F", 83_640, 156, 208, ArrayShape(16, 16), ulx3s.ULX3S_85F_Platform),
)
