/**
 * Goal: what the system answers to a send, and what the main thread says of the hub's addresses, reaches the core, at once
 * and as what it is.
 * Method: the shell over sockets in memory, without a hub: a device in BIRTH that shakes hands with whoever it is told of.
 */
import { describe, expect, test } from 'bun:test';
import type { FromTunnel, TunnelSetup } from '../../../agent/messages.ts';
import { UNMETERED } from '../../../agent/metering.ts';
import { tunnelRules } from '../../../agent/rules.ts';
import { SessionShell } from '../../../agent/sessionShell.ts';
import { Uplinks } from '../../../agent/uplinks.ts';
import { SEND, type SendResult } from '../../../hal/datagram.ts';
import { nodeCiphers, nodeDh } from '../../../hal/linux/ciphers.ts';
import { openMeans } from '../../../hal/linux/means.ts';
import { MemoryClock } from '../../../hal/memory/clock.ts';
import { MemoryLinkMonitor } from '../../../hal/memory/links.ts';
import { type MemoryDatagramSocket, MemoryNetwork } from '../../../hal/memory/network.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { PLAIN_TIMES } from '../../../session/channel/age.ts';
import { NO_PSK, newIdentity } from '../../../session/channel/identity.ts';
import { formatAddress } from '../../../session/wire/address.ts';

const MEANS = await openMeans();
const HUB = newIdentity(new Uint8Array(32).fill(9), nodeDh);
const NEAR = '203.0.113.1:51820';
const FAR = '203.0.113.2:51820';
const WALL_MS = Date.UTC(2026, 0, 1);

class Rig {
  readonly clock = new MemoryClock(1_000, WALL_MS);
  readonly network = new MemoryNetwork();
  readonly posted: FromTunnel[] = [];
  /** Where datagrams went, in order. */
  readonly sentTo: string[] = [];
  /** When sessions were opened. */
  readonly born: { readonly atMs: number }[] = [];
  readonly rules: TunnelSetup['rules'];
  readonly shell: SessionShell;
  readonly uplinks: Uplinks;
  /** Steps of the core. */
  get core(): unknown {
    return this.shell.device;
  }

  constructor(
    endpoints: readonly (string | null)[],
    answer: SendResult = SEND.sent,
    metering = UNMETERED,
  ) {
    const links = [{ name: 'eth0', kind: 'ethernet' }] as const;
    const policy = loadPolicy({});
    if (!policy.ok) throw new Error('the default policy does not load');
    this.rules = tunnelRules(policy.policy, links);
    const setup: TunnelSetup = {
      wakeFd: -1,
      port: null as never,
      mode: 'session',
      privateKey: new Uint8Array(32).fill(8),
      hubPublicKey: HUB.publicKey,
      psk: NO_PSK,
      endpoints,
      links,
      tunName: 'mem0',
      mtuMaxBytes: 1_440,
      mayHaveIpv6: false,
      offload: 'off',
      dataCipher: 'auto',
      mark: 0,
      rules: this.rules,
      metering,
      seed: new Uint8Array(32).fill(7),
      remembered: null,
      wasLost: false,
      clock: { fromMs: WALL_MS, untilMs: WALL_MS + 3_600_000 },
      plainTimes: PLAIN_TIMES,
    };
    const host = this.network.newHost({ eth0: ['198.51.100.1'] });
    this.network.onSend(({ to }) => this.sentTo.push(formatAddress(to)));
    this.uplinks = new Uplinks(setup, (options) => {
      const opened = host.openDatagramSocket(options);
      if (opened.ok) (opened.value as MemoryDatagramSocket).sendResult = answer;
      return opened;
    });
    this.shell = new SessionShell({
      setup,
      chosen: { ciphers: nodeCiphers, preference: ['aes-256-gcm'], report: [] },
      means: MEANS,
      clock: this.clock,
      tun: new MemoryTun(),
      uplinks: this.uplinks,
      post: (message) => this.posted.push(message),
    });
    const monitor = new MemoryLinkMonitor();
    monitor.set('eth0', { addresses: ['198.51.100.1'] });
    monitor.drain();
    this.shell.onLinks(monitor.snapshot());
    this.settle();
  }

  /** The main thread writes everything down at once. */
  settle(): void {
    for (let next = this.posted.shift(); next !== undefined; next = this.posted.shift()) {
      if (next.kind === 'audit' && next.event.reasonCode === 'session_created') {
        this.born.push(next.event);
      }
      if (next.kind !== 'persist') continue;
      this.shell.onMessage({ kind: 'persisted', ticket: next.ticket, isDurable: true });
    }
  }

  /** Let time pass, with a turn of the loop at each deadline. */
  pass(forMs: number): void {
    const untilMs = this.clock.monotonicMs() + forMs;
    for (let turn = 0; turn < 1_000; turn++) {
      const dueAtMs = this.shell.nextDeadlineMs();
      if (dueAtMs === null || dueAtMs > untilMs) break;
      this.clock.advance(Math.max(0, dueAtMs - this.clock.monotonicMs()));
      this.shell.onTime();
      this.settle();
    }
    this.clock.advance(untilMs - this.clock.monotonicMs());
  }

  get failures(): number {
    return this.shell.device.counters['local_send_error'] ?? 0;
  }

  get refused() {
    this.shell.onMessage({ kind: 'status', requestId: 1 });
    const answer = this.posted.findLast((message) => message.kind === 'status');
    return answer?.kind === 'status' ? answer.status.packets.refused : {};
  }
}

