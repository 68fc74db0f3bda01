/**
 * The small texts that people and other hosts write: keys, addresses, networks, broker addresses,
 * instants, command lines. Canonical text is read back to itself, and the two families of address
 * parsers agree on what they accept.
 *
 * @module
 */

import { parseArguments } from '../../../agent/cli/arguments.ts';
import { placeOf } from '../../../hal/mqtt/place.ts';
import { bytesOfIpv4, bytesOfIpv6, parseEndpoint, parsePrefix } from '../../../policies/address.ts';
import { instantMs } from '../../../policies/instant.ts';
import { nearest } from '../../../policies/nearest.ts';
import { decodeKey, encodeKey } from '../../../session/channel/identity.ts';
import { formatAddress, parseAddress } from '../../../session/wire/address.ts';
import { formatCidr, parseCidr } from '../../../session/wire/cidr.ts';
import { formatIp, parseIp } from '../../../session/wire/ip.ts';
import { demand, type Target } from '../target.ts';

const decoder = new TextDecoder();
const bytes = new TextEncoder();

const SAMPLES = [
  ...['192.0.2.1', '2001:db8::1', '::', '::1', 'fe80::1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'],
  ...[
    '1::8',
    '1:2:3:4:5:6:1.2.3.4',
    '10.77.0.0/16',
    'fd77::/64',
    '::/0',
    '0.0.0.0/0',
    '10.0.0.1/32',
  ],
  ...['::ffff:10.0.0.0/104', '192.0.2.1:51820', '[2001:db8::1]:51820', '[fe80::1%3]:51820'],
  ...['xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', '2026-11-28T00:00:00Z'],
  ...[
    '2024-02-29T23:59:59.999Z',
    'mqtt://host:1883',
    'mqtts://[2001:db8::1]:8883',
    'wss://u:p%@h/x',
  ],
  ...['--config FILE --json', '--confg x', '-- --json', '--json=1', '--config=', 'a b c', '-j'],
];

export const texts: Target = {
  name: 'texts',
  what: 'a key, an address, a network, a URL, an instant, a command line',
  covers: ['session/wire/ip.ts', 'session/wire/cidr.ts', 'session/wire/address.ts', 'policies/'],
  bytesMax: 128,
  words: ['::', ':', '.', '/', '%', '255', '0', 'ffff', '[', ']', '=', '--', '65535'].map((word) =>
    bytes.encode(word),
  ),
  generate: (random) => bytes.encode(SAMPLES[random.below(SAMPLES.length)]!),
  judge(input) {
    const text = decoder.decode(input);
    const isRead = [judgeIp, judgeCidr, judgeAddress, judgeKey, judgeUrl, judgeInstant].map(
      (judge) => judge(text),
    );
    judgeArguments(text);
    return isRead.includes(true) ? 'accepted' : 'refused';
  },
};

function judgeIp(text: string): boolean {
  const ip = parseIp(text);
  const isOther = bytesOfIpv4(text) !== null || bytesOfIpv6(text) !== null;
  demand(ip.ok === isOther, 'both parsers accept the same addresses');
  if (!ip.ok) return false;
  const canonical = formatIp(ip.value);
  const again = parseIp(canonical);
  demand(again.ok && formatIp(again.value) === canonical, 'canonical text stays what it is');
  demand(again.value.family === ip.value.family, 'and of its family');
  return true;
}

function judgeCidr(text: string): boolean {
  const cidr = parseCidr(text);
  const other = parsePrefix(text);
  demand(cidr.ok === (other !== null), 'both parsers accept the same networks');
  if (!cidr.ok || other === null) return false;
  const { family, prefixBits } = cidr.value;
  demand(family === other.family && prefixBits === other.lengthBits, 'and read the same in them');
  const canonical = formatCidr(cidr.value);
  const again = parseCidr(canonical);
  demand(again.ok && formatCidr(again.value) === canonical, 'canonical text stays what it is');
  return true;
}

function judgeAddress(text: string): boolean {
  const address = parseAddress(text);
  if (parseEndpoint(text) !== null)
    demand(address.ok, 'an endpoint of the configuration is usable');
  if (!address.ok) return false;
  const canonical = formatAddress(address.value);
  const again = parseAddress(canonical);
  demand(again.ok && formatAddress(again.value) === canonical, 'canonical text stays what it is');
  return true;
}

function judgeKey(text: string): boolean {
  const key = decodeKey(text);
  if (!key.ok) {
    const codes = ['keyLengthWrong', 'keyCharacterWrong', 'keyNotCanonical'];
    demand(codes.includes(key.code), `a documented code: ${key.code}`);
    return false;
  }
  demand(encodeKey(key.value) === text, 'a key has one text');
  return true;
}

function judgeUrl(text: string): boolean {
  const place = placeOf(text);
  if (place === null) return false;
  const port = place.port ?? 0;
  demand(Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port is a port');
  demand((place.host ?? '') !== '', 'a host has a name');
  return true;
}

function judgeInstant(text: string): boolean {
  const atMs = instantMs(text);
  if (atMs === null) return false;
  demand(Number.isFinite(atMs), 'an instant is a number');
  demand(
    instantMs(new Date(atMs).toISOString()) === atMs,
    'an instant survives its canonical text',
  );
  return true;
}

function judgeArguments(text: string): void {
  const flags = { config: { type: 'string' }, json: { type: 'boolean' } } as const;
  const parsed = parseArguments(text.split(' '), flags, 1);
  if (parsed.ok) {
    demand(parsed.operands.length <= 1, 'no more operands than allowed');
    demand(['string', 'undefined'].includes(typeof parsed.flags.config), 'a text flag is text');
    return;
  }
  demand(parsed.message.length > 0 && parsed.message.length <= 512, 'a sentence of bounded length');
  const meant = nearest(text, ['config', 'json']);
  demand(meant === null || meant === 'config' || meant === 'json', 'nearest is one of those');
}
