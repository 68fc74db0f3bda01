/**
 * What a figure has to be read with: the machine, the kernel, the runtime, the source.
 *
 * @module
 */
import { cpus, loadavg, release, totalmem } from 'node:os';

/** @param version what the measured binary says of itself; its commit is in there. */
export function machineOf(version: string, at: Date) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_mib: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    bun: Bun.version,
    jvpn: version,
    commit: /\(([^,)]+)/.exec(version)?.[1] ?? 'unknown',
    date: at.toISOString(),
    load_before: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
