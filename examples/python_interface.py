"""A picture's class and a network's Verilog by Fireline's Python interface.

Usage: python examples/python_interface.py PICTURE FOLDER
"""

import sys

from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.manifest import write_verilog
from fireline.host.data.picture import load_picture
from fireline.host.network.lookup import load_network
from fireline.hw.program import ArrayShape

picture, folder = sys.argv[1:]
network = load_network("cifar10")  # or a file, such as "mine.fireline"
shape = network.architecture
pixels, _ = load_picture(picture, shape.height, shape.width, shape.channels)

scores = golden.run(network, pixels[None])  # int64 [pictures, classes]: the hardware's integers
(best,) = golden.classify(scores)
print(f"{network.class_names[best]}: score {scores[0, best]:,}")

compiled = compile_network(network, ArrayShape(8, 8))
write_verilog(compiled, folder)
print(f"{compiled.timing.cycles:,} cycles a frame; fireline.v and manifest.json in {folder}")
