/** Takes the value out of a Result, or ends the script with what the system said. */
export function opened<T>(
  result: { ok: true; value: T } | { ok: false; code: string; detail: string },
): T {
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return result.value;
}

/** Run `ip` in this namespace. */
export function ip(command: string): void {
  const { exitCode, stderr } = Bun.spawnSync(['ip', ...command.split(' ')]);
  if (exitCode !== 0) throw new Error(`ip ${command}: ${stderr}`);
}

/**
 * Wait until an address that was just added is taken for ours: for IPv6 a thread of the kernel's own makes it so, a little
 * after `ip` has ended. What is sent to it before is "sent" and arrives nowhere.
 */
export function untilLocal(address: string): void {
  for (let asked = 0; asked < 1_000; asked++) {
    const { stdout } = Bun.spawnSync(['ip', 'route', 'get', address]);
    if (stdout.toString().startsWith('local ')) return;
  }
  throw new Error(`${address} does not become local`);
}
