/**
 * A hub with WireGuard timers of the test's choosing: `plainHub.ts CONFIG TIMES`.
 *
 * @module
 */
import { serveHub } from '../../hub/main.ts';
import { readStart } from '../../hub/start.ts';
import { PLAIN_TIMES } from '../../session/channel/age.ts';

const [config = '', times = '{}'] = process.argv.slice(2);
const plainTimes = { ...PLAIN_TIMES, ...JSON.parse(times) };
process.exit(await serveHub(readStart(config), { isJson: true, isVerbose: false, plainTimes }));
