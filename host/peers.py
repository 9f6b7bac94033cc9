"""What others published for the same work, and networks of the same shape to set beside it."""

from dataclasses import dataclass

from .architecture import PREPROCESSINGS, Architecture, Conv1, Fire, MaxPool


@dataclass(frozen=True)
class Peer:
    """A generator's published result, and our network that does the same.

    Of our network only the program's layers named in ``counted`` are set beside it; none means all.
    Our pools are 3x3, others' 2x2; ``macs`` are the same.
    """

    name: str
    source: str
    cycles: int
    multipliers: int
    bits: int
    macs: int  # of this shape
    published: str  # the work, as the source counts it
    network: Architecture
    counted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Processor:
    """A published frame rate of MLPerf Tiny 1.1's image classification: CIFAR-10, 85 % top-1."""

    name: str
    software: str
    frames_per_second: float


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
                MaxPool(),
                *(Fire(16, 64, 64),) * 2,
                MaxPool(),
                *(Fire(32, 128, 128),) * 2,
                MaxPool(),
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
