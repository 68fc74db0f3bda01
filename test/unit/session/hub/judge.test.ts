import { describe, expect, test } from 'bun:test';
import { bytesToHex } from '../../../../session/bytes.ts';
import type { Claim } from '../../../../session/claim.ts';
import { claimBytes } from '../../../../session/proof.ts';
import type { ReasonCode } from '../../../../session/reasons.ts';
import { REASONS } from '../../../../session/reasons.ts';
import type { Reattach } from '../../../../session/wire/frames.ts';
import { attached, type Process } from './process.ts';
import type { Rig } from './rig.ts';

/**
 * Goal: each check refuses by itself, the checks answer in the order of docs/protocol.md, and none of
 * them leaves a trace.
 * Method: each fault alone; then each pair of faults in one claim, where the earlier one has to answer.
 */
interface Draft {
  claim: { -readonly [Key in keyof Claim]?: Claim[Key] };
  frame: { -readonly [Key in keyof Reattach]?: Reattach[Key] };
  travelsOn: number;
}

interface Fault {
  readonly code: ReasonCode;
  readonly isFatal: boolean;
  /** Before the claim is made. */
  readonly arrange?: (rig: Rig, device: Process) => void;
  /** What is wrong with the claim. */
  readonly spoil?: (draft: Draft, rig: Rig) => void;
}

const LIMITS = { maxSwitchesPerMinute: 4, reattachPerMinute: 6, recoveryWindowMs: 60_000 };

function setLimits(rig: Rig, change: Partial<Rig['config']['limits']>): void {
  rig.config = { ...rig.config, limits: { ...rig.config.limits, ...change } };
}

const FAULTS: readonly Fault[] = [
  {
    code: 'unknown_session',
    isFatal: true,
    spoil: (draft) => {
      draft.claim.sessionId = 'ab'.repeat(16);
    },
  },
  {
    code: 'invalid_state',
    isFatal: true,
    arrange: (rig) => {
      rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    },
  },
  {
    code: 'session_ttl_expired',
    isFatal: true,
    // The policy is shortened, and the claim is there before the tick.
    arrange: (rig) => setLimits(rig, { sessionTtlMs: 0 }),
  },
  {
    code: 'transport_ttl_expired',
    isFatal: true,
    arrange: (rig) => {
      if (rig.seat.state === 'ATTACHED') rig.run(5_000);
      setLimits(rig, { transportTtlMs: 0 });
    },
  },
  {
    code: 'bad_proof',
    isFatal: true,
    spoil: (draft) => {
      draft.frame.proof = new Uint8Array(32);
    },
  },
  {
    code: 'stale_state_version',
    isFatal: false,
    spoil: (draft, rig) => {
      draft.claim.stateVersion = rig.record?.stateVersion ?? 0;
    },
  },
  {
    code: 'reattach_rate_limited',
    isFatal: false,
    arrange: (rig) => setLimits(rig, { reattachPerMinute: 1 }),
  },
  {
    code: 'policy_denied',
    isFatal: false,
    arrange: (rig) => setLimits(rig, { allowedLinkKinds: ['ethernet'] }),
  },
  {
    code: 'switch_rate_limited',
    isFatal: false,
    arrange: (rig) => setLimits(rig, { maxSwitchesPerMinute: 1 }),
  },
  {
    code: 'cooldown_active',
    isFatal: false,
    arrange: (rig) => setLimits(rig, { cooldownMs: 60_000 }),
    spoil: (draft) => {
      draft.frame.purpose = 'planned';
    },
  },
  {
    code: 'invalid_transport',
    isFatal: false,
    spoil: (draft) => {
      draft.travelsOn = 3;
    },
  },
];

