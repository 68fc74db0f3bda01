/**
 * What is wrong with what was measured, in sentences: nothing, or the run failed. Pure.
 *
 * @module
 */
import type { ConnectionFigures } from './connection.ts';
import type { Injected, InjectedBothWays, Injection } from './lossyCable.ts';
import type { UdpEndSummary } from './udpEnd.ts';

/** Refusals that a link which only loses and reorders must not cause, by the names the device has for them. */
const DEVICE_CODES = [
  ...['malformed_packet', 'tunRefused', 'authenticationFailed', 'wrong_key_datagram'],
  'invariantViolated',
];
/** The same of the hub, which counts each of its codes from 0. */
const HUB_CODES = [
  ...['malformed_datagram', 'malformed_packet', 'tun_refused', 'wrong_key_datagram'],
  'invariant_violated',
];
/** What was injected may differ from what was asked for by this factor: it is drawn for each datagram. */
const LOSS_FACTOR = 2;
/** Some of those held back are overtaken by nobody, because the flow paused. */
const REORDERED_SHARE_MIN = 0.1;
/** Datagrams of an application give way where a queue is full; most of them have to come through. */
const UDP_SHARE_MIN = 0.5;

type Counts = Readonly<Record<string, number>>;

/** What differs between what one end sent and the other received, both ways, for every connection. */
export function complaintsOfTcp(
  device: readonly ConnectionFigures[],
  hub: readonly ConnectionFigures[],
): string[] {
  const found: string[] = [];
  if (device.length === 0) found.push('no connection was made');
  if (device.length !== hub.length) {
    found.push(`${device.length} connections at the device, ${hub.length} at the hub`);
  }
  for (const near of device) {
    const far = hub.find(({ name }) => name === near.name);
    if (far === undefined) {
      found.push(`connection ${near.name}: unknown to the hub`);
      continue;
    }
    for (const [end, { error }] of [
      ['device', near],
      ['hub', far],
    ] as const) {
      if (error !== null) found.push(`connection ${near.name} broke at the ${end}: ${error}`);
    }
    found.push(...difference(`${near.name} up`, near, far));
    found.push(...difference(`${near.name} down`, far, near));
  }
  return found;
}

function difference(name: string, from: ConnectionFigures, to: ConnectionFigures): string[] {
  if (from.sentBytes === 0) return [`connection ${name}: nothing was sent`];
  if (from.sentBytes !== to.receivedBytes) {
    return [`connection ${name}: ${from.sentBytes} bytes sent, ${to.receivedBytes} received`];
  }
  if (from.sentSha256 === to.receivedSha256) return [];
  return [`connection ${name}: ${from.sentSha256} sent, ${to.receivedSha256} received`];
}

/** Of one direction. */
export function complaintsOfUdp(
  direction: string,
  { sent }: Pick<UdpEndSummary, 'sent'>,
  { received, damaged, duplicated }: Pick<UdpEndSummary, 'received' | 'damaged' | 'duplicated'>,
): string[] {
  const found: string[] = [];
  if (damaged > 0) found.push(`datagrams ${direction}: ${damaged} arrived damaged`);
  if (duplicated > 0) found.push(`datagrams ${direction}: ${duplicated} arrived twice`);
  if (sent === 0) found.push(`datagrams ${direction}: none was sent`);
  else if (received < sent * UDP_SHARE_MIN || received > sent) {
    found.push(`datagrams ${direction}: ${received} of ${sent} arrived`);
  }
  return found;
}

/** Whether the link did what it was told. @param isClean nothing was to be injected. */
export function complaintsOfInjection(
  injected: InjectedBothWays,
  wanted: Injection,
  isClean: boolean,
): string[] {
  const directions = [
    ['up', injected.up],
    ['down', injected.down],
  ] as const;
  if (isClean || wanted.lossPercent === 0) {
    const touched = directions.some(([, { dropped, reordered }]) => dropped + reordered > 0);
    if (touched) return ['something was dropped or reordered, although nothing was to be'];
    return isClean ? [] : ['nothing was injected: this run shows nothing about loss'];
  }
  return directions.flatMap(([name, counts]) => injectionOf(name, counts, wanted));
}

function injectionOf(
  direction: string,
  { entered, dropped, reordered }: Injected,
  { lossPercent, reorderPercent }: Injection,
): string[] {
  const found: string[] = [];
  const expected = (entered * lossPercent) / 100;
  if (dropped === 0 || dropped < expected / LOSS_FACTOR || dropped > expected * LOSS_FACTOR) {
    found.push(`${direction}: ${dropped} of ${entered} datagrams dropped, not ${lossPercent} %`);
  }
  const reorderedMin = ((entered * reorderPercent) / 100) * REORDERED_SHARE_MIN;
  if (reordered === 0 || reordered < reorderedMin) {
    found.push(`${direction}: ${reordered} of ${entered} datagrams reordered: too few`);
  }
  return found;
}

/** @param device `packets.refused` of its status. @param hub `counters` of its status. */
export function complaintsOfCounters(device: Counts, hub: Counts): string[] {
  return [
    ...DEVICE_CODES.filter((code) => (device[code] ?? 0) > 0).map(
      (code) => `the device counted ${device[code]} ${code}`,
    ),
    ...HUB_CODES.filter((code) => hub[code] !== 0).map(
      (code) => `the hub counted ${hub[code] ?? 'no figure of'} ${code}`,
    ),
  ];
}

/** One session, from the first byte to the last. */
export function complaintsOfSession(before: string, after: string): string[] {
  return before === after ? [] : [`the session was ${before} and is ${after}`];
}
