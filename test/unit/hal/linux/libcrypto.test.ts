import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { type Libcrypto, libcrypto, openLibcrypto } from '../../../../hal/linux/libcrypto.ts';
import { libcryptoCiphers } from '../../../../hal/linux/libcryptoKey.ts';
import { nativeMemory } from '../../../../hal/linux/memory.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { describeCiphers } from '../../session/channel/aeadCases.ts';
import { describeDataKeys } from '../../session/channel/dataKeyCases.ts';

const library = present();
const ciphers = libcryptoCiphers(library);

describeCiphers('libcrypto', ciphers);
describeDataKeys('libcrypto', ciphers, nativeMemory);

function present(): Libcrypto {
  const opened = libcrypto();
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value;
}

/** The library, with some of its functions replaced. */
function withSymbols(change: Partial<Record<keyof Libcrypto['symbols'], unknown>>): Libcrypto {
  return { ...library, symbols: { ...library.symbols, ...change } as Libcrypto['symbols'] };
}

test('a library that is missing, or is another one, is a reason and not an error', () => {
  const missing = openLibcrypto('/nowhere/libcrypto.so.3');
  expect(missing).toMatchObject({ ok: false });
  if (!missing.ok) expect(missing.reason).toContain('/nowhere/libcrypto.so.3 cannot be opened');
  const another = join(import.meta.dir, 'libcrypto.test.ts');
  expect(openLibcrypto(another)).toMatchObject({ ok: false });
  expect(library.version).toStartWith('OpenSSL 3.');
});

/** By name, bun:ffi would look in the working directory for what the system does not have. */
test('a library is opened by absolute path only', () => {
  for (const name of ['libcrypto.so.3', './libcrypto.so.3', '']) {
    expect(openLibcrypto(name)).toEqual({ ok: false, reason: `${name} is not an absolute path` });
  }
});

test('memory that native code may not touch is refused, whichever end it is', () => {
  const key = ciphers.newDataKey('aes-256-gcm', new Uint8Array(32), 'bare');
  const [native, plain] = [nativeMemory(100), plainMemory(100)];
  expect(() => key.seal(0, plain, 16, 8, native, 0)).toThrow('native memory');
  expect(() => key.seal(0, native, 16, 8, plain, 0)).toThrow('native memory');
  expect(() => key.open(0, plain, 0, 40, native, 0)).toThrow('native memory');
  expect(() => key.open(0, native, 0, 40, plain, 0)).toThrow('native memory');
  expect(() => key.seal(0, native, -1, 8, native, 50)).toThrow('within its memory');
  expect(() => key.seal(0, native, Number.NaN, 8, native, 0)).toThrow('within its memory');
});

/**
 * Goal: a packet is never handed out half sealed.
 * Method: each function of the library fails in turn, for the packet, for its header, for its tag.
 */
test('whatever fails in libcrypto while sealing ends in an InvariantError', () => {
  const names = ['EVP_CipherInit_ex', 'EVP_CipherUpdate', 'EVP_CipherFinal_ex'] as const;
  for (const name of [...names, 'EVP_CIPHER_CTX_ctrl'] as const) {
    for (const answer of [0, -1]) {
      let failing = false;
      const real = library.symbols[name] as (...values: unknown[]) => number;
      const fake = (...values: unknown[]) => (failing ? answer : real(...values));
      const broken = libcryptoCiphers(withSymbols({ [name]: fake }));
      for (const use of ['bare', 'associated'] as const) {
        failing = false;
        const key = broken.newDataKey('aes-256-gcm', new Uint8Array(32), use);
        const memory = nativeMemory(100);
        failing = true;
        expect(() => key.seal(0, memory, 16, 8, memory, 0)).toThrow('libcrypto');
        if (name === 'EVP_CipherFinal_ex')
          expect(key.open(0, memory, 0, 40, memory, 16)).toBe(false);
        else expect(() => key.open(0, memory, 0, 40, memory, 16)).toThrow('libcrypto');
        key.close();
      }
    }
  }
});

test('a closed key is freed once and does nothing afterwards', () => {
  const freed: unknown[] = [];
  const free = (context: unknown) => {
    freed.push(context);
    library.symbols.EVP_CIPHER_CTX_free(context as never);
  };
  const watched = libcryptoCiphers(withSymbols({ EVP_CIPHER_CTX_free: free }));
  const memory = nativeMemory(100);
  const data = watched.newDataKey('aes-256-gcm', new Uint8Array(32), 'bare');
  const aead = watched.newKey('chacha20-poly1305', new Uint8Array(32));
  for (let i = 0; i < 2; i++) {
    data.close();
    aead.close();
  }
  expect(freed.length).toBe(2);
  expect(freed.every((context) => Number(context) > 0)).toBe(true);
  expect(() => data.seal(0, memory, 16, 8, memory, 0)).toThrow('closed');
  expect(() => data.open(0, memory, 0, 40, memory, 16)).toThrow('closed');
  const [nonce, none] = [new Uint8Array(12), new Uint8Array(0)];
  expect(() => aead.seal(nonce, none, none, new Uint8Array(16))).toThrow('closed');
  expect(() => aead.open(nonce, none, new Uint8Array(16), none)).toThrow('closed');
});

test('a suite that the library has not is said by cipherOf, and no key is made', () => {
  const without = libcryptoCiphers({ ...library, cipherOf: () => null });
  expect(() => without.newDataKey('aes-256-gcm', new Uint8Array(32), 'bare')).toThrow('cipher');
  expect(library.cipherOf('aes-256-gcm')).not.toBeNull();
});
