/**
 * Debian's OpenVPN as a contender: AES-256-GCM over UDP, in userspace, two certificates that name each other by
 * fingerprint (`--peer-fingerprint`) and no certificate authority.
 *
 * Options for speed were chosen by trying: none, `--fast-io`, socket buffers left to the kernel (0), of 4 MiB, and a
 * longer queue at the tun. `--fast-io` with 4 MiB took the least CPU for a byte and was the fastest in most rounds; the
 * others, no options included, lie within each other's noise (docs/performance.md).
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabProcess } from '../process.ts';
import { run } from '../process.ts';
import { type Cable, DEVICE_OUTER, type End, HUB_OUTER } from './cable.ts';
import { needed, type Tunnel } from './contender.ts';

const INNER = { device: '10.67.0.2', hub: '10.67.0.1' } as const;
const OUTER = { device: DEVICE_OUTER, hub: HUB_OUTER } as const;
const DEVICE_NAME = 'ovpn0';
const PORT = '1194';
const CIPHER = 'AES-256-GCM';
const START_MS = 20_000;

/** Beyond what makes it a tunnel at all. */
const SOCKET_BYTES = String(4 << 20);
export const TUNING: readonly string[] = [
  '--fast-io',
  ...['--sndbuf', SOCKET_BYTES, '--rcvbuf', SOCKET_BYTES],
];

export async function startOpenvpn(cable: Cable, tuning = TUNING): Promise<Tunnel> {
  needed('openvpn');
  needed('openssl');
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-bench-ovpn-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const prints = {
    device: await newCertificate(folder, 'device'),
    hub: await newCertificate(folder, 'hub'),
  };
  const spawn = (end: End, peer: End, role: readonly string[]): LabProcess =>
    stack.use(
      cable.spawn(end, [
        'openvpn',
        ...['--dev', DEVICE_NAME, '--dev-type', 'tun', '--ifconfig', INNER[end], INNER[peer]],
        ...['--proto', 'udp4', '--local', OUTER[end], '--port', PORT, '--remote', OUTER[peer]],
        ...['--cert', join(folder, `${end}.crt`), '--key', join(folder, `${end}.key`)],
        ...['--peer-fingerprint', prints[peer], '--data-ciphers', CIPHER, '--verb', '3'],
        ...role,
        ...tuning,
      ]),
    );
  const hub = spawn('hub', 'device', ['--tls-server', '--dh', 'none']);
  const device = spawn('device', 'hub', ['--tls-client']);
  // The last line of the start; an earlier one says that the tun is up.
  const agreed = (lines: readonly string[]) =>
    lines.map((line) => /Data Channel: cipher '([^']+)'/.exec(line)?.[1]).find(Boolean);
  await hub.until(agreed, START_MS);
  const cipher = await device.until(agreed, START_MS);
  const version = device.stdout.map((line) => /OpenVPN [\d.]+/.exec(line)?.[0]).find(Boolean);
  const disposal = stack.move();
  return {
    hubInner: INNER.hub,
    mtuBytes: await cable.mtuBytes('device', DEVICE_NAME),
    cipher: cipher?.toLowerCase() ?? 'unknown',
    about: `${version ?? 'OpenVPN'}, ${tuning.join(' ')}`,
    processes: { device, hub },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** Key and self-signed certificate of one end; returns the fingerprint. */
async function newCertificate(folder: string, end: End): Promise<string> {
  const [key, certificate] = [join(folder, `${end}.key`), join(folder, `${end}.crt`)];
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-nodes', '-days', '2', '-subj', `/CN=${end}`, '-keyout', key, '-out', certificate],
  ]);
  const { stdout } = await run([
    ...['openssl', 'x509', '-in', certificate, '-noout', '-fingerprint', '-sha256'],
  ]);
  return stdout.trim().replace(/^.*=/, '');
}
