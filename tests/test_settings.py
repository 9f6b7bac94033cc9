import pytest
from fireline.errors import FirelineError
from fireline.host.post_training.settings import Settings


@pytest.mark.parametrize(
    "wrong, text",
    [
        ({"effort": "most"}, "use fast or full"),
        ({"epochs": 0}, "epochs is 0; use 1 to"),
        ({"seed": -1}, "seed is -1; use 0 to"),
    ],
)
def test_bad_values(wrong, text):
    with pytest.raises(FirelineError, match=text):
        Settings(**wrong)
