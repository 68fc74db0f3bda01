/**
 * A real mosquitto of its own on a loopback port, with its own configuration, ended by pid.
 *
 * @module
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { LabProcess } from './process.ts';

const START_MS = 10_000;
const PROGRAM = Bun.which('mosquitto') ?? Bun.which('mosquitto', { PATH: '/usr/sbin:/sbin' });

/** What is missing for {@link startMosquitto}, or null. */
export const mosquittoObstacle: string | null =
  PROGRAM === null ? 'mosquitto is not installed' : null;

/** A port that nobody listens on. Another process may take it before it is used; nothing here does. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface MosquittoOptions {
  readonly directory: string;
  readonly port: number;
  /** Further lines for the listener; without `allow_anonymous` everybody may connect. */
  readonly lines?: readonly string[];
  /** A folder: what it keeps is read from there when it starts, and written there on SIGUSR1 and SIGTERM. Left out: it forgets. */
  readonly persistence?: string;
  /** No line for each packet: ten thousand devices would be a measurement of the log. */
  readonly isQuiet?: boolean;
}

const QUIET = ['error', 'warning', 'notice', 'information'].map((type) => `log_type ${type}`);

/** Resolves when it listens. Its log, on standard error, names each client with its protocol and keepalive. */
export async function startMosquitto(options: MosquittoOptions): Promise<LabProcess> {
  const { directory, port, lines = [], isQuiet = false, persistence } = options;
  const isOpen = !lines.some((line) => line.startsWith('allow_anonymous'));
  const file = join(directory, `mosquitto-${port}.conf`);
  await Bun.write(
    file,
    [
      // As root it would drop to a user that cannot read this folder.
      'user root',
      ...(persistence === undefined
        ? ['persistence false']
        : ['persistence true', `persistence_location ${persistence}/`]),
      'log_dest stderr',
      ...(isQuiet ? QUIET : ['log_type all', 'connection_messages true']),
      `listener ${port} 127.0.0.1`,
      ...(isOpen ? ['allow_anonymous true'] : []),
      ...lines,
      '',
    ].join('\n'),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const broker: LabProcess = new LabProcess([PROGRAM ?? 'mosquitto', '-c', file], {
    name: 'mosquitto',
    onLine: (line) => (/ running$/.test(line) ? resolve() : undefined),
  });
  const patience = setTimeout(() => reject(new Error('mosquitto does not start')), START_MS);
  broker.exited.then(() => reject(new Error(`mosquitto ended: ${broker.stderr.join('\n')}`)));
  await promise.finally(() => clearTimeout(patience));
  return broker;
}
