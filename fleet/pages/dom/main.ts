/**
 * What runs in the browser: the dashboard, or the page of one device, as the document says.
 *
 * The stream is opened first, then come the overview, a page of the list, and the charts: a fleet of ten thousand devices
 * is on the screen as fast as one of ten.
 *
 * @module
 */
import type { Overview } from '../answers.ts';
import { arrival } from './arrival.ts';
import { ask, attempt, mended } from './ask.ts';
import { setClock, zoneName } from './clock.ts';
import { onOverview, reloadDevices, showAges, showDevice, startDevices } from './deviceList.ts';
import { startDevice } from './devicePage.ts';
import { named, say } from './element.ts';
import { showOverview } from './figures.ts';
import { answered, listen } from './live.ts';
import { reloadSeries, startSeries } from './seriesView.ts';
import { defineHatches } from './swatch.ts';

const OVERVIEW = 'the overview';

defineHatches();
say(named('zone', HTMLElement), `Times are of your zone, ${zoneName()}.`);
if (document.body.dataset['page'] === 'device') startDevice();
else void startDashboard();

async function startDashboard(): Promise<void> {
  const arrive = arrival();
  // Before the list: what changes while that is on its way must not be missed.
  listen({
    onOverview: (news) => {
      show(news);
      mended(OVERVIEW);
      onOverview(news);
    },
    onDevice: showDevice,
    onBack: () => {
      reloadDevices();
      void reloadSeries();
    },
  });
  const overview = attempt(OVERVIEW, async () => {
    show(await ask<Overview>('/api/overview'));
    answered();
  });
  const devices = startDevices();
  await overview;
  await Promise.all([devices, startSeries()]);
  arrive();
}

function show(overview: Overview): void {
  if (setClock(overview.now_ms)) showAges();
  showOverview(overview);
}
