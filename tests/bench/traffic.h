// What production does while it is watched: one UDP flow and one TCP connection, everything on one CPU.
#pragma once

#include <string>

namespace podmirror::bench {

// Pins the process to a CPU and puts it before everything else there. False: without that priority.
bool OwnCpu(int cpu);

// Medians over small batches, so that what interrupts a batch does not count.
class Traffic {
 public:
  // Names of the namespaces; the address is the receiving pod's.
  Traffic(std::string sender, std::string receiver, std::string address);
  ~Traffic();

  // Nanoseconds for one datagram of 64 bytes, from the system call to the far end.
  double Udp(int batches);
  // Nanoseconds for one byte through the connection, sender and receiver together.
  double Tcp(int batches);

 private:
  std::string sender_, receiver_, address_;
  int udp_ = -1, tcp_out_ = -1, tcp_in_ = -1;
};

}  // namespace podmirror::bench
