/**
 * jvpn as a contender: hub and agent of one binary, session mode, default policy.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WORKER_ENTRIES } from '../../../hal/worker.ts';
import { compile } from '../../../scripts/compile.ts';
import { TARGETS } from '../../../scripts/target.ts';
import { isAttached, Site, untilAudit } from '../site.ts';
import type { Cable } from './cable.ts';
import { Absent, type Tunnel } from './contender.ts';
import { LOG_PAUSES } from './pauses.ts';

const ROOT = resolve(import.meta.dir, '../../..');
const NO_CIPHER = 'JVPN_BENCH_NO_CIPHER';
const NO_CIPHER_FOLDER = join(ROOT, 'dist/bench');
const NO_CIPHER_NAME = 'jvpn-no-cipher';
const DEVICE = 'bench';

interface Status {
  readonly inner4: string;
  readonly cipher: string;
}

interface Wanted {
  readonly binary: string;
  /** Left out: what hub and agent agree on. */
  readonly dataCipher?: string;
}

export async function startJvpn(cable: Cable, { binary, dataCipher }: Wanted): Promise<Tunnel> {
  await using stack = new AsyncDisposableStack();
  const tunnelExtra = dataCipher === undefined ? '' : `data_cipher = "${dataCipher}"\n`;
  const site = stack.use(new Site(cable, { binary, tunnelExtra }));
  const hub = stack.use(await site.hub(LOG_PAUSES).catch((error: Error) => refused(error)));
  await site.device(DEVICE);
  const agent = stack.use(site.agent(DEVICE, LOG_PAUSES));
  await untilAudit(agent, 'attached', isAttached);
  const status = await site.status<Status>('device', DEVICE);
  const version = (await site.jvpn('device', ['--version'])).stdout.trim();
  const disposal = stack.move();
  return {
    // The hub has the first address of its pool (docs/configuration.md).
    hubInner: '10.77.0.1',
    mtuBytes: await cable.mtuBytes('device', DEVICE),
    cipher: status.cipher,
    about: version,
    logsPauses: true,
    processes: { device: agent, hub },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** An older tree does not know the key. */
function refused(error: Error): never {
  if (error.message.includes('data_cipher')) {
    throw new Absent('this build has no [tunnel] data_cipher');
  }
  throw error;
}

/** Where {@link buildNoCipher} puts it, or {@link Absent}. */
export function noCipherBinary(): string {
  const path = join(NO_CIPHER_FOLDER, NO_CIPHER_NAME);
  if (!existsSync(path)) throw new Absent(`no source names ${NO_CIPHER}`);
  return path;
}

/** Compile this tree with encryption left out, if it has the constant for that. Never into dist/ itself. */
export async function buildNoCipher(): Promise<void> {
  const target = TARGETS.find((name) => name === `linux-${process.arch}`);
  const path = join(NO_CIPHER_FOLDER, NO_CIPHER_NAME);
  if (target === undefined || !knowsNoCipher()) {
    // One of another day would measure another tree.
    await Bun.file(path)
      .delete()
      .catch(() => {});
    return;
  }
  await compile({
    root: ROOT,
    entries: ['agent/jvpn.ts', ...WORKER_ENTRIES],
    target,
    outDir: NO_CIPHER_FOLDER,
    name: NO_CIPHER_NAME,
    define: { JVPN_COMMIT: JSON.stringify('no-cipher'), [NO_CIPHER]: 'true' },
  });
}

function knowsNoCipher(): boolean {
  return ['agent', 'hub', 'hal', 'session'].some((folder) =>
    [...new Bun.Glob('**/*.ts').scanSync(join(ROOT, folder))].some((file) =>
      readFileSync(join(ROOT, folder, file), 'utf8').includes(NO_CIPHER),
    ),
  );
}
