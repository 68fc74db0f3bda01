/**
 * A device that takes signed documents: flash in memory, real signatures; whoever follows the policy and the clock are the test's.
 *
 * @module
 */
import type { CarriedOut } from '../../../agent/commands.ts';
import { COSE } from '../../../agent/cose.ts';
import { Push } from '../../../agent/push.ts';
import type { CommandRequest } from '../../../agent/telemetry.ts';
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import type { Claims } from '../../../policies/signed/claims.ts';
import { PUSH_RECORD_BYTES } from '../../../policies/signed/record.ts';
import { IDENTITY, NOW_S, sign, signerOf } from '../policies/signed/documents.ts';

export const SIGNER = signerOf(1);
export const WINDOW_MS = 120_000;

export function policyOf(version: number) {
  const loaded = loadPolicy({ version, name: `v${version}` });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

const started: Push[] = [];
/** Behind each test. */
export const stopAll = () => {
  for (const push of started.splice(0)) push.stop();
};

export class Rig {
  readonly followed: string[] = [];
  readonly said: string[] = [];
  readonly faults: string[] = [];
  confirmed = 0;
  reports = 0;
  nowMs = 1_000;
  /** Of the wall clock. */
  aheadMs = 0;
  isFollowing = true;
  isBroken = false;
  /** What came of each command, in the order in which it was told. */
  readonly answers: (string | null)[][] = [];
  readonly ran: string[] = [];
  carriedOut: CarriedOut = { outcome: 'command_done', why: null };
  readonly push: Push;
  readonly flash: MemoryFlash;

  constructor(flash = new MemoryFlash(PUSH_RECORD_BYTES), load = async () => COSE, configured = 1) {
    this.flash = flash;
    this.push = new Push({
      ...{ flash, identity: IDENTITY, signers: [SIGNER.publicKey], loadSign1: load },
      ...{ configured: policyOf(configured), policyVersionMin: configured },
      clock: {
        monotonicMs: () => this.nowMs,
        wallMs: () => NOW_S * 1_000 + this.nowMs - 1_000 + this.aheadMs,
      },
    });
    started.push(this.push);
    this.push.begin({
      follow: ({ name, version }, isOnTrial) => {
        this.followed.push(`${name} ${version}${isOnTrial ? ' on trial' : ''}`);
        if (this.isBroken) throw new Error('follow');
        return this.isFollowing;
      },
      onConfirmed: (version) => {
        this.confirmed = version;
      },
      carryOut: async ({ name }) => {
        this.ran.push(name);
        return this.carriedOut;
      },
      onAnswer: ({ name, outcome }, why, request) =>
        this.answers.push([name, outcome, why, request?.responseTopic ?? null]),
      note: (event, code, { version = '', why = '', repeated = '' }) =>
        this.said.push(
          [event, code, version, why, repeated].filter((part) => part !== '').join(' '),
        ),
      onReport: () => this.reports++,
      onFault: (message, isPending) =>
        this.faults.push(`${message}${isPending ? ', a start has to come' : ''}`),
    });
  }

  /** Resolves when the document was judged. */
  async take(
    bytes: Uint8Array,
    isRetained = false,
    request: CommandRequest | null = null,
  ): Promise<void> {
    this.push.arrived(bytes, isRetained, request);
    await settled();
  }

  /** What the power cut left. */
  restarted(): Rig {
    this.push.stop();
    return new Rig(this.flash);
  }

  heard(): readonly string[] {
    return this.said.splice(0);
  }
}

/** Signatures are judged behind a chain of promises, without a timer. */
export const settled = () => Bun.sleep(1);

export const document = (version: number, more: Partial<Claims> = {}) =>
  sign(SIGNER, { version, body: bodyOfTable({ version, name: `v${version}` })!, ...more });

export const emergency = (version: number, table: Record<string, unknown>) =>
  sign(SIGNER, { kind: 'emergency', version, body: bodyOfTable(table)! });
