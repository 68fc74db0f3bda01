/**
 * What became of a document at one device, from what the device reports (docs/mqtt.md, "Policy reported").
 *
 * @module
 */

/** Of `policy/reported`, what a rollout reckons with. */
export interface Reported {
  /** Versions, or null. */
  readonly confirmed: number | null;
  readonly onTrial: number | null;
  readonly emergency: number | null;
  readonly groups: readonly string[];
  /** Of the newest document that was taken, and of the newest that was not. */
  readonly lastStep: Told | null;
  readonly lastRefusal: Told | null;
  /** By code, since its process started. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What a device says of one document. */
export interface Told {
  readonly code: string;
  readonly version: number | null;
  readonly kind: string | null;
  /** Wall clock of the device. */
  readonly tsMs: number | null;
  /** In words of the device. */
  readonly why?: string;
}

/** What a device had said when a document was published. */
export type Before = Pick<Reported, 'lastStep' | 'lastRefusal' | 'counters'>;

export const UNHEARD: Before = { lastStep: null, lastRefusal: null, counters: {} };

export interface Sought {
  readonly kind: 'policy' | 'emergency' | 'emergencyEnd';
  readonly version: number;
}

export type Outcome =
  | { readonly kind: 'waiting' | 'onTrial' | 'confirmed' | 'rolledBack' }
  | { readonly kind: 'refused'; readonly code: string };

export const WAITING: Outcome = { kind: 'waiting' };

/** Refusals that no version is told of, because nobody trusted could be asked for it. */
const UNREAD = [
  'document_too_large',
  'document_malformed',
  'document_unsigned',
  'signer_unknown',
  'signature_invalid',
] as const;

export const isSettled = ({ kind }: Outcome) => kind !== 'waiting' && kind !== 'onTrial';

/**
 * @param before of when the document was published, or null where that is not known.
 * @param known what it was. Confirmed it stays, and what was refused or rolled back stays that until it is tried once more.
 */
export function outcomeOf(
  sought: Sought,
  reported: Reported,
  before: Before | null,
  known: Outcome,
): Outcome {
  if (known.kind === 'confirmed') return known;
  const next = outcomeNow(sought, reported, before);
  return isSettled(known) && next.kind === 'waiting' ? known : next;
}

function outcomeNow(sought: Sought, reported: Reported, before: Before | null): Outcome {
  if (sought.kind === 'policy') {
    if (reported.confirmed === sought.version) return { kind: 'confirmed' };
    if (reported.onTrial === sought.version) return { kind: 'onTrial' };
  }
  if (sought.kind === 'emergency' && reported.emergency === sought.version) {
    return { kind: 'confirmed' };
  }
  if (sought.kind === 'emergencyEnd') {
    const isOver = reported.emergency === null && grew(reported, before, 'emergency_ended');
    if (isOver) return { kind: 'confirmed' };
  }
  const told = toldOf(sought, reported, before);
  if (told !== null) return told;
  const unread = UNREAD.find((code) => grew(reported, before, code));
  return unread === undefined ? WAITING : { kind: 'refused', code: unread };
}

/** What it says of this document, or null. */
function toldOf(sought: Sought, reported: Reported, before: Before | null): Outcome | null {
  const { lastStep, lastRefusal, emergency } = reported;
  const isUnderEmergency = emergency !== null;
  return (
    saidNow(sought, lastStep, before?.lastStep ?? null, isUnderEmergency) ??
    saidNow(sought, lastRefusal, before?.lastRefusal ?? null, isUnderEmergency)
  );
}

/** What was refused may be taken now, a version that is used up not. */
function saidNow(
  sought: Sought,
  told: Told | null,
  before: Told | null,
  isUnderEmergency: boolean,
): Outcome | null {
  const said = saidBy(sought, told, isUnderEmergency);
  return said?.kind === 'refused' && isSame(told, before) ? null : said;
}

function isSame(told: Told | null, before: Told | null): boolean {
  return (['code', 'version', 'kind', 'tsMs'] as const).every(
    (key) => told?.[key] === before?.[key],
  );
}

function saidBy(
  { kind, version }: Sought,
  told: Told | null,
  isUnderEmergency: boolean,
): Outcome | null {
  if (told === null || told.version !== version) return null;
  const { code } = told;
  if (kind === 'policy' && code === 'policy_rolled_back') return { kind: 'rolledBack' };
  if (kind === 'emergencyEnd' && code === 'emergency_ended') return { kind: 'confirmed' };
  if (told.kind !== (kind === 'policy' ? 'policy' : 'emergency')) return null;
  // Behind the trial of another one, or a save that failed, it gets its turn.
  if (code === 'push_busy' || code === 'push_not_durable') return WAITING;
  // Used up, and not confirmed: it was on trial before, and somebody has not heard what became of it.
  if (kind === 'policy' && code === 'document_replayed') return { kind: 'rolledBack' };
  // Used up, and none holds: it ended it, and was restarted before anybody heard that.
  const isEnd = kind === 'emergencyEnd' && code === 'document_replayed' && !isUnderEmergency;
  return isEnd ? { kind: 'confirmed' } : { kind: 'refused', code };
}

function grew({ counters }: Reported, before: Before | null, code: string): boolean {
  if (before === null) return false;
  const [now, then] = [counters[code] ?? 0, before.counters[code] ?? 0];
  // Less than before: another process, which began at zero.
  return now > then || (now > 0 && now < then);
}
