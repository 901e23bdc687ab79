const words = ['NOPERM', 'NOAUTH', 'WRONGPASS', 'READONLY', 'LOADING', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'NOREPLICAS', 'OOM', 'MISCONF'] as const;

export type RefusalWord = (typeof words)[number];

/** Somebody has to set something right: waiting does not help. */
export const lastingRefusals: ReadonlySet<RefusalWord> = new Set(['NOPERM', 'NOAUTH', 'WRONGPASS']);

/**
 * Why Redis refused the command itself: the first word of its answer, or of what a script met, which Redis 6.2 quotes behind its own words.
 * Undefined where that is not what happened.
 */
export function refusalWord(error: Error): RefusalWord | undefined {
  return words.find((word) => error.message.startsWith(word) || error.message.includes(`: -${word} `));
}
