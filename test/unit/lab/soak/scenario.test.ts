/** A lab that obeys at once, and sessions that take longer to recover than the whole course lasts. */
import { expect, test } from 'bun:test';
import type { Parties } from '../../../lab/soak/parties.ts';
import { type Pace, playSoak } from '../../../lab/soak/scenario.ts';
import type { Topology } from '../../../lab/topology.ts';

const done = async () => {};
const links = { carrier: done, silence: done, oneWay: done, impair: done, rebind: done };
const net = { ...links, namespaces: { device: { ip: done } } } as unknown as Topology;
const pace: Pace = {
  ...{ durationMs: 20, holdMs: [1, 2], restMs: [0, 1], brokerAwayMs: 60 },
  ...{ sampleMs: 3_600_000, pollMs: 3_600_000, warmUpMs: 0 },
};

test('what slow recoveries pushed beyond the end is played all the same', async () => {
  const acts: string[] = [];
  const act = (name: string) => async () => void acts.push(name);
  const parties = {
    ...{ changePolicy: act('policy'), killHub: act('hub'), stopBroker: act('broker') },
    ...{ startBroker: act('broker back'), untilAttached: () => Bun.sleep(30), missing: () => null },
  } as unknown as Parties;
  const course = await playSoak(
    net,
    parties,
    pace,
    1,
    () => {},
    () => false,
  );
  expect(acts.filter((name) => !name.startsWith('broker'))).toEqual([
    ...['policy', 'hub', 'policy', 'hub', 'policy'],
  ]);
  // The second time not before it is back from the first.
  expect(acts.filter((name) => name.startsWith('broker'))).toEqual([
    ...['broker', 'broker back', 'broker', 'broker back'],
  ]);
  expect(course.faults).toEqual([]);
});

test('one that is interrupted ends at once', async () => {
  const parties = {} as unknown as Parties;
  expect(
    await playSoak(
      net,
      parties,
      pace,
      1,
      () => {},
      () => true,
    ),
  ).toEqual({
    ...{ played: {}, faults: [] },
  });
});
