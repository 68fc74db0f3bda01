/**
 * Goal: a command is carried out at most once, wherever the power goes, and whatever is sent again afterwards.
 *
 * Method: as in pushCuts.test.ts. Each command is cut in another of its writes; then the device starts on what the disk has, and
 * gets every command again that it ever got.
 */
import { expect, test } from 'bun:test';
import { Push } from '../../../agent/push.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { commandBody } from '../../../policies/signed/body.ts';
import { readEnvelope } from '../../../policies/signed/envelope.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { Random } from '../../sim/random.ts';
import { Disk } from '../policies/signed/disk.ts';
import { IDENTITY, NOW_S, signerOf, unproven } from '../policies/signed/documents.ts';

const ROUNDS = 200;
/** A command writes twice; the third is never cut. */
const WRITES_MAX = 3;
const AGAIN_MAX = 6;
const SIGNER = signerOf(1);
const CONFIGURED = loadPolicy({ version: 1, name: 'configured' });
if (!CONFIGURED.ok) throw new Error('the configured policy is valid');
const configured = CONFIGURED.policy;

/** Signatures are not what is tried here. */
const sign1 = {
  verify(document: Uint8Array) {
    const envelope = readEnvelope(document);
    return isRefused(envelope) ? null : envelope.payload;
  },
};

/** How often each was carried out, by id, over all lives. */
const runs = new Map<string, number>();

class Device {
  readonly #push: Push;
  readonly answers: string[] = [];

  constructor(disk: Disk) {
    this.#push = new Push({
      ...{ flash: disk, identity: IDENTITY, signers: [SIGNER.publicKey], configured },
      ...{ policyVersionMin: 1, loadSign1: async () => sign1 },
      clock: { monotonicMs: () => 0, wallMs: () => NOW_S * 1_000 },
    });
    this.#push.begin({
      follow: () => true,
      onConfirmed: () => {},
      carryOut: async ({ id }) => {
        runs.set(id, (runs.get(id) ?? 0) + 1);
        return { outcome: 'command_done', why: null };
      },
      onAnswer: ({ outcome }) => this.answers.push(outcome),
      note: () => {},
      onReport: () => {},
      onFault: () => {},
    });
  }

  async take({ bytes, id }: Sent): Promise<void> {
    const place = { name: 'refresh_health', id };
    this.#push.arrived(bytes, false, { place, responseTopic: null, correlation: null });
    await Bun.sleep(0);
  }

  stop(): void {
    this.#push.stop();
  }
}

interface Sent {
  readonly bytes: Uint8Array;
  readonly id: string;
}

function commandOf(version: number, random: Random): Sent {
  const id = random.bytes(16);
  const body = commandBody({ name: 'refresh_health', link: null }, id);
  const claims = { kind: 'command', version, expiresS: NOW_S + 60, body } as const;
  const { bytes } = unproven(claims, keyIdOf(SIGNER.publicKey));
  return { bytes, id: Buffer.from(id).toString('hex') };
}

test('commands to a device, each cut in another of its writes', async () => {
  const random = new Random(11);
  const disk = new Disk(random);
  const sent: Sent[] = [];
  const counts = { cut: 0, done: 0, late: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const command = commandOf(round + 1, random);
    sent.push(command);
    disk.fuse = round % WRITES_MAX;
    const device = new Device(disk);
    await device.take(command);
    device.stop();
    const hasRun = runs.has(command.id);
    if (disk.isCut) counts.cut += 1;
    // What was cut in one of the two writes was not begun.
    expect([round, hasRun]).toEqual([round, !disk.isCut]);
    disk.restore();
    const next = new Device(disk);
    for (const again of sent.slice(-AGAIN_MAX)) await next.take(again);
    next.stop();
    if (hasRun) counts.done += 1;
    else if (runs.has(command.id)) counts.late += 1;
    // It was taken, or its version was not used up and it is taken now: its answer says which.
    expect(next.answers.at(-1)).toBe(
      runs.has(command.id) && !hasRun ? 'command_done' : 'document_replayed',
    );
    expect([round, Math.max(0, ...runs.values())]).toEqual([round, runs.size === 0 ? 0 : 1]);
  }
  expect(counts.cut).toBeGreaterThan(ROUNDS / 2);
  expect(counts.done).toBeGreaterThan(ROUNDS / 4);
  expect(counts.late).toBeGreaterThan(ROUNDS / 10);
}, 120_000);
