/**
 * The command line of a daemon on a server: its flags, its help, and how it says why it does not start.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { StartError } from './startError.ts';

export interface DaemonCommand {
  /** As people type it: `jvpn hub`. */
  readonly name: string;
  readonly help: string;
  /** Whether there is a `--verbose`. */
  readonly hasVerbose: boolean;
  /** The exit status. @throws StartError */
  readonly run: (flags: DaemonFlags) => Promise<number>;
}

export interface DaemonFlags {
  readonly configFile: string;
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

/** The exit status: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong. */
export async function runDaemonCommand(
  argv: readonly string[],
  { name, help, hasVerbose, run }: DaemonCommand,
): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        ...(hasVerbose ? { verbose: { type: 'boolean' } as const } : {}),
      },
    });
    if (values.help) {
      console.log(help);
      return 0;
    }
    const { config: configFile, json, verbose } = values;
    if (configFile === undefined) throw new StartError(`--config FILE is missing\n\n${help}`, 2);
    return await run({ configFile, isJson: json === true, isVerbose: verbose === true });
  } catch (error) {
    if (error instanceof StartError) {
      console.error(`${name}: ${error.message}`);
      return error.exitCode;
    }
    // Flags that are none.
    if (error instanceof TypeError && 'code' in error) {
      console.error(`${name}: ${error.message}\n\n${help}`);
      return 2;
    }
    throw error;
  }
}
