#!/bin/sh
# Runs the whole path on the shipped network (`make demo`); each step is a `fireline` command. An
# argument is an option of the build.
set -eu

OUT=build/demo
SAMPLES=$OUT/samples
OPTION=${1-}

step() {
    printf '\n\033[1m%s\033[0m\n' "$1"
    shift
    printf '$ %s\n' "$*"
    "$@"
}

mkdir -p "$OUT"
step "A network for CIFAR-10, and its cycles on an 8x8 array" \
    fireline summary cifar10 --array 8x8
step "A hundred pictures that it was not trained on" \
    fireline samples cifar10 -o "$SAMPLES"
step "The accuracy of the integer network on them" \
    fireline evaluate cifar10 --data "$SAMPLES" --json "$OUT/accuracy.json"
step "The accelerator in Verilog" \
    fireline verilog cifar10 --array 8x8 -o "$OUT/verilog"
step "The Verilog on four of the pictures, with random stalls at input and output" \
    fireline simulate cifar10 "$SAMPLES/cat-0.png" "$SAMPLES/ship-0.png" "$SAMPLES/frog-0.png" \
    "$SAMPLES/truck-0.png" --array 8x8 --stall 0.2 --tools pip --json "$OUT/simulation.json"
step "One picture over the serial line of a whole simulated board" \
    fireline classify "$SAMPLES/cat-0.png" --port simulated --net cifar10 --array 8x8 --tools pip
step "A bitstream for the ULX3S with an LFE5U-25F" \
    fireline build cifar10 --board ulx3s-25f --tools pip $OPTION -o "$OUT/ulx3s-25f" \
    --json "$OUT/build.json"
step "A web page about the bitstream" \
    fireline report "$OUT/ulx3s-25f"
printf '\nTo use the commands yourself: . .venv/bin/activate\n'
printf '\nWith the board plugged in:\n'
printf '$ fireline flash %s\n' "$OUT/ulx3s-25f"
printf '$ fireline classify %s --port /dev/ttyUSB0 --net cifar10\n' "$SAMPLES/cat-0.png"
