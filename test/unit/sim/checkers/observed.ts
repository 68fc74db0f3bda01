/**
 * Observations made by hand, and what a checker says to them.
 *
 * @module
 */
import type { AuditEvent } from '../../../../session/audit.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { encodeFrame } from '../../../../session/wire/encode.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { MESSAGE_TYPE } from '../../../../session/wire/messages.ts';
import { writeSessionHeader } from '../../../../session/wire/transport.ts';
import {
  type Commit,
  invariantOf,
  type Report,
  type Said,
  type Sent,
  type Watch,
} from '../../../sim/checkers/watch.ts';

/** One rule, one observation that keeps it and one that breaks it. */
export interface Rule {
  /** Invariant and name, as a violation tells them. */
  readonly rule: string;
  readonly make: (report: Report) => Watch;
  readonly good: (watch: Watch) => void;
  readonly bad: (watch: Watch) => void;
}

/** The rules that `story` breaks. */
export function broken({ make }: Pick<Rule, 'make'>, story: Rule['good']): string[] {
  const rules = new Set<string>();
  story(
    make((checker, _, fault) => {
      if (fault !== null) rules.add(`${invariantOf(fault)} ${checker}`);
    }),
  );
  return [...rules];
}

const TAG_BYTES = 16;
const HEADER_BYTES = 16;

/** A datagram of a session that holds `inner`, readable as with stand-in ciphers. */
export function sealed(
  kind: 'data' | 'control',
  inner: Uint8Array,
  { counter = 0, transportId = 1, receiver = 7 } = {},
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + inner.length + TAG_BYTES);
  writeSessionHeader(bytes, MESSAGE_TYPE[kind], transportId, receiver, counter);
  bytes.set(inner, HEADER_BYTES);
  return bytes;
}

export const framed = (frame: Frame) => sealed('control', encodeFrame(frame));
export const DATA = sealed('data', new Uint8Array(64));

/** From the device to its hub unless `change` says otherwise. */
export const sent = (bytes: Uint8Array, change: Partial<Sent> = {}): Sent => ({
  ...{ atMs: 0, from: 'device-0', to: 'hub-0', isUp: true, target: 'hub', bytes, transportId: 1 },
  ...change,
});

export const fromHub = (bytes: Uint8Array, change: Partial<Sent> = {}): Sent =>
  sent(bytes, { from: 'hub-0', to: 'device-0', isUp: false, ...change });

const EVENT: AuditEvent = {
  ...{ event: 'notice', atMs: 0, reasonCode: 'link_changed', device: 'key', sessionId: 's1' },
  ...{ from: null, to: null, stateVersion: 1, hubSeq: 1, ownerEpoch: 1, transport: null },
  detail: {},
};

/** `event.atMs` is the machine's time and the world's. */
export const said = (event: Partial<AuditEvent>, change: Partial<Said> = {}): Said => ({
  ...{ atMs: event.atMs ?? 0, who: 'device-0', role: 'device', held: null },
  event: { ...EVENT, ...event },
  ...change,
});

export const saidByHub = (event: Partial<AuditEvent>): Said =>
  said(event, { who: 'hub-0', role: 'hub' });

export const claimed = (stateVersion: number, detail: AuditEvent['detail'] = {}): Said =>
  said({ event: 'claim', stateVersion, detail: { nonce: `n${stateVersion}`, ...detail } });

export const moved = (
  from: AuditEvent['from'],
  to: AuditEvent['to'],
  change: Partial<AuditEvent> = {},
): Said => said({ event: 'transition', from, to, ...change });

export const claimOf = (stateVersion: number, nonce = `0${stateVersion}`.padStart(16, '0')) => ({
  ...{ sessionId: 'aa'.repeat(16), stateVersion, transportId: 1, nonce },
});

const key = (fill: number) => new Uint8Array(32).fill(fill);

const RECORD: SessionRecord = {
  ...{ device: 'key', revision: 1, sessionId: 's1', previousSessionId: null, terminated: null },
  ...{ stateVersion: 1, claim: claimOf(1), claimKind: 'attach', claimPurpose: 'recovery' },
  ...{ hasRenewedKeys: true, transportId: 1, linkKind: 'ethernet', linkName: 'eth0' },
  ...{ owner: 'hub-0', ownerEpoch: 1, hubSeq: 1 },
  ...{ secret: key(1), previousSecret: null, memoryKey: key(2), predecessorMemoryKey: key(3) },
  ...{ inner4: null, inner6: null, cipher: 'aes-256-gcm', createdAtMs: 0 },
  ...{ transportlessSinceMs: null, recoveringSinceMs: null, switchedAtMs: [] },
};

export const recordOf = (change: Partial<SessionRecord> = {}): SessionRecord => ({
  ...RECORD,
  ...change,
});

/** The next revision of {@link RECORD}, by a claim of its own. */
export const nextOf = (change: Partial<SessionRecord> = {}): SessionRecord =>
  recordOf({ revision: 2, stateVersion: 2, claim: claimOf(2), claimKind: 'reattach', ...change });

export const commit = (
  before: SessionRecord | null,
  after: SessionRecord,
  hub = 'hub-0',
): Commit => ({ atMs: 0, hub, before, after });

export const SECRET = RECORD.secret;
export const OTHER_KEY = key(9);
