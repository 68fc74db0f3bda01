/**
 * Goal: a command is answered with what came of it: done when it came about, withheld with what was in its way, failed when it did
 * not come about; one after the other, each once.
 *
 * Method: a tunnel thread and a reporter that are the test's.
 */
import { describe, expect, test } from 'bun:test';
import { gunzipSync } from 'node:zlib';
import { collectLog } from '../../../agent/collectedLog.ts';
import { type CarriedOut, type CommandParts, Commands } from '../../../agent/commands.ts';
import type { NotRebound } from '../../../agent/denial.ts';
import type { NotOrdered, Order } from '../../../agent/messages.ts';
import { MqttQueue } from '../../../agent/mqttQueue.ts';
import { orderEvent } from '../../../agent/order.ts';
import { encodePayload } from '../../../agent/payload.ts';
import type { AuditRow } from '../../../hal/linux/auditLog.ts';
import type { Command, CommandName } from '../../../policies/signed/body.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { newDevice } from '../../../session/device/state.ts';
import { statusOn } from '../../lab/reporting.ts';

const ID = '07'.repeat(16);
const OWN = 'jvpn/v1/acme/kiosk-7/cmd';

interface Said {
  readonly topics: readonly string[];
  readonly document: Readonly<Record<string, unknown>>;
  readonly correlation: Uint8Array | null;
}

class Rig {
  readonly asked: string[] = [];
  readonly said: Said[] = [];
  denied: NotRebound | NotOrdered | null = null;
  refreshes = 0;
  rows: readonly AuditRow[] = [];
  readonly commands: Commands;

  constructor(parts: Partial<CommandParts> = {}) {
    this.commands = new Commands({
      tunnel: {
        status: async () => statusOn('eth0'),
        rebind: async (link: string) => {
          this.asked.push(`rebind ${link}`);
          return this.denied as NotRebound | null;
        },
        order: async (order: Order) => {
          this.asked.push(order);
          return this.denied as NotOrdered | null;
        },
      },
      recent: () => this.rows,
      telemetry: () => ({
        ...{
          stop: async () => {},
          status: () => null,
          events: () => null,
          noteChange() {},
          noteEvent() {},
          usePolicy() {},
        },
        tellDocuments() {},
        whenReachable: (run) => run(),
        refresh: () => {
          this.refreshes += 1;
        },
        answer: (topics, document, correlation) =>
          void this.said.push({ topics, document: document as Said['document'], correlation }),
      }),
      queueBytesMax: () => 262_144,
      place: { fleet: 'acme', device: 'kiosk-7' },
      wallMs: () => 1_000,
      onTrial: () => null,
      comesAboutMaxMs: 30_000,
      ...parts,
    });
  }

  /** In time, unless the test says otherwise. */
  carryOut(command: Command, expiresS = 300): Promise<CarriedOut> {
    return this.commands.carryOut(command, expiresS);
  }

  audit(change: Partial<AuditEvent>): void {
    this.commands.onAudit({
      ...{ event: 'notice', atMs: 0, reasonCode: 'switch_committed', device: '', sessionId: null },
      ...{ from: null, to: null, stateVersion: 1, hubSeq: 0, ownerEpoch: 0, transport: null },
      ...{ detail: {}, ...change },
    });
  }
}

const command = (name: CommandName, link: string | null = null, id = ID) => ({ name, id, link });
const moved = (link: string) => ({ event: 'switch', transport: `${link}→[::1]:1` }) as const;

describe('what comes about later', () => {
  const cases = [
    ['rebind', 'rebind wlan0', moved('wlan0')],
    ['rotate_keys', 'rotate', { reasonCode: 'channel_rotated' }],
    [
      'terminate_session',
      'command_terminated',
      { event: 'transition', to: 'TERMINATED', reasonCode: 'command_terminated' },
    ],
  ] as const;
  for (const [name, asked, event] of cases) {
    test(`${name} is done when it did`, async () => {
      const rig = new Rig();
      const done = rig.carryOut(command(name, name === 'rebind' ? 'wlan0' : null));
      await Bun.sleep(1);
      rig.audit({ reasonCode: 'link_changed' });
      expect(await Promise.race([done, Bun.sleep(5)])).toBeUndefined();
      rig.audit(event);
      expect([await done, rig.asked]).toEqual([{ outcome: 'command_done', why: null }, [asked]]);
    });

    test(`${name} has failed when it does not in time`, async () => {
      const rig = new Rig({ comesAboutMaxMs: 5 });
      const link = name === 'rebind' ? 'wlan0' : null;
      expect(await rig.carryOut(command(name, link))).toEqual({
        ...{ outcome: 'command_failed', why: 'no_answer' },
      });
    });
  }

  test('the answer to the asking may come behind it', async () => {
    const rig: Rig = new Rig({
      tunnel: {
        status: async () => statusOn('eth0'),
        rebind: async () => null,
        order: async () => {
          rig.audit({ reasonCode: 'channel_rotated' });
          await Bun.sleep(2);
          return null;
        },
      },
    });
    expect(await rig.carryOut(command('rotate_keys'))).toMatchObject({
      outcome: 'command_done',
    });
  });

  test('another link, an abandoned switch and the end of the session are not it', async () => {
    const rig = new Rig();
    const done = rig.carryOut(command('rebind', 'wlan0'));
    await Bun.sleep(1);
    rig.audit(moved('wlan01'));
    rig.audit({ event: 'transition', to: 'ATTACHED', reasonCode: 'switch_abandoned' });
    expect(await done).toEqual({ outcome: 'command_failed', why: 'switch_abandoned' });
    const rotated = rig.carryOut(command('rotate_keys'));
    await Bun.sleep(1);
    rig.audit({ event: 'transition', to: 'TERMINATED', reasonCode: 'shutdown' });
    expect(await rotated).toEqual({ outcome: 'command_failed', why: 'shutdown' });
  });
});

