import { expect, test } from 'bun:test';
import { BrokerLink } from '../../../fleet/brokerLink.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';

/** Goal: what ends each connection as soon as all is granted does not have everything that is retained read without end. */
test('a broker that grants all and hangs up is asked with growing waits', async () => {
  const peer = await new MadeUpBroker({ hangsUpAfter: 1 }).listen();
  const firstMs = 40;
  const link = new BrokerLink({
    address: {
      ...{ url: peer.url, fleet: 'north', clientId: 'a', username: null, passwordFile: null },
      ...{ caFile: null, certificateFile: null, keyFile: null },
    },
    kept: { clientId: 'kept', expiryS: 0 },
    onMessage: () => {},
    onUp: () => {},
    onDown: () => {},
    waits: { firstMs, maxMs: 10_000 },
  });
  const beganMs = performance.now();
  await eventually('nine connections', () => link.connections === 9, 20_000);
  // Half of each wait at least, and timers may be early by a moment. The first five may be two of one name.
  const waits = 4 + 2 + 4 + 8 + 16;
  expect(performance.now() - beganMs).toBeGreaterThan(((waits * firstMs) / 2) * 0.95);
  link.stop();
  peer.close();
}, 30_000);
