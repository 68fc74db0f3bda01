/**
 * A mosquitto on a device's own loopback, with the rules that are shipped and a password for each user: `of-` and its name.
 *
 * @module
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { eventually, type LabProcess, run } from './process.ts';
import type { Site, SiteNet } from './site.ts';

const ACL = resolve(import.meta.dir, '../../policies/broker/mosquitto.acl');

/** Its files are in the folder of `site`. */
export async function startShippedBroker(
  net: Pick<SiteNet, 'spawn'>,
  site: Site,
  port: number,
  users: readonly string[],
): Promise<LabProcess> {
  const passwords = site.path('passwords');
  for (const [at, user] of users.entries()) {
    const create = at === 0 ? ['-c'] : [];
    await run(['mosquitto_passwd', '-b', ...create, passwords, user, `of-${user}`]);
  }
  // mosquitto wants its file to be nobody else's.
  copyFileSync(ACL, site.path('acl'));
  chmodSync(site.path('acl'), 0o600);
  const lines = [
    ...['user root', 'persistence false', 'log_dest stderr', 'log_type all'],
    ...[`listener ${port} 127.0.0.1`, 'allow_anonymous false'],
    ...[`password_file ${passwords}`, `acl_file ${site.path('acl')}`],
  ];
  writeFileSync(site.path('mosquitto.conf'), `${lines.join('\n')}\n`);
  const broker = net.spawn('device', ['mosquitto', '-c', site.path('mosquitto.conf')]);
  const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
  await eventually('mosquitto runs', isUp, 10_000);
  return broker;
}