test('what is in the way is said, as `jvpn rebind` says it', async () => {
  const rig = new Rig();
  for (const why of ['cooldown_active', 'already_bound', 'plain'] as const) {
    rig.denied = why;
    expect(await rig.carryOut(command('rebind', 'wlan0'))).toEqual({
      ...{ outcome: 'command_withheld', why },
    });
  }
  rig.denied = 'session_over';
  await rig.carryOut(command('terminate_session'));
  const told = { id: ID, name: 'terminate_session', outcome: 'command_withheld' } as const;
  await rig.commands.answer(told, 'session_over', null);
  expect(rig.said[0]?.document).toMatchObject({
    ...{ v: 1, id: ID, verb: 'terminate_session', outcome: 'command_withheld' },
    ...{
      why: 'session_over',
      sentence: 'The session has ended already; the next one is opened by itself.',
      ts_ms: 1_000,
    },
    ...{ state: 'ATTACHED', state_version: 7 },
  });
});

test('a tunnel thread that does not answer fails the command, and nothing else', async () => {
  const silent = () => Promise.reject(new Error('the tunnel thread does not answer'));
  const rig = new Rig({ tunnel: { status: silent, rebind: silent, order: silent } });
  expect(await rig.carryOut(command('rotate_keys'))).toEqual({
    ...{ outcome: 'command_failed', why: 'the tunnel thread does not answer' },
  });
  await rig.commands.answer({ id: ID, name: 'rotate_keys', outcome: 'command_failed' }, null, null);
  expect(rig.said[0]?.document).toMatchObject({ state: null, state_version: null });
});

test('one after the other', async () => {
  const rig = new Rig();
  const first = rig.carryOut(command('rebind', 'wlan0'));
  const second = rig.carryOut(command('refresh_health', null, '08'.repeat(16)));
  await Bun.sleep(1);
  expect([rig.asked, rig.refreshes]).toEqual([['rebind wlan0'], 0]);
  rig.audit(moved('wlan0'));
  await Promise.all([first, second]);
  expect(rig.refreshes).toBe(1);
});

test('an answer goes to its own topic, and to that of whoever asks', async () => {
  const rig = new Rig();
  const told = { id: ID, name: 'rotate_keys', outcome: 'document_expired' } as const;
  await rig.commands.answer(told, '3 s ago', null);
  const place = { name: 'rotate_keys', id: ID };
  const correlation = Uint8Array.of(1);
  const own = `${OWN}/rotate_keys/${ID}/answer`;
  for (const responseTopic of ['jvpn/v1/acme/desk/answer', own]) {
    await rig.commands.answer(told, '3 s ago', { place, responseTopic, correlation });
  }
  expect(rig.said.map((said) => [said.topics, said.correlation])).toEqual([
    [[own], null],
    [[own, 'jvpn/v1/acme/desk/answer'], correlation],
    [[own], correlation],
  ]);
  expect(rig.said[0]?.document).toMatchObject({ outcome: 'document_expired', why: '3 s ago' });
});

test('the same command again gets the first answer, without its log', async () => {
  const rig = new Rig();
  rig.rows = [{ seq: 1 } as AuditRow, { seq: 2 } as AuditRow];
  await rig.carryOut(command('collect_log'));
  const told = { id: ID, name: 'collect_log', outcome: 'command_done' } as const;
  await rig.commands.answer(told, null, null);
  await rig.commands.answer(told, null, null);
  const [first, second] = rig.said.map(({ document }) => document);
  const { log, ...rest } = first ?? {};
  expect(rest).toEqual(second!);
  expect(gunzipSync(Buffer.from(String(log), 'base64')).toString()).toBe('{"seq":1}\n{"seq":2}\n');
  expect(rest).toMatchObject({ log_events: 2, log_omitted: 0, log_encoding: 'gzip, base64' });
});

