/**
 * What has to be there before the daemon begins: a policy that may be followed, and a log.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { explain } from '../../hal/capabilities.ts';
import { type AuditLog, openAuditLog } from '../../hal/linux/auditLog.ts';
import type { HalResult } from '../../hal/result.ts';
import { StartError } from '../../hal/startError.ts';
import { isPolicyAdmitted, olderPolicy } from '../durable.ts';
import type { Memory } from '../memory.ts';
import type { Start } from '../start.ts';

/** @throws StartError where it is not there. */
export function need<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new StartError(explain(result), 1);
}

/**
 * I4: a policy older than one that was in force is refused, whoever put it there.
 *
 * @param isPushLost what was pushed here cannot be read any more.
 * @throws StartError where it is older, or cannot be written down.
 */
export function admitPolicy({ config, policy }: Start, memory: Memory, isPushLost: boolean): void {
  const { version } = policy;
  if (!isPolicyAdmitted(memory, version)) {
    throw new StartError(olderPolicy(memory, policy, config.policy.file, isPushLost), 2);
  }
  if (!memory.applyPolicy(version)) {
    throw new StartError(`${config.state.directory}: ${memory.lastFailure}`, 1);
  }
}

export function openAudit(
  { config, path }: Start,
  now: { readonly wallMs: () => number; readonly policyVersion: () => number },
): AuditLog {
  const file = path(config.audit.file);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const { bytesMax, filesMax } = config.audit;
  return openAuditLog({ file, bytesMax, filesMax, ...now });
}
