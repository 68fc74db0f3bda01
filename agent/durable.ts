/**
 * The main thread's answers to the tunnel thread's wishes for something durable.
 *
 * @module
 */
import type { Policy } from '../policies/schema.ts';
import type { Memory } from './memory.ts';
import type { FromTunnel, ToTunnel } from './messages.ts';

export type DurableWish = Extract<FromTunnel, { kind: 'persist' | 'reserveTimestamps' }>;

/** Carry out `wish` and answer it; returns when it is durable or has failed. */
export function makeDurable(memory: Memory, wish: DurableWish, wallMs: number): ToTunnel {
  if (wish.kind === 'persist') {
    const { ticket, durable } = wish;
    return { kind: 'persisted', ticket, isDurable: memory.save(durable) };
  }
  const grant = memory.reserveTimestamps(Math.max(wish.atLeastMs, wallMs));
  return { kind: 'timestamps', grant };
}

/** I4: a policy older than one that was in force is refused, whoever put it there. */
export function isPolicyAdmitted(memory: Memory, version: number): boolean {
  return version >= memory.policyVersion;
}

/**
 * What is wrong with a policy that is not admitted, and what to do about it.
 *
 * @param file `policy.file` of the configuration; null: it is a shipped profile, whose version nobody can raise.
 * @param isPushLost a newer one may have been pushed, and nobody can read it (docs/push.md, "When both slots are lost").
 */
export function olderPolicy(
  memory: Memory,
  { name, version }: Pick<Policy, 'name' | 'version'>,
  file: string | null,
  isPushLost = false,
): string {
  const before = memory.policyVersion;
  const lost = isPushLost ? ', and what was pushed here cannot be read any more' : '';
  const older = `policy "${name}" has version ${version}, but version ${before} was in force here${lost}`;
  return file === null
    ? `${older}. Copy the profile to a file, with version ${before} or above, and name that in policy.file.`
    : `${older}. Raise its \`version\` to at least ${before}.`;
}

/** Another policy while the session lives: in force once it is durable. Nothing of a refused one is. */
export function takePolicy(
  memory: Memory,
  { version }: Pick<Policy, 'version'>,
): 'durable' | 'older' | 'notDurable' {
  if (!isPolicyAdmitted(memory, version)) return 'older';
  if (!memory.applyPolicy(version)) return 'notDurable';
  return 'durable';
}

/** What the session goes on with after a boot. */
export function rememberedAtBoot(memory: Memory) {
  return { remembered: memory.remembered, wasLost: memory.recovery === 'bothSlotsLost' };
}
