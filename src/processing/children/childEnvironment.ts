/** What only doors and commands need: nothing that runs jobs signs or checks a token, lets anybody in, or makes tokens of members. */
const OF_DOORS = /^(ANALYTICS_TOKEN_|ANALYTICS_EMERGENCY_|ANALYTICS_TLS_|ANALYTICS_GUARD_TOKEN_KEY$)/;

/**
 * The environment of a child that runs jobs: its worker's, without the secrets that only other parts need. What a key
 * provider's module may read is not known here, so it stays.
 */
export function childEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_DOORS.test(name)));
}
