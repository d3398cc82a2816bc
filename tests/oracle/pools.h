// Values that random frames and random rules share, so that they meet: the platform's addresses and ports, and their
// neighbours that must not be taken for them.
#pragma once

namespace podmirror::oracle {

inline constexpr const char* kV4Pool[] = {
    "10.0.0.1",        "10.0.0.2",        "10.0.1.1",        "10.255.255.255",  "192.168.7.9",     "203.0.113.77",
    "10.96.0.10",      "10.96.0.11",      "169.254.20.10",   "169.254.169.254", "169.254.169.253", "169.254.170.2",
    "169.254.170.3",   "169.254.170.23",  "168.63.129.16",   "168.63.129.17",   "100.100.100.200", "100.100.100.201",
    "169.254.169.123", "169.254.169.124", "255.255.255.255", "0.0.0.0",         "224.0.0.251"};

inline constexpr const char* kV6Pool[] = {
    "fd00::1",       "fd00::2",        "fd00:0:0:1::1", "2001:db8::5",     "fe80::1", "ff02::1:2",
    "fd00:10::a",    "fd00:10::b",     "fd00:ec2::254", "fd00:ec2::23",    "::",      "fd00:ec2::123",
    "fd00:ec2::124", "fd00:ec2::1:23", "fd00:ec3::254", "fd00:ec2:1::254", "::254",   "::ffff:169.254.169.254",
    "::a9fe:a9fe",   "::10.0.0.1"};

// The cluster's DNS in every random world, with these ports.
inline constexpr const char* kDnsPool[] = {"10.96.0.10", "169.254.20.10", "fd00:10::a"};
inline constexpr unsigned kDnsPort = 53;
inline constexpr const char* kDnsBackend = "10.0.1.1";
inline constexpr unsigned kDnsBackendPort = 1053;

inline constexpr unsigned kPortPool[] = {0,   52,  53,  54,  66,  67,   68,   69,    80,    122,   123,  124,
                                         443, 545, 546, 547, 548, 1053, 1024, 32767, 32768, 40000, 65535};

// Protocols: with ports, ICMP of both kinds, extension headers' numbers, the protocols that look like them, others.
inline constexpr unsigned kProtocolPool[] = {6,  17, 132, 6,  17, 132, 6,  17, 1,   58,  1,   58, 0,
                                             43, 44, 51,  60, 50, 59,  47, 4,  135, 139, 140, 33, 255};
inline constexpr unsigned kExtensionPool[] = {0, 43, 44, 51, 60};

}  // namespace podmirror::oracle
