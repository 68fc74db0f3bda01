/**
 * Scenarios that found a defect once, cut down to what it needs. Data, so that they mean the same whatever a
 * seed draws one day.
 *
 * @module
 */
import type { Fault } from './fault.ts';
import type { LinkPlan, Options } from './options.ts';
import type { Scenario } from './scenario.ts';

export interface Regression {
  /** What was wrong. */
  readonly found: string;
  readonly scenario: Scenario;
}

const ETHERNET: LinkPlan = {
  name: 'ethernet0',
  kind: 'ethernet',
  delayMs: 10,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  kbitPerSecond: 0,
  mtuBytes: 1_500,
};
const SLOW: LinkPlan = { ...ETHERNET, delayMs: 500 };
const TODAY = { wallMs: 1_767_225_600_000, driftPpm: 0 };

/** One device on one good link, one hub. */
const PLAIN: Options = {
  devices: [{ links: [ETHERNET], clock: TODAY }],
  hubs: [{ addresses: 1, clock: TODAY }],
  isLeased: false,
  primitives: 'fast',
  policy: 'quick',
  traffic: { gapMs: 500, packets: 1, bytes: 200, pauseMs: 0 },
  storeDelayMs: 5,
  flashWriteMs: 1,
  chaosMs: 30_000,
};

function plain(
  chaosMs: number,
  faults: readonly Fault[],
  options: Partial<Options> = {},
): Scenario {
  return { seed: 1, options: { ...PLAIN, chaosMs, ...options }, faults };
}

/** One link, the hub at two addresses, and nothing may be lost. */
function alone(
  link: Pick<LinkPlan, 'name' | 'kind' | 'delayMs'>,
  chaosMs: number,
  faults: readonly Fault[],
  options: Partial<Options>,
): Scenario {
  return plain(chaosMs, faults, {
    devices: [{ links: [{ ...ETHERNET, ...link }], clock: TODAY }],
    hubs: [{ addresses: 2, clock: TODAY }],
    storeDelayMs: 1,
    losesNothing: true,
    ...options,
  });
}

const FORTY_YEARS_MS = 40 * 365 * 86_400_000;
/** Until everything heals applications are silent. */
const SILENT = { gapMs: 0, packets: 1, bytes: 64, pauseMs: 0 };
const HUB = { role: 'hub', index: 0 } as const;
const DEVICE = { role: 'device', index: 0 } as const;

/** A metered link that nobody sends over falls silent, for longer than its hub waits and shorter than its device looks away. */
export const SILENT_AND_METERED: Scenario = plain(
  180_000,
  [{ atMs: 20_000, kind: 'link', device: 0, link: 0, change: { silent: true } }],
  { policy: 'metered-lte', traffic: SILENT },
);

const WIFI: LinkPlan = { ...ETHERNET, name: 'wifi0', kind: 'wifi' };
const LTE: LinkPlan = { ...ETHERNET, name: 'lte0', kind: 'lte' };
const BUSY = { gapMs: 8, packets: 1, bytes: 64, pauseMs: 5_000 };
const FLOWING = { gapMs: 40, packets: 1, bytes: 64, pauseMs: 0 };

/** Nothing goes wrong: who is asked how often shows. By whether it costs and whether anything travels. */
export const CALM: Readonly<Record<'idle' | 'meteredIdle' | 'busy' | 'meteredBusy', Scenario>> = {
  idle: plain(60_000, [], {
    devices: [{ links: [ETHERNET, WIFI], clock: TODAY }],
    traffic: SILENT,
  }),
  meteredIdle: plain(420_000, [], { devices: [{ links: [LTE], clock: TODAY }], traffic: SILENT }),
  busy: plain(12_500, [], { devices: [{ links: [ETHERNET, WIFI], clock: TODAY }], traffic: BUSY }),
  meteredBusy: plain(13_000, [], {
    devices: [{ links: [LTE], clock: TODAY }],
    traffic: FLOWING,
  }),
};

/** A metered link is used, and then the agent is killed and started again. */
export const SPENT_AND_RESTARTED: Scenario = plain(
  30_000,
  [{ atMs: 15_000, kind: 'deviceCrash', device: 0, flash: 'keep', downMs: 500, afterCalls: 0 }],
  { policy: 'metered-lte' },
);