test('a log has the newest events that fit', () => {
  const rows = Array.from({ length: 256 }, (_, seq) => ({ seq, device: crypto.randomUUID() }));
  for (const textMax of [200, 2_000, 8_000]) {
    const { log, log_events, log_omitted } = collectLog(rows as unknown as AuditRow[], textMax);
    expect(log.length).toBeLessThanOrEqual(textMax);
    expect([log_events > 0, log_events + log_omitted]).toEqual([true, 256]);
    const lines = gunzipSync(Buffer.from(log, 'base64')).toString().trimEnd().split('\n');
    expect([lines.length, JSON.parse(lines.at(-1)!).seq]).toEqual([log_events, 255]);
  }
  expect(collectLog([], 10)).toMatchObject({ log: '', log_events: 0 });
});

test('◆ a log that is said on two topics fits what may wait for the broker, twice', async () => {
  const queueBytesMax = 4_096; // the least that a policy may say
  const rig = new Rig({ queueBytesMax: () => queueBytesMax });
  rig.rows = Array.from(
    { length: 256 },
    (_, seq) => ({ seq, device: crypto.randomUUID() }) as unknown as AuditRow,
  );
  await rig.carryOut(command('collect_log'));
  const told = { id: ID, name: 'collect_log', outcome: 'command_done' } as const;
  const place = { name: 'collect_log', id: ID };
  const responseTopic = `jvpn/v1/acme/${'x'.repeat(100)}/answer`;
  await rig.commands.answer(told, null, { place, responseTopic, correlation: new Uint8Array(64) });
  const queue = new MqttQueue(queueBytesMax);
  for (const { topics, document } of rig.said) {
    for (const topic of topics) {
      queue.push({ topic, payload: encodePayload(document, 'json') });
    }
  }
  expect([rig.said[0]?.topics.length, queue.count]).toEqual([2, 2]);
});

test('an order is an event of the core, or says why it is none', () => {
  const device = newDevice();
  const channel = {
    ...{ channelId: 9, handshakeHash: new Uint8Array(32), isBound: true, isDue: false },
  };
  expect(orderEvent({ ...device, state: 'ATTACHED', channel }, 'rotate', 5)).toEqual({
    ...{ kind: 'channelDue', atMs: 5, channelId: 9 },
  });
  expect(orderEvent({ ...device, state: 'RECOVERING', channel }, 'rotate', 5)).toBe('no_binding');
  expect(orderEvent({ ...device, state: 'ATTACHED', channel: null }, 'rotate', 5)).toBe(
    'no_binding',
  );
  for (const reasonCode of ['command_terminated', 'operator_terminated'] as const) {
    const ended = orderEvent({ ...device, state: 'RECOVERING' }, reasonCode, 5);
    expect(ended).toEqual({ kind: 'terminate', atMs: 5, reasonCode });
  }
  for (const order of ['rotate', 'command_terminated', 'operator_terminated'] as const) {
    expect(orderEvent({ ...device, state: 'TERMINATED', channel }, order, 5)).toBe('session_over');
  }
});

test('◆ one whose turn comes behind its expiry is not begun', async () => {
  let wallMs = 1_000;
  const rig = new Rig({ wallMs: () => wallMs });
  const first = rig.carryOut(command('rebind', 'wlan0'));
  const second = rig.carryOut(command('terminate_session', null, '08'.repeat(16)), 11);
  const third = rig.carryOut(command('refresh_health', null, '09'.repeat(16)), 12);
  await Bun.sleep(1);
  wallMs = 11_000;
  rig.audit(moved('wlan0'));
  await first;
  expect(await second).toEqual({ outcome: 'command_withheld', why: 'document_expired' });
  expect([(await third).outcome, rig.asked]).toEqual(['command_done', ['rebind wlan0']]);
});

test('◆ while a policy is on trial nothing is done to the session that has to prove it', async () => {
  let onTrial: number | null = 2;
  const rig = new Rig({ onTrial: () => onTrial });
  const withheld = { outcome: 'command_withheld', why: 'policy_on_trial' } as const;
  expect(await rig.carryOut(command('terminate_session'))).toEqual(withheld);
  expect(await rig.carryOut(command('rebind', 'wlan0'))).toEqual(withheld);
  expect((await rig.carryOut(command('refresh_health'))).outcome).toBe('command_done');
  expect(rig.asked).toEqual([]);
  onTrial = null;
  const done = rig.carryOut(command('rebind', 'wlan0'));
  await Bun.sleep(1);
  rig.audit(moved('wlan0'));
  expect([(await done).outcome, rig.asked]).toEqual(['command_done', ['rebind wlan0']]);
});
