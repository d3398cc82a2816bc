/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of one packet. parse.h fills it; match.h and flow.h read nothing else. */
#pragma once

#include "node-agent/bpf/abi.h"

/* IANA protocol numbers; named here because linux/in.h and netinet/in.h do not agree with each other. */
#define PM_IPPROTO_ICMP 1
#define PM_IPPROTO_TCP 6
#define PM_IPPROTO_UDP 17
#define PM_IPPROTO_FRAGMENT 44
#define PM_IPPROTO_AH 51
#define PM_IPPROTO_ICMP6 58
#define PM_IPPROTO_SCTP 132

enum pm_packet_kind {
	PM_PACKET_NON_IP = 0,
	PM_PACKET_MALFORMED,
	PM_PACKET_IP4,
	PM_PACKET_IP6,
	PM_PACKET_ARP,
};

/* What names the flow beside the addresses. */
enum pm_flow_kind {
	PM_FLOW_ADDRESSES = 0, /* nothing: ARP, or no protocol can be told */
	PM_FLOW_PROTOCOL,      /* flow_protocol */
	PM_FLOW_PORTS,         /* flow_protocol and ports */
	PM_FLOW_ECHO,          /* flow_protocol and identifier */
};

struct pm_packet {
	__u64 saddr_be[2]; /* IPv4 as in the ABI; ARP: sender's and target's protocol address, for the flow alone */
	__u64 daddr_be[2];
	__u16 sport; /* host order; valid with PM_NEED_PORTS in `have` */
	__u16 dport;
	__u16 l3_offset; /* from the first byte of the frame, tags in the bytes included */
	__u16 l4_offset; /* end of the IP headers; valid with PM_NEED_PROTOCOL in `have` */
	__u16 echo_id;
	__u8 kind;       /* pm_packet_kind; in NON_IP and MALFORMED nothing else is valid */
	__u8 have;       /* pm_need: the fields that this packet has */
	__u8 protocol;   /* valid with PM_NEED_PROTOCOL in `have` */
	__u8 is_fragment;/* first or later */
	__u8 flow;       /* pm_flow_kind */
	__u8 flow_protocol;
	__u8 tags;       /* VLAN tags, the one in the metadata included */
	__u8 infrastructure; /* pm_infrastructure: the classes it belongs to */
	__u8 pad[6];
};
PM_ASSERT(sizeof(struct pm_packet) == 56);

static inline __attribute__((always_inline)) int pm_has_ports(const struct pm_packet *packet)
{
	return (packet->have & PM_NEED_PORTS) != 0;
}
