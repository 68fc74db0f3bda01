/**
 * Goal: a known limit costs nothing: a round trip that jumps from 80 to 800 ms beside another link is taken for a silence
 * (`test/unit/session/device/degraded.test.ts`), and what was under way is not lost, nor the session.
 */
import { expect, test } from 'bun:test';
import { run } from './run.ts';
import { JUMP_BESIDE_WELL } from './unsteady.ts';

/** A busy machine is no finding. */
const PATIENCE_MS = 60_000;

test(
  'a delay that jumps beside another link: the link is left, every packet comes out once, the session goes on',
  () => {
    const { violations, delivered, coverage } = run(JUMP_BESIDE_WELL);
    expect(violations).toEqual([]);
    expect(delivered).toBeGreaterThan(1_000);
    const { reasons, states } = coverage;
    expect(reasons['device heartbeat_timeout'] ?? 0).toBeGreaterThan(0);
    expect(states['device TERMINATED'] ?? 0).toBe(0);
  },
  PATIENCE_MS,
);
