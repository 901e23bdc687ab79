import fc from 'fast-check';

/** Stands in odd values, and may come back in no answer. */
export const ODD_CANARY = 'canary-0815';

/** Keys that mean something to somebody: to JavaScript, to JSON, to the guard. */
export const oddKey = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'timestamp', 'email', 'name', '\ud800', 'a@example.com', '0', 'hasOwnProperty'),
);

const raise = (): never => {
  throw new Error(ODD_CANARY);
};

function nest(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

const deepArray = nest(100_000, (inner) => [inner]);
const deepObject = nest(100_000, (inner) => ({ inner }));

/** What no generator makes: made anew each time, since some are changed by looking at them. */
const traps: readonly (() => unknown)[] = [
  () => new Proxy({}, { ownKeys: raise }),
  () => new Proxy({ name: 1, type: 1 }, { get: raise }),
  () => new Proxy({ name: 1 }, { getPrototypeOf: raise }),
  () => new Proxy({ name: 1 }, { getOwnPropertyDescriptor: raise }),
  () => new Proxy([1], { get: raise }),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    // Inside of something: fast-check asks what it is given whether it can be cloned.
    return { type: 'page_view', name: 'pulse', value: 1, properties: proxy, tags: proxy, where: proxy };
  },
  () => Object.defineProperty({}, 'name', { enumerable: true, get: raise }),
  () => Object.defineProperty({ type: 'page_view' }, 'properties', { enumerable: true, get: raise }),
  () => ({ toJSON: raise, toString: raise, valueOf: raise }),
  () => {
    const cycle: Record<string, unknown> = { type: 'page_view' };
    cycle['properties'] = cycle;
    return cycle;
  },
  () => deepArray,
  () => deepObject,
  () => ({ type: 'page_view', properties: deepObject }),
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
  () => Symbol(ODD_CANARY),
  () => raise,
  () => class {},
  () => 10n ** 400n,
  () => new Date(Number.NaN),
  () => Object.assign([], { length: 1000 }),
  () => 'x'.repeat(100_000),
  () => new Error(ODD_CANARY),
  () => Promise.resolve(1),
  () => new Uint8Array(8),
];

/** Anything at all: dates, maps, typed arrays, sparse arrays, bigints, odd keys, lone surrogates, no prototype, traps. */
export const oddValue = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.anything({
      key: oddKey, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true,
      withObjectString: true, withSparseArray: true, withTypedArray: true, withUnicodeString: true, maxDepth: 4,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(...traps).map((make) => make()) },
  { weight: 1, arbitrary: fc.constantFrom(ODD_CANARY, Number.NaN, Infinity, -Infinity, -0, Number.MAX_VALUE, 2 ** 53, '', '\0', '\ud800', null, undefined) },
);

/** Mostly what is usual, so that the rest of it is looked at. */
export const orOdd = <T>(usual: fc.Arbitrary<T>) => fc.oneof({ weight: 16, arbitrary: usual }, { weight: 1, arbitrary: oddValue });

const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype, Date.prototype];

/** The prototypes that pollution would change, member by member. */
export const snapshotPrototypes = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]));
