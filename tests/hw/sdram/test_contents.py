"""Blocks of whole bursts."""

import pytest
from fireline.hw.sdram.contents import SdramContents


def test_sizes():
    contents = SdramContents(blocks=3, block_words=40, check=0)
    assert (contents.block_bursts, contents.bursts, contents.bytes) == (5, 15, 240)


@pytest.mark.parametrize("blocks, words", [(0, 8), (1, 0), (1, 12), (1, -8)])
def test_blocks_of_broken_bursts_are_refused(blocks, words):
    with pytest.raises(ValueError, match="multiple of 8"):
        SdramContents(blocks, words, 0)
