"""Groups of whole bursts."""

import pytest
from fireline.hw.sdram.contents import ImageGeometry


def test_sizes():
    image = ImageGeometry(groups=3, group_words=40, check=0)
    assert (image.group_bursts, image.bursts, image.bytes) == (5, 15, 240)


@pytest.mark.parametrize("groups, words", [(0, 8), (1, 0), (1, 12), (1, -8)])
def test_groups_that_are_no_whole_bursts_are_refused(groups, words):
    with pytest.raises(ValueError, match="multiple of 8"):
        ImageGeometry(groups, words, 0)
