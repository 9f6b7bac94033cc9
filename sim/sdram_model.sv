// A single data rate SDRAM that stops the simulation at the first violation of a data sheet.
//
// The model samples its pins at the rising edge of the clock. A read command sampled at edge n
// makes its first word available on dq_o, with dq_drive high, for sampling at edge n + CAS latency.
// Times are in picoseconds; a cycle lasts PERIOD. A plus argument with the name of a `T_` parameter
// in lower case overrides it, such as +t_rcd=40000.
//
// +sdram_contents=FILE (for $readmemh) sets the initial contents.
//
// Plus arguments for faults:
//   +sdram_absent             no chip; the data lines keep their last values
//   +sdram_stuck_dq=BIT       a data line that is always low
//   +sdram_stuck_address=BIT  an address line that is always low
//   +sdram_wrong_word=N       the lowest bit of word N (bank, row, column) is flipped when read,
//   +sdram_wrong_read=N       from that word's read number N on (default 0)

/* verilator lint_off BLKSEQ */
module sdram_model #(
    parameter BANKS = 4,
    parameter ROWS = 8192,
    parameter COLUMNS = 512,
    parameter PERIOD = 10000,
    parameter T_POWER_UP = 200000000,
    parameter T_RCD = 21000,
    parameter T_RP = 21000,
    parameter T_RAS = 45000,
    parameter T_RAS_MAX = 100000000,
    parameter T_RC = 66000,
    parameter T_RFC = 75000,
    parameter T_RRD = 15000,
    parameter T_WR = 15000,
    parameter T_REFRESH = 7812500,
    parameter T_CK2 = 10000,  // the shortest cycle for a CAS latency of 2
    parameter T_CK3 = 7000,
    parameter MRD_CYCLES = 2
) (
    input clk,
    input [2:0] command,
    input [1:0] bank,
    input [12:0] address,
    input mask,
    input [15:0] dq_i,
    input dq_oe,
    output reg [15:0] dq_o,
    output reg dq_drive
);
    typedef longint unsigned picoseconds;

    localparam MODE = 0, REFRESH = 1, PRECHARGE = 2, ACTIVATE = 3, WRITE = 4, READ = 5, NOP = 7;
    localparam LEAST_REFRESHES = 2;  // before the mode register is set
    localparam MOST_POSTPONED = 8;  // refreshes

    reg [15:0] cells[BANKS * ROWS * COLUMNS];

    longint t_power_up, t_rcd, t_rp, t_ras, t_rc, t_rfc, t_rrd, t_wr, t_refresh;
    longint t_ck2, t_ck3, mrd_cycles;
    int stuck_dq, stuck_address, wrong_word, wrong_read, wrong_reads;
    bit absent;
    string contents;

    initial begin
        if (!$value$plusargs("t_power_up=%d", t_power_up)) t_power_up = T_POWER_UP;
        if (!$value$plusargs("t_rcd=%d", t_rcd)) t_rcd = T_RCD;
        if (!$value$plusargs("t_rp=%d", t_rp)) t_rp = T_RP;
        if (!$value$plusargs("t_ras=%d", t_ras)) t_ras = T_RAS;
        if (!$value$plusargs("t_rc=%d", t_rc)) t_rc = T_RC;
        if (!$value$plusargs("t_rfc=%d", t_rfc)) t_rfc = T_RFC;
        if (!$value$plusargs("t_rrd=%d", t_rrd)) t_rrd = T_RRD;
        if (!$value$plusargs("t_wr=%d", t_wr)) t_wr = T_WR;
        if (!$value$plusargs("t_refresh=%d", t_refresh)) t_refresh = T_REFRESH;
        if (!$value$plusargs("t_ck2=%d", t_ck2)) t_ck2 = T_CK2;
        if (!$value$plusargs("t_ck3=%d", t_ck3)) t_ck3 = T_CK3;
        if (!$value$plusargs("mrd_cycles=%d", mrd_cycles)) mrd_cycles = MRD_CYCLES;
        if ($value$plusargs("sdram_contents=%s", contents)) $readmemh(contents, cells);
        absent = $test$plusargs("sdram_absent") != 0;
        if (!$value$plusargs("sdram_stuck_dq=%d", stuck_dq)) stuck_dq = -1;
        if (!$value$plusargs("sdram_stuck_address=%d", stuck_address)) stuck_address = -1;
        if (!$value$plusargs("sdram_wrong_word=%d", wrong_word)) wrong_word = -1;
        if (!$value$plusargs("sdram_wrong_read=%d", wrong_read)) wrong_read = 0;
    end

    picoseconds now = 0;

    task automatic forbidden(input string what);
        $display("SDRAM error at %0d ps: %s", now, what);
        $fatal(1, "SDRAM error at %0d ps: %s", now, what);
    endtask

    // Whether less than `least` has passed since `start`.
    function automatic bit early(input picoseconds start, input longint least);
        return now < start + picoseconds'(least);
    endfunction

    // Power-up and mode.
    bit precharged_all = 0, mode_set = 0;
    int refreshes = 0;
    int burst_length = 1, cas_latency = 3;
    picoseconds mode_time = 0;

    // Banks.
    bit active[BANKS];
    bit closes[BANKS];  // by auto precharge, at `closing`
    bit opened[BANKS];  // at any time before
    bit [12:0] row[BANKS];
    picoseconds activated[BANKS], closing[BANKS], precharged[BANKS], written[BANKS];
    bit any_activated = 0, any_refreshed = 0;
    picoseconds last_activation = 0, last_refresh = 0;
    longint postponed = 0;  // picoseconds that passed minus those that refreshes cover

    // The current burst, and the data lines.
    bit bursting = 0;  // words remain to be moved
    bit moved = 0;  // a word of an earlier command was moved in this cycle
    bit burst_writes = 0, burst_closes = 0;
    int burst_bank = 0, burst_place = 0;
    bit [12:0] burst_column = 0;
    bit [2:0] driving = 0;  // whether the chip drives the lines in each of the next three cycles
    bit [15:0] pipeline[3];
    bit drove = 0;
    bit [15:0] kept = 16'hffff;  // the last value on the lines

    function automatic int cell_of(input int which, input bit [12:0] column);
        bit [12:0] seen_row = row[which];
        if (stuck_address >= 0) seen_row[stuck_address] = 0;
        return (which * ROWS + (int'(seen_row) % ROWS)) * COLUMNS + int'(column);
    endfunction

    function automatic bit idle(input int which);
        return !active[which] && !(opened[which] && early(precharged[which], t_rp));
    endfunction

    task automatic start_burst(input bit write);
        automatic int which = int'(bank);
        automatic bit [12:0] column = address & ~(13'd1 << 10);
        if (!active[which]) forbidden("read or write of a bank with no open row");
        if (closes[which]) forbidden("read or write of a row that is being closed");
        if (early(activated[which], t_rcd)) forbidden("tRCD: read or write too soon");
        if (moved) forbidden("a burst is cut short by the next");
        if (mask) forbidden("read or write with the data lines masked");
        if (int'(column) >= COLUMNS) forbidden("a column that does not exist");
        if (stuck_address >= 0) column[stuck_address] = 0;
        bursting = 1;
        burst_writes = write;
        burst_closes = address[10];
        burst_bank = which;
        burst_column = column;
        burst_place = 0;
        if (address[10]) closes[which] = 1;
        closing[which] = '1;  // unknown until the burst ends
    endtask

    // Moves one word of the burst, in the cycle of its command or a later one.
    task automatic move_word;
        automatic int place;
        automatic bit [15:0] word;
        // Sequential order wraps within the aligned burst.
        place = cell_of(burst_bank, (burst_column & ~13'(burst_length - 1))
                        | ((burst_column + 13'(burst_place)) & 13'(burst_length - 1)));
        if (burst_writes) begin
            if (!dq_oe) forbidden("a write without data on the lines");
            word = dq_i;
            if (stuck_dq >= 0) word[stuck_dq] = 0;
            if (!absent) cells[place] = word;
            written[burst_bank] = now;
        end else begin
            word = cells[place];
            if (stuck_dq >= 0) word[stuck_dq] = 0;
            if (place == wrong_word) begin
                if (wrong_reads >= wrong_read) word[0] = ~word[0];
                wrong_reads++;
            end
            driving[cas_latency-1] = 1;
            pipeline[cas_latency-1] = word;
        end
        burst_place++;
        if (burst_place == burst_length) begin
            bursting = 0;
            if (burst_closes) begin
                closing[burst_bank] = burst_writes ? now + picoseconds'(t_wr) : now + PERIOD;
                if (closing[burst_bank] < activated[burst_bank] + picoseconds'(t_ras))
                    closing[burst_bank] = activated[burst_bank] + picoseconds'(t_ras);
            end
        end
    endtask

    task automatic precharge(input int which);
        if (active[which]) begin
            if (closes[which]) forbidden("precharge of a row that closes by itself");
            if (early(activated[which], t_ras)) forbidden("tRAS: precharge too soon");
            if (early(written[which], t_wr)) forbidden("tWR: precharge too soon after a write");
            if (moved && burst_bank == which) forbidden("precharge amid a burst");
            precharged[which] = now;
        end
        active[which] = 0;
    endtask

    task automatic set_mode;
        if (!precharged_all) forbidden("power-up: the mode is set before all banks are precharged");
        if (refreshes < LEAST_REFRESHES) forbidden("power-up: the mode is set before two refreshes");
        for (int b = 0; b < BANKS; b++)
            if (!idle(b)) forbidden("tRP: the mode is set with a bank not idle");
        case (address[2:0])
            0: burst_length = 1;
            1: burst_length = 2;
            2: burst_length = 4;
            3: burst_length = 8;
            default: forbidden("mode: a burst length that this model lacks");
        endcase
        cas_latency = int'(address[6:4]);
        if (address[3] || address[12:7] != 0 || (cas_latency != 2 && cas_latency != 3))
            forbidden("mode: a value that this model lacks");
        if (PERIOD < (cas_latency == 2 ? t_ck2 : t_ck3))
            forbidden("CAS latency: too short for this clock");
        mode_set = 1;
        mode_time = now;
    endtask

    always @(posedge clk) begin
        now = now + PERIOD;
        if (dq_drive && dq_oe) forbidden("contention: chip and controller drive the data lines");
        if (drove && dq_oe) forbidden("contention: no free cycle between chip and controller");
        drove = dq_drive;
        if (dq_oe) kept = dq_i;
        else if (dq_drive) kept = dq_o;
        driving = driving >> 1;
        pipeline[0] = pipeline[1];
        pipeline[1] = pipeline[2];

        moved = bursting;
        if (bursting) move_word();
        for (int b = 0; b < BANKS; b++) begin
            if (active[b] && closes[b] && now >= closing[b]) begin
                active[b] = 0;
                closes[b] = 0;
                precharged[b] = closing[b];
            end
            if (active[b] && now > activated[b] + T_RAS_MAX) forbidden("tRAS: a row is open too long");
        end

        if (int'(command) != NOP) begin
            if (now < picoseconds'(t_power_up)) forbidden("power-up: a command too soon");
            if (mode_set && now < mode_time + picoseconds'(mrd_cycles) * PERIOD)
                forbidden("tMRD: a command too soon after the mode was set");
            if (any_refreshed && early(last_refresh, t_rfc))
                forbidden("tRFC: a command too soon after a refresh");
        end
        case (int'(command))
            NOP: ;
            MODE: set_mode();
            REFRESH: begin
                if (!precharged_all) forbidden("power-up: a refresh before all banks are precharged");
                for (int b = 0; b < BANKS; b++)
                    if (!idle(b)) forbidden("tRP: a refresh with a bank not idle");
                refreshes++;
                any_refreshed = 1;
                last_refresh = now;
                postponed = postponed - t_refresh;
                if (postponed < -MOST_POSTPONED * t_refresh) postponed = -MOST_POSTPONED * t_refresh;
            end
            PRECHARGE: begin
                if (address[10]) for (int b = 0; b < BANKS; b++) precharge(b);
                else precharge(int'(bank));
                if (address[10]) precharged_all = 1;
                if (!mode_set) for (int b = 0; b < BANKS; b++) begin
                    opened[b] = 1;
                    precharged[b] = now;
                end
            end
            ACTIVATE: begin
                automatic int b = int'(bank);
                if (!mode_set) forbidden("power-up: a row is opened before the mode is set");
                if (active[b]) forbidden("a row is opened in a bank that has one open");
                if (opened[b] && early(activated[b], t_rc)) forbidden("tRC: a row is opened too soon");
                if (!idle(b)) forbidden("tRP: a row is opened too soon after precharge");
                if (any_activated && early(last_activation, t_rrd))
                    forbidden("tRRD: rows are opened too soon one after the other");
                if (int'(address) >= ROWS) forbidden("a row that does not exist");
                active[b] = 1;
                closes[b] = 0;
                opened[b] = 1;
                any_activated = 1;
                activated[b] = now;
                last_activation = now;
                row[b] = address;
            end
            WRITE, READ: begin
                start_burst(int'(command) == WRITE);
                move_word();
            end
            default: forbidden("a command that this model lacks");
        endcase

        dq_drive <= driving[0] & ~absent;
        dq_o <= driving[0] & ~absent ? pipeline[0] : kept;

        if (mode_set) begin
            postponed = postponed + PERIOD;
            if (postponed > MOST_POSTPONED * t_refresh) forbidden("refresh: too many were left out");
        end
    end
endmodule
