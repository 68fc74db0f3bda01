/**
 * OpenSSL's libcrypto, opened here and nowhere else. It is optional: where it cannot be opened, the
 * reason is kept for status and other code serves.
 *
 * Version 3 only, by the name that Debian and Alpine give it; its functions used here are the same in
 * every 3.x. Opened on first use, once for each thread: each Worker evaluates this module anew.
 *
 * ◆ By absolute path only: what the system does not find by name, bun:ffi looks for in the working
 * directory, and whoever can write there would seal our packets.
 *
 * Source: openssl/evp.h, openssl/core_names.h of OpenSSL 3.0.
 *
 * @module
 */
import { CString, dlopen, type Pointer } from 'bun:ffi';
import { existsSync } from 'node:fs';
import type { CipherSuite } from '../../session/channel/aead.ts';
import { addressOf, nativeText } from './memory.ts';

const NAME = 'libcrypto.so.3';
const TRIPLE = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
const FOLDERS = [
  `/usr/lib/${TRIPLE}`,
  `/lib/${TRIPLE}`,
  '/usr/lib64',
  '/lib64',
  '/usr/lib',
  '/lib',
];
const VERSION_MIN = 0x3000_0000;

/**
 * Measured on x86-64: `ptr` given as a number is the cheapest type for an address, 80 ns a packet
 * cheaper than `usize` or `u64_fast`. Lengths are far below 2^31, so `i32` serves for size and result.
 */
const SYMBOLS = {
  EVP_CIPHER_CTX_ctrl: { args: ['ptr', 'i32', 'i32', 'ptr'], returns: 'i32' },
  EVP_CIPHER_CTX_free: { args: ['ptr'], returns: 'void' },
  EVP_CIPHER_CTX_new: { args: [], returns: 'ptr' },
  EVP_CIPHER_fetch: { args: ['ptr', 'ptr', 'ptr'], returns: 'ptr' },
  EVP_CipherFinal_ex: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  EVP_CipherInit_ex: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'i32'], returns: 'i32' },
  EVP_CipherUpdate: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'i32'], returns: 'i32' },
  EVP_PKEY_CTX_free: { args: ['ptr'], returns: 'void' },
  EVP_PKEY_CTX_new: { args: ['ptr', 'ptr'], returns: 'ptr' },
  EVP_PKEY_derive: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  EVP_PKEY_derive_init: { args: ['ptr'], returns: 'i32' },
  EVP_PKEY_derive_set_peer: { args: ['ptr', 'ptr'], returns: 'i32' },
  EVP_PKEY_free: { args: ['ptr'], returns: 'void' },
  EVP_PKEY_new_raw_private_key: { args: ['i32', 'ptr', 'ptr', 'u64'], returns: 'ptr' },
  EVP_PKEY_new_raw_public_key: { args: ['i32', 'ptr', 'ptr', 'u64'], returns: 'ptr' },
  OpenSSL_version: { args: ['i32'], returns: 'ptr' },
  OpenSSL_version_num: { args: [], returns: 'u64' },
} as const;

const CIPHER_NAMES = {
  'aes-256-gcm': nativeText('AES-256-GCM'),
  'chacha20-poly1305': nativeText('ChaCha20-Poly1305'),
} as const satisfies Record<CipherSuite, Uint8Array>;

export type LibcryptoSymbols = ReturnType<typeof openSymbols>;

export interface Libcrypto {
  readonly symbols: LibcryptoSymbols;
  /** As the library writes it: `OpenSSL 3.0.19 27 Jan 2026`. */
  readonly version: string;
  /** The EVP_CIPHER of a suite, or null where this build or its configuration has none. */
  readonly cipherOf: (suite: CipherSuite) => Pointer | null;
}

export type OpenedLibcrypto =
  | { readonly ok: true; readonly value: Libcrypto }
  | { readonly ok: false; readonly reason: string };

let opened: OpenedLibcrypto | null = null;

export function libcrypto(): OpenedLibcrypto {
  opened ??= findLibcrypto();
  return opened;
}

function findLibcrypto(): OpenedLibcrypto {
  const path = FOLDERS.map((folder) => `${folder}/${NAME}`).find((each) => existsSync(each));
  if (path === undefined) return { ok: false, reason: `${NAME} is not installed` };
  return openLibcrypto(path);
}

/** @param path of the library; another one than the system's is for tests. */
export function openLibcrypto(path: string): OpenedLibcrypto {
  if (!path.startsWith('/')) return { ok: false, reason: `${path} is not an absolute path` };
  let symbols: LibcryptoSymbols;
  try {
    symbols = openSymbols(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `${path} cannot be opened: ${why}` };
  }
  const version = String(new CString((symbols.OpenSSL_version(0) ?? 0) as Pointer));
  if (Number(symbols.OpenSSL_version_num()) < VERSION_MIN) {
    return { ok: false, reason: `${path} is too old: ${version}` };
  }
  const ciphers = new Map<CipherSuite, Pointer | null>();
  const cipherOf = (suite: CipherSuite): Pointer | null => {
    const known = ciphers.get(suite);
    if (known !== undefined) return known;
    const fetched = fetchCipher(symbols, suite);
    ciphers.set(suite, fetched);
    return fetched;
  };
  return { ok: true, value: { symbols, version, cipherOf } };
}

function openSymbols(path: string) {
  return dlopen(path, SYMBOLS).symbols;
}

/** Fetched once and kept: a fetch takes a lock and a search, a key needs neither. */
function fetchCipher(symbols: LibcryptoSymbols, suite: CipherSuite): Pointer | null {
  return pointerOf(symbols.EVP_CIPHER_fetch(null, addressOf(CIPHER_NAMES[suite]), null));
}

/** What a function returned as `ptr`, which may come as a bigint; null for NULL. */
export function pointerOf(returned: number | bigint | null): Pointer | null {
  const address = Number(returned ?? 0);
  return address === 0 ? null : (address as Pointer);
}
