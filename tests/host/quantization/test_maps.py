from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from fireline.host.quantization.maps import PIXELS, convolutions, input_maps, skipped_maps
from support.networks.strategies import preprocessing

STAGES = (
    Conv1(16, 3, 1, 1),
    MaxPool(),
    Fire(8, 8, 8, Bypass.SIMPLE),
    Fire(8, 12, 20, Bypass.COMPLEX),
    MaxPool(),
    Fire(8, 16, 16, Bypass.SIMPLE),
    Fire(8, 16, 16),
)
NETWORK = Architecture("small", 3, 13, 12, preprocessing(3), STAGES, 5)


def test_input_maps():
    """A map is read through a pool; a bypass convolution reads what the squeeze reads."""
    found = input_maps(NETWORK)
    assert list(found) == [layer.name for layer in convolutions(NETWORK)]
    fires = {
        f"fire{n}/expand{side}": f"fire{n}/squeeze" for n in range(2, 6) for side in ("1x1", "3x3")
    }
    assert found == fires | {
        "conv1": PIXELS,
        "fire2/squeeze": "conv1",
        "fire3/squeeze": "fire2",
        "fire3/bypass": "fire2",
        "fire4/squeeze": "fire3",
        "fire5/squeeze": "fire4",
        "conv6": "fire5",
    }


def test_skipped_maps():
    assert skipped_maps(NETWORK) == {"fire2": "conv1", "fire3": "fire3/bypass", "fire4": "fire3"}
