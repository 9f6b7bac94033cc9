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

// Sends bytes as a start bit, eight data bits with the lowest first, and a stop bit.
class Sender {
   public:
    explicit Sender(int divisor) : divisor_(divisor) {}
    bool busy() const { return left_ > 0; }
    void send(uint8_t byte) {
        bits_ = (byte << 1) | 0x200;
        left_ = 10 * divisor_;
    }
    bool next() {
        if (!busy()) return true;
        bool bit = (bits_ >> (10 - (left_ + divisor_ - 1) / divisor_)) & 1;
        --left_;
        return bit;
    }

   private:
    int divisor_, left_ = 0;
    unsigned bits_ = 0;
};

// Receives bytes; samples each bit at its centre.
class Receiver {
   public:
    explicit Receiver(int divisor) : divisor_(divisor) {}
    int next(bool bit) {  // returns the byte that this cycle completes, or -1
        if (cycle_ < 0) {
            if (!bit) cycle_ = 0, bits_ = 0;
            return -1;
        }
        if (++cycle_ % divisor_ != divisor_ / 2) return -1;
        int place = cycle_ / divisor_;
        bits_ |= unsigned(bit) << place;
        if (place < 9) return -1;
        cycle_ = -1;
        return bit ? (bits_ >> 1) & 0xff : -1;
    }

   private:
    int divisor_, cycle_ = -1;
    unsigned bits_ = 0;
};

// Lets time pass until `end`, and with it what the design itself does at times of its own.
void run_until(VerilatedContext& context, Vboard& board, uint64_t end) {
    board.eval();
    while (board.eventsPending() && board.nextTimeSlot() < end) {
        context.time(board.nextTimeSlot());
        board.eval();
    }
    context.time(end);
}

// divisor (cycles of clk a bit), femtoseconds of half a cycle, plus arguments of the models
int main(int count, char** arguments) {
    int divisor = atoi(arguments[1]);
    uint64_t half_cycle = atoll(arguments[2]);
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
    Sender sender(divisor);
    Receiver receiver(divisor);
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
        }
        if (!sender.busy() && taken < filled) {
            sender.send(waiting[taken++]);
            quiet = 0;
        }
        board.rst = cycle < kResetCycles;
        board.rx = sender.next();
        board.clk = 1;
        run_until(context, board, context.time() + half_cycle);
        board.clk = 0;
        run_until(context, board, context.time() + half_cycle);
        int byte = receiver.next(board.tx);
        if (byte >= 0) {
            uint8_t sent = byte;
            if (write(controller, &sent, 1) != 1) perror("pseudo-terminal: a byte was lost");
            quiet = 0;
        } else {
            ++quiet;
        }
    }
}
