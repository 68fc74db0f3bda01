/**
 * Goal: pushes to the shell that runs on a device, each cut in another of its writes, and none leaves it without the policy that
 * was confirmed, follows one at a start that did not prove itself, or takes a version twice.
 *
 * Method: the disk of `test/unit/policies/signed/torture.test.ts`, which tears what is being written; after each push the device
 * starts on what the disk has.
 */
import { expect, test } from 'bun:test';
import { Push } from '../../../agent/push.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import { readEnvelope } from '../../../policies/signed/envelope.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { Random } from '../../sim/random.ts';
import { Disk, PowerCut } from '../policies/signed/disk.ts';
import { IDENTITY, NOW_S, signerOf, unproven } from '../policies/signed/documents.ts';

const PUSHES = 600;
/** A push that is confirmed writes four times, one that is rolled back as well; the fifth is never cut. */
const WRITES_MAX = 5;
const WINDOW_MS = 120_000;
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

class Device {
  readonly push: Push;
  readonly codes: string[] = [];
  followed: number;
  nowMs = 0;

  constructor(disk: Disk) {
    this.push = new Push({
      ...{ flash: disk, identity: IDENTITY, signers: [SIGNER.publicKey], configured },
      ...{ policyVersionMin: 1, loadSign1: async () => sign1 },
      clock: { monotonicMs: () => this.nowMs, wallMs: () => NOW_S * 1_000 },
    });
    this.followed = this.push.policy.version;
    this.push.begin({
      follow: ({ version }) => {
        this.followed = version;
        return true;
      },
      onConfirmed: () => {},
      carryOut: async () => ({ outcome: 'command_done', why: null }),
      onAnswer: () => {},
      note: (_, code) => this.codes.push(code),
      onReport: () => {},
      onFault: () => {},
    });
  }

  async take(bytes: Uint8Array, isProven: boolean): Promise<void> {
    this.push.arrived(bytes, false);
    await Bun.sleep(0);
    if (isProven && this.push.onTrial !== null) this.push.proven(this.push.onTrial);
    this.nowMs += WINDOW_MS;
    this.push.look();
    this.push.stop();
  }
}

test('pushes to a device, each cut in another of its writes', async () => {
  const random = new Random(7);
  const disk = new Disk(random);
  const unprovenOnes = new Set<number>();
  const counts = { cut: 0, confirmed: 0, rolledBack: 0 };
  let lastConfirmed = 1;
  for (let round = 0; round < PUSHES; round++) {
    const version = round + 2;
    const isProven = random.chance(70);
    if (!isProven) unprovenOnes.add(version);
    const body = bodyOfTable({ version, name: `v${version}` })!;
    const { bytes } = unproven({ version, body }, keyIdOf(SIGNER.publicKey));
    disk.fuse = round % WRITES_MAX;
    const device = new Device(disk);
    await device.take(bytes, isProven);
    if (disk.isCut) counts.cut += 1;
    disk.restore();
    if (device.codes.includes('policy_confirmed')) {
      counts.confirmed += 1;
      lastConfirmed = version;
    }

    const next = new Device(disk);
    const where = `push ${version}`;
    if (next.codes.includes('policy_rolled_back')) counts.rolledBack += 1;
    expect([where, next.followed]).toEqual([where, Math.max(next.followed, lastConfirmed)]);
    expect([where, unprovenOnes.has(next.followed)]).toEqual([where, false]);
    lastConfirmed = next.followed;
    const wasTaken = device.codes.includes('policy_on_trial');
    await next.take(bytes, false);
    if (wasTaken) expect([where, next.codes.includes('policy_on_trial')]).toEqual([where, false]);
  }
  expect(counts.cut).toBeGreaterThan(PUSHES / 2);
  expect(counts.confirmed).toBeGreaterThan(PUSHES / 10);
  expect(counts.rolledBack).toBeGreaterThan(PUSHES / 10);
}, 300_000);

test('a cut is one', () => {
  expect(() => {
    const disk = new Disk(new Random(1));
    disk.fuse = 0;
    disk.writeSlot(0, new Uint8Array(disk.slotBytes));
  }).toThrow(PowerCut);
});
