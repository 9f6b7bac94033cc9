"""The whole simulated board, driven by the host code that drives real boards."""

import os
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.link.device import TESTS, Device
from fireline.host.link.packets import Packet
from fireline.host.tools import Tools
from fireline.hw.accelerator import Accelerator
from fireline.hw.link.protocol import Identity, Kind, MemoryState
from fireline.hw.sdram.contents import SdramContents
from fireline.hw.system import contents_of, identity_of
from fireline.sim.board import compilation, compile_board, simulated_board
from support.boards.stub_core import StubCore, stub_scores
from support.boards.two_programs import share_a_board
from support.networks.small import TINY, compiled, pictures

IDENTITY = Identity(network=0xABCD1234, width=40, height=30, channels=3, classes=100)


WEIGHTS = np.random.default_rng(9).bytes(3 * 2 * 40)
CONTENTS = SdramContents(blocks=3, block_words=40, check=zlib.crc32(WEIGHTS))
STREAMED = replace(IDENTITY, weight_bytes=len(WEIGHTS))
SLOW = {"timeout": 5, "patience": 30}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("simulators")


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_frames_through_the_whole_board(cache):
    with (
        simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port,
        Device(port, **SLOW) as device,
    ):
        assert device.identify() == IDENTITY
        for seed in range(3):
            image = picture(seed)
            assert device.classify(image).tolist() == stub_scores(IDENTITY, image)


def test_the_real_accelerator_equals_the_golden_model(cache):
    job = compiled(TINY, "4x4", 4)
    images = pictures(TINY, 3)
    core, identity = Accelerator(job.program), identity_of(job.program)
    with (
        simulated_board(core, identity, cache=cache) as port,
        Device(port, **SLOW) as device,
    ):
        device.check_network(job.program.identifier)
        scores = [device.classify(image) for image in images]
        assert np.array_equal(scores, golden.run(job.network, images))


def test_the_real_accelerator_with_streamed_weights_equals_the_golden_model(cache):
    job = compiled(replace(TINY, classes=11), "4x4", 4, head=StreamedHead(2))
    images, program = pictures(TINY, 3), job.program
    with (
        simulated_board(
            Accelerator(program), identity_of(program), contents=contents_of(program), cache=cache
        ) as port,
        Device(port, **SLOW) as device,
    ):
        device.load_weights(job.class_blocks)
        scores = [device.classify(image) for image in images]
        assert np.array_equal(scores, golden.run(job.network, images))


def test_two_programs_on_one_line_get_no_wrong_scores(cache):
    with simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port:
        scores = lambda pixels: stub_scores(IDENTITY, pixels)  # noqa: E731
        patience = {"timeout": 0.5, "patience": 10, "deadline": 5}
        counts = share_a_board(port, picture, scores, seed=1, **patience)
    assert counts.total() == 2 * 6


def test_a_new_program_finds_the_board_in_the_middle_of_a_frame(cache):
    with simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port:
        with Device(port, **SLOW) as device:
            leave = lambda sent, total: device.close()  # noqa: E731
            with pytest.raises(FirelineError, match="went away"):
                device.classify(picture(0), leave)
        with Device(port, **SLOW) as device:
            device._serial.write(b"\x05half a frame" * 20)
            image = picture(1)
            assert device.classify(image).tolist() == stub_scores(IDENTITY, image)


def test_unplugged_in_the_middle_of_a_frame(cache):
    with simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port:
        device = Device(port, **SLOW)
        device.identify()
    with device, pytest.raises(FirelineError, match="went away"):
        device.classify(picture(0))


def test_an_idle_board_answers_again(cache):
    with (
        simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port,
        Device(port, **SLOW) as device,
    ):
        device.identify()
        time.sleep(2)
        assert device.identify() == IDENTITY


def test_verilog_that_does_not_compile_gives_an_error_of_one_line(cache):
    with pytest.raises(FirelineError, match="compiling the simulated board") as error:
        compile_board({"board.v": "module board; nonsense endmodule"}, cache)
    assert "\n" not in str(error.value)
    assert not any(path.name == "Vboard" for path in cache.glob("tmp*/**"))


def streamed_board(cache, *faults):
    core = StubCore(STREAMED)
    return simulated_board(core, STREAMED, contents=CONTENTS, faults=faults, cache=cache)


