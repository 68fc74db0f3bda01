import { describe, expect, test } from 'bun:test';
import type { LinkView } from '../../../../session/device/event.ts';
import { attachedDevice, Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

/** The values the shell was given, in order. */
const given = (driver: Driver) =>
  driver.log.flatMap((effect) => (effect.kind === 'mtu' ? [effect.mtuBytes] : []));
/** What the hub was told by MTU, in order. */
const told = (driver: Driver) =>
  driver.frames.flatMap((frame) => (frame.type === 'mtu' ? [frame.mtuBytes] : []));
const over6 = (views: readonly LinkView[]): readonly LinkView[] =>
  views.map((link) => ({
    ...link,
    endpoints: link.endpoints.map((at) => ({ ...at, endpoint: '[2001:db8::1]:51820' })),
  }));

describe('the value', () => {
  test('is there from the first step on: the bound, said once', () => {
    const driver = new Driver();
    driver.boot();
    expect([given(driver), driver.device.mtuBytes]).toEqual([[1_440], 1_440]);
    driver.links(links([ETH, WLAN]));
    driver.run(MINUTE_MS);
    expect(given(driver)).toEqual([1_440]);
  });

  test('leaves room for the headers of the endpoint’s family', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(over6(links([ETH])));
    expect(driver.device.mtuBytes).toBe(1_420);
    driver.links(over6(links([ETH], {}, { [ETH]: 1_400 })));
    expect(given(driver)).toEqual([1_440, 1_420, 1_320]);
  });

  test('a narrow standby lowers it before any switch to it, and raises it at once when it goes', () => {
    const driver = attachedDevice([ETH]);
    driver.links(links([ETH, WLAN], {}, { [WLAN]: 1_400 }));
    expect([driver.device.mtuBytes, driver.device.activeId]).toEqual([1_340, ETH]);
    driver.links(links([ETH, WLAN], { [WLAN]: 'carrier' }, { [WLAN]: 1_400 }));
    expect(given(driver)).toEqual([1_340, 1_440]);
  });

  test('a link that the policy never uses limits nothing', () => {
    const wlan0 = { preference: 30, cost: 'never' } as const;
    const config = configOf({}, { ...LINK_POLICIES, wlan0 });
    const driver = attachedDevice([ETH, WLAN], { config });
    driver.links(links([ETH, WLAN], {}, { [WLAN]: 1_300 }));
    expect(driver.device.mtuBytes).toBe(1_440);
  });

  test('without a usable link the last one stays', () => {
    const driver = attachedDevice([ETH]);
    driver.links(links([ETH], {}, { [ETH]: 1_400 }));
    driver.links(links([]));
    driver.run(SECOND_MS);
    expect(given(driver)).toEqual([1_340]);
  });

  test('a link that narrows under the binding moves nothing but this', () => {
    const driver = attachedDevice([ETH]);
    const { stateVersion, transports } = driver.device;
    driver.links(links([ETH], {}, { [ETH]: 1_400 }));
    expect(driver.device.stateVersion).toBe(stateVersion);
    expect(driver.device.transports[0]).toEqual({ ...transports[0]!, mtuBytes: 1_400 });
    expect(driver.audit).toEqual([]);
  });

  test('a jumbo link gives what the configuration allows and no more', () => {
    const driver = new Driver({ config: { ...configOf(), mtuMaxBytes: 9_000 } });
    driver.boot();
    driver.links(links([ETH], {}, { [ETH]: 9_000 }));
    expect(driver.device.mtuBytes).toBe(8_940);
  });
});

describe('IPv6 inside', () => {
  const NARROW = links([ETH], {}, { [ETH]: 1_300 });

  test('nothing is below 1280 before the assignment; without IPv6 it then is', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(NARROW);
    expect(driver.device.mtuBytes).toBe(1_280);
    driver.until('ATTACHED', 10 * SECOND_MS);
    expect(given(driver)).toEqual([1_440, 1_280, 1_240]);
    expect(driver.log.findIndex(({ kind }) => kind === 'assign')).toBeGreaterThan(
      driver.log.findLastIndex(({ kind }) => kind === 'mtu'),
    );
    driver.run(SECOND_MS);
    expect(driver.peer.mtuBytes).toBe(1_240);
  });

  test('with it, 1280 is the least, and what does not fit is fragmented outside', () => {
    const driver = new Driver();
    const attached = driver.peer.attached.bind(driver.peer);
    driver.peer.attached = (frame) => ({ ...attached(frame), inner6: 'fd77::5/128' });
    driver.boot();
    driver.links(NARROW);
    driver.until('ATTACHED', 10 * SECOND_MS);
    driver.run(SECOND_MS);
    expect(given(driver)).toEqual([1_440, 1_280]);
  });
});

