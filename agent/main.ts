/**
 * `jvpn agent`: the command line of the device daemon.
 *
 * @module
 */
import { compileWithHaste } from '../hal/compileHaste.ts';
import { openDh } from '../hal/linux/means.ts';
import { StartError } from '../hal/startError.ts';
import { EXIT, parseArguments } from './cli/arguments.ts';
import { AgentDaemon } from './daemon.ts';
import { readStart } from './start.ts';

const HELP = `Usage: jvpn agent --config FILE [--json] [--verbose]

Runs the device daemon in the foreground until SIGTERM or SIGINT, which end the session with a reason.

  --config FILE   the configuration (docs/configuration.md); required
  --json          print one JSON line when the tunnel is ready, for scripts
  --verbose       print every audit event as a JSON line on standard output
  --help          this text

Exit: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong.`;

const FLAGS = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function runAgent(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 0);
  if (!parsed.ok) return usage(parsed.message);
  const { config, json, verbose, help } = parsed.flags;
  if (help === true) {
    console.log(HELP);
    return EXIT.ok;
  }
  if (config === undefined) return usage('--config FILE is missing');
  // Nobody waits for this thread, and compilers would be woken for its reports.
  compileWithHaste('reluctant');
  try {
    const output = { isJson: json === true, isVerbose: verbose === true };
    const start = readStart(config);
    const isPushed = start.config.push.enabled;
    const openPush = isPushed ? (await import('./pushStart.ts')).startPush : null;
    const daemon = new AgentDaemon(start, output, await openDh(), openPush);
    return await daemon.run();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`jvpn agent: ${error.message}`);
    return error.exitCode;
  }
}

function usage(message: string): number {
  console.error(`jvpn agent: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
