/**
 * One part: daemons of its own, its flows over a link that loses and reorders, and what came of it.
 *
 * Inner IPv6 travels over outer IPv6 as well; all else over IPv4.
 *
 * @module
 */
import { HUB_ADDRESS, isAttached, Site, untilAudit } from '../../site.ts';
import type { Part } from './arguments.ts';
import { type Ends, type Family, runTcp, startUdp } from './flows.ts';
import {
  HUB_OUTER6,
  type InjectedBothWays,
  type Injection,
  type LossyCable,
} from './lossyCable.ts';
import type { UdpEndSummary } from './udpEnd.ts';
import {
  complaintsOfCounters,
  complaintsOfInjection,
  complaintsOfSession,
  complaintsOfTcp,
  complaintsOfUdp,
} from './verdict.ts';

const DEVICE = 'bench';

interface Plan {
  readonly inner: readonly Family[];
  readonly endpoint: string;
  readonly hasUdp: boolean;
}

const PLANS: Readonly<Record<Part, Plan>> = {
  tcp4: { inner: ['v4'], endpoint: HUB_ADDRESS, hasUdp: false },
  tcp6: { inner: ['v6'], endpoint: `[${HUB_OUTER6}]:51820`, hasUdp: false },
  mix: { inner: ['v4', 'v6'], endpoint: HUB_ADDRESS, hasUdp: true },
};

export interface UdpFigures {
  readonly sent: number;
  readonly received: number;
  readonly damaged: number;
  readonly duplicated: number;
  readonly bytes: number;
}

export interface PartFigures {
  /** Of TCP, hashed at both ends, both directions together. */
  readonly bytes: number;
  readonly seconds: number;
  readonly mbps: number;
  readonly connections: number;
  /** Everything that this part has to show was shown. */
  readonly intact: boolean;
  readonly dropped: number;
  readonly reordered: number;
  readonly datagrams: number;
  readonly directions: InjectedBothWays;
  /** Null where the part has none. */
  readonly udp: UdpFigures | null;
  readonly session: { readonly before: string; readonly after: string; readonly equal: boolean };
  readonly cipher: string;
  /** Why it is not intact. */
  readonly complaints: readonly string[];
}

export interface PartWanted {
  readonly binary: string;
  /** Both directions together. */
  readonly bytes: number;
  readonly injection: Injection;
  readonly isClean: boolean;
  readonly seed: number;
  /** Told what TCP has moved so far, about every second. */
  readonly onBytes: (bytes: number) => void;
}

interface DeviceStatus {
  readonly session_id: string;
  readonly cipher: string;
  readonly inner4: string;
  readonly inner6: string;
  readonly packets: { readonly refused: Readonly<Record<string, number>> };
}

interface HubStatus {
  readonly counters: Readonly<Record<string, number>>;
}

export async function runPart(
  net: LossyCable,
  part: Part,
  { binary, bytes, injection, isClean, seed, onBytes }: PartWanted,
): Promise<PartFigures> {
  const plan = PLANS[part];
  await using site = new Site(net.cable, { binary, endpoint: plan.endpoint });
  await using _hub = await site.hub();
  await site.device(DEVICE);
  await using agent = site.agent(DEVICE);
  await untilAudit(agent, 'attached', isAttached);
  const status = () => site.status<DeviceStatus>('device', DEVICE);
  const before = await status();

  const start = await net.injected();
  await net.inject(injection);
  const deviceInner = { v4: hostOf(before.inner4), v6: hostOf(before.inner6) };
  await using udp = plan.hasUdp ? await startUdp(net.cable, deviceInner, seed) : null;
  const tcp = await runTcp(net.cable, plan.inner, { bytes, seed, onBytes });
  const datagrams = await udp?.finish();
  const directions = since(start, await net.injected());
  await net.inject({ lossPercent: 0, reorderPercent: 0 });

  // A daemon whose counters cannot be read any more is a failure: nothing is caught here.
  const after = await status();
  const { counters } = await site.status<HubStatus>('hub', 'hub');
  const complaints = [
    ...complaintsOfTcp(tcp.device.connections, tcp.hub.connections),
    ...(datagrams === undefined
      ? []
      : [
          ...complaintsOfUdp('up', datagrams.device, datagrams.hub),
          ...complaintsOfUdp('down', datagrams.hub, datagrams.device),
        ]),
    ...complaintsOfInjection(directions, injection, isClean),
    ...complaintsOfCounters(after.packets.refused, counters),
    ...complaintsOfSession(before.session_id, after.session_id),
  ];
  const { up, down } = directions;
  const received = [...tcp.device.connections, ...tcp.hub.connections].reduce(
    (sum, { receivedBytes }) => sum + receivedBytes,
    0,
  );
  const session = { before: before.session_id, after: after.session_id };
  return {
    bytes: received,
    seconds: Math.round(tcp.seconds * 1000) / 1000,
    mbps: Math.round((received * 8) / tcp.seconds / 1e6),
    connections: tcp.device.connections.length,
    intact: complaints.length === 0,
    dropped: up.dropped + down.dropped,
    reordered: up.reordered + down.reordered,
    datagrams: up.entered + down.entered,
    directions,
    udp: datagrams === undefined ? null : udpFigures(datagrams),
    session: { ...session, equal: session.before === session.after },
    cipher: after.cipher,
    complaints,
  };
}

function udpFigures({ device, hub }: Ends<UdpEndSummary>): UdpFigures {
  return {
    sent: device.sent + hub.sent,
    received: device.received + hub.received,
    damaged: device.damaged + hub.damaged,
    duplicated: device.duplicated + hub.duplicated,
    bytes: device.receivedBytes + hub.receivedBytes,
  };
}

function since(before: InjectedBothWays, after: InjectedBothWays): InjectedBothWays {
  const of = (direction: 'up' | 'down') => ({
    entered: after[direction].entered - before[direction].entered,
    dropped: after[direction].dropped - before[direction].dropped,
    reordered: after[direction].reordered - before[direction].reordered,
  });
  return { up: of('up'), down: of('down') };
}

const hostOf = (cidr: string) => cidr.split('/')[0]!;
