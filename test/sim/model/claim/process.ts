/**
 * A device process: events into the real core, effects out.
 *
 * @module
 */
import { isSameClaim } from '../../../../session/claim.ts';
import type { DeviceEffect, DeviceEvent, LinkView } from '../../../../session/device/event.ts';
import { newDevice } from '../../../../session/device/state.ts';
import { step } from '../../../../session/device/step.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { Violation } from '../violation.ts';
import { DEVICE_CONFIG, processSeed } from './config.ts';
import { normalDevice, shifted } from './shift.ts';
import { NOW_MS, type Process } from './state.ts';

export type DeviceNews = DeviceEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'atMs'>
    : never
  : never;

export interface ProcessTurn {
  readonly process: Process;
  readonly effects: readonly DeviceEffect[];
}

export const keyOf = ({ name, life }: Process, channelId: number) => `${name}${life}.${channelId}`;

export function feedDevice(process: Process, news: DeviceNews, passedMs = 0): ProcessTurn {
  if (process.device === null) return { process, effects: [] };
  const event = { ...news, atMs: NOW_MS + passedMs } as DeviceEvent;
  const before = process.device;
  const { device, effects } = step(before, event, DEVICE_CONFIG);
  if (event.kind === 'frame') mustCountOnce(process, event.frame, device.counters);
  const usedVersion = Math.max(process.usedVersion, claimedWith(process, effects));
  const normal = normalDevice(shifted(device, passedMs));
  return { process: { ...process, device: normal, usedVersion }, effects };
}

/** ◆ I5: an answer counts once, and only while its claim is open. */
function mustCountOnce(
  { device, name }: Process,
  frame: Frame,
  counters: Readonly<Record<string, number>>,
): void {
  if (frame.type !== 'attached' && frame.type !== 'reattached') return;
  const open = device?.claim ?? null;
  const isOpen = open !== null && isSameClaim(open.claim, frame.claim);
  const isAnswered = frame.claim.stateVersion <= (device?.answeredVersion ?? 0);
  const isGranted = device?.granted != null;
  if (isOpen && !isAnswered && !isGranted) return;
  if ((counters['answer_ignored'] ?? 0) > 0) return;
  throw new Violation(`I5: ${name} heeds an answer to v${frame.claim.stateVersion} again`);
}

/** ◆ I4: a claim is a repeat, or it is above every version that this flash has seen used. */
function claimedWith(process: Process, effects: readonly DeviceEffect[]): number {
  let newest = process.usedVersion;
  for (const effect of effects) {
    if (effect.kind !== 'send') continue;
    const { frame } = effect;
    if (frame.type !== 'attach' && frame.type !== 'reattach') continue;
    const { stateVersion } = frame.claim;
    const open = process.device?.claim ?? null;
    const isRepeat = open !== null && isSameClaim(open.claim, frame.claim);
    if (!isRepeat && stateVersion <= newest)
      throw new Violation(`I4: ${process.name} claims with v${stateVersion} after v${newest}`);
    newest = Math.max(newest, stateVersion);
  }
  return newest;
}

export function boot(before: Process): ProcessTurn {
  const life = before.life + 1;
  const process = { ...before, life, device: newDevice(), channels: 0 };
  const { flash } = process;
  const booted = feedDevice(process, {
    kind: 'boot',
    seed: processSeed(process.name, life),
    remembered: flash,
    wasLost: false,
  });
  const told = feedDevice(booted.process, { kind: 'links', links: viewsOf(process) });
  return { process: told.process, effects: [...booted.effects, ...told.effects] };
}

export function viewsOf({ links }: Process): LinkView[] {
  return links.map((hasCarrier, at) => ({
    name: at === 0 ? 'eth0' : 'wlan0',
    kind: at === 0 ? 'ethernet' : 'wifi',
    hasCarrier,
    mtuBytes: 1_500,
    endpoints: [
      {
        transportId: at + 1,
        endpoint: `203.0.113.${at + 1}:51820`,
        hasAddress: hasCarrier,
        hasRoute: hasCarrier,
      },
    ],
  }));
}

/** What is written is on flash now. */
export function written(process: Process): ProcessTurn {
  const writing = process.device?.writing ?? null;
  if (writing === null) return { process, effects: [] };
  const { ticket, durable } = writing;
  return feedDevice({ ...process, flash: durable }, { kind: 'persisted', ticket, isDurable: true });
}

/** A PROBE on one transport, now. */
export function probing(process: Process, transportId: number): Process {
  const { device } = process;
  if (device === null) return process;
  const transports = device.transports.map((transport) =>
    transport.transportId === transportId ? { ...transport, probeAtMs: NOW_MS } : transport,
  );
  return { ...process, device: { ...device, transports } };
}
