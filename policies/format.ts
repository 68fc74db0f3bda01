/**
 * The shapes a text field may have, each with the words that say so to a person.
 *
 * `accepts` must answer for any text of any length and never throw. `pattern` is for JSON Schema
 * only, where an editor cannot run `accepts`; it may be looser, never stricter.
 *
 * @module
 */
import {
  bytesOfIpv4,
  bytesOfIpv6,
  parseEndpoint,
  parseNamedEndpoint,
  parsePrefix,
} from './address.ts';
import { isSigningKey } from './signed/signingKey.ts';

export interface Format {
  /** Continues "allowed: …". */
  readonly words: string;
  readonly accepts: (text: string) => boolean;
  readonly pattern?: string;
}

/** A format that is exactly a regular expression. */
function matching(words: string, pattern: string): Format {
  const expression = new RegExp(pattern);
  return { words, accepts: (text) => expression.test(text), pattern };
}

/** PATH_MAX of Linux is 4096 with its final zero; control characters are always a mistake. */
const ANY_PATH = matching('a file path, not the key itself', '^[^\\u0000-\\u001f]{1,4095}$');

/** 32 bytes in base64 or hex: somebody wrote the key where its file belongs. No message may repeat that. */
const ANY_KEY = /^([A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64})$/;

export const PATH: Format = {
  ...ANY_PATH,
  accepts: (text) => ANY_PATH.accepts(text) && !ANY_KEY.test(text),
};

/** `sun_path` holds 108 bytes with its final zero. */
export const SOCKET_PATH = matching(
  'a path of at most 107 characters of ASCII',
  '^[\\u0020-\\u007e]{1,107}$',
);

/** IFNAMSIZ is 16 with its final zero; the kernel refuses `/`, whitespace, `.` and `..`. */
export const INTERFACE = matching(
  'an interface name of at most 15 characters, for example eth0',
  '^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$',
);

export const NAME = matching(
  'a name of at most 64 letters, digits, "_", "." and "-"',
  '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$',
);

/** 32 bytes in base64 as `wg pubkey` prints them: the last digit carries only four bits. */
export const KEY = matching(
  'a public key as `jvpn keygen` prints it: 44 characters of base64',
  '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$',
);

/** Of Ed25519: nobody can sign for it but who has its private key. */
export const SIGNING_KEY: Format = {
  ...KEY,
  words: 'a public key as `jvpn keygen --signing` prints it, and none under which anybody can sign',
  accepts: (text) =>
    KEY.accepts(text) &&
    isSigningKey(Uint8Array.from(atob(text), (character) => character.charCodeAt(0))),
};

export const LINE = matching('text on one line', '^[^\\u0000-\\u001f]{1,512}$');

export const BROKER_URL = matching(
  'a broker address like mqtt://host:1883 or mqtts://host:8883',
  '^(mqtt|mqtts|ws|wss)://[^\\s/?#]{1,255}(/[^\\s]{0,255})?$',
);

export const ENDPOINT: Format = {
  words: 'an address with its port, for example 198.51.100.1:51820 or [2001:db8::1]:51820',
  accepts: (text) => parseEndpoint(text) !== null,
  pattern: '^([0-9.]{7,15}|\\[[0-9a-fA-F:.]{2,45}\\]):[1-9][0-9]{0,4}$',
};

export const NAMED_ENDPOINT: Format = {
  words: 'a name with a port, for example hub.example.org:51820',
  accepts: (text) => parseNamedEndpoint(text) !== null,
  pattern: '^[a-zA-Z0-9.-]{1,253}:[1-9][0-9]{0,4}$',
};

export const IP: Format = {
  words: 'an IPv4 or IPv6 address',
  accepts: (text) => bytesOfIpv4(text) !== null || bytesOfIpv6(text) !== null,
};

/** An address with the length of its network: host bits are welcome. */
export const INTERFACE_ADDRESS: Format = {
  words: 'an address with its prefix length, for example 10.77.0.5/24 or fd77::5/64',
  accepts: (text) => parsePrefix(text) !== null,
};

export const NETWORK: Format = {
  words: 'a network without host bits, for example 10.0.0.0/8 or fd77::/64',
  accepts: (text) => parsePrefix(text)?.isNetwork === true,
};

/** A /30 still holds the hub and one device; a /8 keeps the table of leases countable. */
export const POOL4: Format = {
  words: 'an IPv4 network from /8 to /30 without host bits, for example 10.77.0.0/16',
  accepts: (text) => isPool(text, 4, 8, 30),
};

export const POOL6: Format = {
  words: 'an IPv6 network from /32 to /126 without host bits, for example fd77::/64',
  accepts: (text) => isPool(text, 6, 32, 126),
};

function isPool(text: string, family: 4 | 6, shortestBits: number, longestBits: number): boolean {
  const prefix = parsePrefix(text);
  return (
    prefix?.family === family &&
    prefix.isNetwork &&
    prefix.lengthBits >= shortestBits &&
    prefix.lengthBits <= longestBits
  );
}
