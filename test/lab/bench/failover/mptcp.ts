/**
 * The kernel's MPTCP with a backup subflow over the other link, and the bare way without any tunnel.
 *
 * Both have their far end at the hub: nothing that arrives on its outer interfaces is forwarded.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { HUB, LINK_PLANS, type LinkName } from '../../plan.ts';
import type { Topology } from '../../topology.ts';
import { Absent } from '../contender.ts';
import { LeftEarly, type Running } from './running.ts';

/** Long enough to see which subflow is used. */
const LOOK_MS = 50;

/** @param links the first one carries, the second one is its backup. */
export async function startMptcp(net: Topology, links: readonly LinkName[]): Promise<Running> {
  if (!existsSync('/proc/sys/net/mptcp/enabled')) throw new Absent('this kernel has no MPTCP');
  const [used, backup] = LINK_PLANS.filter(({ name }) => links.includes(name));
  if (used === undefined || backup === undefined) throw new Error('MPTCP needs two links');
  const { device } = net.namespaces;
  await device.ip([
    'mptcp endpoint flush',
    `mptcp endpoint add ${backup.v4.deviceAddress} dev ${backup.name} subflow backup`,
  ]);
  const joinsBefore = joinsOf(net);
  return {
    ...bareWay(used.v4.deviceAddress),
    protocol: 'mptcp',
    hasUdp: false,
    check: async () => {
      if (joinsOf(net) === joinsBefore) throw new Error('the backup subflow did not come about');
      const before = await net.counters();
      await Bun.sleep(LOOK_MS);
      const after = await net.counters();
      const bytesOf = (link: LinkName) =>
        after[link].out.enteredBytes - before[link].out.enteredBytes;
      if (bytesOf(backup.name) >= bytesOf(used.name)) {
        throw new LeftEarly('the transfer had left the link before anything was done to it');
      }
    },
    [Symbol.asyncDispose]: () => device.ip(['mptcp endpoint flush']),
  };
}

export function startBare(links: readonly LinkName[]): Running {
  const used = LINK_PLANS.find(({ name }) => links.includes(name))!;
  return { ...bareWay(used.v4.deviceAddress), [Symbol.asyncDispose]: async () => {} };
}

function bareWay(deviceAddress: string): Omit<Running, typeof Symbol.asyncDispose> {
  return {
    far: 'hub',
    farAddress: HUB.v4,
    deviceAddress,
    protocol: 'tcp',
    hasUdp: true,
    session: null,
  };
}

/** Subflows that the far end has agreed to. */
function joinsOf(net: Topology): number {
  const text = net.namespaces.device.inside(() =>
    readFileSync('/proc/thread-self/net/netstat', 'utf8'),
  );
  const [names, values] = text.split('\n').filter((line) => line.startsWith('MPTcpExt:'));
  const at = names?.split(' ').indexOf('MPJoinSynAckRx') ?? -1;
  return Number(values?.split(' ')[at] ?? Number.NaN);
}
