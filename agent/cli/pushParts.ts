/**
 * What `jvpn policy push` and `fleet/push/`, which it loads by `import()`, know of each other.
 *
 * @module
 */
import type { Rollout } from '../../policies/rollout/rollout.ts';

type Module = typeof import('../../fleet/push/pushRun.ts');
export type PushRun = InstanceType<Module['PushRun']>;
export type PushSteps = Parameters<PushRun['run']>[1];
export type PushEnd = NonNullable<Awaited<ReturnType<PushRun['run']>>>;

/** Which rollout it is, and what it publishes. */
export interface Prepared {
  readonly rollout: Rollout;
  readonly steps: Pick<PushSteps, 'documentFor' | 'save' | 'isAbort' | 'isGenuine'>;
  /** How to go on with it once it was interrupted. */
  readonly goOn: string;
}
