/**
 * The simulator: see `scripts/simulate --help`.
 *
 * @module
 */
import { main } from '../test/sim/cli/main.ts';

process.exit(await main(process.argv.slice(2)));
