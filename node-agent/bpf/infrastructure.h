/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which traffic belongs to the platform. A class names the platform's ends, not merely a port: nobody hides by choosing
 * a port, and nobody tunnels to a metadata address over DNS unseen.
 */
#pragma once

#include "node-agent/bpf/frame.h"
#include "node-agent/bpf/packet.h"

#define PM_PORT_DNS 53
#define PM_PORT_NTP 123

#define PM_IP4(a, b, c, d) ((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* fd00:ec2::/64, the upper half of the IPv6 addresses of AWS services on the link */
#define PM_EC2_PREFIX 0xfd000ec200000000ULL

/* UDP from one of the two ports to one of the two */
PM_INLINE int pm_is_dhcp(const struct pm_packet *packet, __u16 low)
{
	return packet->protocol == PM_IPPROTO_UDP && pm_has_ports(packet) && (__u16)(packet->sport - low) <= 1 &&
	       (__u16)(packet->dport - low) <= 1;
}

/* One side of a packet: is this address, with this port, the platform's? */
PM_INLINE __u8 pm_infrastructure_side(const struct pm_packet *packet, __u16 port, int is_ntp, int is_metadata)
{
	int udp = packet->protocol == PM_IPPROTO_UDP && pm_has_ports(packet);
	int tcp = packet->protocol == PM_IPPROTO_TCP && pm_has_ports(packet);

	if (is_ntp && udp && port == PM_PORT_NTP)
		return PM_INFRA_NTP;
	if (is_metadata && !((udp || tcp) && port == PM_PORT_DNS))
		return PM_INFRA_METADATA;
	return 0;
}

PM_INLINE __u8 pm_infrastructure_side4(const struct pm_packet *packet, __u16 port, __u32 address)
{
	int is_ntp = address == PM_IP4(169, 254, 169, 123);
	int is_metadata = address == PM_IP4(169, 254, 169, 254) || address == PM_IP4(169, 254, 170, 2) ||
			  address == PM_IP4(169, 254, 170, 23) || address == PM_IP4(168, 63, 129, 16) ||
			  address == PM_IP4(100, 100, 100, 200);

	return pm_infrastructure_side(packet, port, is_ntp, is_metadata);
}

PM_INLINE __u8 pm_infrastructure_side6(const struct pm_packet *packet, __u16 port, const __u64 *address_be)
{
	if (address_be[0] != PM_BE64(PM_EC2_PREFIX))
		return 0;
	return pm_infrastructure_side(packet, port, address_be[1] == PM_BE64(0x123ULL),
				      address_be[1] == PM_BE64(0x254ULL) || address_be[1] == PM_BE64(0x23ULL));
}

/* The addresses in host order, as the caller has them at hand. */
PM_INLINE __u8 pm_infrastructure_ip4(const struct pm_packet *packet, __u32 saddr, __u32 daddr)
{
	return (pm_is_dhcp(packet, 67) ? PM_INFRA_DHCP : 0) | pm_infrastructure_side4(packet, packet->sport, saddr) |
	       pm_infrastructure_side4(packet, packet->dport, daddr);
}

PM_INLINE __u8 pm_infrastructure_ip6(const struct pm_packet *packet)
{
	return (pm_is_dhcp(packet, 546) ? PM_INFRA_DHCP : 0) |
	       pm_infrastructure_side6(packet, packet->sport, packet->saddr_be) |
	       pm_infrastructure_side6(packet, packet->dport, packet->daddr_be);
}
