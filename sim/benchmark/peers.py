"""Published figures of others, and networks of the shapes that they used."""

from dataclasses import dataclass

from ...host.network.architecture import PREPROCESSINGS, Architecture, Conv1, Fire, MaxPool


@dataclass(frozen=True)
class Peer:
    """A generator's published figure, and our network of the same shape.

    Only the program layers named in ``counted`` are compared with it; if there are none, all are.
    """

    name: str
    source: str
    cycles: int
    multipliers: int  # of the device
    bits: int  # of weights
    macs: int  # of this shape
    published: str  # the work, in the source's words
    network: Architecture
    counted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Processor:
    """A published frame rate of MLPerf Tiny 1.1's image classification: CIFAR-10, 85 % top-1."""

    name: str
    software: str
    frames_per_second: float


@dataclass(frozen=True)
class FullSizePeer:
    """A published frame rate of SqueezeNet 1.1 at 224x224 with 1000 classes."""

    name: str
    frames_per_second: float
    multipliers: int  # DSP blocks
    clock_mhz: float

    @property
    def per_multiplier(self) -> float:
        return per_multiplier(self.frames_per_second, self.multipliers, self.clock_mhz)


NNGEN = "NNgen 1.3.4"

PEERS = (
    Peer(
        name="one Fire, 16x16 pixels, 64 to 16 to 64 + 64 channels",
        source=NNGEN,
        cycles=82_409,
        multipliers=144,
        bits=8,
        macs=2_883_584,
        published="2,883,584 MACs",
        network=Architecture(
            "one-fire",
            3,
            16,
            16,
            PREPROCESSINGS["torchvision"],
            (Conv1(64, 1, 1, 0), Fire(16, 64, 64)),
            10,
        ),
        counted=("fire2/squeeze", "fire2"),
    ),
    Peer(
        name="SqueezeNet 1.1's channels, 32x32 pixels, ten classes",
        source=NNGEN,
        cycles=1_078_929,
        multipliers=144,
        bits=8,
        macs=23_511_040,
        published="47,022,080 operations, just two a MAC",
        network=Architecture(
            "squeezenet1_1-32",
            3,
            32,
            32,
            PREPROCESSINGS["torchvision"],
            (
                Conv1(64, 3, 1, 1),
                MaxPool(2, ceil=False),
                *(Fire(16, 64, 64),) * 2,
                MaxPool(2, ceil=False),
                *(Fire(32, 128, 128),) * 2,
                MaxPool(2, ceil=False),
                *(Fire(48, 192, 192),) * 2,
                *(Fire(64, 256, 256),) * 2,
            ),
            10,
        ),
    ),
)

PROCESSORS = (
    Processor("NUCLEO-H7A3ZI (Cortex-M7, 280 MHz)", "X-CUBE-AI 7.3", 18.6),
    Processor("NUCLEO-L4R5ZI (Cortex-M4, 120 MHz)", "X-CUBE-AI 7.3", 4.4),
)

FULL_SIZE_PEERS = (
    FullSizePeer("AMD DPU on a KV260", 336.7, 690, 300),
    FullSizePeer("AMD DPU on a ZCU102", 1499.6, 2070, 281),
)


def per_multiplier(frames_per_second: float, multipliers: int, clock_mhz: float) -> float:
    """Efficiency: frames/s per multiplier per GHz."""
    return frames_per_second / (multipliers * clock_mhz / 1000)
