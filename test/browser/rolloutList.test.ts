/**
 * Goal: a list that is narrowed to what became of a policy says the same as the table that leads to it, while a rollout goes on.
 *
 * Method: as in dashboard.test.ts; the stream tells of the overview each second and of devices on the page alone, as the server does.
 */
import { expect } from 'bun:test';
import { eventually } from '../lab/process.ts';
import { FleetPages, texts } from './fleetPages.ts';
import { judged } from './recorded.ts';
import { visit } from './visitor.ts';

/** Of the first 24 the policy is on trial on some (`recorded.ts`), on all others confirmed. */
const DEVICES = 60;
const OTHER_AT = 40;
/** A list is asked for again after 10 s at the earliest. */
const WITHIN_MS = 20_000;

const pages = new FleetPages(DEVICES);

pages.test('devices come to a narrowed list, and those that leave it are gone', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  const { server } = pages;
  await pages.open(page, '/?outcome=on_trial');
  const beat = setInterval(() => server.tell('overview', server.overview()), 1_000);
  try {
    const caption = page.locator('#device-caption');
    const names = () => texts(page, '#device-rows th');
    await caption.filter({ hasText: '5 devices with the policy on trial' }).waitFor();
    const before = await names();
    // One more, which the page does not show, so that the stream does not tell of it.
    server.become(OTHER_AT, judged(server.row(OTHER_AT), 'on_trial'));
    const come = server.row(OTHER_AT).name;
    await caption.filter({ hasText: '6 devices' }).waitFor();
    expect(await names()).toEqual([...before, come]);
    // As many as before, and not the same.
    const [leaves, follows] = [1, OTHER_AT + 1];
    server.become(leaves, judged(server.row(leaves), 'confirmed'));
    server.become(follows, judged(server.row(follows), 'on_trial'));
    const { name } = server.row(leaves);
    server.tell('device', { name, row: server.row(leaves) });
    const then = [...before.slice(1), come, server.row(follows).name];
    await eventually(
      'the list is that of the table',
      async () => Bun.deepEquals(await names(), then),
      WITHIN_MS,
    );
    expect(await texts(page, '#device-rows [data-column=document]')).toEqual(
      then.map(() => '8 on trial'),
    );
    // Once for each of these, and once more where the page came before the first overview.
    const asks = server.asked.filter((path) => path.startsWith('/api/devices')).length;
    expect(asks).toBeLessThanOrEqual(4);
    expect(complaints).toEqual([]);
  } finally {
    clearInterval(beat);
  }
});
