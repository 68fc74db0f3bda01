/**
 * A mosquitto on a device's own loopback, with the rules that are shipped. A user has a password, `of-` and its name, or a certificate with it.
 *
 * @module
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Authority, Issued } from './certificates.ts';
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
  return startWith(net, site, [
    ...[`listener ${port} 127.0.0.1`, 'log_type all', 'allow_anonymous false'],
    `password_file ${passwords}`,
  ]);
}

/** `server` has the name by which it is asked; the user of a connection is the name in its certificate. */
export function startCertifiedBroker(
  net: Pick<SiteNet, 'spawn'>,
  site: Site,
  port: number,
  { authority, server }: { readonly authority: Authority; readonly server: Issued },
): Promise<LabProcess> {
  return startWith(net, site, [
    `listener ${port} 127.0.0.1`,
    ...[`cafile ${authority.file}`, `certfile ${server.certificate}`, `keyfile ${server.key}`],
    ...['require_certificate true', 'use_identity_as_username true'],
  ]);
}

/** Of a device `gw1` that asks it, with its certificate in the folder `tls` of its site, and takes what `signer` signed. */
export const certifiedDevice = (url: string, signer: string) => `[telemetry]
enabled = true
url = "${url}"
ca_file = "tls/authority.crt"
certificate_file = "tls/gw1.crt"
key_file = "tls/gw1.key"
device = "gw1"
[push]
enabled = true
signers = ["${signer}"]
`;

async function startWith(
  net: Pick<SiteNet, 'spawn'>,
  site: Site,
  listener: readonly string[],
): Promise<LabProcess> {
  // mosquitto wants its file to be nobody else's.
  copyFileSync(ACL, site.path('acl'));
  chmodSync(site.path('acl'), 0o600);
  const lines = [
    ...['user root', 'persistence false', 'log_dest stderr', ...listener],
    `acl_file ${site.path('acl')}`,
  ];
  writeFileSync(site.path('mosquitto.conf'), `${lines.join('\n')}\n`);
  const broker = net.spawn('device', ['mosquitto', '-c', site.path('mosquitto.conf')]);
  const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
  await eventually('mosquitto runs', isUp, 10_000);
  return broker;
}