export const REGRESSIONS: readonly Regression[] = [
  {
    found: 'a reservation of timestamps that flash refused was never asked for again',
    scenario: plain(30_000, [
      { atMs: 8_000, kind: 'flash', device: 0, change: { writes: 'failUnwritten' } },
      { atMs: 9_000, kind: 'wallStep', machine: DEVICE, byMs: FORTY_YEARS_MS },
      { atMs: 14_000, kind: 'hubCrash', hub: 0, downMs: 2_000, afterCalls: 0 },
      { atMs: 20_000, kind: 'flash', device: 0, change: { writes: 'work' } },
    ]),
  },
  {
    found: 'a hub that died before its view was written told smaller hub_seq numbers afterwards',
    scenario: plain(110_000, [
      { atMs: 5_000, kind: 'link', device: 0, link: 0, change: { silent: true } },
      { atMs: 60_000, kind: 'store', change: { unavailable: true } },
      { atMs: 90_000, kind: 'hubCrash', hub: 0, downMs: 1_000, afterCalls: 0 },
      { atMs: 95_000, kind: 'store', change: { unavailable: false } },
      { atMs: 96_000, kind: 'link', device: 0, link: 0, change: { silent: false } },
    ]),
  },
  {
    found: 'a device that slept past its recovery window heard an answer before it met the bound',
    scenario: plain(120_000, [
      { atMs: 5_000, kind: 'link', device: 0, link: 0, change: { inCut: true } },
      { atMs: 19_000, kind: 'link', device: 0, link: 0, change: { delayMs: 400 } },
      { atMs: 19_950, kind: 'link', device: 0, link: 0, change: { inCut: false } },
      { atMs: 20_000, kind: 'suspend', machine: DEVICE, forMs: 60_000 },
    ]),
  },
  {
    found:
      'on several links, all with a round trip above 675 ms, no response ever met the initiation it answered',
    scenario: plain(60_000, [], {
      policy: 'balanced',
      devices: [{ links: [SLOW, { ...SLOW, name: 'wifi0', kind: 'wifi' }], clock: TODAY }],
    }),
  },
  {
    found: 'a hub restarted after a session’s TTL broke an assertion before it owned it again',
    scenario: plain(65_000, [{ atMs: 62_000, kind: 'policy', machine: HUB, policy: 'strict' }]),
  },
  {
    found:
      'a hub ended the session of a metered device before the device asked whether its binding was alive',
    scenario: SILENT_AND_METERED,
  },
  {
    found:
      'a hub that was restarted and rejoined under new keys did not know how late a metered device notices silence',
    scenario: plain(
      270_000,
      [
        { atMs: 10_000, kind: 'policyReload', machine: DEVICE, policy: 'metered-lte' },
        { atMs: 60_000, kind: 'hubCrash', hub: 0, downMs: 500, afterCalls: 0 },
        { atMs: 62_000, kind: 'link', device: 0, link: 0, change: { icmp: 'forged' } },
        { atMs: 64_000, kind: 'link', device: 0, link: 0, change: { icmp: 'none' } },
        { atMs: 150_000, kind: 'link', device: 0, link: 0, change: { silent: true } },
      ],
      { traffic: SILENT },
    ),
  },
  {
    found:
      'a policy that brought degraded_max_ms ended at once a session that had been DEGRADED for longer',
    scenario: plain(110_000, [
      { atMs: 5_000, kind: 'link', device: 0, link: 0, change: { delayMs: 700 } },
      { atMs: 90_000, kind: 'policyReload', machine: DEVICE, policy: 'strict' },
    ]),
  },
  {
    found:
      'a checker forgot the keypair of data that went to an address that the NAT had forgotten, when it was sent again',
    scenario: plain(
      10_900,
      [
        { atMs: 2_600, kind: 'link', device: 0, link: 0, change: { carrier: false } },
        { atMs: 9_800, kind: 'link', device: 0, link: 0, change: { rebind: true } },
      ],
      { traffic: SILENT },
    ),
  },
  {
    found:
      'a hub whose policy lowered the switch cap ended the session whose newest switch it was repeating',
    scenario: plain(
      60_000,
      [
        { atMs: 5_000, kind: 'switchRequest', device: 0, link: 1 },
        { atMs: 10_000, kind: 'switchRequest', device: 0, link: 0 },
        { atMs: 15_000, kind: 'switchRequest', device: 0, link: 1 },
        { atMs: 20_000, kind: 'store', change: { unavailable: true } },
        { atMs: 20_010, kind: 'switchRequest', device: 0, link: 1 },
        { atMs: 21_000, kind: 'policyReload', machine: HUB, policy: 'strict' },
        { atMs: 26_000, kind: 'store', change: { unavailable: false } },
      ],
      {
        devices: [
          { links: [ETHERNET, { ...ETHERNET, name: 'wifi0', kind: 'wifi' }], clock: TODAY },
        ],
      },
    ),
  },
  {
    found:
      'a device gave up its only link when its delay jumped: the hub’s other address over it had answered a moment sooner',
    scenario: alone(
      { name: 'lte0', kind: 'lte', delayMs: 60 },
      25_000,
      [{ atMs: 17_686, kind: 'link', device: 0, link: 0, change: { delayMs: 202 } }],
      { traffic: { gapMs: 10, packets: 2, bytes: 64, pauseMs: 0 } },
    ),
  },
  {
    found:
      'a device whose only link said nothing for a second planned a switch to the other address over it, and lost packets',
    scenario: alone(
      { name: 'ethernet0', kind: 'ethernet', delayMs: 60 },
      45_000,
      [
        // From here on an answer may take long at the other address, which is asked rarely.
        { atMs: 14_055, kind: 'link', device: 0, link: 0, change: { delayMs: 243 } },
        { atMs: 16_971, kind: 'link', device: 0, link: 0, change: { delayMs: 60 } },
        { atMs: 36_727, kind: 'link', device: 0, link: 0, change: { inCut: true } },
        { atMs: 37_854, kind: 'link', device: 0, link: 0, change: { inCut: false } },
      ],
      {
        ...{ storeDelayMs: 5, flashWriteMs: 10 },
        traffic: { gapMs: 10, packets: 1, bytes: 200, pauseMs: 0 },
      },
    ),
  },
  {
    found: 'a device that slept past the age of its keys sealed under them what had waited for it',
    scenario: plain(250_000, [{ atMs: 20_000, kind: 'suspend', machine: DEVICE, forMs: 200_000 }], {
      policy: 'balanced',
    }),
  },
  {
    found:
      'a hub that stood still past the age of its keys sealed under them what had waited for it',
    scenario: plain(250_000, [{ atMs: 20_000, kind: 'suspend', machine: HUB, forMs: 200_000 }], {
      policy: 'balanced',
    }),
  },
];
