/**
 * Goal: the attacker's sockets, which two owners let go of, take nothing from whoever opened something in between.
 *
 * Method: close one, let the kernel give its number to a file, close it again, read the file.
 */
import { expect, test } from 'bun:test';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { Descriptor } from '../../../lab/descriptor.ts';
import { PeerSocket } from '../../../lab/hostile/raw.ts';
import { errno, libc } from '../../../lab/libc.ts';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0o2000002;

test('a socket that is let go of twice is closed once', () => {
  const probe = openSync('/dev/null', 'r');
  closeSync(probe);
  const peer = new PeerSocket({ address: '127.0.0.1', port: 0 }, { address: '127.0.0.1', port: 9 });
  peer[Symbol.dispose]();
  const file = openSync('/dev/null', 'r');
  expect(file).toBe(probe); // the number of the socket, or this test shows nothing
  peer[Symbol.dispose]();
  expect(fstatSync(file).isCharacterDevice()).toBe(true);
  closeSync(file);
});

test('a closed descriptor is refused to whoever still uses it', () => {
  const fd = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  expect(fd, `errno ${errno()}`).toBeGreaterThanOrEqual(0);
  const descriptor = new Descriptor(fd);
  expect(descriptor.fd).toBe(fd);
  descriptor[Symbol.dispose]();
  expect(() => descriptor.fd).toThrow('open while in use');
});
