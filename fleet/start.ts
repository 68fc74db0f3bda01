/**
 * From a configuration file to everything that `jvpn fleet` needs, or one clear sentence why not.
 *
 * @module
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '../hal/startError.ts';
import { formatProblems } from '../policies/problem.ts';
import { newBrokerName } from './brokerName.ts';
import { type FleetConfig, loadFleetConfig } from './config.ts';
import type { FleetOptions } from './daemon.ts';

/** Chosen: what nobody guesses, if it is as random as docs/fleet.md makes it. */
const TOKEN_MIN = 16;
const TOKEN_MAX = 512;

/** @throws StartError */
export function readStart(
  configFile: string,
): Omit<FleetOptions, 'pages' | 'nowMs' | 'say' | 'waits'> {
  const loaded = loadFleetConfig(readText(configFile, 'the configuration', 2));
  if (!loaded.ok) throw new StartError(formatProblems(configFile, loaded.problems), 2);
  const { broker, http, login, history } = loaded.config;
  const path = (written: string) => resolve(dirname(configFile), written);
  const pathOrNull = (written: string | null) => (written === null ? null : path(written));
  return {
    broker: {
      ...{ url: broker.url, fleet: broker.fleet, username: broker.username },
      passwordFile: pathOrNull(broker.passwordFile),
      caFile: pathOrNull(broker.caFile),
      certificateFile: pathOrNull(broker.certificateFile),
      keyFile: pathOrNull(broker.keyFile),
      // Another process of the same id would be thrown out for it, and it for us.
      clientId: newBrokerName(),
    },
    sessionExpiryS: broker.sessionExpiryS,
    listen: http.listen,
    login: {
      token: login.tokenFile === null ? null : readToken(path(login.tokenFile)),
      proxyHeader: login.proxyHeader,
      proxyAddresses: login.proxyAddresses,
    },
    ...historyOf(history, path),
  };
}

function historyOf(history: FleetConfig['history'], path: (written: string) => string) {
  const { file, retentionDays, bytesMax } = history;
  return { historyFile: path(file), retentionDays, bytesMax };
}

/** The file is its owner's alone, as a key is. */
function readToken(file: string): string {
  const first = readText(file, 'the token', 1).split(/\r?\n/, 1)[0] ?? '';
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new StartError(`${file}: others may read this token; run: chmod 600 ${file}`, 1);
  }
  if (!/^[\x21-\x7e]+$/.test(first) || first.length < TOKEN_MIN || first.length > TOKEN_MAX) {
    const allowed = `${TOKEN_MIN} to ${TOKEN_MAX} characters of ASCII without spaces`;
    throw new StartError(`${file}: the first line is no token: ${allowed} are expected`, 2);
  }
  return first;
}

function readText(file: string, what: string, exitCode: 1 | 2): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`${what} cannot be read: ${why}`, exitCode);
  }
}
