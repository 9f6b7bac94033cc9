"""Which maps a network's convolutions read and its bypasses add.

``Layer.output_map`` names the map that a convolution writes.
"""

from ..network.architecture import EXPANDS, Architecture, Bypass, Fire, Layer, LayerKind

PIXELS = ""  # the name of the map that conv1 reads


def convolutions(architecture: Architecture) -> list[Layer]:
    """The layers that have weights, in execution order."""
    return [layer for layer in architecture.layers() if layer.is_convolution]


def input_maps(architecture: Architecture) -> dict[str, str]:
    """By layer, the map that it reads: PIXELS, or a name such as "fire2", also through a pool."""
    reads, entering = {}, PIXELS
    for layers in architecture.layers_by_stage():
        for kind, layer in layers.items():
            if layer.is_convolution:
                squeezed = kind in EXPANDS
                reads[layer.name] = layers[LayerKind.SQUEEZE].name if squeezed else entering
        if LayerKind.POOL not in layers:
            entering = next(iter(layers.values())).stage_name
    return reads


def skipped_maps(architecture: Architecture) -> dict[str, str]:
    """By Fire ("fire3") with a bypass, the map that the bypass adds to the Fire's output.

    A simple bypass adds the map that the squeeze reads, a complex one the bypass convolution's.
    """
    skipped, reads = {}, input_maps(architecture)
    for stage, layers in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
        if isinstance(stage, Fire) and stage.bypass is not Bypass.NONE:
            squeeze, bypass = layers[LayerKind.SQUEEZE], layers.get(LayerKind.BYPASS)
            skipped[squeeze.stage_name] = bypass.output_map if bypass else reads[squeeze.name]
    return skipped
