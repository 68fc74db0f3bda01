/**
 * What the tunnel thread starts with.
 *
 * @module
 */
import type { Policy } from '../../policies/schema.ts';
import { PLAIN_TIMES } from '../../session/channel/age.ts';
import { rememberedAtBoot } from '../durable.ts';
import type { Memory } from '../memory.ts';
import type { TunnelSetup } from '../messages.ts';
import { tunnelRules } from '../rules.ts';
import type { Start } from '../start.ts';

export interface SetupParts
  extends Pick<TunnelSetup, 'wakeFd' | 'port' | 'clock' | 'endpoints' | 'metering'> {
  readonly start: Start;
  /** As it holds now. */
  readonly policy: Policy;
  readonly memory: Memory;
}

export function tunnelSetup({ start, policy, memory, ...parts }: SetupParts): TunnelSetup {
  const { config, privateKey, hubPublicKey, psk } = start;
  return {
    ...parts,
    ...{ mode: config.hub.mode, privateKey, hubPublicKey, psk },
    links: config.links,
    tunName: config.tunnel.name,
    mtuMaxBytes: config.tunnel.mtu,
    mayHaveIpv6: [...config.tunnel.addresses, ...config.tunnel.allowed].some((cidr) =>
      cidr.includes(':'),
    ),
    offload: config.tunnel.offload,
    dataCipher: config.tunnel.dataCipher,
    mark: config.tunnel.mark,
    rules: tunnelRules(policy, config.links),
    seed: crypto.getRandomValues(new Uint8Array(32)),
    ...rememberedAtBoot(memory),
    plainTimes: PLAIN_TIMES,
  };
}

/** The thread has clones of its own; nothing on the main thread needs them any more. */
export function forgetSecrets({ privateKey, psk, seed, remembered }: TunnelSetup): void {
  for (const secret of [privateKey, psk, seed, remembered?.secret]) secret?.fill(0);
}
