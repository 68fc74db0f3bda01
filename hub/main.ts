/**
 * `jvpn hub`: the command line of the concentrator daemon.
 *
 * @module
 */

import { parseArgs } from 'node:util';
import { openDh } from '../hal/linux/means.ts';
import { Hub, type HubOptions } from './daemon.ts';
import { type HubStart, readStart, StartError } from './start.ts';
import { openStore } from './store.ts';

const HELP = `Usage: jvpn hub --config FILE [--json] [--verbose]

Runs the hub in the foreground until SIGTERM or SIGINT. Sessions outlive it: a restarted hub finds them
in its database.

  --config FILE   the configuration (docs/configuration.md); required
  --json          print one JSON line when the hub is ready, for scripts
  --verbose       print every audit event as a JSON line on standard output
  --help          this text

Exit: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong.`;

export async function runHub(argv: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    if (values.config === undefined) throw new StartError(`--config FILE is missing\n\n${HELP}`, 2);
    const start = readStart(values.config);
    return await serveHub(start, {
      isJson: values.json === true,
      isVerbose: values.verbose === true,
    });
  } catch (error) {
    if (error instanceof StartError) {
      console.error(`jvpn hub: ${error.message}`);
      return error.exitCode;
    }
    if (error instanceof TypeError && 'code' in error) {
      console.error(`jvpn hub: ${error.message}\n\n${HELP}`);
      return 2;
    }
    throw error;
  }
}

/** Run until a signal or a failure; the exit status. */
export async function serveHub(start: HubStart, options: HubOptions): Promise<number> {
  const opened = openStore(start.path(start.config.state.database));
  if (!opened.ok) throw new StartError(opened.message, 1);
  const store = opened.value;
  try {
    return await new Hub(start, options, store, await openDh()).run();
  } finally {
    store.close();
  }
}
