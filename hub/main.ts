/**
 * `jvpn hub`: the command line of the concentrator daemon.
 *
 * @module
 */
import { runDaemonCommand } from '../hal/daemonCommand.ts';
import { openDh } from '../hal/linux/means.ts';
import { StartError } from '../hal/startError.ts';
import { Hub, type HubOptions } from './daemon.ts';
import { type HubStart, readStart } from './start.ts';
import { openStore } from './store.ts';

const HELP = `Usage: jvpn hub --config FILE [--json] [--verbose]

Runs the hub in the foreground until SIGTERM or SIGINT. Sessions outlive it: a restarted hub finds them
in its database.

  --config FILE   the configuration (docs/configuration.md); required
  --json          print one JSON line when the hub is ready, for scripts
  --verbose       print every audit event as a JSON line on standard output
  --help          this text

Exit: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong.`;

export function runHub(argv: readonly string[]): Promise<number> {
  return runDaemonCommand(argv, {
    ...{ name: 'jvpn hub', help: HELP, hasVerbose: true },
    run: ({ configFile, ...output }) => serveHub(readStart(configFile), output),
  });
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
