/**
 * From a configuration file to everything a running agent needs, or one clear sentence why not.
 *
 * @module
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '../hal/startError.ts';
import { loadPolicyText } from '../policies/load.ts';
import { formatProblems } from '../policies/problem.ts';
import { PROFILES } from '../policies/profiles.ts';
import type { Policy } from '../policies/schema.ts';
import { decodeKey, NO_PSK } from '../session/channel/identity.ts';
import { type AgentConfig, loadAgentConfig } from './config.ts';

export interface NamedPolicy {
  readonly policy: Policy;
  /** As it is written in the configuration; null: a shipped profile. */
  readonly file: string | null;
}

export interface Start {
  readonly config: AgentConfig;
  readonly policy: Policy;
  /** What the configuration file names now. @throws StartError with what is wrong. */
  readonly rereadPolicy: () => NamedPolicy;
  readonly privateKey: Uint8Array;
  readonly hubPublicKey: Uint8Array;
  readonly psk: Uint8Array;
  /** Relative paths in the configuration are meant from its own folder. */
  readonly path: (written: string) => string;
}

export function readStart(configFile: string): Start {
  const config = readConfig(configFile);
  const path = (written: string) => resolve(dirname(configFile), written);
  const hubPublicKey = decodeKey(config.hub.publicKey);
  if (!hubPublicKey.ok)
    throw new StartError(`${configFile}: hub.public_key: ${hubPublicKey.code}`, 2);
  const { presharedKeyFile } = config.hub;
  return {
    config,
    policy: readPolicy(config, path),
    rereadPolicy: () => {
      const now = readConfig(configFile);
      return { policy: readPolicy(now, path), file: now.policy.file };
    },
    privateKey: readKey(path(config.identity.privateKeyFile)),
    hubPublicKey: hubPublicKey.value,
    psk: presharedKeyFile === null ? NO_PSK : readKey(path(presharedKeyFile)),
    path,
  };
}

function readConfig(configFile: string): AgentConfig {
  const loaded = loadAgentConfig(readText(configFile, 'the configuration'));
  if (!loaded.ok) throw new StartError(formatProblems(configFile, loaded.problems), 2);
  return loaded.config;
}

function readPolicy(config: AgentConfig, path: (written: string) => string): Policy {
  const { file, profile } = config.policy;
  const name = file === null ? `profile ${profile}` : path(file);
  const text = file === null ? PROFILES[profile ?? 'balanced'] : readText(path(file), 'the policy');
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) throw new StartError(formatProblems(name, loaded.problems), 2);
  return loaded.policy;
}

/** A key file: 32 bytes in base64 on its first line, readable by its owner alone. */
function readKey(file: string): Uint8Array {
  const text = readText(file, 'the key', 'Make one with: jvpn keygen --private-key-file FILE');
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0) {
    throw new StartError(`${file}: others may read this key. Run: chmod 600 ${file}`, 1);
  }
  const key = decodeKey(text.trim());
  if (!key.ok)
    throw new StartError(
      `${file}: not a key (${key.code}): 44 characters of base64 are expected`,
      2,
    );
  return key.value;
}

function readText(file: string, what: string, hint = ''): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `${what} cannot be read: ${why}${hint === '' ? '' : `. ${hint}`}`,
      hint === '' ? 2 : 1,
    );
  }
}
