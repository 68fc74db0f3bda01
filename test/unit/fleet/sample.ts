/**
 * Devices of a made-up fleet: reports as a real agent makes and writes them.
 *
 * @module
 */
import { healthOf } from '../../../agent/health.ts';
import { encodePayload, type PayloadFormat } from '../../../agent/payload.ts';
import { presenceBirth, presenceEnd, presenceWill } from '../../../agent/presence.ts';
import type { TunnelStatus } from '../../../agent/status.ts';
import type { Change } from '../../../fleet/change.ts';
import { Day } from '../../../fleet/day.ts';
import { type Device, newMemory } from '../../../fleet/device.ts';
import type { KeptEvent } from '../../../fleet/keptEvent.ts';
import { type MessageOutcome, Registry } from '../../../fleet/registry.ts';
import { DEVICE, statusOn } from '../../lab/reporting.ts';

export const BOOT = '0011223344556677';
export const START_MS = Date.UTC(2026, 10, 29, 12);

export const DEVICES_MAX = 50;

export interface Said {
  readonly boot?: string;
  readonly seq: number;
  readonly status?: Partial<TunnelStatus>;
  readonly link?: 'eth0' | 'wwan0';
  readonly switchesTotal?: number;
  /** Left out: the session that `status` says is over. */
  readonly ended?: Readonly<Record<string, number>>;
  readonly tsMs?: number;
  readonly policy?: { readonly name: string; readonly version: number };
  readonly format?: PayloadFormat;
}

export function healthPayload(said: Said): Uint8Array {
  const health = healthOf({
    status: { ...statusOn(said.link ?? 'eth0'), ...said.status },
    ...{ device: DEVICE, boot: said.boot ?? BOOT, seq: said.seq },
    ...{ tsMs: said.tsMs ?? START_MS, monoMs: 1_000, uptimeMs: 1_000, rssBytes: 60_000_000 },
    ...{
      version: '0.1.0',
      commit: 'source',
      policy: said.policy ?? { name: 'balanced', version: 3 },
    },
    switchesTotal: said.switchesTotal ?? 0,
    ended: said.ended ?? endedOf(said.status),
    telemetry: { published: 1, dropped: 0, failures: 0, connections: 1, mqtt: '5.0' },
  });
  return encodePayload(health, said.format ?? 'cbor');
}

function endedOf(status: Said['status']) {
  const code = status?.terminated ?? null;
  return code === null ? {} : { [code]: 1 };
}

const PRESENCE = { online: presenceBirth, lost: presenceWill, stopped: presenceEnd } as const;

export function presencePayload(word: keyof typeof PRESENCE, boot: string, connection: number) {
  return encodePayload(PRESENCE[word]({ boot, connection, ts_ms: START_MS }), 'cbor');
}

/** A fleet without a broker: what is said to it, and what it makes of that. */
export class Scene {
  nowMs = START_MS;
  connection = 1;
  isRetained = false;
  readonly changes: { readonly name: string; readonly change: Change }[] = [];
  readonly kept: { readonly device: Device; readonly event: KeptEvent }[] = [];
  readonly shown: string[] = [];
  readonly day = new Day(START_MS, []);
  readonly registry = new Registry({
    ...{ fleet: 'north', day: this.day, devicesMax: DEVICES_MAX },
    onChanges: ({ name }, changes) => {
      for (const change of changes) this.changes.push({ name, change });
    },
    onEvent: (device, event) => this.kept.push({ device, event }),
    onShown: ({ name }) => this.shown.push(name),
  });

  health(said: Said, device = 'gw-7'): MessageOutcome {
    return this.say(`${device}/health`, healthPayload(said));
  }

  presence(
    word: keyof typeof PRESENCE,
    boot = BOOT,
    connection = 1,
    device = 'gw-7',
  ): MessageOutcome {
    return this.say(`${device}/presence`, presencePayload(word, boot, connection));
  }

  say(leaf: string, payload: Uint8Array): MessageOutcome {
    const { nowMs: atMs, isRetained, connection } = this;
    const topic = leaf.startsWith('jvpn/') ? leaf : `jvpn/v1/north/${leaf}`;
    return this.registry.take({ topic, payload }, { atMs, isRetained, connection });
  }

  device(name = 'gw-7') {
    const device = this.registry.devices.get(name);
    if (device === undefined) throw new Error(`${name} was not heard`);
    return device;
  }

  /** What changed since it was asked last, as `kind reason from→to ×count`. */
  told(): string[] {
    return this.changes.splice(0).map(({ change }) => {
      const { kind, reason, from, to, count, isLate } = change;
      const parts = [kind, reason ?? '', from === null && to === null ? '' : `${from}→${to}`];
      const much = count === 1 ? '' : `×${count}`;
      return [...parts, much, isLate ? 'late' : ''].filter((part) => part !== '').join(' ');
    });
  }
}

/** As the history has them. */
export const device = (id: number): Device => ({
  ...newMemory(),
  ...{ id, name: `gw-${id}`, payload: null, former: null, connection: -1, eventsOn: -1 },
  ...{ heardOn: -1, heardLiveOn: -1, shownId: 0 },
});

export const change = (atMs: number, more: Partial<Change> = {}): Change => ({
  ...{ kind: 'refused', atMs, reason: 'rate_limited', from: null, to: null },
  ...{ count: 1, isLate: false },
  ...more,
});
