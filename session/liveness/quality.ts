/**
 * Loss, round-trip time and jitter of one transport over a sliding window, judged with hysteresis.
 *
 * @module
 */
import type { QualityLimits } from '../device/limits.ts';
import type { Liveness, Outcome } from './liveness.ts';

export interface Quality {
  readonly lossPercent: number;
  readonly rttMs: number;
  readonly jitterMs: number;
  readonly samples: number;
}

export type QualityFault = 'quality_loss' | 'quality_rtt' | 'quality_jitter';

/** Fewer outcomes than this in the window say nothing about loss (chosen). */
const SAMPLES_MIN = 8;

/** What the window says, and nothing older. */
export function qualityOf(liveness: Liveness, atMs: number, windowMs: number): Quality {
  return summed(liveness, inWindow(liveness, atMs, windowMs));
}

/** The window, but never fewer than the newest few outcomes: what an idle transport is judged well by. */
export function latelyOf(liveness: Liveness, atMs: number, windowMs: number): Quality {
  const recent = inWindow(liveness, atMs, windowMs);
  const isThin = recent.length < SAMPLES_MIN;
  return summed(liveness, isThin ? liveness.outcomes.slice(-SAMPLES_MIN) : recent);
}

function inWindow({ outcomes }: Liveness, atMs: number, windowMs: number): readonly Outcome[] {
  return outcomes.filter((outcome) => outcome.atMs > atMs - windowMs);
}

function summed(liveness: Liveness, recent: readonly Outcome[]): Quality {
  const answered = recent.filter((outcome) => outcome.rttMs !== null);
  const meanMs =
    answered.reduce((sum, outcome) => sum + (outcome.rttMs ?? 0), 0) / (answered.length || 1);
  let steps = 0;
  for (let i = 1; i < answered.length; i++) {
    steps += Math.abs((answered[i]?.rttMs ?? 0) - (answered[i - 1]?.rttMs ?? 0));
  }
  return {
    lossPercent:
      recent.length === 0 ? 0 : (100 * (recent.length - answered.length)) / recent.length,
    rttMs: answered.length === 0 ? (liveness.rtt?.srttMs ?? 0) : meanMs,
    jitterMs: answered.length < 2 ? 0 : steps / (answered.length - 1),
    samples: recent.length,
  };
}

/** The first limit that `quality` is over, or null. */
export function faultOf(quality: Quality, limits: QualityLimits): QualityFault | null {
  if (quality.samples < SAMPLES_MIN) return null;
  if (quality.lossPercent > limits.lossEnterPercent) return 'quality_loss';
  if (quality.rttMs > limits.rttEnterMs) return 'quality_rtt';
  if (quality.jitterMs > limits.jitterEnterMs) return 'quality_jitter';
  return null;
}

/** Whether `quality` is below every leave value: the condition that has to hold for the settle time. */
export function isHealthy(quality: Quality, limits: QualityLimits): boolean {
  return (
    quality.samples > 0 &&
    quality.lossPercent <= limits.lossLeavePercent &&
    quality.rttMs <= limits.rttLeaveMs &&
    quality.jitterMs <= limits.jitterLeaveMs
  );
}
