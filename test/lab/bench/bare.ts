/**
 * No tunnel: what the cable, the kernel and iperf3 can do without one.
 *
 * @module
 */
import { HUB_OUTER, VETH_MTU_BYTES } from './cable.ts';
import type { Tunnel } from './contender.ts';

export function bareCable(): Tunnel {
  return {
    hubInner: HUB_OUTER,
    mtuBytes: VETH_MTU_BYTES,
    cipher: 'none',
    about: 'the veth pair without a tunnel',
    processes: {},
    [Symbol.asyncDispose]: async () => {},
  };
}
