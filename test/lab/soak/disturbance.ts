/**
 * What is done to the links, the broker and the daemons.
 *
 * Each has an end, and whatever it is, the session must be ATTACHED again soon after it.
 *
 * @module
 */
import { LINKS, type LinkName } from '../plan.ts';
import type { Topology } from '../topology.ts';

export interface Disturbance {
  readonly name: string;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

/** Round trips of 10, 20 and 50 ms when nothing is wrong. */
export const DELAYS = {
  ...{ eth0: { delayMs: 5 }, wlan0: { delayMs: 10 }, wwan0: { delayMs: 25 } },
} as const;

/** Below the 1500 of the link, above what the smallest inner MTU needs. */
const LOW_MTU_BYTES = 1_400;

/** Everything that can be wrong with one link, or with all at once. */
export function linkDisturbances(net: Topology): readonly Disturbance[] {
  const each = LINKS.flatMap((link) => [
    {
      name: `${link} carrier`,
      begin: () => net.carrier(link, 'down'),
      end: () => net.carrier(link, 'up'),
    },
    {
      name: `${link} silent`,
      begin: () => net.silence(link, true),
      end: () => net.silence(link, false),
    },
    oneWay(net, link, 'out'),
    oneWay(net, link, 'in'),
    {
      name: `${link} lossy`,
      begin: () => net.impair(link, { lossPercent: 15, jitterMs: 5 }),
      end: () => net.impair(link, { lossPercent: 0, jitterMs: 0 }),
    },
    {
      name: `${link} mtu`,
      begin: () => setMtu(net, link, LOW_MTU_BYTES),
      end: () => setMtu(net, link, 1_500),
    },
  ]);
  return [...each, rebind(net), blackout(net)];
}

function oneWay(net: Topology, link: LinkName, direction: 'out' | 'in'): Disturbance {
  return {
    name: `${link} one way ${direction}`,
    begin: () => net.oneWay(link, direction, true),
    end: () => net.oneWay(link, direction, false),
  };
}

/** With the better links silent, so that the session is on the link whose NAT changes. */
function rebind(net: Topology): Disturbance {
  const others = (on: boolean) => Promise.all([net.silence('eth0', on), net.silence('wlan0', on)]);
  return {
    name: 'wwan0 rebind',
    begin: async () => {
      await others(true);
      await net.rebind('wwan0');
    },
    end: async () => {
      await net.rebind('wwan0');
      await others(false);
    },
  };
}

function blackout(net: Topology): Disturbance {
  const all = (on: boolean) => Promise.all(LINKS.map((link) => net.silence(link, on)));
  return { name: 'all silent', begin: () => all(true), end: () => all(false) };
}

const setMtu = (net: Topology, link: LinkName, mtuBytes: number) =>
  net.namespaces.device.ip([`link set ${link} mtu ${mtuBytes}`]);
