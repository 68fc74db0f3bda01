/**
 * Numbers of rtnetlink that we use. Source: linux/netlink.h, rtnetlink.h, if_link.h, if_addr.h, if.h.
 *
 * @module
 */
export const NETLINK_ROUTE = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const HEADER_BYTES = 16;

export const NLM_F = {
  request: 0x1,
  ack: 0x4,
  dumpInterrupted: 0x10,
  exclusive: 0x200,
  dump: 0x300,
  create: 0x400,
} as const;

export const MESSAGE = {
  error: 2,
  done: 3,
  overrun: 4,
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
} as const;

/** Multicast groups as a bit mask for bind. */
export const GROUP = {
  link: 0x1,
  address4: 0x10,
  route4: 0x40,
  address6: 0x100,
  route6: 0x400,
} as const;

export const IFLA = { name: 3, mtu: 4 } as const;
export const IFA = { address: 1, local: 2, flags: 8 } as const;
export const RTA = {
  destination: 1,
  outInterface: 4,
  gateway: 5,
  priority: 6,
  multipath: 9,
  table: 15,
  via: 18,
} as const;

export const IFF = { up: 0x1, running: 0x40, lowerUp: 0x10000 } as const;
export const IFA_F = { noDad: 0x2, dadFailed: 0x8, optimistic: 0x4, tentative: 0x40 } as const;
export const SCOPE = { universe: 0, link: 253 } as const;
export const TABLE = { main: 254, local: 255 } as const;
export const ROUTE_UNICAST = 1;
export const PROTOCOL_STATIC = 4;
