/**
 * The policies that are shipped inside the binary, as TOML text.
 *
 * Each profile writes only what differs from the schema's defaults. Parsing them is the caller's:
 * this folder has no parser.
 *
 * @module
 */
import balanced from './profiles/balanced.toml' with { type: 'text' };
import emergency from './profiles/emergency.toml' with { type: 'text' };
import lowPower from './profiles/low-power.toml' with { type: 'text' };
import meteredLte from './profiles/metered-lte.toml' with { type: 'text' };
import vehicle from './profiles/vehicle.toml' with { type: 'text' };

export const PROFILE_NAMES = [
  'balanced',
  'metered-lte',
  'low-power',
  'vehicle',
  'emergency',
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export const PROFILES: Readonly<Record<ProfileName, string>> = {
  balanced,
  'metered-lte': meteredLte,
  'low-power': lowPower,
  vehicle,
  emergency,
};
