/**
 * What the kernel tells of the carriers of a namespace, as it happens.
 *
 * Source: rtnetlink(7), `struct ifinfomsg`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { libc, NativeMemory } from '../../libc.ts';

const AF_NETLINK = 16;
const SOCK_RAW_NONBLOCK = 0x80803;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 1;
const RTM_NEWLINK = 16;
const IFF_LOWER_UP = 0x10000;
const HEADER_BYTES = 16;
const MSG_DONTWAIT = 0x40;

export class CarrierEvents {
  readonly fd: number;
  readonly #names: ReadonlyMap<number, string>;
  readonly #incoming = new NativeMemory(32_768);

  constructor(names: readonly string[]) {
    this.#names = new Map(
      names.map((name) => [Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), name]),
    );
    this.fd = libc.socket(AF_NETLINK, SOCK_RAW_NONBLOCK, NETLINK_ROUTE);
    const address = new NativeMemory(12);
    address.view.setUint16(0, AF_NETLINK, true);
    address.view.setUint32(8, RTMGRP_LINK, true);
    if (libc.bind(this.fd, address.at(0), 12) !== 0) throw new Error('no events of links');
  }

  /** Names of links that are without a carrier now. Each datagram holds one message of ours. */
  lost(): readonly string[] {
    const lost: string[] = [];
    const { view } = this.#incoming;
    for (;;) {
      const bytes = Number(libc.recv(this.fd, this.#incoming.at(0), 32_768, MSG_DONTWAIT));
      if (bytes < 0) return lost;
      if (bytes < HEADER_BYTES + 16 || view.getUint16(4, true) !== RTM_NEWLINK) continue;
      const name = this.#names.get(view.getInt32(HEADER_BYTES + 4, true));
      const isUp = (view.getUint32(HEADER_BYTES + 8, true) & IFF_LOWER_UP) !== 0;
      if (name !== undefined && !isUp) lost.push(name);
    }
  }
}
