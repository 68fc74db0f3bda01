/**
 * Whom a device believes and what it does without a clock: planted where keys are retired, remembered and judged by the time.
 *
 * The simulator rotates no signing keys and has a clock in each device, so it is `scripts/torture` that has to notice them.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

export const ROTATION_MUTANTS: readonly Mutant[] = [
  {
    id: 'rotated-key-signs-on',
    file: 'policies/signed/anchors.ts',
    find: '    retired: isRetired(rotated, keyId) ? retired : [...retired, { keyId, namedBy }],',
    replace: '    retired: namedBy === null ? retired : [...retired, { keyId, namedBy }],',
    breaks: 'A key of the configuration goes on signing when its successor has taken its place.',
    invariant: 'I4',
  },
  {
    id: 'successors-forgotten-at-boot',
    file: 'policies/signed/record.ts',
    find: '    rotated: { successors, retired },',
    replace: '    rotated: { successors: [], retired },',
    breaks: 'A restarted device knows who was rotated away, and nobody who came instead.',
    invariant: 'I4',
  },
  {
    id: 'rotation-without-clock',
    file: 'policies/signed/admit.ts',
    find: "    const waits = kind === 'command' || kind === 'rotation';",
    replace: "    const waits = kind === 'command';",
    breaks: 'A device without a clock takes a rotation that may have been withdrawn long ago.',
    invariant: 'I4',
  },
];
