// What is counted, in wire segments. Read by bench.bpf.c and the tool.
#pragma once

enum {
  TALLY_PRODUCTION,  // through the mirrored pod's interface, both directions
  TALLY_SINK,        // UDP datagrams at the receiving pod
  TALLY_COLLECTOR,   // copies at a collector
  TALLIES,
};