/** Attached on transport 2 after a switch; the claim goes to transport 1 and has all of `faults`. */
function refused(faults: readonly Fault[]) {
  const { rig, device } = attached(LIMITS);
  device.move(2);
  for (const fault of faults.toReversed()) fault.arrange?.(rig, device);
  const draft: Draft = { claim: {}, frame: { linkKind: 'wifi' }, travelsOn: 1 };
  for (const fault of faults) fault.spoil?.(draft, rig);
  const claim = device.claim(1, draft.claim);
  const before = { record: rig.record, route: rig.route, state: rig.seat.state };
  const frame = { ...device.reattachFrame(claim), ...draft.frame };
  device.send(frame, draft.travelsOn);
  return { rig, before, reject: rig.frame('reject') };
}

describe('each check alone', () => {
  for (const fault of FAULTS) {
    test(`${fault.code}`, () => {
      const { rig, before, reject } = refused([fault]);
      expect(reject.reasonCode).toBe(fault.code);
      expect(reject.isFatal).toBe(fault.isFatal);
      expect(REASONS[fault.code].fatal).toBe(fault.isFatal);
      expect({ record: rig.record, route: rig.route, state: rig.seat.state }).toEqual(before);
      expect(rig.reports('refusal')).toEqual([`refusal ${fault.code}`]);
    });
  }

  test('no fault, no refusal', () => {
    const { rig, device } = attached(LIMITS);
    device.move(2);
    device.move(1);
    expect(rig.sent('reject')).toEqual([]);
    rig.frame('reattached');
  });
});

describe('of two faults the earlier check answers', () => {
  FAULTS.forEach((first, index) => {
    for (const second of FAULTS.slice(index + 1)) {
      test(`${first.code} before ${second.code}`, () => {
        expect(refused([first, second]).reject.reasonCode).toBe(first.code);
      });
    }
  });
});

describe('what a refusal tells', () => {
  test('it echoes the claim', () => {
    const { rig, device } = attached();
    const claim = device.claim(2, { stateVersion: 1 });
    device.version = 1;
    device.send(device.reattachFrame({ ...claim, stateVersion: 1 }), 2);
    expect(bytesToHex(claimBytes(rig.frame('reject').claim))).toBe(
      bytesToHex(claimBytes({ ...claim, stateVersion: 1 })),
    );
  });

  test('a stale version learns the recorded one, and above it the claim passes', () => {
    const { rig, device } = attached();
    device.move(2);
    device.version = 0;
    device.move(3);
    const { recordedVersion } = rig.frame('reject');
    expect(recordedVersion).toBe(2);
    device.version = recordedVersion;
    device.move(3);
    rig.frame('reattached');
  });

  test('the same version as recorded is stale, one more passes', () => {
    const { rig, device } = attached();
    device.send(device.reattachFrame({ ...device.claim(2), stateVersion: 1 }), 2);
    expect(rig.refusal()).toBe('stale_state_version');
    device.send(device.reattachFrame({ ...device.claim(2), stateVersion: 2 }), 2);
    rig.frame('reattached');
  });

  test('a stranger does not learn how far the original is', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.secret = new Uint8Array(32);
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    expect(rig.frame('reject')).toMatchObject({
      reasonCode: 'identity_conflict',
      recordedVersion: 0,
    });
  });
});

