"""The tables that `fireline bench` prints, and the rows of its JSON file."""

from dataclasses import asdict


def show_speed(output, title, speed, accuracy=True):
    """Prints the speed of golden model and torch, and their accuracy where labels mean anything."""
    table = output.table(f"{speed.images:,} pictures, {title}", "<", "top-1", "pictures/s")
    for name, top1, rate in (
        ("golden model, integers", speed.golden_top1, speed.golden_images_per_second),
        ("torch, float32", speed.float_top1, speed.float_images_per_second),
    ):
        table.add_row(name, f"{top1:.2%}" if accuracy else "", f"{rate:,.0f}")
    output.show(table)


def show_cycles(output, title, all_cycles):
    """Prints predicted cycles and, where there are any, simulated ones."""
    table = output.table(
        title, "<network", "<array", "predicted", "simulated", "scores", "utilisation",
        "cycles/s simulated",
    )  # fmt: skip
    for cycles in all_cycles:
        simulated = (
            [""] * 2
            if cycles.simulated is None
            else [f"{cycles.simulated:,}", "wrong" if cycles.mismatches else "equal"]
        )
        rate = f"{cycles.cycles_per_second:,.0f}" if cycles.cycles_per_second else ""
        busy = f"{cycles.utilisation:.1%}"
        names = cycles.network, cycles.array
        table.add_row(*names, f"{cycles.predicted:,}", *simulated, busy, rate)
    output.show(table)


def show_peers(output, comparisons):
    """Prints a table for each peer: its figures, then ours."""
    for peer in dict.fromkeys(each.peer for each in comparisons):
        own = [each for each in comparisons if each.peer == peer]
        title = f"{peer.name}: {own[0].macs:,} MACs (published: {peer.published})"
        table = output.table(
            title, "<by", "weights", "multipliers", "products/cycle", "cycles", "fewer", "frame",
            "simulated",
        )  # fmt: skip
        numbers = (peer.multipliers, peer.multipliers, f"{peer.cycles:,}", "")
        table.add_row(peer.source, f"{peer.bits} bits", *map(str, numbers), "", "")
        for each in own:
            simulated = "" if each.frame.simulated is None else f"{each.frame.simulated:,}"
            names = (f"Fireline {each.frame.array}", f"{each.bits} bits")
            numbers = (each.multipliers, each.products, f"{each.cycles:,}", f"{each.ratio:.1f} x")
            table.add_row(*names, *map(str, numbers), f"{each.frame.predicted:,}", simulated)
        output.show(table)


def show_full_size(output, rows, peers):
    """Prints a row for each network on a board, and one for each peer."""
    table = output.table(
        "SqueezeNet at full size", "<network", "<array", "MHz", "frames/s", "multipliers",
        "frames/s/multiplier/GHz", "block RAMs", "LUTs", "external bytes", "Verilog, s",
    )  # fmt: skip

    def show(network, array, each, *rest):
        rates = f"{each.clock_mhz:g}", f"{each.frames_per_second:,.1f}", f"{each.multipliers:,}"
        table.add_row(network, array, *rates, f"{each.per_multiplier:.1f}", *rest)

    for row in rows:
        luts = f"{row.luts:,}" if row.luts else ""
        seconds = f"{row.verilog_seconds:.1f}" if row.verilog_seconds else ""
        rest = f"{row.block_rams:,}", luts, f"{row.external_bytes:,}", seconds
        show(row.cycles.network, row.cycles.array, row, *rest)
    for peer in peers:
        show("squeezenet1_1", peer.name, peer)
    output.show(table)


def show_boards(output, boards, processors):
    """Prints a row for each board, and a line for each processor."""
    table = output.table(
        "On boards", "<board", "array", "LUTs", "multipliers", "block RAMs", "MHz", "fmax MHz",
        "cycles", "frames/s",
    )  # fmt: skip
    for each in boards:
        summary = each.summary
        usage = (summary.luts, summary.multipliers, summary.block_rams)
        table.add_row(
            summary.board,
            each.cycles.array,
            *(f"{kind.used:,}" for kind in usage),
            f"{summary.clock_mhz:g}",
            f"{summary.fmax_mhz:g}",
            f"{each.cycles.predicted:,}",
            f"{each.frames_per_second:,.0f}",
        )
    output.show(table)
    for processor in processors:
        output.say(
            f"{processor.frames_per_second:g} frames/s: {processor.name}, {processor.software}; "
            "MLPerf Tiny 1.1, CIFAR-10, 85 %"
        )


def comparison_json(each):
    """A comparison as values for JSON."""
    return {
        "name": each.peer.name,
        "source": each.peer.source,
        "source_cycles": each.peer.cycles,
        "source_multipliers": each.peer.multipliers,
        "source_bits": each.peer.bits,
        "source_work": each.peer.published,
        "bits": each.bits,
        "macs": each.macs,
        "products": each.products,
        "multipliers": each.multipliers,
        "cycles": each.cycles,
        "ratio": each.ratio,
        "frame": asdict(each.frame),
    }


def full_size_json(each):
    """A network on a board as values for JSON."""
    rates = {
        "frames_per_second": each.frames_per_second,
        "per_multiplier": each.per_multiplier,
    }
    return asdict(each) | rates
