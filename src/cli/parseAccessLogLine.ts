/** One request of an access log. */
export interface AccessLogRequest {
  /** The client: an IPv4 or IPv6 address, or a host name. */
  readonly address: string;
  /** Milliseconds since 1970; the log's resolution is a second. */
  readonly timeMs: number;
  /** The request line as it came. `method`, `path` and `protocol` are missing when it was no valid one. */
  readonly request: string;
  readonly method?: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly status: number;
  /** Bytes of the answer's body; the log's `-` is 0. */
  readonly bytes: number;
  readonly referrer?: string;
  readonly agent?: string;
}

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
/** `address identity user [time] "request" status bytes "referrer" "agent"` */
const LINE = new RegExp(
  String.raw`^(\S+) \S+ (?:\S.*?) \[([^\]]+)\] ${QUOTED} (\d{3}) (\d+|-) ${QUOTED} ${QUOTED}\s*$`,
);
const TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;
const REQUEST_LINE = /^([A-Z]+) (\S+) (HTTP\/[\d.]+)$/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * Reads one line of Apache's and nginx's combined log format.
 *
 * @returns undefined when the line is not one
 */
export function parseAccessLogLine(line: string): AccessLogRequest | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, address = '', time = '', rawRequest = '', status = '', bytes = '', rawReferrer = '', rawAgent = ''] = match;
  const timeMs = parseTime(time);
  if (timeMs === undefined) return undefined;

  const request = unescapeField(rawRequest);
  const [, method, path, protocol] = REQUEST_LINE.exec(request) ?? [];
  const referrer = unescapeField(rawReferrer);
  const agent = unescapeField(rawAgent);
  return {
    address,
    timeMs,
    request,
    ...(method !== undefined && path !== undefined && protocol !== undefined && { method, path, protocol }),
    status: Number(status),
    bytes: bytes === '-' ? 0 : Number(bytes),
    ...(isGiven(referrer) && { referrer }),
    ...(isGiven(agent) && { agent }),
  };
}

/** The log writes `-` for a header that was not sent. */
function isGiven(field: string): boolean {
  return field !== '-' && field !== '';
}

/** `17/May/2015:10:05:03 +0000`; undefined when there is no such time. */
function parseTime(text: string): number | undefined {
  const [, day, monthName = '', year, hour, minute, second, sign, zoneHours, zoneMinutes] = TIME.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName) / 3;
  if (monthName === '' || !Number.isInteger(month) || month < 0) return undefined;
  const local = new Date(Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second)));
  // Date.UTC rolls 31 June over to 1 July: such a line is damaged, not a day later. A year below 100 is one too.
  const isReal =
    local.getUTCFullYear() === Number(year) &&
    local.getUTCMonth() === month &&
    local.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60;
  if (!isReal) return undefined;
  const offsetMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  return local.getTime() + (sign === '-' ? offsetMs : -offsetMs);
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Undoes the log's escapes: `\"`, `\\`, `\n` and the like, and runs of `\xhh`, which are bytes of UTF-8. */
function unescapeField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/((?:\\x[\da-fA-F]{2})+)|\\(.)/g, (_, bytes: string | undefined, letter: string) =>
    bytes === undefined ? (ESCAPES[letter] ?? letter) : Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
}
