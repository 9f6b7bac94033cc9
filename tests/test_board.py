"""The whole simulated board, and the runtime that real boards are talked to with."""

import time

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.device import Device
from fireline.hw.accelerator import Accelerator
from fireline.hw.protocol import Identity
from fireline.hw.system import identity_of
from fireline.sim.board import compile_board, simulated_board
from small import TINY, compiled, pictures
from stub_core import StubCore, stub_scores

IDENTITY = Identity(network=0xABCD1234, width=40, height=30, channels=3, classes=100)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("simulators")


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_images_through_the_whole_board(cache):
    with (
        simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port,
        Device(port, timeout=5, patience=30) as device,
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
        Device(port, timeout=5, patience=30) as device,
    ):
        device.check_network(job.program.identifier)
        scores = [device.classify(image) for image in images]
        assert np.array_equal(scores, golden.run(job.network, images))


def test_a_new_program_finds_the_board_in_the_middle_of_an_image(cache):
    with simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port:
        with Device(port, timeout=5, patience=30) as device:
            leave = lambda sent, total: device.close()  # noqa: E731
            with pytest.raises(FirelineError, match="went away"):
                device.classify(picture(0), leave)
        with Device(port, timeout=5, patience=30) as device:
            device._serial.write(b"\x05half a frame" * 20)
            image = picture(1)
            assert device.classify(image).tolist() == stub_scores(IDENTITY, image)


def test_unplugged_in_the_middle_of_an_image(cache):
    with simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port:
        device = Device(port, timeout=5, patience=30)
        device.identify()
    with device, pytest.raises(FirelineError, match="went away"):
        device.classify(picture(0))


def test_a_board_that_fell_asleep_wakes_up(cache):
    with (
        simulated_board(StubCore(IDENTITY), IDENTITY, cache=cache) as port,
        Device(port, timeout=5, patience=30) as device,
    ):
        device.identify()
        time.sleep(2)
        assert device.identify() == IDENTITY


def test_verilog_that_does_not_compile_is_told_in_one_line(cache):
    with pytest.raises(FirelineError, match="compiling the simulated board") as error:
        compile_board("module board; nonsense endmodule", cache)
    assert "\n" not in str(error.value)
    assert not any(path.name == "Vboard" for path in cache.glob("tmp*/**"))
