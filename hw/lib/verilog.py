"""Components as Verilog."""

import os

from amaranth.back import verilog
from amaranth.lib import wiring


def convert(component: wiring.Component, name: str) -> str:
    """A component as one Verilog-2005 file whose top module is `name`; it contains no paths.

    Amaranth writes it with the Yosys that pip installs beside it, because the text varies with the
    version: it depends on the component alone, whatever stands on PATH.
    """
    os.environ.update(AMARANTH_USE_YOSYS="builtin")
    return verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
