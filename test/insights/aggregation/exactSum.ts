const UNIT_BITS = 1074n;

/** A double as a whole number of 2^-1074, the least step between doubles. */
function toUnits(value: number): bigint {
  const [word] = new BigUint64Array(Float64Array.of(value).buffer);
  const bits = word!;
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 1n ? -size : size;
}

function fromUnits(units: bigint): number {
  const size = units < 0n ? -units : units;
  const shift = BigInt(Math.max(0, size.toString(2).length - 64));
  const isCut = size !== (size >> shift) << shift;
  const head = Number((size >> shift) | (isCut ? 1n : 0n));
  const scale = Number(shift) - Number(UNIT_BITS);
  const rounded = scale < -1000 ? head * 2 ** -1000 * 2 ** (scale + 1000) : head * 2 ** scale;
  return units < 0n ? -rounded : rounded;
}

/** The sum without any rounding but the last. */
export function exactSum(values: readonly number[]): number {
  return fromUnits(values.reduce((sum, value) => sum + toUnits(value), 0n));
}

/** The sum of `one - other` over all pairs, without any rounding but the last. */
export function exactSumOfDifferences(pairs: readonly (readonly [number, number])[]): number {
  return exactSum(pairs.flatMap(([one, other]) => [one, -other]));
}