describe('a datagram that was not sent', () => {
  for (const gone of ['unreachable', 'deviceGone'] as const) {
    test(`${gone}: the core hears of it without waiting, and once`, () => {
      const rig = new Rig([NEAR], SEND[gone]);
      // The thread does not sleep on it.
      expect([rig.shell.nextDeadlineMs(), rig.failures]).toEqual([0, 0]);
      rig.shell.onTime();
      expect(rig.failures).toBe(1);
      rig.shell.onTime();
      expect(rig.failures).toBe(1);
      expect(rig.shell.nextDeadlineMs()).toBeGreaterThan(rig.clock.monotonicMs());
      expect(rig.refused['sendFailed']).toBe(1);
    });
  }

  for (const one of ['permission', 'failed'] as const) {
    test(`${one}: maybe one flow's, so the core hears of it without waiting, as of hearsay`, () => {
      const rig = new Rig([NEAR], SEND[one]);
      // The thread does not sleep on it.
      expect(rig.shell.nextDeadlineMs()).toBe(0);
      rig.shell.onTime();
      expect(rig.shell.nextDeadlineMs()).toBeGreaterThan(rig.clock.monotonicMs());
      expect([rig.failures, rig.refused]).toEqual([0, { sendFailed: 1 }]);
    });
  }

  for (const other of ['wouldBlock', 'tooLong', 'refused'] as const) {
    test(`${other}: counted, and no word on the link`, () => {
      const rig = new Rig([NEAR], SEND[other]);
      expect(rig.shell.nextDeadlineMs()).toBeGreaterThan(rig.clock.monotonicMs());
      rig.shell.onTime();
      expect(rig.failures).toBe(0);
      expect(rig.refused).toEqual({ [other === 'wouldBlock' ? 'sendQueueFull' : 'sendFailed']: 1 });
    });
  }
});

describe('what names stand for', () => {
  test('nobody is known: nobody is asked; told, the device shakes hands there without waiting for its links', () => {
    const rig = new Rig([null]);
    rig.pass(2_000);
    expect(rig.sentTo).toEqual([]);
    rig.shell.onMessage({ kind: 'endpoints', endpoints: [NEAR] });
    expect(rig.sentTo).toEqual([NEAR]);
  });

  test('another address: everything goes there from then on', () => {
    const rig = new Rig([NEAR]);
    rig.pass(2_000);
    expect(new Set(rig.sentTo)).toEqual(new Set([NEAR]));
    rig.shell.onMessage({ kind: 'endpoints', endpoints: [FAR] });
    const before = rig.sentTo.length;
    rig.pass(20_000);
    expect(rig.sentTo.length).toBeGreaterThan(before);
    expect(new Set(rig.sentTo.slice(before))).toEqual(new Set([FAR]));
  });
});

test('each request for another link is answered: what was in its way, under its number', () => {
  const rig = new Rig([NEAR], SEND.sent);
  for (const requestId of [7, 8])
    rig.shell.onMessage({ kind: 'rebind', requestId, linkName: 'eth0' });
  const answers = rig.posted.filter(({ kind }) => kind === 'rebind');
  expect(answers).toEqual([
    { kind: 'rebind', requestId: 7, denied: 'no_binding' },
    { kind: 'rebind', requestId: 8, denied: 'no_binding' },
  ]);
});

describe('a policy on trial', () => {
  const BIRTH_MS = 3_000;

  /** A device in BIRTH that is told of a policy with a shorter birth, after a second. */
  function onTrial(trialHoldMs?: number): Rig {
    const rig = new Rig([NEAR]);
    rig.pass(1_000);
    const { limits } = rig.rules;
    const rules = { ...rig.rules, limits: { ...limits, birthDeadlineMs: BIRTH_MS } };
    const policy = { kind: 'policy', version: 2, name: 'new', rules, metering: UNMETERED } as const;
    rig.shell.onMessage(trialHoldMs === undefined ? policy : { ...policy, trialHoldMs });
    return rig;
  }

  const leftMs = ({ shell, clock }: Rig) =>
    (shell.device.birthDeadlineAtMs ?? Number.NaN) - clock.monotonicMs();

  test('◆ brings no bound of its own, also to a session that is born under it', () => {
    expect(leftMs(onTrial())).toBe(BIRTH_MS);
    const rig = onTrial(5_000);
    const { birthDeadlineMs } = rig.rules.limits;
    expect(leftMs(rig)).toBe(birthDeadlineMs - 1_000);
    for (let waits = 0; waits < 200 && rig.born.length < 2; waits++) rig.pass(1_000);
    expect(rig.shell.device.birthDeadlineAtMs).toBe(rig.born[1]!.atMs + birthDeadlineMs);
  });
});

describe('a budget', () => {
  test('that is used up by what nobody took is told to the core, once, and again on another day', () => {
    const rig = new Rig([NEAR], SEND.sent, { budgets: { eth0: 100_000 }, spent: [] });
    rig.pass(1_000);
    const [eth0] = rig.uplinks.all;
    const isStepped = () => {
      const before = rig.core;
      rig.shell.onTime();
      return rig.core !== before;
    };
    expect(isStepped()).toBe(false);
    eth0!.meter.passed(1, 100_000, 4);
    expect([isStepped(), isStepped()]).toEqual([true, false]);
    rig.clock.setWall(WALL_MS + 86_400_000);
    expect([isStepped(), eth0!.meter.isSpent]).toEqual([false, false]);
    eth0!.meter.passed(1, 100_000, 4);
    expect([isStepped(), isStepped()]).toEqual([true, false]);
  });
});
