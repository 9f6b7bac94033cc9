"""Icepi Zero: a Lattice ECP5 25F, 32 MiB of SDRAM, a USB serial port, and a Pi Zero's header."""

from amaranth_boards.icepi_zero import IcepiZero1_3Platform

from ..program import ArrayShape
from .board import Board

BOARDS = (
    Board(
        name="icepi-zero",
        device="LFE5U-25F",
        package="CABGA256",
        speed_grade="6",
        luts=24_288,
        multipliers=28,
        block_rams=56,
        array=ArrayShape(8, 8),
        clock_mhz=100.0,
        platform=IcepiZero1_3Platform,
        oscillator_mhz=50.0,
        flash_name="icepi-zero",
    ),
)
