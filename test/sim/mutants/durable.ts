/**
 * What flash, store and clocks have to keep over a power cut: planted where it is written and read.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

const STORE = 'session/flash/store.ts';
const MEMORY = 'agent/memory.ts';

export const DURABLE_MUTANTS: readonly Mutant[] = [
  {
    id: 'flash-one-slot-only',
    file: 'session/flash/slots.ts',
    find: '  return chosen?.slot === 0 ? 1 : 0;',
    replace: '  return chosen === null ? 0 : chosen.slot;',
    breaks: 'Every write goes over the record that counts: a torn one takes it.',
    invariant: 'I4',
  },
  {
    id: 'flash-generation-stays',
    file: STORE,
    find: 'generation: (this.#newest?.record.generation ?? 0) + 1 };',
    replace: 'generation: this.#newest?.record.generation ?? 1 };',
    breaks: 'The newer of two records is not to be told from the older.',
    invariant: 'I4',
  },
  {
    id: 'flash-loss-not-lifted',
    file: STORE,
    find: 'this.#content = other === null ? lifted(chosen.record) : chosen.record;',
    replace: 'this.#content = chosen.record;',
    breaks: 'After the newest slot was lost the older one is taken at its word.',
    invariant: 'I4',
  },
  {
    id: 'flash-oldest-wins',
    file: 'session/flash/slots.ts',
    find: 'if (a !== null && (b === null || a.generation >= b.generation))',
    replace: 'if (a !== null && (b === null || a.generation <= b.generation))',
    breaks: 'Of two valid records the older one counts.',
    invariant: 'I4',
  },
  {
    id: 'flash-failure-believed',
    file: MEMORY,
    find: '    if (outcome.ok) this.#content = content;\n    return outcome.ok;',
    replace: '    this.#content = content;\n    return true;',
    breaks: 'A write that failed counts as durable.',
    invariant: 'I4',
  },
  {
    id: 'durable-answer-always-yes',
    file: 'agent/durable.ts',
    find: "return { kind: 'persisted', ticket, isDurable: memory.save(durable) };",
    replace: "memory.save(durable);\n    return { kind: 'persisted', ticket, isDurable: true };",
    breaks: 'The session is told that its wish is durable before anybody knows.',
    invariant: 'I4',
  },
  {
    id: 'timestamps-not-reserved',
    file: MEMORY,
    find: 'const fromS = Math.max(Math.ceil(atLeastMs / 1_000), this.#content.timestampReserved + 1);',
    replace: 'const fromS = Math.ceil(atLeastMs / 1_000);',
    breaks: 'A clock that was set back makes handshakes older than those before.',
    invariant: 'I4',
  },
  {
    id: 'store-swap-unconditional',
    file: 'hub/compareAndSwap.ts',
    find: "  if ((current?.revision ?? 0) !== expectedRevision) return { outcome: 'mismatch', current };",
    replace:
      "  if (current === null && expectedRevision !== 0) return { outcome: 'mismatch', current };",
    breaks: 'The store replaces a record that is not the one expected.',
    invariant: 'I4',
  },
  {
    id: 'hub-time-goes-back',
    file: 'hub/time.ts',
    find: '    const startMs = Math.max(clock.wallMs(), this.#reservedMs);',
    replace: '    const startMs = clock.wallMs();',
    breaks: 'A hub whose wall clock was set back lets deadlines begin anew.',
    invariant: 'I3',
  },
  {
    id: 'policy-followed-before-durable',
    file: 'agent/durable.ts',
    find: "  if (!memory.applyPolicy(version)) return 'notDurable';\n",
    replace: '',
    breaks: 'A session follows a policy that a power cut takes back.',
    invariant: 'I4',
  },
  {
    id: 'older-policy-followed',
    file: 'agent/durable.ts',
    find: "  if (!isPolicyAdmitted(memory, version)) return 'older';\n",
    replace: '',
    breaks: 'A running device goes back to an older policy.',
    invariant: 'I4',
  },
];
