/**
 * Applications at both ends of the tunnels: what goes in comes out unchanged, at most once, and only
 * where it was meant to.
 *
 * @module
 */
import { EffectWatch } from '../../../session/invariants/noReplay.ts';
import { invariantOf } from '../checkers/watch.ts';
import type { Violation } from '../outcome.ts';
import { idOf, PACKET_BYTES_MIN, packetOf } from './packet.ts';
import type { SimTun } from './simTun.ts';

/** Behind the hubs. */
const SITE = Uint8Array.of(10, 79, 0, 9);
/** Remembered of what is under way: far more than any ring or queue holds. */
const KNOWN_MAX = 50_000;

/** A device's address inside. */
export const innerOf = (device: number): Uint8Array => Uint8Array.of(10, 77, 0, 2 + device);
export const innerText = (device: number): string => `10.77.0.${2 + device}`;

interface Sent {
  readonly device: number;
  readonly isFromHub: boolean;
  readonly bytes: number;
  readonly atMs: number;
  arrived: boolean;
}

export class EndToEnd {
  delivered = 0;
  readonly #report: (violation: Omit<Violation, 'atMs'>) => void;
  readonly #sent = new Map<number, Sent>();
  readonly #effects = new EffectWatch();
  readonly #nowMs: () => number;
  #sequence = 0;
  /** Of those that are not remembered any more: lost on the way to the site, and from it. */
  readonly #lostBefore = { up: 0, down: 0 };

  constructor(report: (violation: Omit<Violation, 'atMs'>) => void, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  /** An application beside `device` sends to the site; the number of the packet. */
  fromDevice(device: number, origin: number, tun: SimTun, bytes: number): number | null {
    const packet = packetOf({ origin, sequence: this.#sequence + 1 }, innerOf(device), SITE, bytes);
    return tun.sendFromApplication(packet) ? this.#note(device, false, bytes) : null;
  }

  /** Somebody beside `device` sends in the name of another address: nowhere may that come out. */
  spoofed(device: number, origin: number, tun: SimTun): void {
    const packet = packetOf({ origin, sequence: 0 }, innerOf(device + 100), SITE, PACKET_BYTES_MIN);
    tun.sendFromApplication(packet);
  }

  /** An application of the site sends to `device` through the hub with this tun. */
  fromHub(device: number, origin: number, tun: SimTun, bytes: number): number | null {
    const packet = packetOf({ origin, sequence: this.#sequence + 1 }, SITE, innerOf(device), bytes);
    return tun.sendFromApplication(packet) ? this.#note(device, true, bytes) : null;
  }

  /**
   * What came out of a device's tun, or a hub's (`device` null); the device that it came from, or was meant for.
   * Null: it is none of ours, or somebody else's.
   */
  onDelivered(who: string, device: number | null, packet: Uint8Array): number | null {
    const id = idOf(packet);
    const sent = id === null ? undefined : this.#sent.get(id.sequence);
    if (id?.sequence === 0) return this.#wrong('spoofedSource', `${who} delivers a spoofed packet`);
    if (id === null || sent === undefined) {
      return this.#wrong('foreignPacket', `${who} delivers ${packet.length} bytes nobody sent`);
    }
    const isFromHub = device !== null;
    if (sent.isFromHub !== isFromHub || (device !== null && sent.device !== device)) {
      return this.#wrong('strayPacket', `${who} delivers packet ${id.sequence} of somebody else`);
    }
    const [source, target] = isFromHub
      ? [SITE, innerOf(sent.device)]
      : [innerOf(sent.device), SITE];
    const expected = packetOf(id, source, target, sent.bytes);
    if (!isSame(expected, packet)) {
      this.#wrong('changedPacket', `${who} delivers packet ${id.sequence} changed`);
    }
    const twice = this.#effects.packet(String(id.sequence));
    if (twice !== null) {
      this.#report({
        invariant: invariantOf(twice),
        checker: 'deliveredTwice',
        sentence: `${who}${twice.slice(twice.indexOf(':'))}`,
      });
    }
    sent.arrived = true;
    this.delivered += 1;
    return sent.device;
  }

  /** What went in from `sinceMs` on and before `untilMs`, and never came out: each with its number. */
  lost(sinceMs: number, untilMs: number): readonly string[] {
    return [...this.#sent].flatMap(([sequence, { atMs, isFromHub, arrived }]) => {
      if (arrived || atMs < sinceMs || atMs >= untilMs) return [];
      return [`${isFromHub ? 'down' : 'up'} ${sequence} of ${atMs} ms`];
    });
  }

  /** How many that went in from the first one on and before `untilMs` never came out. */
  lostEver(direction: 'up' | 'down', untilMs: number): number {
    let lost = this.#lostBefore[direction];
    for (const { atMs, isFromHub, arrived } of this.#sent.values()) {
      if (!arrived && atMs < untilMs && isFromHub === (direction === 'down')) lost += 1;
    }
    return lost;
  }

  hasArrived(sequence: number): boolean {
    return this.#sent.get(sequence)?.arrived === true;
  }

  #note(device: number, isFromHub: boolean, bytes: number): number {
    this.#sequence += 1;
    this.#sent.set(this.#sequence, {
      device,
      isFromHub,
      bytes,
      atMs: this.#nowMs(),
      arrived: false,
    });
    if (this.#sent.size > KNOWN_MAX) this.#forget(this.#sequence - KNOWN_MAX);
    return this.#sequence;
  }

  #forget(sequence: number): void {
    const sent = this.#sent.get(sequence);
    if (sent?.arrived === false) this.#lostBefore[sent.isFromHub ? 'down' : 'up'] += 1;
    this.#sent.delete(sequence);
  }

  #wrong(checker: string, sentence: string): null {
    this.#report({ invariant: 'data', checker, sentence });
    return null;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