def test_weights_are_loaded_once_and_used_for_every_picture(cache):
    with streamed_board(cache) as port:
        with Device(port, **SLOW) as device:
            assert device.identify() == STREAMED
            assert device.needs_weights()
            with pytest.raises(FirelineError, match="load them first"):
                device.classify(picture(0))
            device.load_weights(WEIGHTS)
        with Device(port, **SLOW) as device:
            assert not device.needs_weights()
            for seed in range(3):
                image = picture(seed)
                assert device.classify(image).tolist() == stub_scores(STREAMED, image, WEIGHTS)


def test_weights_that_have_just_arrived_are_no_part_of_them(cache):
    """The memory takes longer for a chunk's bytes than the board for its answer."""
    with streamed_board(cache) as port, Device(port, **SLOW) as device:
        device.needs_weights()
        device._ask(Kind.LOAD)
        device._send(Packet(Kind.CHUNK, 0, WEIGHTS))
        assert device._ask(Kind.MEMORY).data == bytes([MemoryState.LOADING])
        assert device._memory(passing=(MemoryState.LOADING, *TESTS)) is MemoryState.READY


def test_weights_of_another_network_are_refused_and_the_right_ones_accepted(cache):
    with streamed_board(cache) as port, Device(port, **SLOW) as device:
        with pytest.raises(FirelineError, match="other weights than those"):
            device.load_weights(WEIGHTS[::-1])
        with pytest.raises(FirelineError, match="other weights than those"):
            device.classify(picture(0))
        device.load_weights(WEIGHTS)
        assert device.classify(picture(1)).tolist() == stub_scores(STREAMED, picture(1), WEIGHTS)


def test_an_interrupted_load_can_be_repeated(cache):
    with streamed_board(cache) as port:
        with Device(port, **SLOW) as device:
            assert device.needs_weights()
            device._ask(Kind.LOAD)
            device._send(Packet(Kind.CHUNK, 0, WEIGHTS[:100]))
        with Device(port, **SLOW) as device:
            with pytest.raises(FirelineError, match="only a part of its classifier's weights"):
                device.classify(picture(0))
            device.load_weights(WEIGHTS)
            image = picture(2)
            assert device.classify(image).tolist() == stub_scores(STREAMED, image, WEIGHTS)


@pytest.mark.parametrize("fault", ["sdram_absent", "sdram_stuck_dq=3", "sdram_stuck_address=12"])
def test_a_faulty_memory_is_reported(cache, fault):
    with streamed_board(cache, fault) as port, Device(port, **SLOW) as device:
        for call in (device.needs_weights, lambda: device.classify(picture(0))):
            with pytest.raises(FirelineError, match="no working SDRAM"):
                call()
        with pytest.raises(FirelineError, match="no working SDRAM"):
            device.load_weights(WEIGHTS)


def test_a_word_that_fails_during_classification_stops_the_scores(cache):
    """Word 8 is read twice by the memory test, once by the check, and once in each frame."""
    with (
        streamed_board(cache, "sdram_wrong_word=8", "sdram_wrong_read=4") as port,
        Device(port, **SLOW) as device,
    ):
        device.load_weights(WEIGHTS)
        assert device.classify(picture(0)).tolist() == stub_scores(STREAMED, picture(0), WEIGHTS)
        for _ in range(2):
            with pytest.raises(FirelineError, match="there are no scores"):
                device.classify(picture(1))
        assert device.needs_weights()


def test_a_compilation_that_is_left_ends_with_its_compilers(tmp_path, monkeypatch):
    tool = tmp_path / "verilator"
    version = "[ $1 = --version ] && echo Verilator 5.046 && exit"
    tool.write_text(f"#!/bin/sh\n{version}\nsleep 90 &\necho $! > {tmp_path}/pid\nwait\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    until = time.monotonic() + 60
    with compilation({}, tmp_path, Tools("path")):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            assert time.monotonic() < until, "the compiler does not start"
            time.sleep(0.01)
        compiler = int((tmp_path / "pid").read_text())
        os.kill(compiler, 0)
    while Path(f"/proc/{compiler}/cmdline").exists() and time.monotonic() < until:
        if not Path(f"/proc/{compiler}/cmdline").read_text():  # ended, but not yet reaped
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{compiler}").exists()