describe('rates', () => {
  test('a claim at the per-session rate waits for its slot and then gets it', () => {
    const { rig, device } = attached({ reattachPerMinute: 3 });
    device.move(1);
    rig.run(1_000);
    device.move(1);
    device.move(1);
    const reject = rig.frame('reject');
    expect([reject.reasonCode, reject.retryAfterMs]).toEqual(['reattach_rate_limited', 59_000]);
    rig.run(58_999 - 55_000);
    device.data(1);
    while (rig.nowMs < 1_059_999) {
      rig.run(Math.min(4_000, 1_059_999 - rig.nowMs));
      device.data(1);
    }
    device.move(1);
    expect(rig.refusal()).toBe('reattach_rate_limited');
    rig.run(1);
    device.move(1);
    rig.frame('reattached');
  });

  test('planned and quality switches leave two slots to recovery', () => {
    for (const purpose of ['planned', 'quality'] as const) {
      const { rig, device } = attached({ maxSwitchesPerMinute: 4, cooldownMs: 0 });
      device.move(2, { purpose });
      device.move(1, { purpose });
      device.move(2, { purpose });
      expect(rig.refusal()).toBe('switch_rate_limited');
      device.move(2);
      device.move(1);
      rig.frame('reattached');
      device.move(2);
      const reject = rig.frame('reject');
      expect([reject.reasonCode, reject.isFatal]).toEqual(['switch_rate_limited', false]);
      expect(reject.retryAfterMs).toBe(60_000);
    }
  });

  test('cooldown holds planned and quality switches, never a recovery', () => {
    const { rig, device } = attached();
    device.move(2);
    device.move(1, { purpose: 'quality' });
    expect([rig.refusal(), rig.frame('reject').retryAfterMs]).toEqual(['cooldown_active', 1_500]);
    rig.run(1_499);
    device.move(1, { purpose: 'planned' });
    expect([rig.refusal(), rig.frame('reject').retryAfterMs]).toEqual(['cooldown_active', 1]);
    device.move(1);
    rig.frame('reattached');
    rig.run(1_500);
    device.move(2, { purpose: 'planned' });
    rig.frame('reattached');
  });

  test('a reattach on the recorded transport is no switch', () => {
    const { rig, device } = attached({ maxSwitchesPerMinute: 1 });
    device.move(2);
    for (let i = 0; i < 3; i++) device.move(2, { purpose: 'planned' });
    rig.frame('reattached');
    expect(rig.record?.switchedAtMs.length).toBe(1);
    expect(rig.reports('switch')).toEqual([]);
  });

  test('◆ a stay on the recorded transport is exempt from rate, cooldown and switch count', () => {
    const { rig, device } = attached({ reattachPerMinute: 1, maxSwitchesPerMinute: 1 });
    device.move(1, { purpose: 'planned' });
    expect(rig.refusal()).toBe('reattach_rate_limited');
    device.move(1, { purpose: 'stay' });
    rig.frame('reattached');
  });

  test('◆ claims to stay use up nothing that a recovery needs', () => {
    const { rig, device } = attached({ reattachPerMinute: 4 });
    for (let times = 0; times < 30; times++) {
      rig.nowMs += 500;
      device.move(1, { purpose: 'stay' });
    }
    rig.nowMs += 500;
    device.move(2);
    expect(rig.sent('reject')).toEqual([]);
    expect(rig.record?.transportId).toBe(2);
    expect(rig.seat.claimedAtMs.length).toBeLessThanOrEqual(4);
  });

  test('… and are themselves a commit in a quarter of a second', () => {
    const { rig, device } = attached();
    rig.nowMs += 1_000;
    device.move(1, { purpose: 'stay' });
    rig.nowMs += 100;
    device.move(1, { purpose: 'stay' });
    expect(rig.frame('reject')).toMatchObject({
      reasonCode: 'reattach_rate_limited',
      retryAfterMs: 150,
    });
    rig.nowMs += 150;
    device.move(1, { purpose: 'stay' });
    expect(rig.sent('reject')).toEqual([]);
  });

  test('◆ a stay after the other claim was committed is a switch like any other', () => {
    const { rig, device } = attached({ maxSwitchesPerMinute: 2, cooldownMs: 60_000 });
    device.move(2);
    device.move(1, { purpose: 'stay' });
    rig.frame('reattached');
    expect(rig.record?.switchedAtMs.length).toBe(2);
    device.move(2, { purpose: 'stay' });
    expect(rig.refusal()).toBe('switch_rate_limited');
    rig.config = { ...rig.config, limits: { ...rig.config.limits, reattachPerMinute: 3 } };
    device.move(2, { purpose: 'stay' });
    expect(rig.refusal()).toBe('reattach_rate_limited');
  });
});
