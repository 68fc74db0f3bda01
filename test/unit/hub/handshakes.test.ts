/** Goal: a flood of handshakes keeps nobody out who answers at his own address. */
import { expect, test } from 'bun:test';
import {
  COOKIE_BURST_MS,
  COOKIES_PER_SECOND_MAX,
  LOAD_HANDSHAKES_PER_WINDOW,
} from '../../../hub/door.ts';
import { consumeCookieReply } from '../../../session/channel/macs.ts';
import { attachFrame, RigDevice, SiteRig, settled } from './siteRig.ts';

const COOKIES_AT_ONCE = (COOKIES_PER_SECOND_MAX * COOKIE_BURST_MS) / 1_000;

/** Initiations with a valid mac1 from strangers at ever new addresses, as a spoofer sends them. */
class Flood {
  readonly #rig: SiteRig;
  readonly #strangers: RigDevice[];
  readonly #message: Uint8Array;

  constructor(rig: SiteRig, cookie: Uint8Array | null = null) {
    this.#rig = rig;
    this.#strangers = Array.from({ length: 40 }, (_, at) =>
      RigDevice.on(rig, 100 + at, `203.0.${at}.1`),
    );
    this.#message = this.#strangers[0]!.initiation(cookie);
  }

  send(count: number): void {
    for (let sent = 0; sent < count; sent++) {
      this.#strangers[sent % this.#strangers.length]!.send(this.#message);
    }
    for (const stranger of this.#strangers) stranger.take();
  }

  get answered(): number {
    return this.#rig.counters.not_enrolled;
  }
}

test('under a flood from many networks a device with a cookie attaches, and the flood costs no curve', async () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  const flood = new Flood(rig);
  flood.send(LOAD_HANDSHAKES_PER_WINDOW + 1);
  expect(rig.site.door.isUnderLoad(rig.nowMs)).toBe(true);
  const costlyBefore = flood.answered;
  flood.send(2_000);
  expect(flood.answered).toBe(costlyBefore);

  rig.nowMs += 100; // a tenth of a second later there are cookies again
  device.send(device.initiation());
  const [reply] = device.take();
  expect(reply?.[0]).toBe(3);
  const cookie = consumeCookieReply(reply!, device.pending!);
  if (!cookie.ok) throw new Error(cookie.code);
  flood.send(500);
  rig.nowMs += 50;
  device.shakeHands(cookie.value);
  device.sendFrame(1, attachFrame(1));
  flood.send(500);
  await settled();
  expect(device.frames().map(({ type }) => type)).toContain('attached');
  expect(rig.counters.cookie_sent).toBeGreaterThan(COOKIES_AT_ONCE);
});

test('under load only so many are given a cookie a second, and what is beyond is turned away unread', () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const flood = new Flood(rig);
  flood.send(LOAD_HANDSHAKES_PER_WINDOW + 2_000);
  expect(rig.counters.cookie_sent).toBe(COOKIES_AT_ONCE);
  expect(rig.counters.rate_limited).toBe(2_000 - COOKIES_AT_ONCE);
});

test('a flood of made-up cookies leaves true ones to those who have them not yet', () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  new Flood(rig).send(LOAD_HANDSHAKES_PER_WINDOW + 1);
  // A claim that is wrong takes a cookie as well, but not more of them than there are claims read.
  new Flood(rig, new Uint8Array(16).fill(7)).send(2_000);
  rig.nowMs += 10;
  device.send(device.initiation());
  expect(device.take()[0]?.[0]).toBe(3);
});

test('a cookie of one address is none at another', () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const [device, thief] = ['198.51.100.1', '198.51.100.2'].map((ip) => RigDevice.on(rig, 1, ip));
  const flood = new Flood(rig);
  flood.send(LOAD_HANDSHAKES_PER_WINDOW + 1);
  device!.send(device!.initiation());
  const cookie = consumeCookieReply(device!.take()[0]!, device!.pending!);
  if (!cookie.ok) throw new Error(cookie.code);
  thief!.send(thief!.initiation(cookie.value));
  expect(thief!.take()[0]?.[0]).toBe(3);
});
