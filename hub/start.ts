/**
 * From a configuration file to everything a hub needs, or one clear sentence why not.
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
import { decodeKey } from '../session/channel/identity.ts';
import { type HubConfig, loadHubConfig } from './config.ts';
import type { Pools } from './enrolment.ts';
import { Pool } from './pool.ts';

/** What any command on a hub's configuration needs. */
export interface HubPlace {
  readonly config: HubConfig;
  readonly pools: Pools;
  /** Relative paths in the configuration are meant from its own folder. */
  readonly path: (written: string) => string;
}

export interface HubStart extends HubPlace {
  readonly policy: Policy;
  /** The policy that the configuration file names now. @throws StartError with what is wrong. */
  readonly rereadPolicy: () => Policy;
  readonly privateKey: Uint8Array;
}

export function readPlace(configFile: string): HubPlace {
  const loaded = loadHubConfig(readText(configFile, 'the configuration', 2));
  if (!loaded.ok) throw new StartError(formatProblems(configFile, loaded.problems), 2);
  const { config } = loaded;
  const { inner4, inner6 } = config.pool;
  return {
    config,
    pools: {
      inner4: inner4 === null ? null : new Pool(inner4),
      inner6: inner6 === null ? null : new Pool(inner6),
    },
    path: (written) => resolve(dirname(configFile), written),
  };
}

export function readStart(configFile: string): HubStart {
  const place = readPlace(configFile);
  const keyFile = place.path(place.config.identity.privateKeyFile);
  return {
    ...place,
    policy: readPolicy(place),
    rereadPolicy: () => readPolicy(readPlace(configFile)),
    privateKey: readPrivateKey(keyFile),
  };
}

function readPolicy({ config, path }: HubPlace): Policy {
  const { file, profile } = config.policy;
  const name = file === null ? `profile ${profile}` : path(file);
  const text = file === null ? PROFILES[profile] : readText(path(file), 'the policy', 2);
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) throw new StartError(formatProblems(name, loaded.problems), 2);
  return loaded.policy;
}

/** A private key: its file is its owner's alone. */
function readPrivateKey(file: string): Uint8Array {
  const hint = 'make one with: jvpn keygen --private-key-file FILE';
  const key = readKeyFile(file, `the key of the hub (${hint})`);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new StartError(`${file}: others may read this key; run: chmod 600 ${file}`, 1);
  }
  return key;
}

/** A file with 32 bytes in base64 on its one line. */
export function readKeyFile(file: string, what: string): Uint8Array {
  const key = decodeKey(readText(file, what, 1).trim());
  if (key.ok) return key.value;
  throw new StartError(`${file}: not a key (${key.code}): 44 characters of base64 are expected`, 2);
}

function readText(file: string, what: string, exitCode: 1 | 2): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`${what} cannot be read: ${why}`, exitCode);
  }
}
