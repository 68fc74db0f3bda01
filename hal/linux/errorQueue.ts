/**
 * What ICMP says about datagrams that a socket sent (IP_RECVERR, IPV6_RECVERR): read, counted, not believed.
 *
 * Anybody who sees or guesses our ports can send such an error, so nothing here says what it claimed. A socket
 * with this queue has one more trap: an error that came by ICMP makes the next call on the socket fail once with
 * its errno, as if the machine itself had refused. Whoever sends therefore reads the queue and tries again.
 *
 * Source: ip(7) and ipv6(7) on IP_RECVERR, linux/errqueue.h.
 *
 * @module
 */
import { libc } from './libc.ts';
import { Message } from './message.ts';
import { IP_RECVERR, IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVERR, setNumber } from './sockopt.ts';

const MSG_ERRQUEUE = 0x2000;
/** The kernel gives back what was sent; its first bytes are more than we want. */
const QUOTED_BYTES = 64;
/** Errors taken in one `drain`; the rest keeps the descriptor readable. */
const DRAINED_MAX = 64;
/** Of struct sock_extended_err: u32 errno, u8 origin, u8 type, u8 code. */
const ORIGIN = { icmp: 2, icmp6: 3 } as const;

export class ErrorQueue {
  /** ICMP errors taken so far, whatever they claimed. */
  icmpCount = 0;
  readonly #fd: number;
  readonly #message = new Message();

  constructor(fd: number) {
    this.#fd = fd;
    this.#message.ownData(QUOTED_BYTES);
  }

  /** Take what is there. Allocates nothing. */
  drain(): void {
    const message = this.#message;
    for (let taken = 0; taken < DRAINED_MAX; taken++) {
      message.rearm();
      if (libc.recvmsg(this.#fd, message.address, MSG_ERRQUEUE) < 0) return;
      if (isIcmp(message)) this.icmpCount += 1;
    }
  }
}

/** Ask the kernel for the queue; false where it has none, and then such errors reach nobody. */
export function enableErrorQueue(fd: number, hasIpv6: boolean): boolean {
  if (setNumber(fd, IPPROTO_IP, IP_RECVERR, 1) !== 0) return false;
  if (!hasIpv6 || setNumber(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) === 0) return true;
  // A queue that nobody reads would make the first ICMP error a local fact.
  setNumber(fd, IPPROTO_IP, IP_RECVERR, 0);
  return false;
}

/** Whether it came from the network and not from our own kernel. */
function isIcmp({ control, controlBytes }: Message): boolean {
  for (let at = 0; at * 4 + 24 <= controlBytes; ) {
    const bytes = control[at]!;
    if (bytes < 16) return false;
    const level = control[at + 2]!;
    const type = control[at + 3]!;
    const isError =
      (level === IPPROTO_IP && type === IP_RECVERR) ||
      (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
    const origin = control[at + 5]! & 0xff;
    if (isError) return origin === ORIGIN.icmp || origin === ORIGIN.icmp6;
    at += ((bytes + 7) >>> 3) * 2;
  }
  return false;
}