describe('the hub', () => {
  test('learns it with every claim; a repeat is the very same frame', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN], {}, { [WLAN]: 1_400 }));
    driver.links(links([WLAN], {}, { [WLAN]: 1_390 }));
    driver.run(SECOND_MS, () => driver.claims.length >= 2);
    const [first, second] = driver.claims;
    expect([first?.mtuBytes, first?.type]).toEqual([1_340, 'reattach']);
    expect(second).toEqual({ ...first!, atMs: second!.atMs });
  });

  test('what a claim said is not told once more, at birth or after a switch', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH, WLAN], {}, { [ETH]: 1_400 }));
    driver.until('ATTACHED', 10 * SECOND_MS);
    driver.links(links([WLAN]));
    driver.run(SECOND_MS, () => driver.device.activeId === WLAN);
    driver.run(SECOND_MS);
    expect(driver.claims.map(({ type, mtuBytes }) => [type, mtuBytes])).toEqual([
      ['attach', 1_340],
      ['reattach', 1_440],
    ]);
    expect([driver.device.activeId, told(driver)]).toEqual([WLAN, []]);
  });

  test('a change that its claim did not know is told behind the answer', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([WLAN], {}, { [WLAN]: 1_400 }));
    driver.links(links([WLAN], {}, { [WLAN]: 1_390 }));
    expect(told(driver)).toEqual([]);
    driver.run(SECOND_MS);
    expect([told(driver), driver.peer.mtuBytes]).toEqual([[1_330], 1_330]);
  });

  test('a change in between is told on the binding at once, until it is answered', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.path(ETH).isInOpen = false;
    driver.links(links([ETH, WLAN], {}, { [WLAN]: 1_400 }));
    expect(driver.frames.find(({ type }) => type === 'mtu')).toMatchObject({ transportId: ETH });
    driver.run(SECOND_MS, () => told(driver).length === 3);
    driver.peer.path(ETH).isInOpen = true;
    driver.run(MINUTE_MS);
    const count = told(driver).length;
    expect([count >= 3, count <= 4, new Set(told(driver))]).toEqual([true, true, new Set([1_340])]);
    expect(driver.device.hubMtuBytes).toBe(1_340);
  });

  test('that does not know the frame is asked eight times and then left alone', () => {
    const driver = attachedDevice([ETH]);
    driver.peer.knowsMtu = false;
    driver.links(links([ETH], {}, { [ETH]: 1_400 }));
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual(Array<number>(8).fill(1_340));
    driver.links(links([ETH], {}, { [ETH]: 1_390 }));
    driver.run(MINUTE_MS);
    expect(told(driver).slice(8)).toEqual(Array<number>(8).fill(1_330));
  });

  test('whose answer names an older value is told again', () => {
    const driver = attachedDevice([ETH]);
    driver.links(links([ETH], {}, { [ETH]: 1_400 }));
    driver.run(SECOND_MS);
    driver.forget();
    driver.frame({ type: 'mtu', mtuBytes: 1_440, noticeMs: null }, ETH);
    driver.run(SECOND_MS);
    expect(told(driver)).toEqual([1_340]);
  });

  test('an answer from another channel or transport than the binding’s says nothing', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.frame({ type: 'mtu', mtuBytes: 1_280, noticeMs: null }, WLAN);
    driver.frame({ type: 'mtu', mtuBytes: 1_280, noticeMs: null }, ETH, 77);
    expect([driver.device.hubMtuBytes, told(driver)]).toEqual([1_440, []]);
  });

  test('is told again in a new channel: it may be a process that knows only the record', () => {
    const driver = attachedDevice([ETH]);
    driver.peer.mtuBytes = null;
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.feed({ kind: 'channelDue', atMs: driver.nowMs, channelId });
    driver.run(SECOND_MS);
    expect(driver.device.channel?.channelId).not.toBe(channelId);
    expect(told(driver)).toEqual([1_440]);
    expect<number | null>(driver.peer.mtuBytes).toBe(1_440);
  });

  test('hears nothing of it while there is no binding', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.links(links([WLAN], {}, { [WLAN]: 1_400 }));
    driver.run(SECOND_MS);
    driver.links(links([WLAN], {}, { [WLAN]: 1_350 }));
    driver.run(SECOND_MS);
    expect([driver.device.state, told(driver)]).toEqual(['RECOVERING', []]);
  });
});
