// Simulates a board whose serial line is a pseudo-terminal: bytes written to the terminal drive the
// pin rx, and bytes on the pin tx can be read from it. Prints the terminal's name, and exits when
// stdin is closed. A design that makes clocks of its own from the pin clk runs in simulated time.

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "Vboard.h"
#include "verilated.h"

constexpr int kResetCycles = 4;
constexpr int kReadCycles = 256;        // between two polls of the terminal
constexpr long kQuietCycles = 1000000;  // without a byte; then the simulation waits for one

// How long a bit lasts: `length` / `speed` cycles of the pin clk.
struct Bit {
    long length, speed;
};

// Sends bytes as a start bit, eight data bits with the lowest first, and a stop bit.
class Sender {
   public:
    bool busy() const { return place_ < 10; }
    void send(uint8_t byte) {
        bits_ = (byte << 1) | 0x200;
        place_ = elapsed_ = 0;
    }
    bool next(Bit bit) {
        if (!busy()) return true;
        bool level = (bits_ >> place_) & 1;
        elapsed_ += bit.speed;
        if (elapsed_ >= bit.length) elapsed_ -= bit.length, ++place_;
        return level;
    }

   private:
    int place_ = 10;
    long elapsed_ = 0;
    unsigned bits_ = 0;
};

// Receives bytes; samples each bit at its centre.
class Receiver {
   public:
    int next(bool level, Bit bit) {  // returns the byte that this cycle completes, or -1
        if (place_ < 0) {
            if (!level) place_ = bits_ = elapsed_ = 0;
            return -1;
        }
        elapsed_ += bit.speed;
        if (elapsed_ < place_ * bit.length + bit.length / 2) return -1;
        bits_ |= unsigned(level) << place_;
        if (++place_ < 10) return -1;
        place_ = -1;
        return level ? (bits_ >> 1) & 0xff : -1;
    }

   private:
    int place_ = -1;
    long elapsed_ = 0;
    unsigned bits_ = 0;
};

// The terminal's speed, or `otherwise` if the host has not set it.
long speed_of(int terminal, long otherwise) {
    termios settings;
    if (tcgetattr(terminal, &settings) != 0) return otherwise;
    switch (cfgetospeed(&settings)) {
        case B1000000: return 1000000;
        case B2000000: return 2000000;
        case B3000000: return 3000000;
        default: return otherwise;
    }
}

// Lets time pass until `end`, and with it what the design itself does at times of its own.
void run_until(VerilatedContext& context, Vboard& board, uint64_t end) {
    board.eval();
    while (board.eventsPending() && board.nextTimeSlot() < end) {
        context.time(board.nextTimeSlot());
        board.eval();
    }
    context.time(end);
}

// divisor (cycles of clk a bit), femtoseconds of half a cycle, the bit rate at which a bit has so
// many cycles or 0 if the terminal's speed does not matter, plus arguments of the models
int main(int count, char** arguments) {
    long divisor = atol(arguments[1]);
    uint64_t half_cycle = atoll(arguments[2]);
    long baud = atol(arguments[3]);
    int controller, terminal;
    termios raw;
    cfmakeraw(&raw);
    char name[256];
    if (openpty(&controller, &terminal, name, &raw, nullptr) != 0) {
        perror("pseudo-terminal");
        return 1;
    }
    fcntl(controller, F_SETFL, O_NONBLOCK);
    printf("%s\n", name);
    fflush(stdout);

    VerilatedContext context;
    context.commandArgs(count, arguments);
    Vboard board(&context);
    Sender sender;
    Receiver receiver;
    Bit bit = {divisor, 1};
    uint8_t waiting[4096];
    ssize_t taken = 0, filled = 0;
    long quiet = 0;

    for (uint64_t cycle = 0;; ++cycle) {
        if (cycle % kReadCycles == 0 && taken == filled) {
            pollfd ends[] = {{controller, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
            poll(ends, 2, quiet > kQuietCycles ? -1 : 0);
            if (ends[1].revents) return 0;
            taken = 0;
            filled = ends[0].revents & POLLIN ? read(controller, waiting, sizeof waiting) : 0;
            if (filled < 0) filled = 0;
            if (baud) bit = {divisor * baud, speed_of(terminal, baud)};
        }
        if (!sender.busy() && taken < filled) {
            sender.send(waiting[taken++]);
            quiet = 0;
        }
        board.rst = cycle < kResetCycles;
        board.rx = sender.next(bit);
        board.clk = 1;
        run_until(context, board, context.time() + half_cycle);
        board.clk = 0;
        run_until(context, board, context.time() + half_cycle);
        int byte = receiver.next(board.tx, bit);
        if (byte >= 0) {
            uint8_t sent = byte;
            while (write(controller, &sent, 1) != 1) {  // until the host has read earlier bytes
                pollfd ends[] = {{controller, POLLOUT, 0}, {STDIN_FILENO, POLLIN, 0}};
                poll(ends, 2, 10);
                if (ends[1].revents) return 0;
            }
            quiet = 0;
        } else {
            ++quiet;
        }
    }
}
