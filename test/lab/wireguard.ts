/**
 * Debian's wireguard-go in a namespace: a WireGuard that nobody here wrote.
 *
 * @module
 */
import type { Namespace } from './namespace.ts';
import { eventually, LabProcess, run } from './process.ts';

const SOCKETS = '/run/wireguard';
const START_MS = 15_000;

/** Start it and wait until `wg` can talk to it. Its socket lies outside namespaces: `name` is unique on this machine. */
export async function startWireguard(namespace: Namespace, name: string): Promise<LabProcess> {
  await run(['mkdir', '-p', SOCKETS]);
  // A killed run with our pid may have left one; wireguard-go would take it for a running twin.
  await run(['rm', '-f', `${SOCKETS}/${name}.sock`]);
  const daemon = new LabProcess(namespace.argv(['wireguard-go', '-f', name]), {
    env: { WG_PROCESS_FOREGROUND: '1' },
  });
  const answers = async () => {
    if (daemon.hasEnded) throw new Error(`wireguard-go ended: ${daemon.stderr.join('\n')}`);
    return (await namespace.exec(['wg', 'show', name], { mayFail: true })).code === 0;
  };
  try {
    await eventually('wireguard-go answers', answers, START_MS);
  } catch (error) {
    const { stdout, stderr } = await namespace.exec(['wg', 'show', name], { mayFail: true });
    const said = [...daemon.stdout, ...daemon.stderr, stdout, stderr].join('\n');
    await daemon.stop();
    throw new Error(`${error}\n${said}`);
  }
  return daemon;
}
