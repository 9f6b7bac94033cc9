import pytest
from fireline.errors import FirelineError
from fireline.host.quantization.post_training.settings import Settings


@pytest.mark.parametrize(
    "wrong, text",
    [
        ({"effort": "most"}, "use fast or full"),
        ({"epochs": 0}, "epochs is 0; use 1 to"),
        ({"seed": -1}, "seed is -1; use 0 to"),
        ({"exponent_max": 4}, "exponent_max is 4; use 0 to 3"),
        ({"multiplier_bits": 13}, "multiplier_bits is 13; use 1 to 12"),
    ],
)
def test_bad_values(wrong, text):
    with pytest.raises(FirelineError, match=text):
        Settings(**wrong)
