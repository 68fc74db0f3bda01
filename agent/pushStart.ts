/**
 * From the configuration to what takes signed documents. Loaded by `import()` where the configuration wants them.
 *
 * @module
 */
import { join } from 'node:path';
import { explain } from '../hal/capabilities.ts';
import type { Clock } from '../hal/clock.ts';
import { openFlash } from '../hal/linux/flash.ts';
import { keyLevel } from '../hal/mqtt/topics.ts';
import { StartError } from '../hal/startError.ts';
import { PUSH_RECORD_BYTES } from '../policies/signed/record.ts';
import { decodeKey } from '../session/channel/identity.ts';
import { type CommandParts, Commands } from './commands.ts';
import type { Memory } from './memory.ts';
import type { PushUsers } from './push/users.ts';
import { Push } from './push.ts';
import type { Start } from './start.ts';

export interface Pushing {
  readonly push: Push;
  /** As `Push.begin`; whom to tell what is audited, for commands ask for what comes about later. */
  readonly begin: (
    users: Omit<PushUsers, 'carryOut' | 'onAnswer'>,
    parts: Omit<CommandParts, 'place' | 'wallMs' | 'onTrial'>,
  ) => Commands;
}

/**
 * @param device public key, base64.
 * @throws StartError where its slots cannot be opened.
 */
export function startPush(start: Start, device: string, memory: Memory, clock: Clock): Pushing {
  const { push, telemetry, state } = start.config;
  const flash = openFlash(join(start.path(state.directory), 'push'), PUSH_RECORD_BYTES);
  if (!flash.ok) throw new StartError(explain(flash), 1);
  const { device: name, fleet } = telemetry;
  const place = { fleet, device: name ?? keyLevel(device) };
  const wallMs = () => clock.wallMs();
  const taking = new Push({
    flash: flash.value,
    identity: {
      device: [keyLevel(device), ...(name === null ? [] : [name])],
      groups: push.groups,
      fleet,
    },
    // Their form was judged with the configuration.
    signers: push.signers.flatMap((signer) => {
      const key = decodeKey(signer);
      return key.ok ? [key.value] : [];
    }),
    configured: start.policy,
    policyVersionMin: memory.policyVersion,
    clock,
    loadSign1: async () => (await import('./cose.ts')).COSE,
  });
  return {
    push: taking,
    begin(users, parts) {
      const commands = new Commands({ ...parts, place, wallMs, onTrial: () => taking.onTrial });
      taking.begin({
        ...users,
        carryOut: (command, expiresS) => commands.carryOut(command, expiresS),
        onAnswer: (answer, why, request) => void commands.answer(answer, why, request),
      });
      return commands;
    },
  };
}
